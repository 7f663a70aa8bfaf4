"""The bytes of a recording: a header of fixed size, then one record after the other.

It knows nothing of NPCs. Invariant: the records that are read are the ones that were written, from
the first to the last that is whole; nothing behind a damaged one is used.

========  =====  ==========================================================
bytes     kind   what
========  =====  ==========================================================
8         text   ``npcbtape``
2         uint   the format's version; all numbers are little-endian
32        bytes  the model's digest; zeros if there was none
4         uint   CRC-32 of all of the above
========  =====  ==========================================================

Each record:

========  =====  ==========================================================
4         uint   bytes of data
4         uint   CRC-32 of the data, begun with that of the record before
...       bytes  data: a list in msgpack
========  =====  ==========================================================
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgpack

from npcbrain.errors import RecordingError, SaveError, fault
from npcbrain.plain_file import read_plain
from npcbrain.saves.extent import check_extent

__all__ = [
    "LIMIT_BYTES",
    "VERSION",
    "Header",
    "Records",
    "head",
    "header_of",
    "read_file",
    "record",
]

VERSION = 1
MAGIC = b"npcbtape"
LIMIT_BYTES = 64 << 20  # of a file; seven hours of the demo
HEAD = struct.Struct("<8sH32s")
CHECK = struct.Struct("<I")
FRAME = struct.Struct("<II")
HEADER_BYTES = HEAD.size + CHECK.size


class Header(NamedTuple):
    """The content of a recording's first bytes.

    Attributes:
        version: Of the format.
        model: The model's digest in hexadecimal digits; empty if there was none.
        check: Begins the first record's checksum.
    """

    version: int
    model: str
    check: int


def head(model: str) -> tuple[bytes, int]:
    """A header, and its checksum."""
    first = HEAD.pack(MAGIC, VERSION, bytes.fromhex(model).ljust(32, b"\0"))
    check = zlib.crc32(first)
    return first + CHECK.pack(check), check


def record(data: bytes, check: int) -> tuple[bytes, int]:
    """A record after one whose checksum is given, and its own checksum."""
    check = zlib.crc32(data, check)
    return FRAME.pack(len(data), check) + data, check


def read_file(path: Path) -> bytes:
    """A recording's bytes.

    Raises:
        RecordingError: It cannot be read, is not a file, or is too large.
    """
    try:
        content = read_plain(path, LIMIT_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        message = fault("a recording", "be a readable file", reason, str(path), "check the path")
        raise RecordingError(message) from error
    if len(content) > LIMIT_BYTES:
        rule = f"have at most {LIMIT_BYTES} bytes"
        raise RecordingError(fault("a recording", rule, "more", str(path)))
    return content


def header_of(content: bytes, where: str) -> Header:
    """The header of a recording.

    Raises:
        RecordingError: It is not a recording, or of a later version.
    """
    if content[: len(MAGIC)] != MAGIC:
        rule = f"begin with {MAGIC.decode()!r}"
        raise RecordingError(fault("a recording", rule, content[: len(MAGIC)], where))
    if len(content) < HEADER_BYTES:
        rule = f"have a header of {HEADER_BYTES} bytes"
        raise RecordingError(fault("a recording", rule, len(content), where))
    _, version, digest = HEAD.unpack(content[: HEAD.size])
    (check,) = CHECK.unpack(content[HEAD.size : HEADER_BYTES])
    if check != zlib.crc32(content[: HEAD.size]):
        raise RecordingError(fault("header", "be what was written", "another checksum", where))
    if not 1 <= version <= VERSION:
        advice = "it was recorded by a later npcbrain; update this one"
        raise RecordingError(fault("format", f"be 1 to {VERSION}", version, where, advice))
    return Header(version, "" if digest == bytes(32) else digest.hex(), check)


class Records:
    """The records of a recording, in order, up to the first that is not whole.

    Attributes:
        num_bytes: How many bytes of the file were used so far.
    """

    def __init__(self, content: bytes, header: Header) -> None:
        self._content = content
        self._check = header.check
        self.num_bytes = HEADER_BYTES

    def __iter__(self) -> Iterator[list[Any]]:
        """Decodes one after the other.

        Raises:
            RecordingError: A record has the right checksum, but is not a list of bounded depth.
        """
        content, number = self._content, 0
        while self.num_bytes + FRAME.size <= len(content):
            begin = self.num_bytes + FRAME.size
            num_bytes, check = FRAME.unpack(content[self.num_bytes : begin])
            data = content[begin : begin + num_bytes]
            if len(data) < num_bytes or check != zlib.crc32(data, self._check):
                return
            self._check = check
            self.num_bytes = begin + num_bytes
            yield _decoded(data, f"record {number}")
            number += 1


def _decoded(data: bytes, where: str) -> list[Any]:
    try:
        check_extent(data, where)
        value = msgpack.unpackb(data, unicode_errors="surrogatepass", strict_map_key=True)
    except SaveError as error:
        raise RecordingError(str(error)) from error
    except Exception as error:  # msgpack's errors have no common base, and text may not be UTF-8
        raise RecordingError(fault("data", "be msgpack", str(error), where)) from error
    if not isinstance(value, list):
        raise RecordingError(fault("data", "be a list", value, where))
    return value
