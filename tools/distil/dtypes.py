"""Which numbers a processor trains on fastest."""

from __future__ import annotations

import torch

__all__ = ["DTYPES", "cpu_features", "fastest_dtype"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def fastest_dtype(device: str) -> torch.dtype:
    """bfloat16 where the hardware multiplies it; emulated, it is eight times slower."""
    known = torch.cuda.is_bf16_supported() if device == "cuda" else "bf16" in cpu_features()
    return torch.bfloat16 if known else torch.float32


def cpu_features() -> str:
    """What the processor can do, in PyTorch's words: ``avx512_bf16``, ``amx_bf16``, ..."""
    return " ".join(name for name, has in torch.cpu.get_capabilities().items() if has is True)
