"""The two halves of a layer, as nodes: attention and the feed-forward part, with their norms.

It fills a ``GraphParts``; ``decoder`` decides where segments begin and end. Invariant: a sublayer
adds to the residual stream, and changes nothing else in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from onnx import TensorProto

from npcbrain.errors import ModelError, fault
from npcbrain.graphs.parts import CONTRIB, GraphParts
from npcbrain.graphs.quantise import Entered, enter, multiply, step_name
from npcbrain.graphs.shape import LlamaConfig, rotary_tables

__all__ = [
    "State",
    "Weights",
    "add_norm",
    "attention_sublayer",
    "enter_rows",
    "feed_forward",
    "feed_forward_sublayer",
    "gain_before_feed_forward",
    "norm_fed",
    "weight_of",
]

# Float32, named as Hugging Face's Llama names them; ``calibrate`` puts its scales beside them.
Weights = Mapping[str, np.ndarray]
NO_SINK = -1e30  # the score of looking at no token at all; exp() of it is 0


class State(NamedTuple):
    """Names of values between two sublayers.

    ``delta`` is the last sublayer's output, not yet added to ``residual``; may be empty.
    """

    residual: str
    delta: str = ""


def weight_of(weights: Weights, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One weight, checked.

    Raises:
        ModelError: It is missing or has the wrong shape.
    """
    if name not in weights:
        raise ModelError(fault("weights", f"hold {name}", None, "segment_graph()"))
    weight = weights[name]
    if weight.shape != shape:
        raise ModelError(fault(name, f"have shape {shape}", weight.shape, "segment_graph()"))
    return weight.astype(np.float32, copy=False)


def attention_sublayer(
    parts: GraphParts,
    config: LlamaConfig,
    weights: Weights,
    layer: int,
    state: State,
    kernels: Mapping[str, str],
) -> State:
    prefix, name = f"model.layers.{layer}", f"layers.{layer}"
    gain = weight_of(weights, f"{prefix}.input_layernorm.weight", (config.hidden,))
    normed, residual = add_norm(parts, config, state, gain, f"{name}.in")
    delta = _attention(parts, config, weights, layer, normed, kernels)
    if config.blocks.outer_norms:
        gain = weight_of(weights, f"{prefix}.post_attention_layernorm.weight", (config.hidden,))
        delta = _norm(parts, config, delta, gain, f"{name}.attended")
    return State(residual, delta)


def feed_forward_sublayer(
    parts: GraphParts,
    config: LlamaConfig,
    weights: Weights,
    layer: int,
    state: State,
    kernels: Mapping[str, str],
) -> State:
    gain = gain_before_feed_forward(config, weights, layer)
    normed, residual = add_norm(parts, config, state, gain, f"layers.{layer}.mid")
    delta = feed_forward(parts, config, weights, layer, normed, kernels, (0, config.ffn))
    return State(residual, norm_fed(parts, config, weights, layer, delta))


def gain_before_feed_forward(config: LlamaConfig, weights: Weights, layer: int) -> np.ndarray:
    before = "pre_feedforward" if config.blocks.outer_norms else "post_attention"
    return weight_of(weights, f"model.layers.{layer}.{before}_layernorm.weight", (config.hidden,))


def norm_fed(
    parts: GraphParts, config: LlamaConfig, weights: Weights, layer: int, delta: str
) -> str:
    if not config.blocks.outer_norms:
        return delta
    name = f"model.layers.{layer}.post_feedforward_layernorm.weight"
    gain = weight_of(weights, name, (config.hidden,))
    return _norm(parts, config, delta, gain, f"layers.{layer}.fed")


def _attention(
    parts: GraphParts,
    config: LlamaConfig,
    weights: Weights,
    layer: int,
    x: str,
    kernels: Mapping[str, str],
) -> str:
    prefix, name, blocks = f"model.layers.{layer}.self_attn", f"layers.{layer}", config.blocks
    width, kv_width = config.heads * config.head_dim, config.kv_heads * config.head_dim
    # The scores' factor is put into the queries, and each head gets a sink whose weight is 0. The
    # sums are the same; but only with both does ONNX Runtime's processor code read the keys of a
    # lone token in place, instead of copying them first: attention for eight takes a fifth less.
    factor = np.float32(1.0 if blocks.head_norms else config.query_scale)
    widths = {"q": width, "k": kv_width, "v": kv_width}
    rows = {
        side: weight_of(weights, f"{prefix}.{side}_proj.weight", (size, config.hidden))
        for side, size in widths.items()
    }
    packed = np.concatenate([rows["q"] * factor, rows["k"], rows["v"]])
    entered = enter_rows(parts, x, f"{name}.qkv", weights, kernels)
    qkv = multiply(parts, entered, packed, f"{name}.qkv")
    if blocks.qkv_bias:
        added = {s: weight_of(weights, f"{prefix}.{s}_proj.bias", (n,)) for s, n in widths.items()}
        bias = np.concatenate([added["q"] * factor, added["k"], added["v"]])
        shift = parts.constant(f"{name}.qkv.bias", bias)
        qkv = parts.node("Add", [qkv, shift], f"{name}.qkv.shifted")
    read = [qkv, "", ""]
    if blocks.head_norms:
        sizes = parts.constant("qkv.sizes", np.array([width, kv_width, kv_width], np.int64))
        read = [f"{name}.{side}" for side in widths]
        parts.node("Split", [qkv, sizes], read, {"axis": -1})
        scale = np.float32(config.query_scale)
        for index, (side, heads) in enumerate((("q", config.heads), ("k", config.kv_heads))):
            gain = weight_of(weights, f"{prefix}.{side}_norm.weight", (config.head_dim,))
            gain = gain * scale if side == "q" else gain
            read[index] = _norm_heads(parts, config, read[index], gain, heads)

    shape = ("batch", config.kv_heads, "past", config.head_dim)
    past = [f"past_key_values.{layer}.{side}" for side in ("key", "value")]
    present = [f"present.{layer}.{side}" for side in ("key", "value")]
    for past_name, present_name in zip(past, present, strict=True):
        parts.input(past_name, TensorProto.FLOAT, shape)
        parts.output(present_name, shape)

    is_local = blocks.local_theta > 0 and layer in blocks.windowed
    tables = "rotary.local" if is_local else "rotary"
    cosines, sines = rotary_tables(config, layer)
    cos = parts.constant(f"{tables}.cos", cosines)
    sin = parts.constant(f"{tables}.sin", sines)
    sink = parts.constant("no.sink", np.full(config.heads, NO_SINK, np.float32))
    inputs = [*read, *past, "seqlens_k", "total_sequence_length", cos, sin, "", "", sink]
    attributes: dict[str, int | float | str] = {
        "num_heads": config.heads,
        "kv_num_heads": config.kv_heads,
        "do_rotary": 1,
        "scale": 1.0,
    }
    if blocks.score_cap:
        attributes["softcap"] = blocks.score_cap
    if config.is_windowed(layer):
        attributes["local_window_size"] = blocks.window
    outputs = [f"{name}.mixed", *present]
    mixed = parts.node("GroupQueryAttention", inputs, outputs, attributes, CONTRIB)
    out = weight_of(weights, f"{prefix}.o_proj.weight", (config.hidden, width))
    entered = enter_rows(parts, mixed, f"{name}.o", weights, kernels)
    return multiply(parts, entered, out, f"{name}.o")


def _norm_heads(
    parts: GraphParts, config: LlamaConfig, x: str, gain: np.ndarray, heads: int
) -> str:
    """Norms each head of ``x``, [batch, tokens, heads * head_dim]."""
    apart = parts.constant(f"heads.{heads}", np.array([0, 0, heads, config.head_dim], np.int64))
    flat = parts.constant("heads.flat", np.array([0, 0, -1], np.int64))
    split = parts.node("Reshape", [x, apart], f"{x}.heads")
    normed = _norm(parts, config, split, gain, f"{x}.norm")
    return parts.node("Reshape", [normed, flat], f"{x}.flat")


def feed_forward(
    parts: GraphParts,
    config: LlamaConfig,
    weights: Weights,
    layer: int,
    x: str,
    kernels: Mapping[str, str],
    columns: tuple[int, int],
) -> str:
    prefix, name = f"model.layers.{layer}.mlp", f"layers.{layer}"
    start, stop = columns
    # Two matrices that read the same rows; the result of a joint one would have to be cut in two.
    entered = enter_rows(parts, x, f"{name}.gate_up", weights, kernels)
    wide = (config.ffn, config.hidden)
    gate, up = (
        multiply(
            parts,
            entered,
            weight_of(weights, f"{prefix}.{side}_proj.weight", wide)[start:stop],
            f"{name}.{side}",
        )
        for side in ("gate", "up")
    )
    if config.blocks.gate == "gelu":
        opened = parts.node("FastGelu", [gate], f"{name}.gelu", domain=CONTRIB)
    else:
        opened = parts.node("QuickGelu", [gate], f"{name}.silu", {"alpha": 1.0}, CONTRIB)
    inner = parts.node("Mul", [opened, up], f"{name}.inner")
    down = weight_of(weights, f"{prefix}.down_proj.weight", (config.hidden, config.ffn))
    entered = enter_rows(parts, inner, f"{name}.down", weights, kernels)
    return multiply(parts, entered, down[:, start:stop], f"{name}.down")


def enter_rows(
    parts: GraphParts, x: str, name: str, weights: Weights, kernels: Mapping[str, str]
) -> Entered:
    return enter(parts, x, name, kernels[name], weights.get(step_name(name)))


def add_norm(
    parts: GraphParts, config: LlamaConfig, state: State, weight: np.ndarray, name: str
) -> tuple[str, str]:
    """Adds ``delta`` to the residual stream and norms the sum; returns (normed, residual)."""
    if not state.delta:
        return _norm(parts, config, state.residual, weight, name), state.residual
    gain = parts.constant(f"{name}.gain", weight)
    normed, total = f"{name}.normed", f"{name}.residual"
    outputs = [normed, "", "", total]
    parts.node(
        "SkipSimplifiedLayerNormalization",
        [state.residual, state.delta, gain],
        outputs,
        {"epsilon": config.eps},
        CONTRIB,
    )
    return normed, total


def _norm(parts: GraphParts, config: LlamaConfig, x: str, weight: np.ndarray, name: str) -> str:
    gain = parts.constant(f"{name}.gain", weight)
    attributes = {"axis": -1, "epsilon": config.eps, "stash_type": 1}
    return parts.node("SimplifiedLayerNormalization", [x, gain], f"{name}.normed", attributes)
