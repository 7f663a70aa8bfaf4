"""A Llama-shaped decoder, cut into segments, as ONNX graphs.

It builds graphs from float32 arrays; it reads no file and runs nothing. Invariant: between two
segments only the residual stream travels (``hidden``), so any cut computes the same function.

What the runtime's arithmetic promises, measured to the last bit: chunks of two tokens or more may
be cut anywhere, and the rows of a decode may be batched anyhow. But a run of ONE token takes
another path through GroupQueryAttention, so the same token read alone and read in a chunk differs
by about 1e-7. Whoever runs the graphs must therefore choose between the two by the token, never by
the schedule: pad a lone prompt token to two, decode only lone samples.

Inputs and outputs are named in DESIGN.md, "The model on disk".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from npcbrain.errors import ModelError, fault
from tools.distil.parts import CONTRIB, GraphParts
from tools.distil.quantise import Entered, embed_rows, enter, multiply, step_name

__all__ = ["LlamaConfig", "Weights", "head_graph", "rotary_angles", "segment_graph", "weight_of"]

# Float32, named as Hugging Face's Llama names them; ``calibrate`` puts its scales beside them.
Weights = Mapping[str, np.ndarray]
ROWS = ("batch", "tokens")
NO_SINK = -1e30  # the score of looking at no token at all; exp() of it is 0


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """The numbers that shape a model.

    Attributes:
        head_dim: Width of one attention head; GroupQueryAttention wants a multiple of 16.
        ffn: Width inside the feed-forward part.
        rope_theta: Base of the rotary angles.
        eps: Added to the mean square in the norms.
        max_context: Most tokens of one sequence; rotary angles exist up to here.
    """

    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    layers: int
    vocab: int
    ffn: int
    rope_theta: float
    eps: float
    max_context: int

    @classmethod
    def from_hf(cls, data: Mapping[str, Any], max_context: int) -> LlamaConfig:
        """Reads the keys of a Hugging Face ``config.json`` of a Llama.

        Raises:
            ModelError: A key is missing.
        """
        rope = data.get("rope_parameters") or {}  # transformers 5 moved theta in here
        try:
            heads = data["num_attention_heads"]
            return cls(
                hidden=data["hidden_size"],
                heads=heads,
                kv_heads=data.get("num_key_value_heads", heads),
                head_dim=data.get("head_dim") or data["hidden_size"] // heads,
                layers=data["num_hidden_layers"],
                vocab=data["vocab_size"],
                ffn=data["intermediate_size"],
                rope_theta=float(rope.get("rope_theta") or data["rope_theta"]),
                eps=float(data["rms_norm_eps"]),
                max_context=max_context,
            )
        except KeyError as error:
            raise ModelError(
                fault("config", "be of a Llama", error.args[0], "config.json", "the key is missing")
            ) from None

    def manifest(self) -> dict[str, int]:
        """The part of it that a manifest's ``config`` shows."""
        names = ("hidden", "heads", "kv_heads", "head_dim", "layers", "vocab", "max_context")
        return {name: getattr(self, name) for name in names}


def segment_graph(
    config: LlamaConfig, weights: Weights, layers: Sequence[int], kernels: Mapping[str, str]
) -> bytes:
    """Builds one segment, serialised.

    Args:
        config: Shapes.
        weights: All weights of the model, or at least those of these layers.
        layers: Adjacent layers, ascending. A segment with layer 0 also embeds.
        kernels: The kernel of each matrix, from ``kernel_plan``.

    Raises:
        ModelError: A weight is missing or has the wrong shape.
        UsageError: A matrix of ``staticint8`` has no scale among the weights.
    """
    parts = GraphParts()
    parts.output("hidden", (*ROWS, config.hidden))
    if layers[0] == 0:
        ids = parts.input("input_ids", TensorProto.INT64, ROWS)
        table = _embedding(config, weights)
        residual = embed_rows(parts, ids, table, "embed", kernels["embed"])
    else:
        residual = parts.input("hidden_in", TensorProto.FLOAT, (*ROWS, config.hidden))
    parts.input("seqlens_k", TensorProto.INT32, ("batch",))
    parts.input("total_sequence_length", TensorProto.INT32, ())

    delta = ""  # what the last sublayer added and the residual stream has not taken in yet
    for layer in layers:
        prefix = f"model.layers.{layer}"
        norm = weight_of(weights, f"{prefix}.input_layernorm.weight", (config.hidden,))
        normed, residual = _add_norm(parts, config, residual, delta, norm, f"layers.{layer}.in")
        delta = _attention(parts, config, weights, layer, normed, kernels)
        norm = weight_of(weights, f"{prefix}.post_attention_layernorm.weight", (config.hidden,))
        normed, residual = _add_norm(parts, config, residual, delta, norm, f"layers.{layer}.mid")
        delta = _feed_forward(parts, config, weights, layer, normed, kernels)
    parts.node("Add", [residual, delta], "hidden")
    return parts.model(f"layers {layers[0]}-{layers[-1]}")


def head_graph(config: LlamaConfig, weights: Weights, kernels: Mapping[str, str]) -> bytes:
    """Builds the head: final norm, then logits by the embedding's own table, serialised.

    Raises:
        ModelError: A weight is missing or has the wrong shape.
        UsageError: Its kernel is ``staticint8`` and there is no scale among the weights.
    """
    parts = GraphParts()
    hidden = parts.input("hidden_in", TensorProto.FLOAT, ("rows", config.hidden))
    norm = weight_of(weights, "model.norm.weight", (config.hidden,))
    normed, _ = _add_norm(parts, config, hidden, "", norm, "final")
    logits = parts.output("logits", ("rows", config.vocab))
    entered = _enter(parts, normed, "head", weights, kernels)
    multiply(parts, entered, _embedding(config, weights), "head", logits)
    return parts.model("head")


def rotary_angles(config: LlamaConfig) -> np.ndarray:
    """Angles by position and frequency, float64 [max_context, head_dim / 2].

    Float64, because rounded sines must not depend on a platform's float32 library.
    """
    exponents = np.arange(0, config.head_dim, 2) / config.head_dim
    return np.arange(config.max_context)[:, None] * config.rope_theta**-exponents


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


def _attention(
    parts: GraphParts,
    config: LlamaConfig,
    weights: Weights,
    layer: int,
    x: str,
    kernels: Mapping[str, str],
) -> str:
    prefix, name = f"model.layers.{layer}.self_attn", f"layers.{layer}"
    width, kv_width = config.heads * config.head_dim, config.kv_heads * config.head_dim
    # The scores' 1/sqrt(head_dim) is in the queries, and there is a sink that takes nothing. The
    # sums are the same; but only with both does ONNX Runtime's processor code read keys in place
    # for a lone token, instead of copying them first: attention of eight takes a fifth less.
    queries = weight_of(weights, f"{prefix}.q_proj.weight", (width, config.hidden))
    packed = np.concatenate(
        [
            queries * np.float32(config.head_dim**-0.5),
            weight_of(weights, f"{prefix}.k_proj.weight", (kv_width, config.hidden)),
            weight_of(weights, f"{prefix}.v_proj.weight", (kv_width, config.hidden)),
        ]
    )
    entered = _enter(parts, x, f"{name}.qkv", weights, kernels)
    qkv = multiply(parts, entered, packed, f"{name}.qkv")

    shape = ("batch", config.kv_heads, "past", config.head_dim)
    past = [f"past_key_values.{layer}.{side}" for side in ("key", "value")]
    present = [f"present.{layer}.{side}" for side in ("key", "value")]
    for past_name, present_name in zip(past, present, strict=True):
        parts.input(past_name, TensorProto.FLOAT, shape)
        parts.output(present_name, shape)

    angles = rotary_angles(config)
    cos = parts.constant("rotary.cos", np.cos(angles).astype(np.float32))
    sin = parts.constant("rotary.sin", np.sin(angles).astype(np.float32))
    sink = parts.constant("no.sink", np.full(config.heads, NO_SINK, np.float32))
    inputs = [qkv, "", "", *past, "seqlens_k", "total_sequence_length", cos, sin, "", "", sink]
    heads = {"num_heads": config.heads, "kv_num_heads": config.kv_heads}
    attributes = {**heads, "do_rotary": 1, "scale": 1.0}
    outputs = [f"{name}.mixed", *present]
    mixed = parts.node("GroupQueryAttention", inputs, outputs, attributes, CONTRIB)
    out = weight_of(weights, f"{prefix}.o_proj.weight", (config.hidden, width))
    entered = _enter(parts, mixed, f"{name}.o", weights, kernels)
    return multiply(parts, entered, out, f"{name}.o")


def _feed_forward(
    parts: GraphParts,
    config: LlamaConfig,
    weights: Weights,
    layer: int,
    x: str,
    kernels: Mapping[str, str],
) -> str:
    prefix, name = f"model.layers.{layer}.mlp", f"layers.{layer}"
    # Two matrices that read the same rows; one of both would have to be cut in two afterwards.
    entered = _enter(parts, x, f"{name}.gate_up", weights, kernels)
    wide = (config.ffn, config.hidden)
    gate, up = (
        multiply(
            parts,
            entered,
            weight_of(weights, f"{prefix}.{side}_proj.weight", wide),
            f"{name}.{side}",
        )
        for side in ("gate", "up")
    )
    silu = parts.node("QuickGelu", [gate], f"{name}.silu", {"alpha": 1.0}, CONTRIB)
    inner = parts.node("Mul", [silu, up], f"{name}.inner")
    down = weight_of(weights, f"{prefix}.down_proj.weight", (config.hidden, config.ffn))
    entered = _enter(parts, inner, f"{name}.down", weights, kernels)
    return multiply(parts, entered, down, f"{name}.down")


def _enter(
    parts: GraphParts, x: str, name: str, weights: Weights, kernels: Mapping[str, str]
) -> Entered:
    return enter(parts, x, name, kernels[name], weights.get(step_name(name)))


def _add_norm(
    parts: GraphParts, config: LlamaConfig, residual: str, delta: str, weight: np.ndarray, name: str
) -> tuple[str, str]:
    """Takes ``delta`` into the residual stream and norms it; returns (normed, residual)."""
    gain = parts.constant(f"{name}.gain", weight)
    normed, total = f"{name}.normed", f"{name}.residual"
    if not delta:
        attributes = {"axis": -1, "epsilon": config.eps, "stash_type": 1}
        parts.node("SimplifiedLayerNormalization", [residual, gain], normed, attributes)
        return normed, residual
    outputs = [normed, "", "", total]
    parts.node(
        "SkipSimplifiedLayerNormalization",
        [residual, delta, gain],
        outputs,
        {"epsilon": config.eps},
        CONTRIB,
    )
    return normed, total


def _embedding(config: LlamaConfig, weights: Weights) -> np.ndarray:
    return weight_of(weights, "model.embed_tokens.weight", (config.vocab, config.hidden))
