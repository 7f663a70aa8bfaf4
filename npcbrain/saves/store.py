"""Where saves lie: written whole or not at all, and the last good one is kept.

``slot1.npcb`` is the newest save and ``slot1.npcb.last`` the one before it. A new one is written to
``slot1.npcb.new`` and put in place when it is safe on the disk. Invariant: whatever is interrupted
wherever, one of the two is a whole save, if there ever was one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from npcbrain.errors import SaveError, fault
from npcbrain.plain_file import read_plain
from npcbrain.saves.container import MAX_BYTES, header_of

__all__ = ["Disk", "last_of", "put", "read_bytes"]


class Disk:
    """The operations on files that saving takes, each by itself, so that tests can fail them."""

    def write(self, path: Path, content: bytes) -> None:
        """Writes a file and waits until it is safe on the disk."""
        with self.create(path) as file:
            self.fill(file, content)
            self.flush(file)
            self.sync(file)

    def create(self, path: Path) -> BinaryIO:
        """Opens a file for writing, empty."""
        return path.open("wb")

    def fill(self, file: BinaryIO, content: bytes) -> None:
        """Writes into a file."""
        file.write(content)

    def flush(self, file: BinaryIO) -> None:
        """Hands to the system what was written."""
        file.flush()

    def sync(self, file: BinaryIO) -> None:
        """Waits until what the system has is safe on the disk."""
        os.fsync(file.fileno())

    def link(self, path: Path, name: Path) -> None:
        """Gives a file a second name, which must be free."""
        os.link(path, name)

    def replace(self, path: Path, name: Path) -> None:
        """Renames a file, in the place of one of that name."""
        os.replace(path, name)

    def remove(self, path: Path) -> None:
        """Removes a file; one that is not there is no matter."""
        path.unlink(missing_ok=True)

    def settle(self, folder: Path) -> None:
        """Waits until a folder's names are safe on the disk, where a platform can tell."""
        if os.name == "nt":
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def read(self, path: Path) -> bytes:
        """A file's bytes; no more than a save can have, and one.

        Raises:
            OSError: It cannot be read, or is no file, such as a pipe.
        """
        return read_plain(path, MAX_BYTES)


def last_of(path: Path) -> Path:
    """Where the save before the newest is kept."""
    return path.with_name(f"{path.name}.last")


def put(path: Path, content: bytes, disk: Disk) -> None:
    """Puts a save in place of the newest, which becomes the last one.

    Raises:
        SaveError: The disk refused; what was there is still there.
    """
    new, spare = path.with_name(f"{path.name}.new"), path.with_name(f"{path.name}.spare")
    try:
        disk.write(new, content)
        if _is_good(path, disk):  # a broken one must not push out the good one before it
            disk.remove(spare)
            try:
                disk.link(path, spare)  # by two names, so that at no moment there is none
                disk.replace(spare, last_of(path))
            except OSError:  # a file system without links
                disk.replace(path, last_of(path))
        disk.replace(new, path)
        disk.settle(path.parent)
    except OSError as error:
        for name in (new, spare):
            with suppress(OSError):
                disk.remove(name)
        reason = error.strerror or str(error)
        advice = "check that the folder exists and has room"
        raise SaveError(fault("a save", "be writable", reason, str(path), advice)) from error


def read_bytes(path: Path, disk: Disk) -> bytes:
    """A save's bytes.

    Raises:
        SaveError: It cannot be read, or is too large.
    """
    try:
        content = disk.read(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SaveError(
            fault("a save", "be a readable file", reason, str(path), "check the path")
        ) from error
    if len(content) > MAX_BYTES:
        rule = f"have at most {MAX_BYTES} bytes"
        raise SaveError(fault("a save", rule, "more", str(path)))
    return content


def _is_good(path: Path, disk: Disk) -> bool:
    try:
        header_of(read_bytes(path, disk), str(path))
    except SaveError:
        return False
    return True
