"""Answers without a model, for a model to be held against.

``always_say`` never acts. ``keyword`` is the classical rival: it takes what ``npcbrain.recall``
finds at its word, does the action an order names, and says the fact a question shares words with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from npcbrain.recall import fitting_actions, recalled_facts
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
    fits = fitting_actions(situation.actions, text)
    line = facts[0] if facts else NOTHING
    if fits and not (facts and text.rstrip().endswith("?")):
        name, values = fits[0]
        return _do(situation, name, values, line)
    return _do(situation, "say", {}, line)


def _do(situation: Situation, name: str, values: Mapping[str, str], line: str) -> Decision:
    action: Action = next((a for a in situation.actions if a.name == name), situation.actions[0])
    args = {arg: values.get(arg, choices[0]) for arg, choices in action.args.items()}
    return Decision(action.name, args, say=line)


BASELINES: Mapping[str, Callable[[Situation], Decision]] = {
    "say": always_say,
    "keyword": keyword,
}
