"""A model computed as the textbook writes it, for comparing graphs with.

Float32 numpy, a whole sequence at once, no cache. It asks for the weights of one layer at a time,
so that a caller need not have all in memory. Invariant: it shares no arithmetic with the graphs
except the rotary angles.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from npcbrain.graphs.decoder import Weights
from npcbrain.graphs.shape import LlamaConfig, rotary_tables

__all__ = ["embed", "head", "run_layer"]

Observe = Callable[[str, np.ndarray], object]
HEAD_ROWS = 8192  # of the table of tokens at a time


def unobserved(name: str, x: np.ndarray) -> None:
    """The observer that does nothing."""


def embed(config: LlamaConfig, weights: Weights, ids: np.ndarray) -> np.ndarray:
    """Hidden states before the first layer, float32 [tokens, hidden]."""
    rows: np.ndarray = weights["model.embed_tokens.weight"][ids]
    return rows * np.float32(config.blocks.embed_scale)


def run_layer(
    config: LlamaConfig,
    weights: Weights,
    layer: int,
    x: np.ndarray,
    observe: Observe = unobserved,
) -> np.ndarray:
    """Hidden states after a layer.

    Args:
        config: Shapes.
        weights: float32 arrays in Hugging Face's naming.
        layer: The layer's number.
        x: Hidden states before it, float32 [tokens, hidden].
        observe: Called with each matrix's name, as in ``kernel_plan``, and the rows that enter it,
            float32 [tokens, in].
    """
    prefix, name, eps = f"model.layers.{layer}", f"layers.{layer}", config.eps
    has_outer = config.blocks.outer_norms
    after_attention = weights[f"{prefix}.post_attention_layernorm.weight"]
    normed = _norm(x, weights[f"{prefix}.input_layernorm.weight"], eps)
    observe(f"{name}.qkv", normed)
    mixed = _attention(config, weights, layer, normed)
    observe(f"{name}.o", mixed)
    delta = mixed @ weights[f"{prefix}.self_attn.o_proj.weight"].T
    x = x + (_norm(delta, after_attention, eps) if has_outer else delta)
    before = weights[f"{prefix}.pre_feedforward_layernorm.weight"] if has_outer else after_attention
    normed = _norm(x, before, eps)
    observe(f"{name}.gate_up", normed)
    gate = normed @ weights[f"{prefix}.mlp.gate_proj.weight"].T
    up = normed @ weights[f"{prefix}.mlp.up_proj.weight"].T
    inner = (_gelu(gate) if config.blocks.gate == "gelu" else gate / (1 + np.exp(-gate))) * up
    observe(f"{name}.down", inner)
    delta = inner @ weights[f"{prefix}.mlp.down_proj.weight"].T
    if has_outer:
        delta = _norm(delta, weights[f"{prefix}.post_feedforward_layernorm.weight"], eps)
    result: np.ndarray = x + delta
    return result


def head(
    config: LlamaConfig, weights: Weights, x: np.ndarray, observe: Observe = unobserved
) -> np.ndarray:
    """Logits of hidden states after the last layer, float32 [tokens, vocab]."""
    final = _norm(x, weights["model.norm.weight"], config.eps)
    observe("head", final)
    table = weights["lm_head.weight" if config.blocks.own_head else "model.embed_tokens.weight"]
    starts = range(0, len(table), HEAD_ROWS)
    logits = np.concatenate([final @ table[i : i + HEAD_ROWS].T for i in starts], axis=1)
    cap = np.float32(config.blocks.logit_cap)
    return np.tanh(logits / cap) * cap if cap else logits


def _norm(x: np.ndarray, gain: np.ndarray, eps: float) -> np.ndarray:
    normed: np.ndarray = (
        x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(eps)) * gain
    )
    return normed


def _gelu(x: np.ndarray) -> np.ndarray:
    inner = np.float32((2 / np.pi) ** 0.5) * (x + np.float32(0.044715) * x**3)
    opened: np.ndarray = np.float32(0.5) * x * (1 + np.tanh(inner))
    return opened


def _attention(config: LlamaConfig, weights: Weights, layer: int, x: np.ndarray) -> np.ndarray:
    tokens, size, blocks = len(x), config.head_dim, config.blocks
    prefix = f"model.layers.{layer}.self_attn"

    def heads(side: str, count: int) -> np.ndarray:
        projected = x @ weights[f"{prefix}.{side}_proj.weight"].T
        if blocks.qkv_bias:
            projected = projected + weights[f"{prefix}.{side}_proj.bias"]
        apart: np.ndarray = projected.reshape(tokens, count, size).transpose(1, 0, 2)
        if blocks.head_norms and side != "v":
            apart = _norm(apart, weights[f"{prefix}.{side}_norm.weight"], config.eps)
        return apart

    cos, sin = (table[:tokens] for table in rotary_tables(config, layer))
    half = cos.shape[1]

    def rotate(y: np.ndarray) -> np.ndarray:
        first, second, rest = y[..., :half], y[..., half : 2 * half], y[..., 2 * half :]
        turned = [first * cos - second * sin, second * cos + first * sin, rest]
        return np.concatenate(turned, axis=-1)

    group = config.heads // config.kv_heads
    q = rotate(heads("q", config.heads))
    k = rotate(heads("k", config.kv_heads)).repeat(group, axis=0)
    v = heads("v", config.kv_heads).repeat(group, axis=0)
    scores = q @ k.transpose(0, 2, 1) * np.float32(config.query_scale)
    if blocks.score_cap:
        scores = np.tanh(scores / np.float32(blocks.score_cap)) * np.float32(blocks.score_cap)
    seen = np.tri(tokens, dtype=bool)
    if config.is_windowed(layer):
        seen &= ~np.tri(tokens, k=-blocks.window, dtype=bool)
    scores[:, ~seen] = -np.inf
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed: np.ndarray = (shares @ v).transpose(1, 0, 2).reshape(tokens, -1)
    return mixed
