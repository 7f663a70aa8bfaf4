"""``TreeFile``: a tree file that may be edited while the game runs.

The game polls, once a second or at every frame; there is no thread, and a poll that finds nothing
new costs one look at the file's date. Invariant: trees only ever run a definition without faults;
a broken file changes only ``message`` and ``faults``.

A game does this::

    file = TreeFile("greta.xml", registry)
    greta = runtime.add_npc("greta", persona=persona, tree=file.definition)
    file.attach(greta.tree)
    ...
    file.poll()
    screen.show(file.message)
"""

from __future__ import annotations

from pathlib import Path

from npcbrain.errors import TreeError
from npcbrain.plain_file import path_of
from npcbrain.tree.loader import load_all
from npcbrain.tree.markup import Fault, XmlError
from npcbrain.tree.node import Node
from npcbrain.tree.registry import Registry
from npcbrain.tree.tree import Tree

__all__ = ["TreeFile"]

Stamp = tuple[tuple[str, int, int], ...]


class TreeFile:
    """One file, the definition last read from it, and the trees that follow it.

    Args:
        path: The file.
        registry: The game's nodes.
        tree: Which tree of the file; its main tree if empty.

    Attributes:
        definition: As the file had it when it was last without faults.
        message: What is wrong with it now; empty if nothing is.
        faults: The same, fault by fault, with lines and columns; none if the file cannot be read
            at all.

    Raises:
        TreeError: The file is wrong at the very start, when there is no older definition to keep.
    """

    __slots__ = (
        "_files",
        "_registry",
        "_stamp",
        "_tree",
        "_trees",
        "definition",
        "faults",
        "message",
        "path",
    )

    def __init__(self, path: str | Path, registry: Registry | None = None, tree: str = "") -> None:
        self.path = path_of(path, "TreeFile()")
        self._registry = registry
        self._tree = tree
        self._trees: list[Tree] = []
        self._files: set[Path] = {self.path}
        self._stamp = self._look()
        self.message = ""
        self.faults: tuple[Fault, ...] = ()
        self.definition: Node
        self.definition, self._files = load_all(self.path, registry, tree)
        self._stamp = self._look()

    def attach(self, tree: Tree) -> None:
        """Lets a tree follow the file from now on."""
        if tree.root is not self.definition:
            tree.adopt(self.definition)
        self._trees.append(tree)

    def detach(self, tree: Tree) -> None:
        """Stops a tree from following the file; does nothing if it does not."""
        self._trees = [other for other in self._trees if other is not tree]

    def poll(self) -> bool:
        """Looks whether the file, or one it includes, was saved; call it between frames.

        Returns:
            Whether the trees go on with something new.
        """
        stamp = self._look()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            definition, files = load_all(self.path, self._registry, self._tree)
        except TreeError as error:
            self.message = str(error)
            self.faults = error.faults if isinstance(error, XmlError) else ()
            return False
        self.definition, self._files = definition, files
        self._stamp = self._look()
        self.message, self.faults = "", ()
        for tree in self._trees:
            try:
                tree.adopt(definition)
            except TreeError as error:  # raised by the game's code when a node was halted
                self.message = str(error)
        return True

    def _look(self) -> Stamp:
        stamp = []
        for path in sorted(self._files):
            try:
                found = path.stat()
                stamp.append((str(path), found.st_mtime_ns, found.st_size))
            except OSError:  # an editor may be about to put the new file in its place
                stamp.append((str(path), 0, 0))
        return tuple(stamp)
