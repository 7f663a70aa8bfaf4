"""What was chosen, from the chooser's scores.

Arithmetic on small arrays; it runs no graph. Invariant: what comes out is legal in its situation,
and the same scores give the same choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from npcbrain.choosing.layout import News, Persona
from npcbrain.choosing.signs import Signs, of_memories, signs
from npcbrain.lm.encoder import Worth
from npcbrain.lm.encoder_files import NUM_KINDS
from npcbrain.prompting.action_ranking import is_talk, is_voice
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.reader import STANDARD_READER, Reader
from npcbrain.prompting.retelling import spoken
from npcbrain.prompting.stock_lines import OCCASIONS, OF_DEEDS, OF_TALK
from npcbrain.situation import Action, Situation

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

__all__ = [
    "FACT", "MEMORY", "Choice", "Offers", "candidates", "choose", "legal_lines", "may_quote",
    "spans_of",
]  # fmt: skip

KINDS = NUM_KINDS  # of scores: for actions, for values, for facts, for memories
FACT, MEMORY = 2, 3
SHARPNESS = 4.0  # of both kinds of nearness; a constant of the training
OWN = len(OCCASIONS)  # the last occasion: words of one's own
TINY = 1e-12
NEVER = np.float32(-1e4)

OF_TALK_ALONE, OF_DEEDS_ALONE, OF_ANY = (
    np.array([0.0 if one in legal else NEVER for one in OCCASIONS] + [0.0], np.float32)
    for legal in (OF_TALK, OF_DEEDS, OCCASIONS)
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What an NPC does and says, but for words of its own.

    Attributes:
        action: The action's name.
        args: A legal value for each of its arguments.
        emotion: One of ``prompt.EMOTIONS``.
        quote: A known fact or a memory as it stands, or an occasion; empty where it must find
            words of its own.
    """

    action: str
    args: dict[str, str]
    emotion: str
    quote: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What candidates offer; a persona's are computed once and kept.

    Attributes:
        keys: float32 [candidates, width], compared with the news as a whole.
        marks: float32 [candidates, width], of length 1, compared with each of its tokens.
        bias: float32 [candidates].
        kinds: int64 [candidates], 0 for an action, 1 for a value, 2 for a fact, 3 for a memory.
    """

    keys: Rows
    marks: Rows
    bias: Rows
    kinds: npt.NDArray[np.int64]

    @classmethod
    def read(cls, kind_of: Sequence[int], rows: Rows, width: int) -> Offers:
        """Sorts what the graph gave for candidates, row by row."""
        kinds = np.array(kind_of, np.int64)
        at = np.arange(len(kinds))
        keys = rows[:, : KINDS * width].reshape(-1, KINDS, width)[at, kinds]
        marks = rows[:, KINDS * width : 2 * KINDS * width].reshape(-1, KINDS, width)[at, kinds]
        return cls(keys, _unit(marks), rows[at, 2 * KINDS * width + kinds], kinds)


def candidates(persona: Persona) -> list[tuple[int, int]]:
    """Kind of each of a persona's candidates, and place among its tokens."""
    values = [(1, at) for args in persona.values for choices in args for at in choices]
    actions = [(0, at) for at in persona.actions]
    return [*actions, *values, *((2, at) for at in persona.facts)]


def spans_of(persona: Persona) -> list[list[tuple[int, int]]]:
    """Where each argument's values stand among the candidates, by action: first, past the last."""
    at, found = len(persona.actions), []
    for args in persona.values:
        own = []
        for values in args:
            own.append((at, at + len(values)))
            at += len(values)
        found.append(own)
    return found


def legal_lines(situation: Situation, action: Action) -> Rows:
    """What is added to occasions' scores, float32 [occasions + 1]: 0, or very little if illegal.

    Some lines go with talk alone and some with deeds alone; whoever has no other talk than its
    voice may say any of them with it.
    """
    if is_talk(action):
        return OF_TALK_ALONE
    return OF_ANY if may_quote(situation, action) else OF_DEEDS_ALONE


def may_quote(situation: Situation, action: Action) -> bool:
    """Whether a fact or a memory may be said with an action: with talk, or with a voice.

    Beside deeds blind judges liked a stock line better than a fact, two times in three.
    """
    return is_talk(action) or is_voice(action, situation.actions)


def choose(
    situation: Situation,
    persona: Persona,
    told: News,
    offers: Offers,
    memories: Offers | None,
    tokens: Rows,
    whole: Rows,
    judged: Rows,
    worth: Worth,
    *,
    reader: Reader | None = STANDARD_READER,
    words: str = "any",
) -> Choice:
    """The likeliest action, values, emotion and quote.

    Args:
        situation: What is decided about.
        persona: Its layout.
        told: The layout of its news.
        offers: What the persona's candidates offer.
        memories: What its memories offer, if there are any.
        tokens: float32 [rows, 4 width], what each token of the news asks for; the first row is not
            looked at.
        whole: float32 [4 width + occasions + emotions], what the news as a whole ask for.
        judged: float32 [candidates, 4 + occasions + emotions], what candidates and then memories
            are worth after they looked at the news, and what doing an action speaks for.
        worth: What nearness to a single token, and the signs of classical reading, count for.
        reader: Finds those signs; None leaves them out.
        words: What may be said: ``"own"`` words alone, ``"quotes"`` alone, or ``"any"``.
    """
    read = None if reader is None else signs(situation, len(persona.facts), reader)
    scores = _scores(offers, whole, tokens[1:], worth, read)
    scores += judged[np.arange(len(scores)), offers.kinds]
    spans = spans_of(persona)
    of_actions = scores[: len(persona.actions)] + _called(spans, scores, worth)
    of_actions[[is_talk(one) for one in situation.actions]] += np.float32(worth.talk)
    index = int(of_actions.argmax())
    action = situation.actions[index]
    args = {
        arg: values[int(scores[start:stop].argmax())]
        for (arg, values), (start, stop) in zip(action.args.items(), spans[index], strict=True)
    }
    first_fact = len(scores) - len(persona.facts)
    rest = whole[KINDS * offers.keys.shape[1] :]
    speaks_for = judged[index, KINDS:]
    occasions = rest[: OWN + 1] + speaks_for[: OWN + 1] + legal_lines(situation, action)
    occasions[OWN] += NEVER if words == "quotes" else np.float32(worth.own)
    emotions = rest[OWN + 1 :] + speaks_for[OWN + 1 :]
    said = OCCASIONS[best] if (best := int(occasions.argmax())) < OWN else ""
    if may_quote(situation, action):
        most = occasions[best]
        for fact, score in zip(situation.npc.facts, scores[first_fact:], strict=False):
            if score + worth.fact > most and spoken(fact, situation.npc.name):
                said, most = fact, score + worth.fact
        if memories is not None:
            texts = [text for text, _ in told.memories]
            read = None if reader is None else of_memories(situation, texts)
            heard = tokens[1 : told.num_heard]  # a memory is like itself, which says nothing
            fits = _scores(memories, whole, heard, worth, read)
            fits += judged[len(scores) :, MEMORY]
            for text, score in zip(texts, fits, strict=True):
                if score + worth.memory > most:
                    said, most = text, score + worth.memory
    if words == "own":
        said = ""
    return Choice(action.name, args, EMOTIONS[int(emotions.argmax())], said)


def _called(spans: Sequence[Sequence[tuple[int, int]]], scores: Rows, worth: Worth) -> Rows:
    """What each action gains by how well its arguments' best values fit."""
    per_fit, once = worth.args
    gains = [
        per_fit * sum(float(scores[start:stop].max()) for start, stop in own) / len(own) + once
        if own
        else 0.0
        for own in spans
    ]
    return np.array(gains, np.float32)


def _scores(
    offers: Offers, whole: Rows, tokens: Rows, worth: Worth, read: Sequence[Signs] | None
) -> Rows:
    """How well each candidate fits the news."""
    width, kinds = offers.keys.shape[1], offers.kinds
    asked = whole[: KINDS * width].reshape(KINDS, width)[kinds]
    scores: Rows = (asked * offers.keys).sum(1) * np.float32(SHARPNESS / sqrt(width)) + offers.bias
    heard = _unit(tokens.reshape(-1, KINDS, width))
    for kind, mine in enumerate(kinds == kind for kind in range(KINDS)):
        if mine.any():
            near = (heard[:, kind] @ offers.marks[mine].T).max(axis=0)
            scores[mine] += np.float32(worth.tokens[kind] * SHARPNESS) * near
    if read is not None:
        scores += (np.array(read, np.float32) * np.array(worth.signs, np.float32)[kinds]).sum(1)
    return scores


def _unit(rows: Rows) -> Rows:
    lengths = np.sqrt((rows * rows).sum(-1, keepdims=True))
    unit: Rows = rows / np.maximum(lengths, np.float32(TINY))
    return unit
