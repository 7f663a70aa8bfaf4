r"""Opens a model that ships again, as weights that training can go on from.

    python -m tools.distil.reopen --model models/hearth --out work/reopened

Nothing but the graphs is needed: their int8 rows and blocks are widened to float32, and the shapes
are read off them. What quantising rounded away stays lost (under half a percent of a matrix, which
the first steps of training put right); optimiser state there is none. A studio that wants the model
to know its own world starts here, not at the teacher. Invariant: exporting what was reopened with
the same kernels gives weights that differ by at most one rounding; of ``staticint8``, weights that
compute the same but for it, for what was evened out stays so.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from rich.console import Console
from safetensors.numpy import save_file

from npcbrain.errors import ModelError, fault
from npcbrain.graphs.four_bits import widen_rows
from npcbrain.lm.package import ModelPackage

__all__ = ["reopen"]

EOS, BOS = 2, 1


def reopen(folder: Path) -> tuple[dict[str, object], dict[str, np.ndarray]]:
    """Reads a model folder.

    Args:
        folder: A model that ``export`` wrote; its checksums are verified.

    Returns:
        The content of a Llama's ``config.json`` and float32 weights in Hugging Face's naming.

    Raises:
        ModelError: The folder is no model, or a matrix has a kernel that cannot be widened.
    """
    package = ModelPackage.described(folder)
    constants: dict[str, np.ndarray] = {}
    eps = scale = 0.0
    for file in (*(name for name, _ in package.segments), *package.heads):
        graph = onnx.load_from_string(package.read(file)).graph
        constants |= {c.name: numpy_helper.to_array(c) for c in graph.initializer}
        for node in graph.node:
            if node.op_type == "SimplifiedLayerNormalization":
                eps = next(a.f for a in node.attribute if a.name == "epsilon")
            elif node.op_type == "GroupQueryAttention":
                scale = next((a.f for a in node.attribute if a.name == "scale"), 0.0)
    shape = package.config
    table = _table(constants, shape.hidden)
    weights = {
        "model.embed_tokens.weight": table,
        "model.norm.weight": constants["final.gain"],
    }
    width, kv_width = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    for layer in range(shape.layers):
        prefix, name = f"model.layers.{layer}", f"layers.{layer}"
        qkv = _matrix(constants, f"{name}.qkv", shape.hidden)
        q, k, v = np.split(qkv, [width, width + kv_width])
        if scale:  # the graph has the rest of 1/sqrt(head_dim) in its queries
            q = q * np.float32(shape.head_dim**0.5 * scale)
        gate, up = (_matrix(constants, f"{name}.{side}", shape.hidden) for side in ("gate", "up"))
        weights |= {
            f"{prefix}.input_layernorm.weight": constants[f"{name}.in.gain"],
            f"{prefix}.self_attn.q_proj.weight": q,
            f"{prefix}.self_attn.k_proj.weight": k,
            f"{prefix}.self_attn.v_proj.weight": v,
            f"{prefix}.self_attn.o_proj.weight": _matrix(constants, f"{name}.o", width),
            f"{prefix}.post_attention_layernorm.weight": constants[f"{name}.mid.gain"],
            f"{prefix}.mlp.gate_proj.weight": gate,
            f"{prefix}.mlp.up_proj.weight": up,
            f"{prefix}.mlp.down_proj.weight": _matrix(constants, f"{name}.down", len(gate)),
        }
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": len(weights["model.layers.0.mlp.gate_proj.weight"]),
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "rope_theta": _rope_theta(constants["rotary.sin"], constants["rotary.cos"]),
        "rms_norm_eps": float(f"{eps:.6g}"),
        "max_position_embeddings": shape.max_context,
        "vocab_size": shape.vocab,
        "tie_word_embeddings": True,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "hidden_act": "silu",
    }
    return config, {name: np.ascontiguousarray(w, np.float32) for name, w in weights.items()}


def _table(constants: dict[str, np.ndarray], hidden: int) -> np.ndarray:
    """The table of tokens, float32 [vocab, hidden], from where it is the finer: the lookup."""
    if "embed.scale" in constants:
        return constants["embed.weight"].astype(np.float32) * constants["embed.scale"]
    return _matrix(constants, "head", hidden)


def _matrix(constants: dict[str, np.ndarray], name: str, num_in: int) -> np.ndarray:
    """A matrix as float32 [out, in], whatever its kernel."""
    if f"{name}.bits" in constants:
        rows = widen_rows(constants[f"{name}.bits"], constants[f"{name}.factor"])
        return rows * constants[f"{name}.scale"][:, None]
    stored = constants[f"{name}.weight"]
    if f"{name}.zero" in constants:  # [out, blocks, block]
        blocks = stored.astype(np.float32) - constants[f"{name}.zero"][..., None]
        whole = (blocks * constants[f"{name}.scale"][..., None]).reshape(len(stored), -1)
        return whole[:, :num_in]  # blocks are filled up with zeros
    if f"{name}.scale" in constants:  # int8 rows, lying on their side
        return (stored.astype(np.float32) * constants[f"{name}.scale"]).T
    if stored.dtype == np.float32:
        return stored.T
    raise ModelError(fault(name, "have a scale", "none", "reopen()", "export it again"))


def _rope_theta(sines: np.ndarray, cosines: np.ndarray) -> float:
    """The base of the rotary angles: at position 1 the second is base ** (-2 / head_dim)."""
    angle = float(np.arctan2(sines[1, 1], cosines[1, 1]))
    base = angle ** -float(sines.shape[1])
    return float(f"{base:.3g}")  # the table holds seven digits, a base has one or two


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the model folder")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    args = parser.parse_args()
    config, weights = reopen(args.model)
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(weights, args.out / "model.safetensors")
    (args.out / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    for name in ("tokenizer.json", "words.txt"):
        if (args.model / name).exists():
            (args.out / name).write_bytes((args.model / name).read_bytes())
    num_parameters = sum(w.size for w in weights.values())
    Console().print(f"{num_parameters / 1e6:.1f} M parameters in {args.out}")


if __name__ == "__main__":
    main()
