"""Answers without a model, for a model to be held against.

``always_say`` never acts. ``keyword`` counts shared words: it does the action an order names, and
says the fact a question shares words with. ``reader`` is the classical half of npcbrain alone: what
a tree does where the model has no time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from npcbrain.prompting.action_ranking import is_talk, read_signs
from npcbrain.prompting.fact_retrieval import recalled_facts, stems
from npcbrain.prompting.reflex import reflex
from npcbrain.situation import Action, Decision, Situation

__all__ = ["BASELINES"]

NOTHING = "I cannot say."


def always_say(situation: Situation) -> Decision:
    """Says one line whatever happens."""
    return _do(situation, "say", {}, NOTHING)


def keyword(situation: Situation) -> Decision:
    """Does what is named, unless it was asked as a question; else says the nearest fact."""
    text = situation.event.text
    facts = recalled_facts(situation.npc.facts, text)
    asked = stems(text)
    actions = [action for action in situation.actions if not is_talk(action)]
    signs = zip(actions, read_signs(actions, asked), strict=True)
    action, best = max(signs, key=lambda pair: pair[1].name + pair[1].values, default=(None, None))
    line = facts[0] if facts else NOTHING
    if action and best and best.name + best.values and not (facts and text.rstrip().endswith("?")):
        return _do(situation, action.name, best.named, line)
    return _do(situation, "say", {}, line)


def reader(situation: Situation) -> Decision:
    """Does what a tree's reflex does; else, and to a deed, says nothing of worth."""
    found = reflex(situation) or _do(situation, "say", {}, NOTHING)
    return found if found.say else replace(found, say=NOTHING)


def _do(situation: Situation, name: str, values: Mapping[str, str], line: str) -> Decision:
    talk = next((a for a in situation.actions if is_talk(a)), situation.actions[0])
    action: Action = next((a for a in situation.actions if a.name == name), talk)
    args = {arg: values.get(arg, choices[0]) for arg, choices in action.args.items()}
    return Decision(action.name, args, say=line)


BASELINES: Mapping[str, Callable[[Situation], Decision]] = {
    "say": always_say,
    "keyword": keyword,
    "reader": reader,
}
