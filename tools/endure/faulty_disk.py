"""A disk that fails at one operation of a save: with an error, or as if the process were killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from npcbrain.saves.store import Disk

__all__ = ["OPERATIONS", "FaultyDisk", "Killed"]

# In the order in which a save that takes the place of another one does them first.
OPERATIONS = ("create", "fill", "flush", "sync", "read", "remove", "link", "replace", "settle")


class Killed(BaseException):
    """The process was killed: nothing after this happens."""


class FaultyDisk(Disk):
    """Fails at the n-th operation, half done or not at all; after a kill nothing works any more.

    Attributes:
        calls: Names of the operations so far.
    """

    def __init__(self, fails_at: int, *, kills: bool, half: bool) -> None:
        self.fails_at = fails_at
        self.kills = kills
        self.half = half
        self.calls: list[str] = []
        self.is_dead = False

    @property
    def num_calls(self) -> int:
        """Operations so far."""
        return len(self.calls)

    def create(self, path: Path) -> BinaryIO:
        """Opens, or leaves an empty file."""
        if self._fails("create"):
            if self.half:
                path.write_bytes(b"")
            raise self._error()
        return super().create(path)

    def fill(self, file: BinaryIO, content: bytes) -> None:
        """Writes, or a half of it."""
        if self._fails("fill"):
            if self.half:
                file.write(content[: len(content) // 2])
                file.flush()
            raise self._error()
        super().fill(file, content)

    def flush(self, file: BinaryIO) -> None:
        """Hands over."""
        self._do("flush", super().flush, file)

    def sync(self, file: BinaryIO) -> None:
        """Waits for the file."""
        self._do("sync", super().sync, file)

    def link(self, path: Path, name: Path) -> None:
        """A second name."""
        self._do("link", super().link, path, name)

    def replace(self, path: Path, name: Path) -> None:
        """Renames."""
        self._do("replace", super().replace, path, name)

    def remove(self, path: Path) -> None:
        """Removes."""
        self._do("remove", super().remove, path)

    def settle(self, folder: Path) -> None:
        """Waits for the names."""
        self._do("settle", super().settle, folder)

    def read(self, path: Path) -> bytes:
        """Reads, or a half of it, as if that were all."""
        if not self._fails("read"):
            return super().read(path)
        if self.half and not self.kills:
            content = super().read(path)
            return content[: len(content) // 2]
        raise self._error()

    def _do(self, name: str, work: Callable[..., None], *args: object) -> None:
        if self._fails(name):
            if self.half and self.kills:
                work(*args)  # it was done, and then came the end
            raise self._error()
        work(*args)

    def _fails(self, name: str) -> bool:
        self.calls.append(name)
        return self.is_dead or self.num_calls == self.fails_at

    def _error(self) -> BaseException:
        if self.kills:
            self.is_dead = True
            return Killed()
        return OSError(28, "No space left on device")
