"""``outline``: a tree as lines of text, for terminals and logs.

Invariant: one line a node, in order of definition.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.tree.node import NodeInfo
from npcbrain.tree.status import Status

__all__ = ["GAME", "outline"]

GAME = ("Call", "Branch")  # kinds of nodes that a game registered; the name says enough
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
    lines: list[str] = []
    goes_on: list[bool] = []  # at each depth, whether a sibling follows; known from the end
    for number in range(len(nodes) - 1, -1, -1):
        node = nodes[number]
        goes_on += [False] * (node.depth + 1 - len(goes_on))
        guides = "".join("│  " if goes_on[depth] else "   " for depth in range(1, node.depth))
        if node.depth:
            guides += "├─ " if goes_on[node.depth] else "└─ "
        goes_on[node.depth] = True
        del goes_on[node.depth + 1 :]
        mark = "" if statuses is None else f"{MARKS[statuses[number]]} "
        kind = "" if node.kind in (node.name, *GAME) else f" ({node.kind})"
        detail = f": {node.detail}" if node.detail else ""
        lines.append(f"{guides}{mark}{node.name}{kind}{detail}")
    return lines[::-1]
