"""Opens ordinary files, and nothing else that a path may name.

A pipe is waited for without end, and a device such as ``/dev/zero`` never ends. Invariant: what is
opened here has an end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_plain", "read_plain"]

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_plain(path: Path) -> BinaryIO:
    """Opens a file for reading.

    Raises:
        OSError: It cannot be read, or is no file. Its ``strerror`` says which.
    """
    kind = stat.S_IFMT(os.stat(path).st_mode)
    if kind != stat.S_IFREG:  # asked before: opening a pipe waits for ever
        raise OSError(errno.EINVAL, f"it is {KINDS.get(kind, 'something else')}, no file")
    return path.open("rb")


def read_plain(path: Path, max_bytes: int) -> bytes:
    """A file's bytes; of one that has more than ``max_bytes`` so many and one.

    Raises:
        OSError: See ``open_plain``.
    """
    with open_plain(path) as file:  # as many bytes as are asked for are allocated at once
        return file.read(min(os.fstat(file.fileno()).st_size, max_bytes) + 1)
