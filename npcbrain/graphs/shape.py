"""The numbers that shape a decoder, and what its blocks do otherwise than a Llama's.

Numbers only; it builds nothing. Invariant: the defaults of ``Blocks`` are a Llama.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npcbrain.errors import ModelError, fault

__all__ = ["Blocks", "LlamaConfig", "rotary_angles", "rotary_tables"]


@dataclass(frozen=True, slots=True)
class Blocks:
    """What an architecture's blocks do otherwise than a Llama's.

    Attributes:
        name: Of the architecture.
        qkv_bias: Whether something is added to queries, keys and values.
        head_norms: Whether each head's queries and keys are normed.
        outer_norms: Whether what a sublayer adds is normed as well.
        gate: What opens the gates of the feed-forward part: ``"silu"``, or ``"gelu"`` by tanh.
        embed_scale: What a token's row is multiplied by.
        query_size: Scores are divided by its root; 0 is the width of a head.
        score_cap: Scores stay within it by tanh; 0 is no cap.
        logit_cap: The same of logits.
        rotary_dims: Of a head, how many are rotated; 0 is all.
        divisors: Of each frequency; empty if all are 1.
        rotary_gain: What sines and cosines are multiplied by.
        window: Tokens a windowed layer looks back at, its own included; 0 is no window.
        windowed: The layers that have one.
        local_theta: Base of their rotary angles, which have no divisors; 0 if it is the others'.
        own_head: Whether logits come from a matrix of their own and not from the table of tokens.
    """

    name: str = "llama"
    qkv_bias: bool = False
    head_norms: bool = False
    outer_norms: bool = False
    gate: str = "silu"
    embed_scale: float = 1.0
    query_size: float = 0.0
    score_cap: float = 0.0
    logit_cap: float = 0.0
    rotary_dims: int = 0
    divisors: tuple[float, ...] = ()
    rotary_gain: float = 1.0
    window: int = 0
    windowed: frozenset[int] = frozenset()
    local_theta: float = 0.0
    own_head: bool = False


@dataclass(frozen=True, slots=True)
class LlamaConfig:
    """The numbers that shape a model.

    Attributes:
        head_dim: Width of one attention head; GroupQueryAttention wants a multiple of 16.
        ffn: Width inside the feed-forward part.
        rope_theta: Base of the rotary angles.
        eps: Added to the mean square in the norms.
        max_context: Most tokens of one sequence; rotary angles exist up to here.
        blocks: What its blocks do otherwise than a Llama's.
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
    blocks: Blocks = field(default_factory=Blocks)

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

    @property
    def query_scale(self) -> float:
        """What scores are multiplied by."""
        return float((self.blocks.query_size or self.head_dim) ** -0.5)

    def is_windowed(self, layer: int) -> bool:
        """Whether a layer looks back no further than a window, and the context is longer."""
        return layer in self.blocks.windowed and self.blocks.window < self.max_context

    def manifest(self) -> dict[str, int]:
        """The part of it that a manifest's ``config`` shows."""
        names = ("hidden", "heads", "kv_heads", "head_dim", "layers", "vocab", "max_context")
        return {name: getattr(self, name) for name in names}


def rotary_angles(config: LlamaConfig, layer: int = 0) -> np.ndarray:
    """Angles by position and frequency, float64 [max_context, rotated dimensions / 2].

    Float64, because rounded sines must not depend on a platform's float32 library.
    """
    blocks = config.blocks
    dims = blocks.rotary_dims or config.head_dim
    exponents = np.arange(0, dims, 2) / dims
    is_local = layer in blocks.windowed and blocks.local_theta > 0
    frequencies = (blocks.local_theta if is_local else config.rope_theta) ** -exponents
    if blocks.divisors and not is_local:
        frequencies = frequencies / np.asarray(blocks.divisors)
    angles: np.ndarray = np.arange(config.max_context)[:, None] * frequencies
    return angles


def rotary_tables(config: LlamaConfig, layer: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines of a layer's angles, float32."""
    angles, gain = rotary_angles(config, layer), config.blocks.rotary_gain
    return (np.cos(angles) * gain).astype(np.float32), (np.sin(angles) * gain).astype(np.float32)
