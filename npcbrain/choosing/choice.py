"""What was chosen, from the chooser's scores.

Arithmetic on small arrays; it runs no graph. Invariant: what comes out is legal in its situation,
and the same scores give the same choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from npcbrain.choosing.layout import Persona
from npcbrain.choosing.signs import signs
from npcbrain.lm.encoder import Worth
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS, OF_DEEDS, OF_TALK, is_sayable
from npcbrain.situation import Situation

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

__all__ = ["Choice", "Offers", "candidates", "choose", "places"]

KINDS = 3  # of scores: for actions, for values, for facts
SHARPNESS = 4.0  # of both kinds of nearness; a constant of the training
OWN = len(OCCASIONS)  # the last occasion: words of one's own
TINY = 1e-12
NEVER = np.float32(-1e4)

ALLOWED = {
    acts: np.array([0.0 if one in legal else NEVER for one in OCCASIONS] + [0.0], np.float32)
    for acts, legal in ((True, OF_DEEDS), (False, OF_TALK))
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What an NPC does and says, but for words of its own.

    Attributes:
        action: The action's name.
        args: A legal value for each of its arguments.
        emotion: One of ``prompt.EMOTIONS``.
        quote: A known fact as it stands or an occasion; empty where it must find words of its own.
    """

    action: str
    args: dict[str, str]
    emotion: str
    quote: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What a persona's candidates offer, computed once and kept.

    Attributes:
        keys: float32 [candidates, width], compared with the news as a whole.
        marks: float32 [candidates, width], of length 1, compared with each of its tokens.
        bias: float32 [candidates].
        occasions: float32 [actions, occasions], what doing it speaks for.
        emotions: float32 [actions, emotions].
        kinds: int64 [candidates], 0 for an action, 1 for a value, 2 for a fact.
    """

    keys: Rows
    marks: Rows
    bias: Rows
    occasions: Rows
    emotions: Rows
    kinds: npt.NDArray[np.int64]

    @classmethod
    def read(cls, persona: Persona, rows: Rows, width: int, num_occasions: int) -> Offers:
        """Sorts what the graph gave for the candidates of ``places``, row by row."""
        kinds = np.array([kind for kind, _ in candidates(persona)], np.int64)
        at = np.arange(len(kinds))
        keys = rows[:, : KINDS * width].reshape(-1, KINDS, width)[at, kinds]
        marks = rows[:, KINDS * width : 2 * KINDS * width].reshape(-1, KINDS, width)[at, kinds]
        rest = rows[: len(persona.actions), 2 * KINDS * width + KINDS :]
        return cls(
            keys,
            _unit(marks),
            rows[at, 2 * KINDS * width + kinds],
            rest[:, :num_occasions],
            rest[:, num_occasions:],
            kinds,
        )


def places(persona: Persona) -> list[int]:
    """Where the candidates stand among a persona's tokens: actions, their values, facts."""
    return [place for _, place in candidates(persona)]


def candidates(persona: Persona) -> list[tuple[int, int]]:
    """Kind and place of each: actions, their values, facts."""
    values = [(1, at) for args in persona.values for choices in args for at in choices]
    actions = [(0, at) for at in persona.actions]
    return [*actions, *values, *((2, at) for at in persona.facts)]


def choose(
    situation: Situation,
    persona: Persona,
    offers: Offers,
    tokens: Rows,
    whole: Rows,
    worth: Worth,
    *,
    reader: bool = True,
    words: str = "any",
) -> Choice:
    """The likeliest action, values, emotion and quote.

    Args:
        situation: What is decided about.
        persona: Its layout.
        offers: What its candidates offer.
        tokens: float32 [rows, 3 width], what each token of the news asks for; the first row is not
            looked at.
        whole: float32 [3 width + occasions + emotions], what the news as a whole ask for.
        worth: What nearness to a single token, and the signs of classical reading, count for.
        reader: Whether those signs count.
        words: What may be said: ``"own"`` words alone, ``"quotes"`` alone, or ``"any"``.
    """
    width = offers.keys.shape[1]
    kinds, count = offers.kinds, len(offers.kinds)
    asked = whole[: KINDS * width].reshape(KINDS, width)[kinds]
    scores = (asked * offers.keys).sum(1) * np.float32(SHARPNESS / sqrt(width)) + offers.bias
    heard = _unit(tokens[1:].reshape(-1, KINDS, width))
    for kind, mine in enumerate(kinds == kind for kind in range(KINDS)):
        if mine.any():
            near = (heard[:, kind] @ offers.marks[mine].T).max(axis=0)
            scores[mine] += np.float32(worth.tokens[kind] * SHARPNESS) * near
    if reader:
        read = np.array(signs(situation, len(persona.facts)), np.float32)
        scores += (read * np.array(worth.signs, np.float32)[kinds]).sum(1)
    num_actions = len(persona.actions)
    of_actions = scores[:num_actions]
    index = int(of_actions.argmax())
    action = situation.actions[index]
    at, args = num_actions, {}
    for other, choices in zip(situation.actions, persona.values, strict=True):
        for (arg, values), own in zip(other.args.items(), choices, strict=True):
            if other is action:
                args[arg] = values[int(scores[at : at + len(own)].argmax())]
            at += len(own)
    first_fact = count - len(persona.facts)
    rest = whole[KINDS * width :]
    acts = not is_talk(action)
    occasions = rest[: OWN + 1] + offers.occasions[index] + ALLOWED[acts]
    occasions[OWN] += NEVER if words == "quotes" else np.float32(worth.own)
    emotions = rest[OWN + 1 :] + offers.emotions[index]
    said = OCCASIONS[best] if (best := int(occasions.argmax())) < OWN else ""
    if not acts:
        most = occasions[best]
        for fact, score in zip(situation.npc.facts, scores[first_fact:], strict=False):
            if score + worth.fact > most and is_sayable(fact, situation.npc.name):
                said, most = fact, score + worth.fact
    if words == "own":
        said = ""
    return Choice(action.name, args, EMOTIONS[int(emotions.argmax())], said)


def _unit(rows: Rows) -> Rows:
    lengths = np.sqrt((rows * rows).sum(-1, keepdims=True))
    unit: Rows = rows / np.maximum(lengths, np.float32(TINY))
    return unit
