"""What is said of a tree that cannot do what its maker meant, when that shows in play.

Sentences only. What shows before the first frame is ``wiring``'s.
"""

from __future__ import annotations

from npcbrain.tree import Tree

__all__ = ["asks_for_ever", "has_node", "hears_nothing"]

LISTENERS = ("Heard", "Decide", "Reflex", "CannedReply")  # nodes that turn to an event


def has_node(tree: Tree, *kinds: str) -> bool:
    """Whether a node of one of these kinds is in a tree."""
    return any(node.kind in kinds for node in tree.nodes)


def asks_for_ever(name: str, tree: Tree) -> str:
    """Of a tree that asks again about an event that was answered; empty if ``Act`` may end it."""
    if has_node(tree, "Act"):
        return ""
    return (
        f"npc {name!r} asks the model again about an event that was answered; put Act() after "
        "Decide(), or call npc.finish_event() once the answer is dealt with"
    )


def hears_nothing(name: str, tree: Tree, num_heard: int) -> str:
    """Of a tree that turns to no event; empty if it has a node for that."""
    if has_node(tree, *LISTENERS):
        return ""
    return (
        f"npc {name!r} has heard {num_heard} things and its tree turns to none of them; begin a "
        "branch with Heard(), or use nb.minds.talker()"
    )
