"""A model's weights under Hugging Face's names for a Llama, whatever file they are in.

They are read when they are asked for and not kept, so that a model may be larger than memory.
Invariant: every weight it lists is in the files, with the shape that its model asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from npcbrain.errors import ModelError, fault
from npcbrain.graphs.shape import LlamaConfig
from npcbrain.importing.adapter import Adapter
from npcbrain.importing.architectures import Architecture

__all__ = ["StoredWeights", "Tensors"]

GGUF_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.qkv_proj": "attn_qkv",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
GGUF_OUTER_NAMES = {  # in models that norm a sublayer's output, the same name means another norm
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}
GGUF_ENDS = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}


class Tensors(Protocol):
    """The source of weights: a file, or several."""

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """The shapes of tensors, by name."""
        ...

    def read(self, name: str) -> np.ndarray:
        """A tensor as float32."""
        ...


class _Recipe(NamedTuple):
    """Where a weight is stored, and how: as rows of a tensor, interleaved, less one."""

    stored: str
    shape: tuple[int, ...]
    stored_rows: int
    first_row: int = 0
    swapped_heads: int = 0
    is_less_one: bool = False
    matrix: str = ""  # its name in transformers, whatever this file calls it


class StoredWeights(Mapping[str, np.ndarray]):
    """Float32 weights by name, each read anew when it is asked for, with adapters added."""

    def __init__(
        self, tensors: Tensors, kind: Architecture, config: LlamaConfig, where: str, *, gguf: bool
    ) -> None:
        """Checks that everything is there.

        Raises:
            ModelError: A weight is missing or has the wrong shape.
        """
        self._tensors = tensors
        self._adapters: list[Adapter] = []
        self._recipes = {
            name: _recipe(name, shape, kind, config, gguf)
            for name, shape in _shapes(config).items()
        }
        for recipe in self._recipes.values():
            found = tensors.shapes.get(recipe.stored)
            if found is None:
                advice = "the file is incomplete, or of another model"
                raise ModelError(fault("weights", f"hold {recipe.stored}", None, where, advice))
            expected = (recipe.stored_rows, *recipe.shape[1:])
            if found != expected:
                raise ModelError(fault(recipe.stored, f"have shape {expected}", found, where))

    def __getitem__(self, name: str) -> np.ndarray:
        recipe = self._recipes[name]
        rows = recipe.shape[0]
        weight = self._tensors.read(recipe.stored)
        if rows != recipe.stored_rows:
            weight = weight[recipe.first_row : recipe.first_row + rows].copy()
        if recipe.swapped_heads:
            weight = _in_halves(weight, recipe.swapped_heads)
        for adapter in self._adapters:
            weight = adapter.add_to(weight, recipe.matrix, recipe.first_row)
        return weight + np.float32(1) if recipe.is_less_one else weight

    def __iter__(self) -> Iterator[str]:
        return iter(self._recipes)

    def __len__(self) -> int:
        return len(self._recipes)

    def shape_of(self, name: str) -> tuple[int, ...]:
        """The shape of a weight, without reading it."""
        return self._recipes[name].shape

    def matrices(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the matrices that an adapter may change, by their names in transformers."""
        return {
            recipe.matrix: (recipe.stored_rows, *recipe.shape[1:])
            for name, recipe in self._recipes.items()
            if len(recipe.shape) == 2 and name != "model.embed_tokens.weight"
        }

    def merge(self, adapter: Adapter) -> None:
        """Adds an adapter to all weights that are read from now on."""
        self._adapters.append(adapter)

    def of_layer(self, layer: int) -> dict[str, np.ndarray]:
        """All weights of one layer, in memory."""
        prefix = f"model.layers.{layer}."
        return {name: self[name] for name in self._recipes if name.startswith(prefix)}


def _shapes(config: LlamaConfig) -> dict[str, tuple[int, ...]]:
    """The name and shape of every weight of a model of these shapes."""
    hidden, ffn, blocks = config.hidden, config.ffn, config.blocks
    width, kv_width = config.heads * config.head_dim, config.kv_heads * config.head_dim
    layer: dict[str, tuple[int, ...]] = {
        "input_layernorm.weight": (hidden,),
        "self_attn.q_proj.weight": (width, hidden),
        "self_attn.k_proj.weight": (kv_width, hidden),
        "self_attn.v_proj.weight": (kv_width, hidden),
        "self_attn.o_proj.weight": (hidden, width),
        "post_attention_layernorm.weight": (hidden,),
        "mlp.gate_proj.weight": (ffn, hidden),
        "mlp.up_proj.weight": (ffn, hidden),
        "mlp.down_proj.weight": (hidden, ffn),
    }
    if blocks.qkv_bias:
        layer |= {f"self_attn.{side}_proj.bias": (kv_width,) for side in "kv"}
        layer["self_attn.q_proj.bias"] = (width,)
    if blocks.head_norms:
        layer |= {f"self_attn.{side}_norm.weight": (config.head_dim,) for side in "qk"}
    if blocks.outer_norms:
        layer |= {f"{side}_feedforward_layernorm.weight": (hidden,) for side in ("pre", "post")}
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (config.vocab, hidden)}
    for index in range(config.layers):
        shapes |= {f"model.layers.{index}.{name}": shape for name, shape in layer.items()}
    shapes["model.norm.weight"] = (hidden,)
    if blocks.own_head:
        shapes["lm_head.weight"] = (config.vocab, hidden)
    return shapes


def _recipe(
    name: str, shape: tuple[int, ...], kind: Architecture, config: LlamaConfig, gguf: bool
) -> _Recipe:
    stored, rows, first = name, shape[0], 0
    if kind.is_fused and "_proj." in name and ".self_attn.o_" not in name and ".down_" not in name:
        width, kv_width = config.heads * config.head_dim, config.kv_heads * config.head_dim
        side = name.rpartition("_proj.")[0].rpartition(".")[2]
        if side in ("gate", "up"):
            rows, first = 2 * config.ffn, config.ffn if side == "up" else 0
        else:
            rows = width + 2 * kv_width
            first = {"q": 0, "k": width, "v": width + kv_width}[side]
        fused = "gate_up" if side in ("gate", "up") else "qkv"
        stored = name.replace(f".{side}_proj.", f".{fused}_proj.")
    swapped = 0
    if gguf and kind.swaps_halves:
        swapped = {"q": config.heads, "k": config.kv_heads}.get(name[-len("q_proj.weight")], 0)
        swapped = swapped if "_proj.weight" in name and ".self_attn." in name else 0
    is_less_one = kind.gains_less_one and not gguf and len(shape) == 1
    matrix = stored
    if gguf:
        stored = _gguf_name(stored, has_outer=config.blocks.outer_norms)
    return _Recipe(stored, shape, rows, first, swapped, is_less_one, matrix)


def _gguf_name(name: str, *, has_outer: bool) -> str:
    if name in GGUF_ENDS:
        return GGUF_ENDS[name]
    layer, _, rest = name.removeprefix("model.layers.").partition(".")
    part, _, which = rest.rpartition(".")
    names = GGUF_NAMES | (GGUF_OUTER_NAMES if has_outer else {})
    return f"blk.{layer}.{names[part]}.{which}"


def _in_halves(weight: np.ndarray, num_heads: int) -> np.ndarray:
    """Undoes llama.cpp's interleaving of a head's rotary halves; weight: [heads * head_dim, in]."""
    rows, columns = weight.shape
    pairs = weight.reshape(num_heads, rows // num_heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)
