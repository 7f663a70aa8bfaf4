"""A prompt that is too long, shorter and shorter: what can be spared goes first.

Memories first, then the end of what was said, then the facts that have least to do with it. A
player may type anything, and must be answered. Invariant: the first prompt is the whole
one; facts keep their numbers in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from npcbrain.prompting.action_priors import cut, event_text
from npcbrain.prompting.fact_retrieval import recalled_facts
from npcbrain.prompting.prompt import Prompt, render
from npcbrain.situation import Situation

__all__ = ["shorter_prompts"]

TEXT_CHARS = (120, 40, 12)  # of what was said; an emoji has up to four tokens
FACT_CHARS = (600, 200)  # of all facts together


def shorter_prompts(
    situation: Situation, *, may_forget: bool, reader: bool, marks: bool
) -> Iterator[Prompt]:
    """The prompt as it is, and then ever shorter ones; seven at most.

    Args:
        situation: What is asked.
        may_forget: Whether the memories may be left out.
        reader: See ``prompt.render``.
        marks: The same.
    """
    yield render(situation, reader=reader, marks=marks)
    if may_forget and situation.memory:
        situation = replace(situation, memory=())
        yield render(situation, reader=reader, marks=marks)
    text = event_text(situation.event)
    for limit in TEXT_CHARS:
        if len(text) > limit:
            event = replace(situation.event, text=cut(text, limit))
            situation = replace(situation, event=event)
            yield render(situation, reader=reader, marks=marks)
    for limit in FACT_CHARS:
        known = _nearest(situation.npc.facts, text, limit)
        if len(known) < len(situation.npc.facts):
            yield render(situation, reader=reader, marks=marks, known=known)


def _nearest(facts: Sequence[str], text: str, limit: int) -> frozenset[str]:
    """Facts of so many characters: those that the whole text recalls, then from the first on."""
    known: dict[str, None] = {}
    for fact in (*recalled_facts(facts, text), *facts):
        if fact not in known and sum(map(len, known)) + len(fact) <= limit:
            known[fact] = None
    return frozenset(known)
