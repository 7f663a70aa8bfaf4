"""Makes a prompt that is too long shorter and shorter, least needed parts first.

Memories go first. Then, in turns, the end of what was said and the facts and values that have least
to do with it. A player may type anything, and a persona may hold all that its schema allows; both
must be answered. Invariant: the first prompt is the whole one; facts keep their numbers in all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from npcbrain.plain_text import cut_at_word
from npcbrain.prompting.action_priors import event_text
from npcbrain.prompting.fact_retrieval import recalled_facts, stems
from npcbrain.prompting.prompt import Prompt, render
from npcbrain.prompting.reader import Reader
from npcbrain.situation import Action, Situation

__all__ = ["shorter_prompts"]

# The limits of each turn: characters of what was said (an emoji has up to four tokens), characters
# of all facts together, and how many values of an argument are named; None is no limit.
STEPS: tuple[tuple[int | None, int | None, int | None], ...] = (
    (120, None, None),
    (None, 600, None),
    (None, None, 12),
    (40, None, None),
    (None, 200, None),
    (None, None, 4),
    (12, None, None),
    (None, 0, 1),
)


def shorter_prompts(
    situation: Situation, *, may_forget: bool, reader: Reader | None, marks: bool
) -> Iterator[Prompt]:
    """The prompt as it is, and then ever shorter ones; eleven at most.

    The model may still choose any legal value, even one that the prompt has no room to name: the
    grammar knows them all.

    Args:
        situation: The situation to answer.
        may_forget: Whether the memories may be left out.
        reader: See ``prompt.render``.
        marks: The same.
    """
    yield render(situation, reader=reader, marks=marks)
    if may_forget and situation.memory:
        situation = replace(situation, memory=())
        yield render(situation, reader=reader, marks=marks)
    text = event_text(situation.event)
    actions, facts = situation.actions, situation.npc.facts
    known: frozenset[str] | None = None
    for num_chars, fact_chars, num_values in STEPS:
        before = situation, known
        if num_chars is not None and len(text) > num_chars:
            event = replace(situation.event, text=cut_at_word(text, num_chars))
            situation = replace(situation, event=event)
        if fact_chars is not None and facts:
            nearest = _nearest(facts, text, fact_chars)
            known = nearest if len(nearest) < len(facts) else None
        if num_values is not None:
            fewer = tuple(_with_fewer_values(action, text, num_values) for action in actions)
            situation = replace(situation, actions=fewer)
        if (situation, known) != before:
            yield render(situation, reader=reader, marks=marks, known=known)
    profile = replace(situation.npc, traits=(), goal="")
    if profile != situation.npc:
        situation = replace(situation, npc=profile)
        yield render(situation, reader=reader, marks=marks, known=known)


def _nearest(facts: Sequence[str], text: str, limit: int) -> frozenset[str]:
    """The facts that fit into ``limit``: first those that the whole text recalls, then in order."""
    known: dict[str, None] = {}
    for fact in (*recalled_facts(facts, text), *facts):
        if fact not in known and sum(map(len, known)) + len(fact) <= limit:
            known[fact] = None
    return frozenset(known)


def _with_fewer_values(action: Action, text: str, limit: int) -> Action:
    """An action with at most ``limit`` values an argument: those nearest to what was said."""
    if all(len(values) <= limit for values in action.args.values()):
        return action
    asked = set(stems(text))
    args = {}
    for arg, values in action.args.items():
        by_nearness = sorted(values, key=lambda value: -len(asked.intersection(stems(value))))
        chosen = set(by_nearness[:limit])
        args[arg] = tuple(value for value in values if value in chosen)
    return Action(action.name, args)
