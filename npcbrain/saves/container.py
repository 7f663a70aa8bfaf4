"""The bytes of a save: a header of fixed size, then packed and compressed data.

It knows nothing of people. Invariant: ``opened`` returns what was given to ``Packing``, or raises
``SaveError``; before anything is decoded, sizes and the checksum are right.

========  =====  ==========================================================
bytes     kind   what
========  =====  ==========================================================
8         text   ``npcbsave``
2         uint   the format's version; all numbers are little-endian
32        bytes  the model's digest; zeros if there was none
8         uint   bytes of data that follow
8         uint   bytes of them once decompressed
16        bytes  BLAKE2b of all of the above and of the data
...       bytes  data: msgpack, compressed by zlib
========  =====  ==========================================================
"""

from __future__ import annotations

import struct
import zlib
from hashlib import blake2b
from typing import Any, NamedTuple

import msgpack

from npcbrain.errors import SaveError, fault
from npcbrain.saves.extent import check_extent

__all__ = ["MAX_BYTES", "VERSION", "Header", "Packing", "header_of", "opened"]

VERSION = 1
MAGIC = b"npcbsave"
HEAD = struct.Struct("<8sH32sQQ")
CHECKSUM_BYTES = 16
MAX_BYTES = 64 << 20  # packed or not; a hundred people with full memories have about one
LEVEL = 6  # of compression; on a thread, where zlib lets go of the interpreter


class Header(NamedTuple):
    """What a save's first bytes tell.

    Attributes:
        version: Of the format.
        model: The model's digest in hexadecimal digits; empty if there was none.
        num_bytes: Of the whole file.
        num_unpacked: Of its data, once decompressed.
    """

    version: int
    model: str
    num_bytes: int
    num_unpacked: int


class Packing:
    """A save in the making: values are added one by one, so that a thread can rest in between."""

    __slots__ = ("_num_unpacked", "_packer", "_pieces", "_zipper")

    def __init__(self) -> None:
        self._packer = msgpack.Packer(unicode_errors="surrogatepass", autoreset=True)
        self._zipper = zlib.compressobj(LEVEL)
        self._pieces: list[bytes] = []
        self._num_unpacked = 0

    def begin_map(self, num: int) -> None:
        """A dictionary of so many entries follows: a key, its value, and so on."""
        self._add(self._packer.pack_map_header(num))

    def begin_list(self, num: int) -> None:
        """A list of so many items follows."""
        self._add(self._packer.pack_array_header(num))

    def add(self, value: Any) -> None:
        """One value follows."""
        self._add(self._packer.pack(value))

    def sealed(self, model: str) -> bytes:
        """All of it, with its header.

        Raises:
            SaveError: It is too large to be read again.
        """
        content = b"".join([*self._pieces, self._zipper.flush()])
        if self._num_unpacked > MAX_BYTES or len(content) > MAX_BYTES:
            rule = f"have at most {MAX_BYTES} bytes"
            raise SaveError(fault("a save", rule, self._num_unpacked, "Runtime.save()"))
        digest = bytes.fromhex(model).ljust(32, b"\0")
        head = HEAD.pack(MAGIC, VERSION, digest, len(content), self._num_unpacked)
        return head + _checksum(head, content) + content

    def _add(self, piece: bytes) -> None:
        self._num_unpacked += len(piece)
        self._pieces.append(self._zipper.compress(piece))


def header_of(content: bytes, where: str) -> Header:
    """The header of a save that is whole.

    Raises:
        SaveError: It is no save, is of a later version, or not what was written.
    """
    head = content[: HEAD.size]
    if len(head) < HEAD.size or head[: len(MAGIC)] != MAGIC:
        raise SaveError(fault("a save", f"begin with {MAGIC.decode()!r}", head[:16], where))
    _, version, digest, num_packed, num_unpacked = HEAD.unpack(head)
    data = content[HEAD.size + CHECKSUM_BYTES :]
    checksum = content[HEAD.size : HEAD.size + CHECKSUM_BYTES]
    if num_packed != len(data):
        raise SaveError(fault("a save", f"have {num_packed} bytes of data", len(data), where))
    if checksum != _checksum(head, data):
        raise SaveError(fault("a save", "be what was written", "another checksum", where))
    if not 1 <= version <= VERSION:
        advice = "it was saved by a later npcbrain; update this one"
        raise SaveError(fault("format", f"be 1 to {VERSION}", version, where, advice))
    if num_unpacked > MAX_BYTES:
        raise SaveError(fault("data", f"have at most {MAX_BYTES} bytes", num_unpacked, where))
    model = "" if digest == bytes(32) else digest.hex()
    return Header(version, model, len(content), num_unpacked)


def opened(content: bytes, where: str) -> tuple[Header, Any]:
    """A save's header and data.

    Raises:
        SaveError: It is not a whole save.
    """
    header = header_of(content, where)
    unzipper = zlib.decompressobj()
    try:
        # One byte more would show that it says too little of its size.
        data = unzipper.decompress(content[HEAD.size + CHECKSUM_BYTES :], header.num_unpacked + 1)
    except zlib.error as error:
        raise SaveError(fault("data", "be compressed by zlib", str(error), where)) from error
    if len(data) != header.num_unpacked or not unzipper.eof or unzipper.unused_data:
        rule = f"have {header.num_unpacked} bytes"
        raise SaveError(fault("data", rule, len(data), where))
    check_extent(data, where)
    try:
        value = msgpack.unpackb(data, unicode_errors="surrogatepass", strict_map_key=True)
    except Exception as error:  # msgpack's have no common base, and text may not be UTF-8
        raise SaveError(fault("data", "be msgpack", str(error), where)) from error
    return header, value


def _checksum(head: bytes, data: bytes) -> bytes:
    digest = blake2b(digest_size=CHECKSUM_BYTES)
    digest.update(head)
    digest.update(data)
    return digest.digest()
