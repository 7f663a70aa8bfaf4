"""``Source``: a model to be imported, be it a GGUF file or a folder of safetensors.

It opens and checks; weights are read later. Invariant: a ``Source`` is of a supported architecture
and has all its weights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.graphs.shape import LlamaConfig
from npcbrain.importing.adapter import Adapter
from npcbrain.importing.architectures import LOCAL_THETA, architecture_of, read_shape
from npcbrain.importing.gguf_file import GgufFile
from npcbrain.importing.json_file import read_json
from npcbrain.importing.safetensors_file import SafetensorsFile
from npcbrain.importing.stored_weights import StoredWeights

__all__ = ["Source", "open_source"]

FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
NEVER_HERE = (46, 62)  # numbers of layers of Gemma's largest, whose scores are scaled otherwise

GGUF_KEYS = {  # a key of config.json, and of a GGUF file behind the architecture's name
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "intermediate_size": "feed_forward_length",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "max_position_embeddings": "context_length",
    "rope_theta": "rope.freq_base",
    "sliding_window": "attention.sliding_window",
    "attn_logit_softcapping": "attn_logit_softcapping",
    "final_logit_softcapping": "final_logit_softcapping",
    "original_max_position_embeddings": "rope.scaling.original_context_length",
    "factor": "rope.scaling.factor",
    "attention_factor": "rope.scaling.attn_factor",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A model as others store it.

    Attributes:
        path: The file or folder.
        name: Its name, as it says.
        licence: The licence of the weights, as far as it says.
        config: Shapes.
        weights: By Hugging Face's names.
        fields: The fields of a GGUF file, which hold its tokenizer; empty for a folder.
    """

    path: Path
    name: str
    licence: str
    config: LlamaConfig
    weights: StoredWeights
    fields: Mapping[str, Any]


def open_source(path: Path, max_context: int, adapters: Sequence[Path] = ()) -> Source:
    """Opens a model.

    Args:
        path: A ``.gguf`` file, or a folder with ``config.json`` and ``*.safetensors``.
        max_context: Most tokens of a sequence.
        adapters: Folders of LoRA adapters, which are added to the weights.

    Raises:
        ModelError: It is neither, not complete, or of an architecture that is not supported; or
            an adapter is not of this model, or more than LoRA.
        UsageError: A path does not exist, or a package is missing.
    """
    if path.is_dir():
        source = _open_folder(path, max_context)
    elif path.is_file():
        source = _open_gguf(path, max_context)
    else:
        advice = "pass a .gguf file or a folder with config.json"
        raise UsageError(fault("source", "exist", str(path), "import-model", advice))
    for folder in adapters:
        source.weights.merge(Adapter(folder, source.weights.matrices()))
    return source


class _Shards:
    """The tensors of several files."""

    def __init__(self, files: Mapping[str, SafetensorsFile]) -> None:
        self._files = files  # by tensor
        self.shapes = {name: file.shapes[name] for name, file in files.items()}

    def read(self, name: str) -> np.ndarray:
        return self._files[name].read(name)


def _open_folder(folder: Path, max_context: int) -> Source:
    where = folder / "config.json"
    data = read_json(where)
    kind = architecture_of(data.get("model_type"), str(where))
    tensors = _open_shards(folder)
    has_head = "lm_head.weight" in tensors.shapes
    config = read_shape(kind, data, max_context, str(where), has_head=has_head)
    weights = StoredWeights(tensors, kind, config, str(folder), gguf=False)
    name = folder.resolve().name
    return Source(folder, name, "unknown", config, weights, {})


def _open_shards(folder: Path) -> _Shards:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        file = SafetensorsFile(folder / "model.safetensors")
        return _Shards(dict.fromkeys(file.shapes, file))
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise ModelError(fault("weight_map", "name a file for each weight", places, str(index)))
    for name in places.values():
        if not isinstance(name, str) or not FILE_NAME.fullmatch(name):
            raise ModelError(
                fault("file name", "be a plain name without folders", name, str(index))
            )
    files = {name: SafetensorsFile(folder / name) for name in sorted(set(places.values()))}
    for tensor, name in places.items():
        if tensor not in files[name].shapes:
            where, advice = str(folder / name), "copy the folder again"
            raise ModelError(fault("weights", f"hold {tensor}", None, where, advice))
    return _Shards({tensor: files[name] for tensor, name in places.items()})


def _open_gguf(path: Path, max_context: int) -> Source:
    file, where = GgufFile(path), str(path)
    name = file.fields.get("general.architecture")
    kind = architecture_of(name, where, gguf=True)
    found = {key: file.fields.get(f"{name}.{other}") for key, other in GGUF_KEYS.items()}
    data = {key: value for key, value in found.items() if value is not None}
    if kind.gains_less_one and data.get("num_hidden_layers") in NEVER_HERE:
        advice = "import its safetensors folder"
        raise ModelError(fault("Gemma of this size", "not come as GGUF", path.name, where, advice))
    data["vocab_size"] = file.shapes.get("token_embd.weight", (0,))[0]
    data["hidden_activation"] = "gelu_pytorch_tanh" if kind.gains_less_one else "silu"
    data["rope_local_base_freq"] = LOCAL_THETA
    _read_scaling(file, str(name), data)
    has_head = "output.weight" in file.shapes
    config = read_shape(kind, data, max_context, where, has_head=has_head)
    weights = StoredWeights(file, kind, config, where, gguf=True)
    title = str(file.fields.get("general.name") or path.stem)
    licence = str(file.fields.get("general.license") or "unknown")
    return Source(path, title, licence, config, weights, file.fields)


def _read_scaling(file: GgufFile, name: str, data: dict[str, Any]) -> None:
    """How rotary angles are scaled, in the words of a ``config.json``."""
    how = file.fields.get(f"{name}.rope.scaling.type", "none")
    dims = file.fields.get(f"{name}.rope.dimension_count")
    hidden, heads = data.get("hidden_size"), data.get("num_attention_heads")
    if isinstance(hidden, int) and isinstance(heads, int) and heads > 0:
        width = data.get("head_dim", hidden // heads)
        if isinstance(dims, int) and isinstance(width, int) and width > 0:
            data["partial_rotary_factor"] = dims / width
    for tensor in "rope_freqs.weight", "rope_factors_short.weight":
        if tensor in file.shapes:  # the divisors themselves, so nothing need be computed
            data["rope_type"] = "longrope"
            data["short_factor"] = [float(one) for one in file.read(tensor).ravel()]
            trained = data.get("max_position_embeddings")
            data.setdefault("original_max_position_embeddings", trained)
            return
    data["rope_type"] = "default" if how == "none" else how
