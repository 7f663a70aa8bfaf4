"""Who chose an answer, and why: one line about a decision, for people.

Pure functions of a decision; ``reasons`` says what a reason means.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.reasons import MEANINGS, Reason
from npcbrain.situation import Decision

__all__ = ["told", "who_chose"]


def who_chose(decision: Decision, facts: Sequence[str] = ()) -> str:
    """Who chose: ``model``, ``quote``, ``own words`` or ``tree``, by deed and words.

    Args:
        decision: The answer.
        facts: What the NPC knows; a tree may tell one.

    >>> who_chose(Decision("give", {"item": "ale"}, say="Here.", quoted="handing over"))
    'model, with a line for "handing over"'
    >>> who_chose(Decision("say", say="Not now.", source="tree", reason="expired"))
    'tree, one of its lines'
    """
    if decision.source == "tree":
        if decision.say in facts:
            return "tree, a fact it was asked for"
        return "tree, one of its lines" if decision.action == "say" else "tree, by reflex"
    if decision.reason:  # the tree found the words for the model's deed, or they were cut off
        return "model, cut short: its deed, and what words there were or the tree's"
    if decision.quoted == "fact":
        return "model, quoting a fact"
    if decision.quoted:
        return f'model, with a line for "{decision.quoted}"'
    return "model, in its own words"


def told(decision: Decision, facts: Sequence[str] = ()) -> str:
    """The whole line: who chose what, and why the model did not if it did not.

    >>> told(Decision("say", say="Not now.", source="tree", reason="no_model"))
    'tree, one of its lines (no_model: the runtime has no model): say'
    """
    why = f" ({_because(decision.reason)})" if decision.reason else ""
    deed = " ".join((decision.action, *(f"{a}={v}" for a, v in decision.args.items())))
    return f"{who_chose(decision, facts)}{why}: {deed}"


def _because(reason: str) -> str:
    return f"{reason}: {MEANINGS[Reason(reason)].why}" if reason in MEANINGS else reason
