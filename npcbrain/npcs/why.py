"""``why``: one sentence that tells who answered an NPC's last event, and for what reason.

For people: a log, a tool tip, a test that failed. It decides nothing.
Invariant: what it says follows from the NPC's last decision and what it is at now.
"""

from __future__ import annotations

from npcbrain.prompting.action_ranking import only_talks
from npcbrain.reasons import explain
from npcbrain.situation import Decision

__all__ = ["why"]


def why(
    name: str,
    decision: Decision | None,
    reason: str,
    about: str,
    *,
    thinking: bool,
    unheard: bool = False,
) -> str:
    """The sentence.

    Args:
        name: The NPC's.
        decision: Its last; None if there was none.
        reason: Why the model does not answer the event at hand; empty if it did or still may.
        about: The action that ``reason`` is about; empty if it is about none.
        thinking: Whether the model is at work on its answer.
        unheard: Whether something has happened that it has not turned to.

    >>> why("greta", Decision("say", say="Hm.", source="tree"), "", "", thinking=False)
    "greta's tree answered, without asking the model"
    """
    if thinking and not reason:
        return f"{name} is thinking: the model is at work on its answer"
    if reason:
        return f"{name}'s tree has to answer{_of(about)}: {explain(reason)}"
    if unheard and decision is None:
        return (
            f"{name} has not turned to what it heard: it does in Runtime.update(), if its tree "
            "listens (Heard)"
        )
    if decision is None:
        return f"{name} has decided nothing yet"
    if decision.source == "tree":
        if decision.reason:
            return f"{name}'s tree answered{_of(about)}: {explain(decision.reason)}"
        return f"{name}'s tree answered, without asking the model"
    did = "spoke" if only_talks(decision) else f"chose {decision.action}"
    if decision.reason:
        return f"the model {did} for {name}, and the tree spoke: {explain(decision.reason)}"
    return f"the model {did} for {name}"


def _of(about: str) -> str:
    return f" instead of the model's {about!r}" if about else ""
