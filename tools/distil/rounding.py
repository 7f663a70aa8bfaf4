"""Weights as the export will round them, for training that runs on what it will ship.

The same integers as ``quantise`` and ``four_bits`` give, in PyTorch, where it is done at every
step. Invariant: what was rounded once stays as it is.
"""

from __future__ import annotations

import torch

from npcbrain.graphs.four_bits import BLOCK, HIGHEST, LOWEST
from npcbrain.graphs.quantise import ROW_PEAK, TINY

__all__ = ["rounded_in_four_bits", "rounded_rows"]


def rounded_rows(matrix: torch.Tensor) -> torch.Tensor:
    """What ``rowint8`` makes of a matrix, float32 [out, in]."""
    scales = _row_scales(matrix)
    return (matrix / scales).round_().mul_(scales)


def rounded_in_four_bits(matrix: torch.Tensor) -> torch.Tensor:
    """What ``rowint4`` makes of a matrix, float32 [out, in]."""
    scales = _row_scales(matrix)
    blocks = (matrix / scales).view(len(matrix), -1, BLOCK)
    low, high = blocks.aminmax(dim=-1, keepdim=True)
    factors = torch.where(high >= -low, -high, -low).round_()
    step = factors / -LOWEST
    factors[factors == 0] = torch.inf
    bits = blocks.mul_(-LOWEST / factors).round_().clamp_(LOWEST, HIGHEST)
    return bits.mul_(step).round_().view_as(matrix).mul_(scales)


def _row_scales(matrix: torch.Tensor) -> torch.Tensor:
    return (matrix.abs().amax(dim=1, keepdim=True) / ROW_PEAK).clamp_(min=TINY)
