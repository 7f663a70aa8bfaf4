"""What flows into the matrices, measured, and weights smoothed so that one scale serves all of it.

The kernel ``staticint8`` rounds whatever enters a matrix by one scale that is fixed beforehand: two
nodes instead of six. Left as they are, a few channels are far wider than the others and all
the rest would share a handful of steps. So a wide channel is narrowed before the matrix and the
matrix's weights for it are widened (SmoothQuant, Xiao et al. 2023), which changes no product. What
narrows it costs nothing either, for something linear always stands before: the norm's gain before
``qkv`` and ``gate_up``, the rows of the values before ``o``, the rows of ``up`` before ``down``.

It measures and folds; it builds no graph. Invariant: in exact arithmetic, what comes out computes
the same function as what went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from npcbrain.errors import UsageError, fault
from npcbrain.graphs.decoder import LlamaConfig, Weights
from npcbrain.graphs.quantise import STATIC, TINY, step_name
from tools.distil.check import reference

__all__ = ["calibrate"]


class _Feed(NamedTuple):
    """What reads the same channels, and what narrows them.

    Attributes:
        matrices: Their columns are multiplied.
        before: Its rows, or a norm's gain, are divided.
        into_weights: The share of a channel's width that goes into the matrices, 0 to 1.
    """

    matrices: tuple[str, ...]
    before: str
    into_weights: float


# From a layer's end to its start: smoothing what enters ``o`` changes rows of ``qkv``. Of 0.5, 0.65
# and 0.8 these shares are the best for the model that ships, by the divergence of its answers'
# tokens; its ``down`` is not static.
FED_BY = {
    "down": _Feed(("mlp.down_proj",), "mlp.up_proj", 0.65),
    "o": _Feed(("self_attn.o_proj",), "self_attn.v_proj", 0.5),
    "gate_up": _Feed(("mlp.gate_proj", "mlp.up_proj"), "post_attention_layernorm", 0.65),
    "qkv": _Feed(tuple(f"self_attn.{side}_proj" for side in "qkv"), "input_layernorm", 0.65),
}
MIN_SHARE = 1e-3  # of the widest channel: one that was silent may yet speak, and would be cut off
EVERY = 16  # of so many rows one is looked at for the scale: neighbours tell much the same
TOP = 127  # steps on either side of zero
CUTS = np.linspace(0.3, 1.0, 29)  # of the widest value seen; a cut may round the others better


class _Seen:
    """What entered one matrix.

    Attributes:
        widest: The largest size of each channel, float32 [in].
    """

    def __init__(self) -> None:
        self.widest = np.zeros(0, np.float32)
        self._rows: list[np.ndarray] = []
        self._skipped = 0  # rows of the next sequence before the one looked at

    def add(self, x: np.ndarray) -> None:
        """Takes a sequence, float32 [tokens, in]."""
        widest = np.abs(x).max(axis=0)
        self.widest = np.maximum(self.widest, widest) if self._rows else widest
        # On from where the last one ended: first tokens are unlike others, and must not count more.
        self._rows.append(x[self._skipped :: EVERY].copy())
        self._skipped = (self._skipped - len(x)) % EVERY

    def step(self, factors: np.ndarray) -> np.float32:
        """The scale that rounds these rows best, once divided by ``factors``, float32 [in]."""
        rows = np.concatenate(self._rows) / factors
        steps = np.maximum((self.widest / factors).max() * CUTS / TOP, TINY)
        off = [np.square(np.clip(np.rint(rows / s), -TOP, TOP) * s - rows).mean() for s in steps]
        return np.float32(steps[int(np.argmin(off))])


def calibrate(
    config: LlamaConfig,
    weights: Weights,
    kernels: Mapping[str, str],
    sequences: Iterable[np.ndarray],
) -> dict[str, np.ndarray]:
    """Smooths what feeds the matrices whose kernel is ``staticint8``, and finds their scales.

    The head is not smoothed, because its matrix is the table of tokens.

    Args:
        config: Shapes.
        weights: float32 arrays in Hugging Face's naming; left as they are.
        kernels: From ``kernel_plan``.
        sequences: int64 [tokens] each: text as the model will see it.

    Returns:
        All weights, and for each such matrix its scale under ``step_name``, float32 []. Sums of
        float32 are part of it, so another machine may find other last bits.

    Raises:
        UsageError: There is no text to measure on.
    """
    seen = {name: _Seen() for name, kernel in kernels.items() if kernel == STATIC}
    whole = [range(config.layers)]

    def observe(name: str, x: np.ndarray) -> None:
        if name in seen:
            seen[name].add(x)

    for sequence in sequences:
        if len(sequence):
            reference(config, weights, sequence[: config.max_context], whole, observe)
    if any(not len(one.widest) for one in seen.values()):
        raise UsageError(fault("sequences", "hold a token", 0, "calibrate()", "pass some text"))
    made = dict(weights)
    order = [*FED_BY, "head"]
    for name in sorted(seen, key=lambda name: order.index(name.rpartition(".")[2])):
        factors = _fold(config, made, name, seen[name].widest)
        made[step_name(name)] = np.asarray(seen[name].step(factors), np.float32)
    return made


def _fold(
    config: LlamaConfig, weights: dict[str, np.ndarray], name: str, widest: np.ndarray
) -> np.ndarray:
    """Moves width of one matrix's channels into its weights.

    Args:
        config: Shapes.
        weights: Changed in place; the arrays themselves are not.
        name: The matrix, as in ``kernel_plan``.
        widest: Size of each of its channels, float32 [in].

    Returns:
        What each channel is divided by from now on, float32 [in].
    """
    layer, _, group = name.removeprefix("layers.").partition(".")
    if group not in FED_BY:
        return np.ones_like(widest)
    prefix = f"model.layers.{layer}"
    matrices = [f"{prefix}.{matrix}.weight" for matrix in FED_BY[group].matrices]
    before = f"{prefix}.{FED_BY[group].before}.weight"
    # Heads that look at the same values have their channels in common.
    groups = config.kv_heads if group == "o" else 1
    shared = config.heads // config.kv_heads if group == "o" else 1

    def common(sizes: np.ndarray) -> np.ndarray:
        one_a_group = sizes.reshape(groups, shared, -1).max(axis=1).ravel()
        return np.maximum(one_a_group, MIN_SHARE * one_a_group.max() or 1.0)

    heaviest = np.max([np.abs(weights[matrix]).max(axis=0) for matrix in matrices], axis=0)
    share = FED_BY[group].into_weights
    factors = common(widest) ** share / common(heaviest) ** (1 - share)
    factors = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
    rows = weights[before]
    weights[before] = rows / factors.reshape(-1, *[1] * (rows.ndim - 1))
    channels = np.repeat(factors.reshape(groups, 1, -1), shared, axis=1).ravel()
    for matrix in matrices:
        weights[matrix] = weights[matrix] * channels
    return channels
