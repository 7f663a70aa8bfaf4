"""Opens ordinary files, and nothing else that a path may name.

Opening a pipe may wait for ever, and a device such as ``/dev/zero`` never ends. Invariant: every
file that is opened here has an end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from npcbrain.errors import UsageError, fault

__all__ = ["open_plain", "path_of", "read_plain"]

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def path_of(path: object, where: str, advice: str = "") -> Path:
    """A path that somebody was given.

    Args:
        path: What should be one.
        where: Who was given it.
        advice: What to do if it is none.

    Raises:
        UsageError: It is no path.
    """
    try:
        return Path(path)  # type: ignore[arg-type]
    except TypeError:
        error = fault("path", "be a file's or a folder's", path, where, advice)
        raise UsageError(error) from None


def open_plain(path: Path) -> BinaryIO:
    """Opens a file for reading.

    Raises:
        OSError: It cannot be read, or is not a file. Its ``strerror`` says which.
    """
    kind = stat.S_IFMT(os.stat(path).st_mode)
    if kind != stat.S_IFREG:  # checked before opening, because opening a pipe may wait for ever
        raise OSError(errno.EINVAL, f"it is {KINDS.get(kind, 'something else')}, no file")
    return path.open("rb")


def read_plain(path: Path, max_bytes: int) -> bytes:
    """A file's bytes; if it has more than ``max_bytes``, the first ``max_bytes`` + 1.

    Raises:
        OSError: See ``open_plain``.
    """
    with open_plain(path) as file:  # read() allocates all that it is asked for
        return file.read(min(os.fstat(file.fileno()).st_size, max_bytes) + 1)
