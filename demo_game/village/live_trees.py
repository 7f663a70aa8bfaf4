"""The tree files of the running village: saving one changes the game, unless it is broken.

Every few frames one file is checked, in turn, so that the work after a save of the shared file is
spread over several frames. Invariant: no file can stop the game once it has begun.
"""

from __future__ import annotations

from pathlib import Path

from demo_game.people.villager import Villager
from demo_game.village.mishap import Mishap, read_mishap
from demo_game.village.tree_words import tree_file
from npcbrain.tree import TreeFile

__all__ = ["LiveTrees"]

POLL_FRAMES = 4  # between two checks, each of another villager's files


class LiveTrees:
    """One ``TreeFile`` for each villager.

    Args:
        folder: Where the files are.

    Attributes:
        mishap: The fault in the first file that is broken now; None if none is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mishap: Mishap | None = None
        self._files: dict[str, TreeFile] = {}
        self._names: list[str] = []
        self._frame = 0

    def open(self, villager: Villager) -> TreeFile:
        """Reads a villager's file; raises if it is broken at the very start."""
        file = self._files[villager.name] = tree_file(villager, self.folder)
        self._names.append(villager.name)
        return file

    def poll(self) -> str:
        """Lets a frame pass.

        Returns:
            The name of a file that was saved and is followed from now on; mostly empty.
        """
        self._frame += 1
        if self._frame % POLL_FRAMES or not self._names:
            return ""
        file = self._files[self._names[self._frame // POLL_FRAMES % len(self._names)]]
        before = file.message
        changed = file.poll()
        if file.message != before:
            self.mishap = self._first_mishap()
        return file.path.name if changed else ""

    def title(self, name: str) -> str:
        """A villager's file for the head of a panel."""
        file = self._files[name]
        shown = f"{file.path.parent.name}/{file.path.name}"
        return f"{shown}: broken, the old tree goes on" if file.message else shown

    def _first_mishap(self) -> Mishap | None:
        for file in self._files.values():
            if file.message:
                return read_mishap(file.message, file.faults, file.path)
        return None
