"""A GGUF file, read one tensor at a time.

The container is read here, because counts in a file from elsewhere cannot be trusted: each is
checked against the file's size before it is used. The ``gguf`` package, which knows every kind of
quantisation, turns blocks into numbers. Invariant: every tensor it knows lies within the file.
"""

from __future__ import annotations

import math
import mmap
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.plain_file import open_plain

__all__ = ["GgufFile"]

MAGIC = b"GGUF"
VERSIONS = (2, 3)  # 1 had narrower counts and has not been written since 2023
MAX_FIELDS = 10_000  # usual: 30
MAX_TENSORS = 100_000  # usual: 300
MAX_NAME_BYTES = 1024
MAX_DIMENSIONS = 4
MAX_ALIGNMENT = 1 << 16
STRING, ARRAY = 8, 9
SCALARS = {
    0: "<u1", 1: "<i1", 2: "<u2", 3: "<i2", 4: "<u4", 5: "<i4", 6: "<f4",
    7: "<u1", 10: "<u8", 11: "<i8", 12: "<f8",
}  # fmt: skip
BOOL = 7


class _Entry(NamedTuple):
    shape: tuple[int, ...]
    kind: int  # ggml's number for it
    start: int  # in the file
    size: int


class GgufFile:
    """The fields and tensors of one file.

    Attributes:
        path: The file.
        fields: Values by key: numbers, booleans, strings, lists of strings, and numpy arrays.
        shapes: The shapes of tensors by name, rows first as in numpy.
    """

    __slots__ = ("_entries", "_map", "fields", "path", "shapes")

    def __init__(self, path: Path) -> None:
        """Reads everything but the tensors.

        Raises:
            ModelError: The file is missing, is not a GGUF file, or contradicts itself.
            UsageError: The ``gguf`` package is not installed.
        """
        self.path = path
        try:
            with open_plain(path) as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # an empty file cannot be mapped
            rule, advice = "be a readable file", "check the path"
            raise ModelError(fault("GGUF", rule, str(error), str(path), advice)) from None
        cursor = _Cursor(self._map, str(path))
        if cursor.take(4) != MAGIC:
            raise cursor.error("file", "begin with GGUF", bytes(self._map[:4]))
        version = cursor.number("<u4")
        if version not in VERSIONS:
            raise cursor.error("GGUF version", "be 2 or 3", version, "convert the model again")
        num_tensors = cursor.count("tensors", MAX_TENSORS)
        num_fields = cursor.count("fields", MAX_FIELDS)
        self.fields: dict[str, Any] = {}
        for _ in range(num_fields):
            key = cursor.text(MAX_NAME_BYTES)
            self.fields[key] = cursor.value(key, cursor.number("<u4"))
        infos = [self._info(cursor) for _ in range(num_tensors)]
        alignment = self.fields.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 1 <= alignment <= MAX_ALIGNMENT:
            raise cursor.error("general.alignment", f"be 1 to {MAX_ALIGNMENT}", alignment)
        start = -(-cursor.at // alignment) * alignment
        self._entries: dict[str, _Entry] = {}
        for name, shape, kind, offset in infos:
            if name in self._entries:
                raise cursor.error("tensors", "have a name each", name)
            size = _num_bytes(name, shape, kind, str(path))
            end = start + offset + size
            if end > len(self._map):
                rule, advice = f"have {end} bytes for {name}", "copy it again"
                raise cursor.error("file", rule, len(self._map), advice)
            self._entries[name] = _Entry(shape, kind, start + offset, size)
        self.shapes = {name: entry.shape for name, entry in self._entries.items()}

    def read(self, name: str) -> np.ndarray:
        """A tensor as float32.

        Raises:
            ModelError: The ``gguf`` package does not know this kind of blocks.
        """
        gguf = _gguf()
        entry = self._entries[name]
        raw = np.frombuffer(self._map, np.uint8, entry.size, entry.start)
        kind = gguf.GGMLQuantizationType(entry.kind)
        *outer, last = entry.shape
        try:
            if kind is gguf.GGMLQuantizationType.F32:
                return raw.view(np.float32).reshape(entry.shape).copy()
            if kind is gguf.GGMLQuantizationType.F16:
                return raw.view(np.float16).astype(np.float32).reshape(entry.shape)
            rows = raw.reshape(math.prod(outer), -1)
            values: np.ndarray = gguf.dequantize(rows, kind)
        except (NotImplementedError, ValueError) as error:
            rule, advice = "have a type that can be widened", "use a Q4, Q5, Q6 or Q8 file"
            got = f"{kind.name}: {error}"
            raise ModelError(fault(name, rule, got, str(self.path), advice)) from None
        return values.astype(np.float32, copy=False).reshape((*outer, last))

    def _info(self, cursor: _Cursor) -> tuple[str, tuple[int, ...], int, int]:
        name = cursor.text(MAX_NAME_BYTES)
        num_dims = cursor.number("<u4")
        if not 1 <= num_dims <= MAX_DIMENSIONS:
            rule = f"have 1 to {MAX_DIMENSIONS} dimensions"
            raise cursor.error(name, rule, num_dims)
        shape = tuple(cursor.number("<u8") for _ in range(num_dims))[::-1]
        return name, shape, cursor.number("<u4"), cursor.number("<u8")


class _Cursor:
    """A place in the file; never reads beyond the file's end."""

    def __init__(self, data: mmap.mmap, where: str) -> None:
        self.at = 0
        self._data = data
        self._where = where

    def error(self, what: str, rule: str, got: object, advice: str = "") -> ModelError:
        return ModelError(fault(what, rule, got, f"{self._where}, byte {self.at}", advice))

    def take(self, size: int) -> bytes:
        left = len(self._data) - self.at
        if size > left:
            raise self.error("file", f"go on for {size} bytes", left, "copy it again")
        self.at += size
        return self._data[self.at - size : self.at]

    def number(self, dtype: str) -> Any:
        return np.frombuffer(self.take(np.dtype(dtype).itemsize), dtype)[0].item()

    def count(self, what: str, most: int) -> int:
        count: int = self.number("<u8")
        if count > most:
            raise self.error(f"number of {what}", f"be at most {most}", count)
        return count

    def text(self, most: int = 1 << 30) -> str:
        (size,) = struct.unpack("<Q", self.take(8))
        if size > most:
            raise self.error("text", f"have at most {most} bytes", size)
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.error("text", "be UTF-8", str(error)) from None

    def value(self, key: str, kind: int) -> Any:
        if kind == STRING:
            return self.text()
        if kind == BOOL:
            return bool(self.number("<u1"))
        if kind in SCALARS:
            return self.number(SCALARS[kind])
        if kind != ARRAY:
            raise self.error(key, "have a known type of value", kind)
        kind = self.number("<u4")
        count: int = self.number("<u8")
        if kind == STRING:
            left = (len(self._data) - self.at) // 8  # a string takes eight bytes at least
            if count > left:
                raise self.error(key, f"have at most {left} texts", count, "copy it again")
            return [self.text() for _ in range(count)]
        if kind not in SCALARS:
            raise self.error(key, "hold texts or numbers", kind)
        dtype = np.dtype(SCALARS[kind])
        return np.frombuffer(self.take(count * dtype.itemsize), dtype)


def _num_bytes(name: str, shape: tuple[int, ...], kind: int, where: str) -> int:
    gguf = _gguf()
    try:
        block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(kind)]
    except (KeyError, ValueError):
        advice = "update the gguf package, or use a Q8_0 file"
        raise ModelError(fault(name, "have a known type", kind, where, advice)) from None
    if shape[-1] % block:
        rule = f"have rows of whole blocks of {block}"
        raise ModelError(fault(name, rule, shape[-1], where))
    return math.prod(shape) // int(block) * int(size)


def _gguf() -> Any:
    try:
        import gguf
    except ModuleNotFoundError as error:
        advice = "pip install npcbrain[import]"
        raise UsageError(fault("gguf", "be installed", None, "import-model", advice)) from error
    return gguf
