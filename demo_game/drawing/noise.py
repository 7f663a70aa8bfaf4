"""Smooth random fields for the texture of ground and roofs; seeded, load time only.

Invariant: the same size, cell and seed give the same field, with values in 0..1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Field", "cloud", "smoothstep", "soft"]

Field = npt.NDArray[np.float32]


def smoothstep(low: float, high: float, values: Field) -> Field:
    """0 below ``low``, 1 above ``high``, a soft S between."""
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    curve: Field = (share * share * (3.0 - 2.0 * share)).astype(np.float32)
    return curve


def soft(values: Field, radius: int) -> Field:
    """``values`` averaged over a square of ``radius`` each way, twice: close to a round blur."""
    for axis in (0, 1, 0, 1):
        values = _box(values, radius, axis)
    return values


def cloud(width: int, height: int, cell: int, seed: int, octaves: int = 4) -> Field:
    """Fractal value noise.

    Args:
        width: Of the field, in pixels; the first axis, as pygame has it.
        height: Of the field; the second axis.
        cell: Size of the largest blobs, in pixels.
        seed: Which field.
        octaves: How many times finer detail of half the size and strength is added.

    Returns:
        float32 [width, height], stretched to 0..1.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros((width, height), np.float32)
    strength = 1.0
    for _ in range(octaves):
        total += strength * _octave(width, height, max(cell, 2), rng)
        cell, strength = cell // 2, strength / 2
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low)


def _box(values: Field, radius: int, axis: int) -> Field:
    pad = [(0, 0), (0, 0)]
    pad[axis] = (radius + 1, radius)
    sums = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.float64)
    span, size = 2 * radius + 1, values.shape[axis]
    upper = np.take(sums, range(span, span + size), axis=axis)
    lower = np.take(sums, range(size), axis=axis)
    return ((upper - lower) / span).astype(np.float32)


def _octave(width: int, height: int, cell: int, rng: np.random.Generator) -> Field:
    knots = rng.random((width // cell + 2, height // cell + 2), np.float32)
    x, y = np.arange(width) / cell, np.arange(height) / cell
    column, row = x.astype(int), y.astype(int)
    u = smoothstep(0.0, 1.0, (x - column).astype(np.float32))[:, None]
    v = smoothstep(0.0, 1.0, (y - row).astype(np.float32))[None, :]
    here, right = knots[column][:, row], knots[column + 1][:, row]
    below, across = knots[column][:, row + 1], knots[column + 1][:, row + 1]
    upper = here + (right - here) * u
    lower = below + (across - below) * u
    field: Field = upper + (lower - upper) * v
    return field
