"""What is said aloud of a tree that cannot do what its maker meant, when that shows in play.

What shows before the first frame is ``wiring``'s. Invariant: a tree that is right is told nothing.
"""

from __future__ import annotations

from npcbrain.errors import warn_game
from npcbrain.prompting.action_ranking import only_talks
from npcbrain.situation import Decision
from npcbrain.tree import Tree

__all__ = ["can_do", "has_node", "warn_of_asking", "warn_of_deafness"]

LISTENERS = ("Heard", "Decide", "Reflex", "CannedReply")  # nodes that turn to an event


def has_node(tree: Tree, *kinds: str) -> bool:
    """Whether a node of one of these kinds is in a tree."""
    return any(node.kind in kinds for node in tree.nodes)


def warn_of_asking(name: str, tree: Tree) -> None:
    """A tree asks again about an event that was answered: without ``Act``, for ever."""
    if not has_node(tree, "Act"):
        warn_game(
            f"npc {name!r} asks the model again about an event that was answered; put Act() after "
            "Decide(), or call npc.finish_event() once the answer is dealt with"
        )


def warn_of_deafness(name: str, tree: Tree, num_heard: int) -> None:
    """A tree has turned to nothing that was heard, and has no node that could."""
    if not has_node(tree, *LISTENERS):
        warn_game(
            f"npc {name!r} has heard {num_heard} things and its tree turns to none of them; begin "
            "a branch with Heard(), or use nb.minds.talker()"
        )


def can_do(choice: Decision, handler: object, tree: Tree) -> bool:
    """Whether the game can do this; a tree without ``Act`` reads ``decision`` for itself."""
    return only_talks(choice) or handler is not None or not has_node(tree, "Act")
