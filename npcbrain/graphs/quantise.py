"""How a weight matrix is stored and multiplied: the kernels, and which matrix gets which.

Weights come in as float32 [out, in] and become nodes and constants in a ``GraphParts``. Models and
the order of layers are not known here. Invariant: with every kernel except ``fp32`` a row's result
does not depend on the other rows of the run, to the last bit; schedule invariance rests on that.

| kernel | weights | activations | for |
|---|---|---|---|
| ``fp32`` | float32 | float32 | reference; not row-invariant |
| ``nbits8`` | uint8 in blocks of 32 along the input | int8, same blocks | exactness, single rows |
| ``rowint8`` | int8 of 7 bits, a scale per output | uint8, a scale per row | speed from 4 rows on |
| ``rowint4`` | the same, kept in 4 bits (``four_bits``) | the same | half the file |
| ``staticint8`` | as ``rowint8`` | uint8, one scale, from ``calibrate`` | four nodes fewer |

Why 7 bits: x86 processors without VNNI add two products of a uint8 and an int8 in 16 bits, and
silently cut off a sum that does not fit. 2 x 255 x 63 fits. So a matrix gives the same integers on
every processor, and no processor has to be asked what it can do; training makes up for the lost bit
in the layers (``train --round-from``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from npcbrain.errors import UsageError, fault
from npcbrain.graphs.four_bits import pack_rows, widened_rows
from npcbrain.graphs.parts import CONTRIB, GraphParts

__all__ = [
    "KERNELS",
    "ROW_PEAK",
    "SHIPPED_KERNELS",
    "STATIC",
    "TINY",
    "Entered",
    "embed_rows",
    "enter",
    "kernel_plan",
    "multiply",
    "quantise_blocks",
    "quantise_rows",
    "step_name",
]

STATIC = "staticint8"
KERNELS = ("fp32", "nbits8", "rowint8", "rowint4", STATIC)
# The kernels of the model that ships, for ``kernel_plan``. The rows that enter ``down`` are
# products of two and vary too much for one scale; the head's matrix is the table of tokens, which
# cannot be smoothed.
SHIPPED_KERNELS = (STATIC, {"layers.*.down": "rowint8", "head": "rowint8"})
GROUPS = ("qkv", "o", "gate_up", "down")  # matrices of a layer, by the rows that they read

BLOCK = 32  # inputs that share a scale in nbits8; 64 and 128 are no faster
ROW_PEAK = 63  # largest weight of int8 rows; see above. 127 would be right only with VNNI
LOOKUP_PEAK = 127  # largest of a table that is only looked up, where nothing is added
ZERO = 128  # uint8 that stands for 0.0; signed activations have no fast path in the runtime
ROWS_AT_ONCE = 4096  # rounded, so that a table of 150,000 tokens is not in memory three times
TINY = 1e-8  # smallest scale of a row, so that a row of zeros is not divided by zero


def kernel_plan(
    num_layers: int, kernel: str, exceptions: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The kernel of each matrix, as the manifest's ``kernels`` lists them.

    Args:
        num_layers: Decoder layers.
        kernel: The kernel of all matrices that are no exception.
        exceptions: Kernels by pattern: ``{"layers.*.down": "nbits8", "head": "fp32"}``. A later
            pattern wins over an earlier one.

    Returns:
        ``{"embed": ..., "layers.0.qkv": ..., ..., "head": ...}``. ``embed`` is ``fp32`` or
        ``rowint8``: a lookup has no activations, so int8 rows serve all int8 kernels.

    Raises:
        UsageError: A kernel is unknown, or a pattern matches nothing.
    """
    names = [f"layers.{layer}.{group}" for layer in range(num_layers) for group in GROUPS]
    plan = dict.fromkeys(["embed", *names, "head"], _known(kernel))
    for pattern, other in (exceptions or {}).items():
        matched = [name for name in plan if fnmatchcase(name, pattern)]
        if not matched:
            raise UsageError(
                fault("pattern", "match a matrix", pattern, "kernel_plan()", "try layers.*.down")
            )
        plan.update(dict.fromkeys(matched, _known(other)))
    if plan["embed"] != "fp32":
        plan["embed"] = "rowint8"
    return plan


def step_name(name: str) -> str:
    """The name, among a model's weights, of the fixed scale of the rows that enter a matrix."""
    return f"{name}.step"


@dataclass(frozen=True, slots=True)
class Entered:
    """Rows on their way into matrices, rounded once for all matrices that read them.

    ``nbits8`` rounds inside its product, for each matrix anew.

    Attributes:
        kernel: One of ``KERNELS``.
        rows: Name of the value, as the kernel takes it.
        step: Name of the rows' scale; empty if the kernel rounds them itself, or not at all.
        peak: Name of the values by which the rows were divided; empty if none.
    """

    kernel: str
    rows: str
    step: str = ""
    peak: str = ""


def enter(
    parts: GraphParts, x: str, name: str, kernel: str, step: np.ndarray | None = None
) -> Entered:
    """Rounds the rows of ``x``, float32 [..., in], for ``multiply``.

    Args:
        parts: Where nodes and constants go.
        x: Name of the value.
        name: Prefix of all names made here.
        kernel: One of ``KERNELS``.
        step: For ``staticint8``, the scale of ``x``, float32 [].

    Returns:
        The rows as the kernel takes them.

    Raises:
        UsageError: The kernel is unknown, or needs a step and has none.
    """
    if _known(kernel) in ("rowint8", "rowint4"):
        return replace(_enter_rows(parts, x, name), kernel=kernel)
    if kernel != STATIC:
        return Entered(kernel, x)
    if step is None:
        advice = "calibrate first"
        raise UsageError(fault(step_name(name), "be known", None, "enter()", advice))
    scale = parts.constant(step_name(name), step)
    zero = parts.constant("zero.activations", np.array(ZERO, np.uint8))
    rows = parts.node("QuantizeLinear", [x, scale, zero], f"{name}.quantised")
    return Entered(kernel, rows, scale)


def multiply(
    parts: GraphParts, entered: Entered, weight: np.ndarray, name: str, output: str = ""
) -> str:
    """Multiplies rows by a weight matrix.

    Args:
        parts: Where nodes and constants go.
        entered: The rows, from ``enter``.
        weight: float32 [out, in].
        name: Prefix of all names made here.
        output: Name of the product; ``"<name>.out"`` if empty.

    Returns:
        The name of the product, float32 [..., out].
    """
    output = output or f"{name}.out"
    if entered.kernel == "fp32":
        matrix = parts.constant(f"{name}.weight", weight.T)
        return parts.node("MatMul", [entered.rows, matrix], output)
    if entered.kernel == "nbits8":
        return _multiply_nbits8(parts, entered.rows, weight, name, output)
    if entered.kernel == "rowint4":
        scales = _row_scales(weight, ROW_PEAK)
        matrix = widened_rows(parts, *pack_rows(weight, scales), name)
    else:
        rows, scales = quantise_rows(weight)
        matrix = parts.constant(f"{name}.weight", rows.T)
    inputs = [
        entered.rows,
        matrix,
        entered.step,
        parts.constant(f"{name}.scale", scales),
        parts.constant("zero.activations", np.array(ZERO, np.uint8)),
        parts.constant("zero.weights", np.array(0, np.int8)),
    ]
    product = f"{name}.product" if entered.peak else output
    parts.node("MatMulIntegerToFloat", inputs, product, domain=CONTRIB)
    return parts.node("Mul", [product, entered.peak], output) if entered.peak else output


def embed_rows(parts: GraphParts, ids: str, table: np.ndarray, name: str, kernel: str) -> str:
    """Looks up rows of a float32 table [vocab, hidden], kept in int8 unless ``kernel`` is fp32."""
    if _known(kernel) == "fp32":
        return parts.node("Gather", [parts.constant(f"{name}.weight", table), ids], f"{name}.out")
    rows, scales = quantise_rows(table, LOOKUP_PEAK)
    found = parts.node("Gather", [parts.constant(f"{name}.weight", rows), ids], f"{name}.rows")
    scale = parts.node(
        "Gather", [parts.constant(f"{name}.scale", scales[:, None]), ids], f"{name}.scales"
    )
    wide = parts.node("Cast", [found], f"{name}.wide", {"to": 1})
    return parts.node("Mul", [wide, scale], f"{name}.out")


def quantise_rows(weight: np.ndarray, peak: int = ROW_PEAK) -> tuple[np.ndarray, np.ndarray]:
    """Rounds a matrix to int8, one scale per row.

    Args:
        weight: float32 [out, in].
        peak: The integer that the largest weight of a row becomes.

    Returns:
        int8 [out, in] in -peak..peak and float32 [out]; ``int8 * scale`` is the matrix again.
    """
    scales = _row_scales(weight, peak)
    rows = np.empty(weight.shape, np.int8)
    for start in range(0, len(weight), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        rows[part] = np.rint(weight[part] / scales[part, None])
    return rows, scales


def _row_scales(weight: np.ndarray, peak: int) -> np.ndarray:
    largest = np.maximum(weight.max(axis=1), -weight.min(axis=1))  # abs() would copy the matrix
    scales: np.ndarray = np.maximum(largest / np.float32(peak), np.float32(TINY))
    return scales.astype(np.float32)


def quantise_blocks(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rounds a matrix to uint8, with one scale and one zero point per block of ``BLOCK`` inputs.

    Zero points make products 8 % closer than blocks centred on 128, and cost no time.

    Args:
        weight: float32 [out, in]; ``in`` is filled up with zeros to whole blocks.

    Returns:
        uint8 [out, blocks, BLOCK], float32 [out, blocks] scales and uint8 [out, blocks] zero
        points; ``(stored - zero) * scale`` is the matrix again.
    """
    num_out, num_in = weight.shape
    blocks = np.pad(weight, ((0, 0), (0, -num_in % BLOCK))).reshape(num_out, -1, BLOCK)
    low = np.minimum(blocks.min(axis=-1), 0)  # so that zero is in range and padding stays zero
    high = np.maximum(blocks.max(axis=-1), 0)
    scales = np.maximum((high - low) / np.float32(255), np.float32(TINY))
    zeros = np.rint(-low / scales)
    stored = np.clip(np.rint(blocks / scales[..., None]) + zeros[..., None], 0, 255)
    return stored.astype(np.uint8), scales, zeros.astype(np.uint8)


def _multiply_nbits8(parts: GraphParts, x: str, weight: np.ndarray, name: str, output: str) -> str:
    num_out, num_in = weight.shape
    blocks, scales, zeros = quantise_blocks(weight)
    inputs = [
        x,
        parts.constant(f"{name}.weight", blocks),
        parts.constant(f"{name}.scale", scales),
        parts.constant(f"{name}.zero", zeros),
    ]
    # accuracy_level 4 takes int8 activations; without it the kernel for 8 bits is 90 times slower.
    attributes = {"K": num_in, "N": num_out, "bits": 8, "block_size": BLOCK, "accuracy_level": 4}
    return parts.node("MatMulNBits", inputs, output, attributes, CONTRIB)


def _enter_rows(parts: GraphParts, x: str, name: str) -> Entered:
    """Divides every row of ``x`` by its own peak; DynamicQuantizeMatMul has one for all rows.

    The 1/127 of both sides is in the constants, since each node takes 2 us for a single row.
    """
    last = parts.constant("axis.last", np.array([-1], np.int64))
    step = parts.constant("step", np.array(1 / 127, np.float32))
    zero = parts.constant("zero.activations", np.array(ZERO, np.uint8))
    size = parts.node("Abs", [x], f"{name}.size")
    # No floor: a row of zeros gives whatever integers 0 / 0 rounds to, which are multiplied by 0.
    peak = parts.node("ReduceMax", [size, last], f"{name}.peak", {"keepdims": 1})
    scaled = parts.node("Div", [x, peak], f"{name}.scaled")
    rows = parts.node("QuantizeLinear", [scaled, step, zero], f"{name}.quantised")
    return Entered("rowint8", rows, step, peak)


def _known(kernel: str) -> str:
    if kernel not in KERNELS:
        raise UsageError(
            fault("kernel", "be known", kernel, "kernel_plan()", f"use one of {', '.join(KERNELS)}")
        )
    return kernel
