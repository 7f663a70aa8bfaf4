"""What classical reading says of each candidate, as numbers beside the encoder's own judgement.

Two judgements are better than one, and shared words are seen better by counting them. Invariant:
pure; the same situation, the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import sqrt

from npcbrain.choosing.layout import remembered
from npcbrain.prompting.action_priors import called_for, deeds, event_text, is_spoken
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.fact_retrieval import lexicon, stems
from npcbrain.prompting.reader import STANDARD_READER, Reader
from npcbrain.situation import Situation

__all__ = ["NUM_SIGNS", "Signs", "of_memories", "read_ahead", "signs"]

NUM_SIGNS = 4  # of a candidate of any kind; what a kind has less of is 0
Signs = tuple[float, float, float, float]
MOST = 6.0  # natural logarithm of odds beyond which more says nothing
ARGS_AT_ONCE = 4  # whose values are looked up in one part


def signs(situation: Situation, num_facts: int, reader: Reader = STANDARD_READER) -> list[Signs]:
    """Signs of each candidate: actions, then their values, then the first ``num_facts`` facts.

    About 0.3 ms. Of an action: the logarithm of its odds against talk, whether it is talk, whether
    it is talk after a question, whether it is talk though nobody spoke. Of a value: how much of it
    was mentioned, and how much is remembered, whether it is whoever spoke, whether nothing of its
    argument was mentioned. Of a fact: how much of what was asked stands in it, whether it is the
    best of them, how much of what is remembered stands in it.
    """
    event = situation.event
    text = event_text(event)
    over_talk = {deed.name: deed.over_talk for deed in deeds(situation, reader)}
    question, unspoken = text.rstrip().endswith("?"), not is_spoken(event)
    found: list[Signs] = []
    for action in situation.actions:
        talk = is_talk(action)
        lead = max(-MOST, min(MOST, over_talk.get(action.name, 0.0)))
        found.append((lead, float(talk), float(talk and question), float(talk and unspoken)))
    asked = stems(called_for(situation))
    known_before = stems(" ".join(map(str, remembered(situation))))
    for action in situation.actions:
        for values in action.args.values():
            shares, before = _shares(asked, values), _shares(known_before, values)
            nothing = float(not any(shares))
            found += (
                (share, earlier, float(value == event.source), nothing)
                for share, earlier, value in zip(shares, before, values, strict=True)
            )
    return found + _of_texts(text, situation.npc.facts, known_before)[:num_facts]


def read_ahead(
    situation: Situation, memories: Sequence[str], reader: Reader = STANDARD_READER
) -> Iterator[int]:
    """Looks up, part by part, what ``signs`` and ``of_memories`` will look up.

    What was looked up last is kept, so that they then have little to do, whatever a player typed.

    Args:
        situation: The situation.
        memories: What may be told of what is remembered.
        reader: Knows which words are near in meaning.

    Yields:
        Before each part, about how many things it holds against the words of the event.
    """
    actions = situation.actions
    yield len(actions)
    deeds(situation, reader)
    asked = stems(called_for(situation))
    known_before = stems(" ".join(map(str, remembered(situation))))
    values = [legal for action in actions for legal in action.args.values()]
    for start in range(0, len(values), ARGS_AT_ONCE):
        group = values[start : start + ARGS_AT_ONCE]
        yield sum(map(len, group))
        for legal in group:
            _shares(asked, legal)
            _shares(known_before, legal)
    facts = situation.npc.facts
    yield len(facts) + 1
    _of_texts(event_text(situation.event), facts, known_before)
    if memories:
        yield len(memories)
        of_memories(situation, memories)


def of_memories(situation: Situation, memories: Sequence[str]) -> list[Signs]:
    """Signs of memories, as of facts."""
    return _of_texts(event_text(situation.event), memories, ())


def _of_texts(asked: str, texts: Sequence[str], before: tuple[str, ...]) -> list[Signs]:
    known = lexicon(tuple(texts))
    worth = known.overlap(stems(asked), weighs_rare=True)
    earlier = known.overlap(before, weighs_rare=True)
    best = max(worth.values(), default=0.0)
    return [
        (worth.get(i, 0.0), float(worth.get(i) == best), earlier.get(i, 0.0), 0.0)
        for i in range(len(known.lines))
    ]


def _shares(asked: tuple[str, ...], values: Sequence[str]) -> list[float]:
    """How much of each value stands in what is asked."""
    known = lexicon(tuple(values))
    worth = known.overlap(asked)
    return [worth.get(i, 0.0) / sqrt(max(1, len(words))) for i, words in enumerate(known.lines)]
