"""``Reason``: why a tree answered in the model's place, in one word and in one sentence.

It imports nothing of npcbrain. Invariant: a member is its word (``Reason.EXPIRED == "expired"``),
so reports, logs and saved games hold plain text; each has a sentence and a piece of advice.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

__all__ = ["LATE", "MEANINGS", "Meaning", "Reason", "explain"]


class Reason(StrEnum):
    """Why the model did not answer, or did not finish; ``MEANINGS`` explains each."""

    EXPIRED = "expired"
    WOULD_EXCEED = "would_exceed"
    NO_BUDGET = "no_budget"
    NO_MODEL = "no_model"
    REFUSED = "refused"
    ENGINE_ERROR = "engine_error"
    UNREACHABLE = "unreachable"
    CANCELLED = "cancelled"
    GUARDED = "guarded"
    NO_HANDLER = "no_handler"
    NO_WORDS = "no_words"
    FILTERED = "filtered"

    def __repr__(self) -> str:
        return str.__repr__(self)  # so that a printed decision shows only the word


class Meaning(NamedTuple):
    """The meaning of a reason.

    Attributes:
        why: What happened; a sentence without its full stop.
        advice: What the game's maker can do about it.
    """

    why: str
    advice: str


MEANINGS = {
    Reason.EXPIRED: Meaning(
        "the model was still at work when the time was up",
        "give Decide a larger ttl_ms, or update() a larger budget",
    ),
    Reason.WOULD_EXCEED: Meaning(
        "the model was not asked, since its answer would have come too late",
        "give Decide a larger ttl_ms, update() a larger budget, or let fewer NPCs think at once",
    ),
    Reason.NO_BUDGET: Meaning(
        "the smallest step of the model takes longer than the budget of any frame of late",
        "give update() a larger budget; `npcbrain doctor` says how large",
    ),
    Reason.NO_MODEL: Meaning(
        "the runtime has no model",
        "pass nb.Model.load() to Runtime if the model is to answer",
    ),
    Reason.REFUSED: Meaning(
        "the model could not be asked, or its answer could not be used",
        "look for a warning that tells the cause; `npcbrain persona check FILE` counts tokens",
    ),
    Reason.ENGINE_ERROR: Meaning(
        "a step of the model, or the server, failed",
        "if it happens again, run `npcbrain doctor`, or look into the server's log",
    ),
    Reason.UNREACHABLE: Meaning(
        "the server could not be reached",
        "start it, or correct its address; npcbrain tries again by itself",
    ),
    Reason.CANCELLED: Meaning(
        "the tree stopped thinking, or a loaded game could not go on with the thought",
        "nothing if the tree means it; a Timeout or a reactive node above Decide stops it",
    ),
    Reason.GUARDED: Meaning(
        "the action was no longer allowed, or the game's handler turned it down",
        "nothing if the game means it; the handler answered False or Status.FAILURE",
    ),
    Reason.NO_HANDLER: Meaning(
        "the game has no handler for the action that was chosen",
        "call Runtime.on_action for it, or take it out of the NPC's actions",
    ),
    Reason.NO_WORDS: Meaning(
        "the model was asked for the action alone",
        "nothing; Decide(words=True) asks for words too",
    ),
    Reason.FILTERED: Meaning(
        "the game's line filter did not let the model's line pass",
        "nothing if the game means it; the filter answered something else than True",
    ),
}


LATE = (Reason.WOULD_EXCEED, Reason.EXPIRED)  # the model was too slow, or would have been


def explain(reason: str) -> str:
    """What a reason means and what to do, in one line.

    >>> explain("no_model")
    'the runtime has no model (pass nb.Model.load() to Runtime if the model is to answer)'
    """
    if reason not in MEANINGS:  # a word of the game's own, see Scheduler.cancel
        return reason
    meaning = MEANINGS[Reason(reason)]
    return f"{meaning.why} ({meaning.advice})"
