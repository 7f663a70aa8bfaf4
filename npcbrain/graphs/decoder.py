"""A Llama-shaped decoder, cut into segments, as ONNX graphs.

It builds graphs from float32 arrays; it reads no file and runs nothing. Invariant: only the
residual stream (``hidden``) goes from segment to segment, so any cut computes the same function.

A segment may be whole layers, or half a layer (``Part``): its attention, its feed-forward part, or
a slice of the latter. A slice adds its share to the sum of the slices before it, so a model with
slices has a stream twice as wide. Its first half is the sum so far, or between two sublayers the
state itself; its second half is the state that the slices read.

The runtime's arithmetic, measured to the last bit: chunks of two tokens or more may be cut
anywhere, and the rows of a decode may be batched in any way. But a run of ONE token takes another
path through GroupQueryAttention, so a token read alone and the same token read in a chunk differ by
about 1e-7. So an engine must choose between the two by the token, never by the schedule: it pads a
lone prompt token to two, and decodes only sampled tokens alone.

Inputs and outputs are named in DESIGN.md, "The model on disk".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from npcbrain.graphs.parts import GraphParts
from npcbrain.graphs.quantise import embed_rows, multiply
from npcbrain.graphs.shape import LlamaConfig, rotary_angles
from npcbrain.graphs.sublayers import (
    State,
    Weights,
    add_norm,
    attention_sublayer,
    enter_rows,
    feed_forward,
    feed_forward_sublayer,
    gain_before_feed_forward,
    norm_fed,
    weight_of,
)

__all__ = [
    "LlamaConfig",
    "Part",
    "Weights",
    "head_graph",
    "part_graph",
    "rotary_angles",
    "segment_graph",
    "weight_of",
]

ROWS = ("batch", "tokens")


class Part(NamedTuple):
    """A piece of a layer.

    Attributes:
        layer: The layer that it belongs to.
        attends: True for the attention, False for the feed-forward part.
        columns: First and end of its columns of the feed-forward part's inner width; None for all.
    """

    layer: int
    attends: bool
    columns: tuple[int, int] | None = None


def segment_graph(
    config: LlamaConfig, weights: Weights, layers: Sequence[int], kernels: Mapping[str, str]
) -> bytes:
    """Builds one segment of whole layers, serialised.

    Args:
        config: Shapes.
        weights: All weights of the model, or at least those of these layers.
        layers: Adjacent layers, ascending. A segment with layer 0 also embeds.
        kernels: The kernel of each matrix, from ``kernel_plan``.

    Raises:
        ModelError: A weight is missing or has the wrong shape.
        UsageError: A matrix of ``staticint8`` has no scale among the weights.
    """
    pieces = [Part(layer, attends) for layer in layers for attends in (True, False)]
    return part_graph(config, weights, pieces, kernels)


def part_graph(
    config: LlamaConfig,
    weights: Weights,
    pieces: Sequence[Part],
    kernels: Mapping[str, str],
    *,
    is_wide: bool = False,
) -> bytes:
    """Builds one segment, serialised.

    Args:
        config: Shapes.
        weights: All weights of the model, or at least those of these parts.
        pieces: The segment's parts in order. A slice of columns must be a segment of its own.
        kernels: The kernel of each matrix, from ``kernel_plan``.
        is_wide: Whether some segment of the model is a slice.

    Raises:
        ModelError: A weight is missing or has the wrong shape.
        UsageError: A matrix of ``staticint8`` has no scale among the weights.
    """
    parts = GraphParts()
    width = config.hidden * (1 + is_wide)
    parts.output("hidden", (*ROWS, width))
    first = pieces[0]
    beside = ""  # the second half of a wide stream
    if first.layer == 0 and first.attends:
        ids = parts.input("input_ids", TensorProto.INT64, ROWS)
        table = _table(config, weights, "model.embed_tokens.weight")
        state = State(embed_rows(parts, ids, table, "embed", kernels["embed"]))
        if config.blocks.embed_scale != 1.0:
            scale = parts.constant("embed.factor", np.array(config.blocks.embed_scale, np.float32))
            state = State(parts.node("Mul", [state.residual, scale], "embed.scaled"))
    else:
        stream = parts.input("hidden_in", TensorProto.FLOAT, (*ROWS, width))
        if is_wide:
            half = parts.constant("stream.half", np.array([config.hidden] * 2, np.int64))
            parts.node("Split", [stream, half], ["stream.first", "stream.second"], {"axis": -1})
            stream, beside = "stream.first", "stream.second"
        state = State(stream)
    parts.input("seqlens_k", TensorProto.INT32, ("batch",))
    parts.input("total_sequence_length", TensorProto.INT32, ())

    if first.columns is not None:
        both = _slice(parts, config, weights, first, state.residual, beside, kernels)
    else:
        for piece in pieces:
            sublayer = attention_sublayer if piece.attends else feed_forward_sublayer
            state = sublayer(parts, config, weights, piece.layer, state, kernels)
        if not is_wide:
            parts.node("Add", [state.residual, state.delta], "hidden")
            return parts.model(_title(pieces))
        both = (parts.node("Add", [state.residual, state.delta], "whole"),) * 2
    parts.node("Concat", both, "hidden", {"axis": -1})
    return parts.model(_title(pieces))


def head_graph(
    config: LlamaConfig,
    weights: Weights,
    kernels: Mapping[str, str],
    rows: tuple[int, int] | None = None,
    *,
    is_wide: bool = False,
) -> bytes:
    """Builds the head: final norm, then logits, serialised.

    Args:
        config: Shapes.
        weights: All weights of the model, or at least its table, its last norm and its own head.
        kernels: From ``kernel_plan``.
        rows: First and end of the tokens whose logits it computes; None for all.
        is_wide: See ``part_graph``.

    Raises:
        ModelError: A weight is missing or has the wrong shape.
        UsageError: Its kernel is ``staticint8`` and there is no scale among the weights.
    """
    parts = GraphParts()
    start, stop = rows or (0, config.vocab)
    hidden = parts.input("hidden_in", TensorProto.FLOAT, ("rows", config.hidden * (1 + is_wide)))
    if is_wide:
        half = parts.constant("stream.half", np.array([config.hidden] * 2, np.int64))
        hidden = parts.node("Split", [hidden, half], ["state", "rest"], {"axis": -1})
    norm = weight_of(weights, "model.norm.weight", (config.hidden,))
    normed, _ = add_norm(parts, config, State(hidden), norm, "final")
    logits = parts.output("logits", ("rows", stop - start))
    entered = enter_rows(parts, normed, "head", weights, kernels)
    own = config.blocks.own_head
    table = _table(config, weights, "lm_head.weight" if own else "model.embed_tokens.weight")
    cap = config.blocks.logit_cap
    if not cap:
        multiply(parts, entered, table[start:stop], "head", logits)
        return parts.model("head")
    free = multiply(parts, entered, table[start:stop], "head")
    limit = parts.constant("head.cap", np.array(cap, np.float32))
    squeezed = parts.node("Div", [free, limit], "head.share")
    parts.node("Mul", [parts.node("Tanh", [squeezed], "head.tanh"), limit], logits)
    return parts.model("head")


def _title(pieces: Sequence[Part]) -> str:
    return f"layers {pieces[0].layer}-{pieces[-1].layer}"


def _slice(
    parts: GraphParts,
    config: LlamaConfig,
    weights: Weights,
    piece: Part,
    added: str,
    state: str,
    kernels: Mapping[str, str],
) -> tuple[str, str]:
    """Adds a slice of the feed-forward part; returns both halves of the stream after it."""
    assert piece.columns is not None
    layer, (start, stop) = piece.layer, piece.columns
    residual = state if start else added  # before the first slice, the state alone travels
    gain = gain_before_feed_forward(config, weights, layer)
    normed, _ = add_norm(parts, config, State(residual), gain, f"layers.{layer}.mid")
    delta = feed_forward(parts, config, weights, layer, normed, kernels, piece.columns)
    if start:
        delta = parts.node("Add", [added, delta], f"layers.{layer}.added")
    if stop < config.ffn:
        return delta, residual
    delta = norm_fed(parts, config, weights, layer, delta)
    return (parts.node("Add", [residual, delta], "whole"),) * 2


def _table(config: LlamaConfig, weights: Weights, name: str) -> np.ndarray:
    return weight_of(weights, name, (config.vocab, config.hidden))
