"""``Reach``: how large trees would become if their subtrees were unfolded, before any is.

Invariant: the work is in proportion to the elements of the files, however often one tree holds
another; a tree that passes can be built in a bounded number of steps, and without recursion deeper
than Python allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from npcbrain.tree.markup import Element, Faults
from npcbrain.tree.node import MAX_DEPTH

__all__ = ["Reach"]

MAX_NODES = 5000  # with subtrees unfolded; ten trees that each hold the next twice make a thousand
MAX_CHARACTERS = 4 << 20  # of all their attributes: each unfolding reads a script again


class Size(NamedTuple):
    """The size of a tree with its subtrees unfolded; counted up to one more than is allowed."""

    nodes: int
    characters: int
    depth: int


class Part(NamedTuple):
    """A tree by itself, without its subtrees."""

    size: Size
    uses: tuple[tuple[Element, str, int], ...]  # SubTree elements, their trees, their depths


class Reach:
    """Measures trees.

    Args:
        trees: By id.
        faults: Where circles and trees that are too large go.
        levels: Attributes that make an element two nodes deep: its conditions.
    """

    def __init__(
        self, trees: Mapping[str, Element], faults: Faults, levels: frozenset[str]
    ) -> None:
        self.trees = trees
        self.faults = faults
        self.levels = levels
        self.parts: dict[str, Part] = {}
        self.sizes: dict[str, Size | None] = {}  # None while its subtrees are measured
        self.circles: set[frozenset[str]] = set()
        self.told: set[str] = set()  # trees that are in circles or too large, or hold such a tree

    @property
    def is_bad(self) -> bool:
        """Whether a circle or a tree that is too large was found."""
        return bool(self.told)

    def measure(self, id: str) -> None:
        """Notes what is wrong with the size of a tree and of all trees that it reaches."""
        if id in self.sizes:
            return
        path = [id]
        open = [iter(self.part(id).uses)]
        self.sizes[id] = None
        while open:
            use = next(open[-1], None)
            if use is None:
                open.pop()
                done = path.pop()
                self.sizes[done] = self.total(done)
                continue
            element, inner, _ = use
            if inner not in self.sizes:
                self.sizes[inner] = None
                path.append(inner)
                open.append(iter(self.part(inner).uses))
            elif self.sizes[inner] is None:
                self.circle(element, path[path.index(inner) :])

    def total(self, id: str) -> Size:
        """A tree's size, now that those of its subtrees are known."""
        own, uses = self.part(id)
        nodes, characters, depth = own
        for element, inner, level in uses:
            size = self.sizes[inner]
            if size is None:  # a circle, which is noted already
                continue
            nodes += size.nodes
            characters += size.characters
            deepest = level + 1 + size.depth
            depth = max(depth, deepest)
            if inner in self.told:
                self.told.add(id)
            if deepest > MAX_DEPTH and id not in self.told:
                rule = f"be at most {MAX_DEPTH} deep, subtrees unfolded"
                advice = "cut the tree into several, or flatten it"
                self.tell(id, element, rule, deepest, advice)
        if nodes > MAX_NODES and id not in self.told:
            rule = f"have at most {MAX_NODES} nodes, subtrees unfolded"
            self.tell(id, self.trees[id], rule, "more")
        if characters > MAX_CHARACTERS and id not in self.told:
            rule = f"have at most {MAX_CHARACTERS} characters, subtrees unfolded"
            self.tell(id, self.trees[id], rule, "more")
        return Size(min(nodes, MAX_NODES + 1), min(characters, MAX_CHARACTERS + 1), depth)

    def tell(self, id: str, element: Element, rule: str, got: object, advice: str = "") -> None:
        self.told.add(id)
        self.faults.append(element.fault("tree", rule, got, advice, attribute="ID"))

    def circle(self, element: Element, trees: list[str]) -> None:
        if frozenset(trees) in self.circles:  # found already from another of its trees
            return
        self.circles.add(frozenset(trees))
        self.told.update(trees)
        shown = " > ".join([*trees, trees[0]])
        advice = "to run it again and again, take KeepRunningUntilFailure"
        self.faults.append(element.fault("tree", "not hold itself", shown, advice, attribute="ID"))

    def part(self, id: str) -> Part:
        """A tree by itself."""
        known = self.parts.get(id)
        if known is not None:
            return known
        nodes = characters = deepest = 0
        uses = []
        open = [(child, 0) for child in reversed(self.trees[id].children)]
        while open:
            element, level = open.pop()
            nodes += 1
            characters += len(element.tag) + sum(map(len, element.attributes.values()))
            level += not self.levels.isdisjoint(element.attributes)
            deepest = max(deepest, level)
            inner = element.attributes.get("ID", "")
            if element.tag == "SubTree" and inner in self.trees:
                uses.append((element, inner, level))
            open += ((child, level + 1) for child in reversed(element.children))
        self.parts[id] = part = Part(Size(nodes, characters, deepest), tuple(uses))
        return part

    def unused(self) -> list[str]:
        """The trees that no other tree holds."""
        used = {inner for id in self.trees for _, inner, _ in self.part(id).uses if inner != id}
        return [id for id in self.trees if id not in used]
