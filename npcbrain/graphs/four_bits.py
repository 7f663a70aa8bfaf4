"""Int8 rows that are stored in 4 bits: half the file, and the same product once loaded.

A block of 32 weights of a row shares a factor; a weight is its 4 bits times that factor, rounded to
the steps of ``quantise_rows``. The graph holds the bits and the nodes that widen them. These nodes
read only constants, so the runtime computes them once, when it loads the graph, and multiplies by
int8 rows as usual. All of it is exact in float32. Invariant: ``widen_rows`` and the nodes of
``widened_rows`` give the same integers.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from npcbrain.errors import UsageError, fault
from npcbrain.graphs.parts import GraphParts

__all__ = ["BLOCK", "HIGHEST", "LOWEST", "pack_rows", "widen_rows", "widened_rows"]

BLOCK = 32  # weights that share a factor; 16 would take a quarter of a bit more and be 10 % closer
LOWEST, HIGHEST = -8, 7  # a block's extreme weight is always the lowest; its factor has the sign


def pack_rows(weight: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rounds a matrix to 4 bits a weight and a factor a block.

    Args:
        weight: float32 [out, in].
        scales: float32 [out]; what one step of the widened rows is worth, at most 127 of them.

    Returns:
        uint8 [out, blocks, BLOCK / 2] with the first half of a block in the low bits, and int8
        [out, blocks, 1] factors.

    Raises:
        UsageError: ``in`` is not a multiple of ``BLOCK``.
    """
    num_out, num_in = weight.shape
    if num_in % BLOCK:
        rule = f"be a multiple of {BLOCK}"
        raise UsageError(fault("inputs", rule, num_in, "pack_rows()", "use rowint8"))
    blocks = (weight / scales[:, None]).reshape(num_out, -1, BLOCK)
    low, high = (f(axis=-1, keepdims=True) for f in (blocks.min, blocks.max))
    factors = np.rint(np.where(high >= -low, -high, -low))
    bits = np.rint(blocks * (-LOWEST / np.where(factors == 0, np.float32(np.inf), factors)))
    bits = (np.clip(bits, LOWEST, HIGHEST) - LOWEST).astype(np.uint8)
    packed = bits[..., : BLOCK // 2] | bits[..., BLOCK // 2 :] << 4
    return packed, factors.astype(np.int8)


def widen_rows(packed: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The int8 rows [out, in] that the runtime will multiply by."""
    bits = np.concatenate([packed & 15, packed >> 4], axis=-1).astype(np.float32)
    step = factors.astype(np.float32) / np.float32(-LOWEST)
    return np.rint((bits + LOWEST) * step).astype(np.int8).reshape(len(packed), -1)


def widened_rows(parts: GraphParts, packed: np.ndarray, factors: np.ndarray, name: str) -> str:
    """Adds the nodes that do in a graph what ``widen_rows`` does.

    Args:
        parts: Where nodes and constants go.
        packed: From ``pack_rows``.
        factors: The same.
        name: Prefix of all names made here.

    Returns:
        The name of the transposed rows, int8 [in, out].
    """
    bits = parts.constant(f"{name}.bits", packed)
    mask = parts.constant("four.mask", np.array(15, np.uint8))
    shift = parts.constant("four.shift", np.array(4, np.uint8))
    halves = [
        parts.node("BitwiseAnd", [bits, mask], f"{name}.low"),
        parts.node("BitShift", [bits, shift], f"{name}.high", {"direction": "RIGHT"}),
    ]
    both = parts.node("Concat", halves, f"{name}.both", {"axis": -1})
    to_float, to_int8 = {"to": TensorProto.FLOAT}, {"to": TensorProto.INT8}
    wide = parts.node("Cast", [both], f"{name}.wide", to_float)
    zero = parts.constant("four.zero", np.array(LOWEST, np.float32))
    centred = parts.node("Add", [wide, zero], f"{name}.centred")
    factor = parts.constant(f"{name}.factor", factors)
    steps = parts.node("Cast", [factor], f"{name}.steps", to_float)
    eighth = parts.constant("four.eighth", np.array(-1 / LOWEST, np.float32))
    step = parts.node("Mul", [steps, eighth], f"{name}.step")
    grid = parts.node("Mul", [centred, step], f"{name}.grid")
    rounded = parts.node("Round", [grid], f"{name}.rounded")
    rows = parts.node("Cast", [rounded], f"{name}.rows", to_int8)
    shape = parts.constant(f"{name}.shape", np.array([len(packed), -1], np.int64))
    flat = parts.node("Reshape", [rows, shape], f"{name}.flat")
    return parts.node("Transpose", [flat], f"{name}.weight")
