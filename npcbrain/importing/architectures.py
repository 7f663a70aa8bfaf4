"""The architectures that can be imported: how their blocks differ, and how their files say so.

Numbers and names; it opens no file. Invariant: whatever a configuration asks for that the graphs
cannot do is refused by its name, never silently left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from npcbrain.errors import ModelError, fault
from npcbrain.graphs.shape import Blocks, LlamaConfig
from npcbrain.lm.package import MAX_CONFIG

__all__ = ["ARCHITECTURES", "Architecture", "architecture_of", "read_shape"]

MAX_FFN = 1 << 17
HEAD_MULTIPLE = 16  # for ONNX Runtime, the width of a head and its rotated part are multiples
GATES = {"silu": "silu", "gelu_pytorch_tanh": "gelu"}
MAX_NUMBER = 1e30  # beyond it there are few float32 numbers left
LOCAL_THETA = 10_000.0  # Gemma 3's, for files that do not say


@dataclass(frozen=True, slots=True)
class Architecture:
    """One kind of model.

    Attributes:
        name: Its ``model_type`` in a ``config.json``.
        gguf: Its ``general.architecture`` in a GGUF file.
        blocks: How its blocks differ from a Llama's, as far as this is so in all its models.
        is_fused: Whether the file holds queries, keys and values as one matrix, and gate and up.
        gains_less_one: Whether a safetensors file has the norms' gains less one.
        swaps_halves: Whether a GGUF file has the rows of queries and keys interleaved.
        window_every: Every so many layers, one has no window; 1 if all layers have one.
    """

    name: str
    gguf: str
    blocks: Blocks
    is_fused: bool = False
    gains_less_one: bool = False
    swaps_halves: bool = False
    window_every: int = 0


GEMMA = Blocks(outer_norms=True, gate="gelu")
ARCHITECTURES = (
    Architecture("llama", "llama", Blocks(), swaps_halves=True),
    Architecture("qwen2", "qwen2", Blocks("qwen2", qkv_bias=True)),
    Architecture("qwen3", "qwen3", Blocks("qwen3", head_norms=True)),
    Architecture(
        "gemma2", "gemma2", replace(GEMMA, name="gemma2"), gains_less_one=True, window_every=2
    ),
    Architecture(
        "gemma3_text",
        "gemma3",
        replace(GEMMA, name="gemma3", head_norms=True),
        gains_less_one=True,
        window_every=6,
    ),
    Architecture("phi3", "phi3", Blocks("phi3"), is_fused=True, window_every=1),
)


def architecture_of(name: object, where: str, *, gguf: bool = False) -> Architecture:
    """An architecture by the name that a file has for it.

    Raises:
        ModelError: No architecture has that name.
    """
    names = {one.gguf if gguf else one.name: one for one in ARCHITECTURES}
    if not isinstance(name, str) or name not in names:
        advice = f"one of {', '.join(names)} can be"
        raise ModelError(fault("architecture", "be supported", name, where, advice))
    return names[name]


def read_shape(
    kind: Architecture, data: Mapping[str, Any], max_context: int, where: str, *, has_head: bool
) -> LlamaConfig:
    """The shapes of a model.

    Args:
        kind: Its architecture.
        data: The content of its ``config.json``.
        max_context: Most tokens of a sequence; cut to what the model was trained for.
        where: The file, for messages.
        has_head: Whether its weights have a head of their own.

    Raises:
        ModelError: A number is missing or out of range, or something is asked for that the graphs
            cannot do.
    """
    fields = _Fields(data, where)
    heads = fields.whole("num_attention_heads", MAX_CONFIG["heads"])
    hidden = fields.whole("hidden_size", MAX_CONFIG["hidden"])
    kv_heads = fields.whole("num_key_value_heads", heads, heads)
    head_dim = fields.whole("head_dim", MAX_CONFIG["head_dim"], hidden // heads)
    layers = fields.whole("num_hidden_layers", MAX_CONFIG["layers"])
    trained = fields.whole("max_position_embeddings", 1 << 30, 1 << 30)
    if heads % kv_heads:
        raise fields.error("num_key_value_heads", f"divide {heads} heads", kv_heads)
    if head_dim % HEAD_MULTIPLE:
        raise fields.error("head_dim", f"be a multiple of {HEAD_MULTIPLE}", head_dim)
    for name in "attention_bias", "mlp_bias":
        if data.get(name):
            raise fields.error(name, "be false", data[name], "such a model is not supported")
    act = data.get("hidden_activation") or data.get("hidden_act", "silu")
    if not isinstance(act, str) or GATES.get(act) != kind.blocks.gate:
        raise fields.error("activation", f"open gates by {kind.blocks.gate}", act)
    config = LlamaConfig(
        hidden=hidden,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        layers=layers,
        vocab=fields.whole("vocab_size", MAX_CONFIG["vocab"]),
        ffn=fields.whole("intermediate_size", MAX_FFN),
        rope_theta=0.0,
        eps=fields.number("rms_norm_eps", 1e-6),
        max_context=min(max_context, trained, MAX_CONFIG["max_context"]),
    )
    own_head = has_head and not data.get("tie_word_embeddings")
    config = replace(config, blocks=replace(kind.blocks, own_head=own_head))
    return _with_rotary(kind, _with_blocks(kind, config, fields), fields)


def _with_blocks(kind: Architecture, config: LlamaConfig, fields: _Fields) -> LlamaConfig:
    data, blocks = fields.data, config.blocks
    if blocks.gate == "gelu":
        blocks = replace(
            blocks,
            embed_scale=config.hidden**0.5,
            query_size=fields.number("query_pre_attn_scalar", config.head_dim),
            score_cap=fields.number("attn_logit_softcapping", 0.0),
            logit_cap=fields.number("final_logit_softcapping", 0.0),
        )
    window = data.get("sliding_window")
    if "use_sliding_window" in data and not data["use_sliding_window"]:
        window = None
    if window is None:
        return replace(config, blocks=blocks)
    window = fields.whole("sliding_window", 1 << 30)
    if not kind.window_every:
        if window < config.max_context:
            raise fields.error("sliding_window", f"be {config.max_context} or more", window)
        return replace(config, blocks=blocks)
    kinds = data.get("layer_types")
    if isinstance(kinds, list) and len(kinds) == config.layers:
        windowed = frozenset(i for i, one in enumerate(kinds) if one == "sliding_attention")
    else:
        every = fields.whole("sliding_window_pattern", 128, kind.window_every)
        windowed = frozenset(i for i in range(config.layers) if every == 1 or (i + 1) % every)
    return replace(config, blocks=replace(blocks, window=window, windowed=windowed))


def _with_rotary(kind: Architecture, config: LlamaConfig, fields: _Fields) -> LlamaConfig:
    rope = fields.data.get("rope_parameters") or fields.data.get("rope_scaling") or {}
    if not isinstance(rope, dict):
        raise fields.error("rope_parameters", "be an object", rope)
    local_theta = 0.0
    if kind.name == "gemma3_text":
        local, rope = rope.get("sliding_attention", {}), rope.get("full_attention", rope)
        if not isinstance(local, dict) or not isinstance(rope, dict):
            raise fields.error("rope_parameters", "hold objects", (local, rope))
        usual = fields.above_0("rope_local_base_freq", LOCAL_THETA)
        local_theta = _Fields(local, fields.where).above_0("rope_theta", usual)
    inner = _Fields({**fields.data, **rope}, fields.where)
    theta = inner.above_0("rope_theta", 10_000.0)
    share = inner.number("partial_rotary_factor", 1.0)
    dims = int(config.head_dim * share)
    if not 0 < dims <= config.head_dim or dims % HEAD_MULTIPLE:
        raise fields.error(
            "partial_rotary_factor", f"rotate a multiple of {HEAD_MULTIPLE} of a head", share
        )
    how = inner.data.get("rope_type") or inner.data.get("type") or "default"
    divisors, gain = _divisors(how, inner, theta, dims, config)
    blocks = replace(
        config.blocks,
        rotary_dims=dims if dims < config.head_dim else 0,
        divisors=divisors,
        rotary_gain=gain,
        local_theta=local_theta,
    )
    return replace(config, rope_theta=theta, blocks=blocks)


def _divisors(
    how: object, fields: _Fields, theta: float, dims: int, config: LlamaConfig
) -> tuple[tuple[float, ...], float]:
    """The divisor of each frequency, and the factor of sines."""
    if how == "default":
        return (), 1.0
    if how == "linear":
        return (fields.above_0("factor", 1.0),) * (dims // 2), 1.0
    if how == "llama3":
        return _llama3_divisors(fields, theta, dims), 1.0
    if how in ("longrope", "su"):
        trained = fields.whole("original_max_position_embeddings", 1 << 30)
        if config.max_context > trained:
            advice = f"pass --max-context {trained} or less"
            raise fields.error("max context", f"be at most {trained}", config.max_context, advice)
        short = fields.data.get("short_factor")
        fits = isinstance(short, list) and len(short) == dims // 2
        if short is None or not fits or not all(map(_is_above_0, short)):
            raise fields.error("short_factor", f"be {dims // 2} numbers above 0", short)
        longest = fields.whole("max_position_embeddings", 1 << 30)
        factor = longest / trained
        usual = math.sqrt(1 + math.log(factor) / math.log(max(trained, 2))) if factor > 1 else 1.0
        return tuple(map(float, short)), fields.number("attention_factor", usual)
    raise fields.error("rope_type", "be default, linear, llama3 or longrope", how)


def _llama3_divisors(fields: _Fields, theta: float, dims: int) -> tuple[float, ...]:
    """Divides slow frequencies by ``factor``, leaves fast ones, and mixes those between."""
    factor = fields.above_0("factor", 1.0)
    low, high = fields.number("low_freq_factor", 1.0), fields.number("high_freq_factor", 4.0)
    if not low < high:
        raise fields.error("high_freq_factor", f"be above {low}", high)
    trained = fields.whole("original_max_position_embeddings", 1 << 30)
    divisors = []
    for index in range(0, dims, 2):
        turns = trained * theta ** (-index / dims) / (2 * math.pi)  # over the trained context
        smooth = min(1.0, max(0.0, (turns - low) / (high - low)))
        divisors.append(1 / ((1 - smooth) / factor + smooth))
    return tuple(divisors)


class _Fields:
    """Reads numbers of a ``config.json`` and names them in errors."""

    def __init__(self, data: Mapping[str, Any], where: str) -> None:
        self.data = data
        self.where = where

    def error(self, what: str, rule: str, got: object, advice: str = "") -> ModelError:
        return ModelError(fault(what, rule, got, self.where, advice))

    def whole(self, key: str, most: int, default: int | None = None) -> int:
        value = self.data.get(key)
        value = default if value is None else value
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise self.error(key, f"be an integer of 1 to {most}", value)
        return value

    def number(self, key: str, default: float) -> float:
        value = self.data.get(key)
        value = default if value is None else value
        if not _is_above_0(value) and value != 0:
            raise self.error(key, "be a number of 0 or more", value)
        return float(value)

    def above_0(self, key: str, default: float) -> float:
        value = self.number(key, default)
        if not value:
            raise self.error(key, "be above 0", value)
        return value


def _is_above_0(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value < MAX_NUMBER  # type: ignore[operator]
