r"""Opens a chooser that ships again, as a state that training can go on from.

    python -m tools.distil.chooser.reopen --model models/hearth --out work/chooser

What it writes is both an ``ENCODER`` for ``train`` (config, weights, ``tokenizer.json``) and
``chooser.pt`` for its ``--resume``; nothing but the model's folder is needed. A studio that wants
the chooser to know its own world starts here: half an hour with its own sheets, where a plain
encoder takes hours. What rounding to 8 bits took stays lost; the first steps of training put it
right. Odds are no weights: they are given at export. Invariant: a chooser exported from what was
reopened, with the same odds, judges as the first one did, but for one rounding.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from rich.console import Console
from transformers import BertConfig, BertModel

from npcbrain.choosing.choice import KINDS
from npcbrain.errors import ModelError, fault
from npcbrain.lm.package import ModelPackage
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS

__all__ = ["reopen"]

Arrays = dict[str, np.ndarray]


def reopen(folder: Path) -> tuple[BertConfig, Arrays, str]:
    """Reads the chooser of a model's folder.

    Args:
        folder: A model that ships a chooser; its checksums are verified.

    Returns:
        The encoder's shape, float32 weights as ``net.Net`` names them, and the content of its
        ``tokenizer.json``.

    Raises:
        ModelError: The folder is no model, or has no chooser.
    """
    package = ModelPackage.described(folder)
    told = json.loads((folder / "manifest.json").read_text(encoding="utf-8")).get("chooser")
    if told is None:
        rule = "have a chooser"
        raise ModelError(fault("model", rule, "none", str(folder), "train one from an encoder"))
    first, heads = _constants(package, "chooser_0.onnx")
    weights: Arrays = {
        "emb.word_embeddings.weight": first["embed.weight"] * first["embed.scale"],
        "emb.position_embeddings.weight": first["place.weight"] * first["place.scale"],
        # The graph has added the only type of token that there is to the positions.
        "emb.token_type_embeddings.weight": np.zeros((2, told["hidden"]), np.float32),
        **_norm(first, "hidden", "emb.LayerNorm"),
        **_attention(first, 0),
    }
    for layer in range(told["layers"]):
        found, heads = _constants(package, f"chooser_{layer + 1}.onnx")
        at = f"layers.{layer}"
        weights |= _linear(found, "o", f"{at}.attention.output.dense")
        weights |= _norm(found, "normed", f"{at}.attention.output.LayerNorm")
        weights |= _linear(found, "up", f"{at}.intermediate.dense")
        weights |= _linear(found, "down", f"{at}.output.dense")
        weights |= _norm(found, "hidden", f"{at}.output.LayerNorm")
        if layer + 1 < told["layers"]:
            weights |= _attention(found, layer + 1)
    wide, lines, moods = KINDS * told["width"], len(OCCASIONS) + 1, len(EMOTIONS)
    for graph, output, parts in (
        ("offers", "offers", {"k": wide, "c": wide, "bias": KINDS}),
        ("asks", "tokens", {"e": wide}),
        ("asks", "whole", {"q": wide, "occ": lines, "emo": moods}),
        ("looks", "judged", {"look": KINDS, "occ2": lines, "emo2": moods}),
    ):
        weights |= _parted(_constants(package, f"chooser_{graph}.onnx")[0], output, parts)
    weights["scale"] = np.log(np.array(told["tokens"], np.float32))
    weights["sign"] = np.array(told["signs"], np.float32)
    weights["args"] = np.array(told["args"], np.float32)
    config = BertConfig(
        vocab_size=told["vocab"],
        hidden_size=told["hidden"],
        num_hidden_layers=told["layers"],
        num_attention_heads=heads,
        intermediate_size=len(weights["layers.0.intermediate.dense.weight"]),
        max_position_embeddings=len(weights["emb.position_embeddings.weight"]),
    )
    tokenizer = package.read(told["tokenizer"]["file"]).decode()
    # Copies, since what is read from a file may not be written to.
    return (
        config,
        {name: np.array(w, np.float32, order="C") for name, w in weights.items()},
        tokenizer,
    )


def _constants(package: ModelPackage, file: str) -> tuple[Arrays, int]:
    """A graph's constants, and the heads of its attention, 0 without."""
    graph = onnx.load_from_string(package.read(file)).graph
    heads = [a.i for node in graph.node for a in node.attribute if a.name == "num_heads"]
    return {c.name: numpy_helper.to_array(c) for c in graph.initializer}, (heads or [0])[0]


def _matrix(found: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """float32 [out, in]; int8 rows lie on their side, a scale each."""
    matrix: np.ndarray = (found[f"{name}.weight"] * found[f"{name}.scale"]).T
    return matrix


def _linear(found: Mapping[str, np.ndarray], short: str, name: str) -> Arrays:
    return {f"{name}.weight": _matrix(found, short), f"{name}.bias": found[f"{short}.bias"]}


def _attention(found: Mapping[str, np.ndarray], layer: int) -> Arrays:
    weights: Arrays = {}
    for side in ("query", "key", "value"):
        name = f"layers.{layer}.attention.self.{side}"
        weights[f"{name}.weight"] = _matrix(found, f"qkv.{side}")
        weights[f"{name}.bias"] = found[f"{side}.bias"]
    return weights


def _norm(found: Mapping[str, np.ndarray], short: str, name: str) -> Arrays:
    return {f"{name}.weight": found[f"{short}.gain"], f"{name}.bias": found[f"{short}.shift"]}


def _parted(found: Mapping[str, np.ndarray], output: str, sizes: Mapping[str, int]) -> Arrays:
    """Several small matrices that the graph holds as one."""
    ends = np.cumsum(list(sizes.values()))[:-1]
    matrices = np.split(_matrix(found, f"{output}.joined"), ends)
    biases = np.split(found[f"{output}.bias"], ends)
    weights: Arrays = {}
    for name, matrix, bias in zip(sizes, matrices, biases, strict=True):
        weights[f"{name}.weight"], weights[f"{name}.bias"] = matrix, bias
    return weights


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the model folder")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    options = parser.parse_args()
    config, weights, tokenizer = reopen(options.model)
    state = {name: torch.from_numpy(values) for name, values in weights.items()}
    bert = BertModel(config, add_pooling_layer=False)
    of_encoder = {
        name.replace("emb.", "embeddings.", 1).replace("layers.", "encoder.layer.", 1): value
        for name, value in state.items()
        if name.startswith(("emb.", "layers."))
    }
    bert.load_state_dict(of_encoder, strict=False)  # positions' numbers are no weights
    bert.save_pretrained(options.out)
    (options.out / "tokenizer.json").write_text(tokenizer, encoding="utf-8", newline="\n")
    torch.save({"net": state}, options.out / "chooser.pt")
    num_parameters = sum(w.size for w in weights.values())
    Console().print(f"{num_parameters / 1e6:.1f} M parameters in {options.out}")


if __name__ == "__main__":
    main()
