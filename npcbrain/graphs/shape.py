"""The numbers that shape a decoder, and how its blocks differ from a Llama's.

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
    """How an architecture's blocks differ from a Llama's.

    Attributes:
        name: The architecture's name.
        qkv_bias: Whether queries, keys and values have biases.
        head_norms: Whether each head's queries and keys are normed.
        outer_norms: Whether the output of a sublayer is normed as well.
        gate: The activation of the feed-forward part's gates: ``"silu"``, or ``"gelu"`` by tanh.
        embed_scale: The factor of a token's row.
        query_size: Scores are divided by its root; 0 for the width of a head.
        score_cap: Scores stay within it by tanh; 0 for no cap.
        logit_cap: The same for logits.
        rotary_dims: How many dimensions of a head are rotated; 0 for all.
        divisors: One for each frequency; empty if all are 1.
        rotary_gain: The factor of sines and cosines.
        window: How many tokens a windowed layer looks back at, its own included; 0 for no window.
        windowed: The layers that have a window.
        local_theta: Base of the windowed layers' rotary angles, which have no divisors; 0 if it is
            the same as in the others.
        own_head: Whether logits come from a matrix of their own, not from the table of tokens.
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
        blocks: How its blocks differ from a Llama's.
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
        """The factor of the attention's scores."""
        return float((self.blocks.query_size or self.head_dim) ** -0.5)

    def is_windowed(self, layer: int) -> bool:
        """Whether a layer has a window that is shorter than the context."""
        return layer in self.blocks.windowed and self.blocks.window < self.max_context

    def manifest(self) -> dict[str, int]:
        """The numbers that a manifest's ``config`` shows."""
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
