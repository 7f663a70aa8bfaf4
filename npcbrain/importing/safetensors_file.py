"""A safetensors file, read one tensor at a time.

The format is a JSON header before plain bytes, so it is read here: the safetensors package has no
numpy type for bfloat16 and would need torch. Invariant: every tensor it knows lies within
the file and has as many bytes as its shape and type ask for.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npcbrain.errors import ModelError, fault
from npcbrain.plain_file import open_plain

__all__ = ["SafetensorsFile"]

DTYPES: dict[str, type[np.generic]] = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}
MAX_HEADER_BYTES = 100_000_000  # the format's own limit
MAX_DIMENSIONS = 8


class _Entry(NamedTuple):
    dtype: str
    shape: tuple[int, ...]
    start: int  # in the file
    size: int


class SafetensorsFile:
    """The tensors of one file.

    Attributes:
        path: The file.
        shapes: By name.
    """

    __slots__ = ("_entries", "path", "shapes")

    def __init__(self, path: Path) -> None:
        """Reads the header.

        Raises:
            ModelError: The file is missing, not a safetensors file or cut off, or a tensor has
                another type than float32, float16 or bfloat16.
        """
        self.path = path
        try:
            with open_plain(path) as file:
                num_bytes = path.stat().st_size
                (header_size,) = struct.unpack("<Q", file.read(8))
                if header_size > min(num_bytes - 8, MAX_HEADER_BYTES):
                    raise ValueError(f"a header of {header_size} bytes")
                header = json.loads(file.read(header_size))
            if not isinstance(header, dict):
                raise ValueError("a header that is no object")
        except (OSError, struct.error, ValueError, RecursionError) as error:
            rule = "be a safetensors file"
            raise ModelError(fault("weights", rule, str(error), str(path))) from None
        header.pop("__metadata__", None)
        self._entries = {
            name: self._entry(name, entry, 8 + header_size, num_bytes)
            for name, entry in header.items()
        }
        self.shapes = {name: entry.shape for name, entry in self._entries.items()}

    def read(self, name: str) -> np.ndarray:
        """A tensor as float32.

        Raises:
            ModelError: The file cannot be read any more.
        """
        entry = self._entries[name]
        try:
            with self.path.open("rb") as file:
                file.seek(entry.start)
                raw = np.frombuffer(file.read(entry.size), DTYPES[entry.dtype])
        except OSError as error:
            rule = "be readable"
            raise ModelError(fault("weights", rule, error.strerror, str(self.path))) from None
        if entry.dtype == "BF16":  # the upper half of a float32
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        tensor: np.ndarray = raw.astype(np.float32).reshape(entry.shape)
        return tensor

    def _entry(self, name: str, entry: Any, start: int, num_bytes: int) -> _Entry:
        where = str(self.path)
        data = entry if isinstance(entry, dict) else {}
        dtype: Any = data.get("dtype")
        shape: Any = data.get("shape")
        offsets: Any = data.get("data_offsets")
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise ModelError(fault(name, f"be one of {', '.join(DTYPES)}", dtype, where))
        if not _are_counts(shape) or len(shape) > MAX_DIMENSIONS:
            raise ModelError(fault(f"shape of {name}", "be a list of counts", shape, where))
        if not _are_counts(offsets) or len(offsets) != 2:
            raise ModelError(fault(f"offsets of {name}", "be two counts", offsets, where))
        begin, end = (start + offset for offset in offsets)
        if end > num_bytes:
            raise ModelError(fault("file", f"have {end} bytes", num_bytes, where, "copy it again"))
        size = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
        if end - begin != size:
            raise ModelError(fault(name, f"have {size} bytes", end - begin, where))
        return _Entry(dtype, tuple(shape), begin, size)


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in value
    )
