"""Where the nodes of a behaviour tree stand in a narrow panel: rows for branches, chips for leaves.

A villager's tree has forty nodes; with a box for each it would fill a wall. So leaves share lines,
and decorators stand in front of the node that they wrap. Numbers only; nothing is drawn. Invariant:
every node of the tree is in exactly one box.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npcbrain.tree import NodeInfo

__all__ = ["BRANCHES", "CHIP", "GLYPH", "INDENT", "ROW", "Box", "Guide", "Layout", "lay_out"]

BRANCHES = frozenset(
    "Selector ReactiveSelector Sequence SequenceWithMemory ReactiveSequence Parallel Concurrent "
    "IfThenElse WhileDoElse Switch".split()
)
TITLES = {"Wait": "Sleep", "Succeed": "Success", "Fail": "Failure", "RunScript": "Script"}

ROW, CHIP = 20, 17  # heights of a branch's row, and of a leaf
GAP_X, GAP_Y = 9, 4  # between leaves; wide enough for the mark between them
INDENT = 15
GLYPH = 14  # width of a decorator's or branch's sign
CHIP_PAD = 7
BESIDE = 10  # between a branch's name and its first leaf
MAX_DETAIL = 16

Measure = Callable[[str, bool], int]  # of a word, bold or not


@dataclass(frozen=True, slots=True)
class Box:
    """A node with the decorators around it.

    Attributes:
        number: The node's number, in the order of ``Tree.nodes``.
        wraps: The numbers of its decorators, the outermost first.
        parent: The number of the branch above it; -1 for the root.
        name: The text that it shows.
        detail: More text, in pale letters.
        x: Left edge, from the panel's inner left.
        y: Upper edge.
        width: In pixels.
        is_branch: Whether it is a row; else it is a chip.
        leads: Whether it is the first of its line.
    """

    number: int
    wraps: tuple[int, ...]
    parent: int
    name: str
    detail: str
    x: int
    y: int
    width: int
    is_branch: bool
    leads: bool

    @property
    def height(self) -> int:
        """In pixels."""
        return ROW if self.is_branch else CHIP

    @property
    def middle(self) -> int:
        """The height at which lines meet it."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Guide:
    """A line from a branch down to one of its children, or to a line of leaves.

    Attributes:
        parent: The branch's node.
        children: The nodes it leads to.
        x: Where it goes down.
        top: Where it begins.
        bottom: Where it turns right.
        right: Where it ends.
    """

    parent: int
    children: tuple[int, ...]
    x: int
    top: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole tree.

    Attributes:
        boxes: In order of definition.
        guides: In order of definition.
        height: In pixels.
    """

    boxes: tuple[Box, ...]
    guides: tuple[Guide, ...]
    height: int


def lay_out(nodes: Sequence[NodeInfo], width: int, measure: Measure) -> Layout:
    """Places all nodes of a tree.

    Args:
        nodes: ``Tree.nodes``.
        width: The width that there is, in pixels.
        measure: Gives the width of a word; branches are bold.
    """
    return _Setter(nodes, width, measure).run()


class _Setter:
    """One layout in the making."""

    def __init__(self, nodes: Sequence[NodeInfo], width: int, measure: Measure) -> None:
        self.nodes = nodes
        self.width = width
        self.measure = measure
        numbers = {node.path: number for number, node in enumerate(nodes)}
        self.children: list[list[int]] = [[] for _ in nodes]
        for number, node in enumerate(nodes[1:], 1):
            self.children[numbers[node.path.rpartition("/")[0]]].append(number)
        self.boxes: list[Box] = []
        self.guides: list[Guide] = []
        self.y = 0

    def run(self) -> Layout:
        number, wraps = self.unwrapped(0)
        if self.children[number] or self.nodes[number].kind in BRANCHES:
            self.branch(number, wraps, -1, 0)
        else:
            self.leaves([(number, wraps)], -1, 0, 0)
        return Layout(tuple(self.boxes), tuple(self.guides), self.y)

    def unwrapped(self, number: int) -> tuple[int, tuple[int, ...]]:
        """The node inside its decorators, and the decorators."""
        wraps = []
        while len(self.children[number]) == 1 and self.nodes[number].kind not in BRANCHES:
            wraps.append(number)
            number = self.children[number][0]
        return number, tuple(wraps)

    def branch(self, number: int, wraps: tuple[int, ...], parent: int, x: int) -> None:
        node = self.nodes[number]
        name = "" if node.name == node.kind else node.name
        signs = x + len(wraps) * GLYPH
        width = (len(wraps) + 1) * GLYPH + (5 + self.measure(name, True) if name else 0)
        self.boxes.append(Box(number, wraps, parent, name, "", x, self.y, width, True, True))
        first, top = self.y, self.y + ROW
        self.y = top
        spine, inner = signs + GLYPH // 2, signs + INDENT
        run: list[tuple[int, tuple[int, ...]]] = []
        beside = x + width + BESIDE  # the first leaves may stand in the branch's own row
        for child in self.children[number]:
            inside, around = self.unwrapped(child)
            if not self.children[inside] and self.nodes[inside].kind not in BRANCHES:
                run.append((inside, around))
                continue
            self.run_of(run, number, spine, top, inner, beside, first)
            run, beside = [], 0
            bottom = self.y + ROW // 2
            self.guides.append(Guide(number, (inside,), spine, top, bottom, inner))
            self.branch(inside, around, number, inner)
        self.run_of(run, number, spine, top, inner, beside, first)

    def run_of(
        self,
        run: list[tuple[int, tuple[int, ...]]],
        parent: int,
        spine: int,
        top: int,
        x: int,
        beside: int,
        row: int,
    ) -> None:
        """Leaves in a row, under their branch or, if ``beside`` is not 0, beginning beside it."""
        if not run:
            return
        if beside and beside + self.width_of(*run[0], self.width - x) <= self.width:
            self.y = row
            self.leaves(run, parent, x, beside)
            self.y = max(self.y, row + ROW)
            return
        bottom = self.y + CHIP // 2 + 1
        self.guides.append(Guide(parent, tuple(n for n, _ in run), spine, top, bottom, x))
        self.leaves(run, parent, x, x)

    def leaves(
        self, run: list[tuple[int, tuple[int, ...]]], parent: int, left: int, begin: int
    ) -> None:
        x, leads = begin, True
        self.y += 1
        for number, wraps in run:
            name, detail = self.words(self.nodes[number])
            width = self.width_of(number, wraps, self.width - left)
            if not leads and x + width > self.width:
                x, leads = left, True
                self.y += CHIP + GAP_Y
            self.boxes.append(
                Box(number, wraps, parent, name, detail, x, self.y, width, False, leads)
            )
            x, leads = x + width + GAP_X, False
        self.y += CHIP + GAP_Y

    def width_of(self, number: int, wraps: tuple[int, ...], most: int) -> int:
        name, detail = self.words(self.nodes[number])
        width = 2 * CHIP_PAD + len(wraps) * GLYPH + self.measure(name, False)
        if detail:
            width += 5 + self.measure(detail, False)
        return min(width, most)

    def words(self, node: NodeInfo) -> tuple[str, str]:
        detail = node.detail.partition(",")[0]
        if len(detail) > MAX_DETAIL:
            detail = f"{detail[: MAX_DETAIL - 1]}…"
        return TITLES.get(node.name, node.name), detail
