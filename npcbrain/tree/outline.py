"""``outline``: a tree as lines of text, for terminals and logs.

Floor 1. Invariant: one line a node, in order of definition.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.tree.node import NodeInfo
from npcbrain.tree.status import Status

__all__ = ["GAME", "outline"]

GAME = ("Call", "Branch")  # the kinds of what a game registered; its name says all
MARKS = {
    Status.IDLE: "·",
    Status.SUCCESS: "✓",
    Status.FAILURE: "✗",
    Status.RUNNING: "▶",
    Status.SKIPPED: "⤼",
}


def outline(nodes: Sequence[NodeInfo], statuses: Sequence[Status] | None = None) -> list[str]:
    """One line for each node.

    Args:
        nodes: ``Tree.nodes``.
        statuses: The last answer of each, for a mark before its name; none if None.

    >>> from npcbrain.clock import SystemClock
    >>> from npcbrain.tree import Fail, Selector, Succeed, compile
    >>> tree = compile(Selector(Fail(), Succeed("rest"), name="day"), None, SystemClock())
    >>> _ = tree.tick()
    >>> print(*outline(tree.nodes, [status for _, status in tree.statuses]), sep="\\n")
    ✓ day (Selector)
    ├─ ✗ Fail
    └─ ✓ rest (Succeed)
    """
    lines = []
    for number, node in enumerate(nodes):
        guides = ""
        for depth in range(1, node.depth):
            guides += "│  " if _goes_on(nodes, number, depth) else "   "
        if node.depth:
            guides += "├─ " if _goes_on(nodes, number, node.depth) else "└─ "
        mark = "" if statuses is None else f"{MARKS[statuses[number]]} "
        kind = "" if node.kind in (node.name, *GAME) else f" ({node.kind})"
        detail = f": {node.detail}" if node.detail else ""
        lines.append(f"{guides}{mark}{node.name}{kind}{detail}")
    return lines


def _goes_on(nodes: Sequence[NodeInfo], number: int, depth: int) -> bool:
    """Whether the node at this depth above (or at) a node has another sibling below it."""
    for node in nodes[number + 1 :]:
        if node.depth <= depth:
            return node.depth == depth
    return False
