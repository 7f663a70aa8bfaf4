"""Every exception that npcbrain raises, and the form of their messages.

It imports nothing of npcbrain. Invariant: a message says what must hold, what was got,
where, and what to do. Running out of budget, time or room is not an error but a value in a report.
"""

from __future__ import annotations

import json
import sys
import warnings
from contextlib import suppress

__all__ = [
    "EngineError",
    "HandlerError",
    "ModelError",
    "NpcBrainError",
    "PersonaError",
    "RecordingError",
    "RemoteError",
    "SaveError",
    "SituationError",
    "Told",
    "TreeError",
    "UsageError",
    "fault",
    "not_json",
    "warn_game",
]

MAX_SHOWN = 60  # characters of a wrong value that are shown; untrusted text may be megabytes


class NpcBrainError(Exception):
    """Base of every error raised by npcbrain."""


class UsageError(NpcBrainError, ValueError):
    """The host game called npcbrain with an argument it must not pass."""


class SituationError(NpcBrainError, ValueError):
    """A situation (or a decision) does not follow the schema."""


class PersonaError(NpcBrainError, ValueError):
    """A persona file or object does not follow the schema."""


class SaveError(NpcBrainError, ValueError):
    """A saved game cannot be written, is damaged, or does not follow the schema."""


class RecordingError(NpcBrainError, ValueError):
    """A recording cannot be written, is damaged, or does not fit the game it is played with."""


class ModelError(NpcBrainError):
    """A model folder is missing, altered, or not what its manifest says."""


class TreeError(NpcBrainError, ValueError):
    """A behaviour tree is built wrongly, or a node broke its contract."""


class HandlerError(TreeError):
    """The game's handler of an action raised, or answered what it must not."""


class EngineError(NpcBrainError):
    """A run of the model failed; the requests in it fall back to their trees."""


class RemoteError(NpcBrainError):
    """A server that is to think for NPCs cannot be reached, or is not as it should be."""


class Told(str):
    """A sentence of ``fault``, with its parts.

    Attributes:
        what: The thing that is wrong.
        claim: The rule and the value that was got, as in the sentence.
        where: The place.
        advice: What to do; may be empty.
    """

    what: str
    claim: str
    where: str
    advice: str


def fault(what: str, rule: str, got: object, where: str, advice: str = "") -> str:
    """Composes an error message in the form that all have.

    Args:
        what: The thing that is wrong, a noun.
        rule: What must hold, without "must": ``"be a string"``.
        got: The wrong value; shown by ``repr``, shortened.
        where: A path (``$.npc.name``), a file or a call.
        advice: What to do about it; may be empty.

    Returns:
        ``"<what> must <rule>, got <value> - at <where>; <advice>"``, which is ``Told``.

    >>> fault("budget_ms", "be a number", "4", "Runtime.update()", "pass milliseconds, such as 4.0")
    "budget_ms must be a number, got '4' - at Runtime.update(); pass milliseconds, such as 4.0"
    """
    shown = _shown(got)
    if len(shown) > MAX_SHOWN:
        shown = f"{shown[: MAX_SHOWN - 3]}..."
    claim = f"must {rule}, got {shown}"
    sentence = f"{what} {claim} - at {where}"
    told = Told(f"{sentence}; {advice}" if advice else sentence)
    told.what, told.claim, told.where, told.advice = what, claim, where, advice
    return told


def not_json(what: str, error: Exception, where: str) -> str:
    """The message for a text that is not JSON, with line and column where they are known.

    >>> not_json("persona file", json.JSONDecodeError("Expecting value", "[,]", 1), "ada.json")
    "persona file must be JSON, got 'Expecting value' - at ada.json, line 1, column 2"
    """
    if isinstance(error, json.JSONDecodeError):
        at = f"{where}, line {error.lineno}, column {error.colno}"
        return fault(what, "be JSON", error.msg, at)
    return fault(what, "be JSON", str(error), where)


def warn_game(message: str) -> None:
    """Warns once, at the game's line that called npcbrain, however deep in npcbrain this is.

    Only for the game's own thread, because the stack of another one has no line of the game. It
    never raises: if warnings are errors, as in some games' tests, it prints instead, because a
    frame must not fail because of a player's text or a slow disk.
    """
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("npcbrain."):
        level, frame = level + 1, frame.f_back
    try:
        warnings.warn(message, RuntimeWarning, stacklevel=level + 1)
    except RuntimeWarning:
        with suppress(Exception):  # a game without a console has no such stream
            print(f"RuntimeWarning: {message}", file=sys.stderr)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # an error in a game's own repr must not replace the message
        return f"<{type(value).__name__} that cannot be shown>"
