"""A disk that fails at one operation of a save: with an error, or as if the process were killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from npcbrain.saves.store import Disk

__all__ = ["FaultyDisk", "Killed"]


class Killed(BaseException):
    """The process was killed: nothing after this happens."""


class FaultyDisk(Disk):
    """Fails at the n-th operation, half done or not at all; after a kill nothing works any more.

    Attributes:
        num_calls: Operations so far.
    """

    def __init__(self, fails_at: int, *, kills: bool, half: bool) -> None:
        self.fails_at = fails_at
        self.kills = kills
        self.half = half
        self.num_calls = 0
        self.is_dead = False

    def write(self, path: Path, content: bytes) -> None:
        """Writes, or a half of it."""
        if self._fails():
            if self.half:
                path.write_bytes(content[: len(content) // 2])
            raise self._error()
        super().write(path, content)

    def link(self, path: Path, name: Path) -> None:
        """A second name."""
        self._do(super().link, path, name)

    def replace(self, path: Path, name: Path) -> None:
        """Renames."""
        self._do(super().replace, path, name)

    def remove(self, path: Path) -> None:
        """Removes."""
        self._do(super().remove, path)

    def settle(self, folder: Path) -> None:
        """Waits."""
        self._do(super().settle, folder)

    def read(self, path: Path) -> bytes:
        """Reads."""
        if self._fails():
            raise self._error()
        return super().read(path)

    def _do(self, work: Callable[..., None], *args: Path) -> None:
        if self._fails():
            if self.half and self.kills:
                work(*args)  # it was done, and then came the end
            raise self._error()
        work(*args)

    def _fails(self) -> bool:
        self.num_calls += 1
        return self.is_dead or self.num_calls == self.fails_at

    def _error(self) -> BaseException:
        if self.kills:
            self.is_dead = True
            return Killed()
        return OSError(28, "No space left on device")
