"""All weights of a safetensors file, as float32; for models that fit in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from npcbrain.importing.safetensors_file import SafetensorsFile

__all__ = ["read_safetensors"]


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Reads all tensors of a file.

    Returns:
        float32 arrays by name.

    Raises:
        ModelError: The file is missing or cut off, or a tensor has another type than float32,
            float16 or bfloat16.
    """
    file = SafetensorsFile(path)
    return {name: file.read(name) for name in file.shapes}
