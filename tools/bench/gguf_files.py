"""Writes GGUF files, which llama.cpp reads: with other rounding, or from scratch.

It reads and writes files and runs nothing. Invariant: a written file holds the same numbers as its
source, except for the rounding of the kind asked for; norms stay float32, and the table of tokens
is Q8_0, as llama.cpp's own tool leaves it for models of this width.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from npcbrain.graphs.decoder import LlamaConfig, Weights
from npcbrain.lm.package import ModelPackage
from tools.distil.reopen import reopen
from tools.distil.teacher import LAYER_NAMES

__all__ = ["KINDS", "from_package", "requantise", "weight_bytes", "write_gguf"]

KINDS = {"Q8_0": gguf.GGMLQuantizationType.Q8_0, "Q4_0": gguf.GGMLQuantizationType.Q4_0}
FILE_TYPES = {"Q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "Q4_0": gguf.LlamaFileType.MOSTLY_Q4_0}
TABLE = "token_embd.weight"
ARCHITECTURE = "llama"
NORMAL, CONTROL = 1, 3  # gguf.TokenType, as plain numbers
Q_PART, K_PART = "attn_q", "attn_k"


def requantise(source: Path, kind: str, out: Path) -> None:
    """Writes the same model with its matrices rounded to ``kind``, one of ``KINDS``."""
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(out, ARCHITECTURE)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        value = int(FILE_TYPES[kind]) if field.name == "general.file_type" else field.contents()
        sub_type = field.types[1] if field.types[0] is gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, value, field.types[0], sub_type=sub_type)
    for tensor in reader.tensors:
        values = gguf.dequantize(tensor.data, tensor.tensor_type)
        _add(writer, tensor.name, values.reshape(tensor.shape[::-1]), kind)
    _finish(writer)


def write_gguf(
    out: Path, config: LlamaConfig, weights: Weights, tokenizer: Mapping[str, Any], kind: str
) -> None:
    """Writes a Llama from scratch.

    Args:
        out: The file.
        config: Shapes.
        weights: float32, as Hugging Face names them.
        tokenizer: The content of a ``tokenizer.json``, byte-level BPE.
        kind: One of ``KINDS``.
    """
    writer = gguf.GGUFWriter(out, ARCHITECTURE)
    writer.add_file_type(int(FILE_TYPES[kind]))
    writer.add_context_length(config.max_context)
    writer.add_embedding_length(config.hidden)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.ffn)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.eps)
    writer.add_vocab_size(config.vocab)
    _add_tokenizer(writer, config.vocab, tokenizer)
    _add(writer, TABLE, weights["model.embed_tokens.weight"], kind)
    _add(writer, "output_norm.weight", weights["model.norm.weight"], kind)
    heads = {Q_PART: config.heads, K_PART: config.kv_heads}
    for layer in range(config.layers):
        for part, name in LAYER_NAMES.items():
            array = weights[f"model.layers.{layer}.{name}.weight"]
            if part in heads:
                array = _permute(array, heads[part])
            _add(writer, f"blk.{layer}.{part}.weight", array, kind)
    _finish(writer)


def from_package(folder: Path, kind: str, out: Path) -> None:
    """Writes a model that npcbrain runs, its per-row or block int8 weights turned to ``kind``.

    Raises:
        ModelError: A matrix has another kernel.
    """
    data, weights = reopen(folder)
    package = ModelPackage.described(folder)
    config = LlamaConfig.from_hf(data, package.config.max_context)
    tokenizer = json.loads(package.read(package.tokenizer))
    write_gguf(out, config, weights, tokenizer, kind)


def weight_bytes(path: Path) -> int:
    """How many bytes a token has to read: every tensor once, the table of tokens as the head."""
    return sum(int(tensor.n_bytes) for tensor in gguf.GGUFReader(path).tensors)


def _add(writer: gguf.GGUFWriter, name: str, values: np.ndarray, kind: str) -> None:
    values = np.ascontiguousarray(values, dtype=np.float32)
    if values.ndim < 2:
        writer.add_tensor(name, values)
        return
    quantised = KINDS["Q8_0" if name == TABLE else kind]
    writer.add_tensor(name, gguf.quantize(values, quantised), raw_dtype=quantised)


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_tokenizer(writer: gguf.GGUFWriter, vocab: int, tokenizer: Mapping[str, Any]) -> None:
    ids = dict(tokenizer["model"]["vocab"])
    control = {each["content"]: each["id"] for each in tokenizer["added_tokens"]}
    by_id = {index: token for token, index in {**ids, **control}.items()}
    tokens = [by_id.get(index, f"<|unused_{index}|>") for index in range(vocab)]
    merges = [" ".join(m) if isinstance(m, list) else m for m in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([CONTROL if token.startswith("<|") else NORMAL for token in tokens])
    writer.add_token_merges(merges)
    for name, add in (
        ("<|im_start|>", writer.add_bos_token_id),
        ("<|im_end|>", writer.add_eos_token_id),
    ):
        add(control.get(name, 0))


def _permute(weight: np.ndarray, num_heads: int) -> np.ndarray:
    """Interleaves the rotary halves as in GGUF; ``teacher.unpermute`` undoes it."""
    rows, columns = weight.shape
    halves = weight.reshape(num_heads, 2, rows // num_heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)
