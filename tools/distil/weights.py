"""Reading the weights of a model from a safetensors file, as float32.

Only reading, and only what Llama folders hold. The format is a JSON header before plain bytes, so
it is read here: the safetensors package has no numpy type for bfloat16 and would need torch.
Invariant: nothing is read outside the bounds the header's own entries give.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np

from npcbrain.errors import ModelError, fault

__all__ = ["read_safetensors"]

DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Reads all tensors of a file.

    Returns:
        float32 arrays by name.

    Raises:
        ModelError: The file is missing or cut off, or a tensor has another type than float32,
            float16 or bfloat16.
    """
    try:
        content = path.read_bytes()
        (header_size,) = struct.unpack_from("<Q", content)
        header = json.loads(content[8 : 8 + header_size])
    except (OSError, struct.error, ValueError) as error:
        raise ModelError(fault("weights", "be a safetensors file", str(error), str(path))) from None
    start = 8 + header_size
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in DTYPES:
            raise ModelError(
                fault(name, f"be one of {', '.join(DTYPES)}", entry["dtype"], str(path))
            )
        begin, end = (start + offset for offset in entry["data_offsets"])
        if end > len(content):
            raise ModelError(
                fault("file", f"have {end} bytes", len(content), str(path), "copy it again")
            )
        raw = np.frombuffer(content[begin:end], DTYPES[entry["dtype"]])
        if entry["dtype"] == "BF16":  # the upper half of a float32
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = raw.astype(np.float32).reshape(entry["shape"])
    return tensors
