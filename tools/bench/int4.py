"""Weights in blocks of 4 bits beside the kernels that ship: speed, size, rows, and what is lost.

    python -m tools.bench.int4      -> bench_results/levers/int4.json
    python -m tools.bench.int4 --write DIR --matrices "layers.*"

Each matrix of the model is timed alone as ``MatMulNBits`` with 4 and with 8 bits, and as the int8
rows that ship. Agreement is that of float32 sums with the rounded weights. ``--write`` keeps a
model of 4-bit weights (with no matrices, of none) for ``tools.bench.imports`` to have it decide:
as 8-bit blocks, since each of 16 levels is one of their 256. Invariant: whatever is compared took
turns.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto

from npcbrain.graphs.parts import CONTRIB, GraphParts
from npcbrain.graphs.quantise import BLOCK, STATIC, TINY, enter, kernel_plan, multiply
from npcbrain.graphs.shape import LlamaConfig
from npcbrain.lm.model import Model
from npcbrain.lm.package import default_model_path
from tools.bench.record import RESULTS, load_average, surroundings
from tools.bench.texts import held_out
from tools.bench.turns import session_of, turns_us
from tools.distil.check import reference
from tools.distil.package import build_model
from tools.distil.reopen import reopen

__all__ = ["FOUR", "four_bits", "likeliest", "odd_sizes", "product_graph", "rounded"]

FOUR = "nbits4"
ASKED = (FOUR, "nbits8", "rowint8", STATIC)
LEVELS = 15  # above the lowest
ROWS = (1, 8, 32)
SIZES = (1, 2, 3, 4, 5, 8, 16)
STEP = np.float32(1 / 32)  # a fixed scale for random rows; no scale changes a time
NUM_TEXTS = 6  # written situations that no training has seen, some 1,500 tokens
SETS = {
    "all layers": ("layers.*",),
    "feed-forward": ("layers.*.gate_up", "layers.*.down"),
    "head": ("head",),
}
MATRICES = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "o": ("self_attn.o_proj",),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "down": ("mlp.down_proj",),
}
TABLE, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def four_bits(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rounds a matrix, float32 [out, in], to 4 bits a weight, a scale and a zero point a block.

    Returns:
        uint8 [out, blocks, BLOCK] in 0..15, float32 [out, blocks] and uint8 [out, blocks].
    """
    blocks = weight.reshape(len(weight), -1, BLOCK)
    low = np.minimum(blocks.min(axis=-1), 0)
    high = np.maximum(blocks.max(axis=-1), 0)
    scales = np.maximum((high - low) / np.float32(LEVELS), np.float32(TINY))
    zeros = np.rint(-low / scales)
    stored = np.clip(np.rint(blocks / scales[..., None]) + zeros[..., None], 0, LEVELS)
    return stored.astype(np.uint8), scales, zeros.astype(np.uint8)


def rounded(weight: np.ndarray) -> np.ndarray:
    """A matrix as its 4-bit blocks have it, float32 [out, in]."""
    stored, scales, zeros = four_bits(weight)
    steps = stored.astype(np.float32) - zeros[..., None]
    whole: np.ndarray = (steps * scales[..., None]).reshape(weight.shape)
    return whole


def product_graph(weight: np.ndarray, kernel: str) -> bytes:
    """A graph of one product, ``y = x weight.T``, by a kernel of the product or by ``FOUR``."""
    num_out, num_in = weight.shape
    parts = GraphParts()
    x = parts.input("x", TensorProto.FLOAT, ("rows", num_in))
    y = parts.output("y", ("rows", num_out))
    if kernel != FOUR:
        multiply(parts, enter(parts, x, "product", kernel, STEP), weight, "product", y)
        return parts.model(kernel)
    stored, scales, zeros = four_bits(weight)
    inputs = [x, parts.constant("bits", _paired(stored)), parts.constant("scales", scales)]
    inputs.append(parts.constant("zeros", _paired(zeros)))
    sizes = {"K": num_in, "N": num_out, "bits": 4, "block_size": BLOCK, "accuracy_level": 4}
    parts.node("MatMulNBits", inputs, y, sizes, CONTRIB)
    return parts.model(kernel)


def _paired(values: np.ndarray) -> np.ndarray:
    """Two to a byte along the last axis, the first in the low bits; an odd last one alone."""
    even = np.concatenate([values, np.zeros_like(values[..., : values.shape[-1] % 2])], axis=-1)
    paired: np.ndarray = even[..., ::2] | even[..., 1::2] << 4
    return paired


def odd_sizes(weight: np.ndarray, kernel: str) -> list[int]:
    """Sizes of runs in which a row has other bits than among all others; none if row-invariant."""
    session = session_of(product_graph(weight, kernel))
    x = np.random.RandomState(0).standard_normal((max(ROWS), weight.shape[1])).astype(np.float32)
    whole = session.run(None, {"x": x})[0]
    odd = []
    for size in SIZES:
        pieces = [session.run(None, {"x": x[i : i + size]})[0] for i in range(0, len(x), size)]
        if not np.array_equal(np.concatenate(pieces), whole):
            odd.append(size)
    return odd


def speed(
    matrices: Mapping[str, tuple[np.ndarray, str]], rows: Sequence[int] = ROWS, **turns: int
) -> list[dict[str, Any]]:
    """Microseconds of each matrix by each kernel, with caches swept before a run and without.

    Args:
        matrices: By name, with the kernel that ships.
        rows: Of a run.
        turns: See ``turns_us``.
    """
    random = np.random.RandomState(0)
    found = []
    for name, (weight, shipped) in matrices.items():
        kernels = {"ships": shipped, "nbits8": "nbits8", FOUR: FOUR}
        sessions = {key: session_of(product_graph(weight, of)) for key, of in kernels.items()}
        for num_rows in rows:
            x = random.standard_normal((num_rows, weight.shape[1])).astype(np.float32)
            runs = {
                key: lambda session=session, x=x: session.run(None, {"x": x})
                for key, session in sessions.items()
            }
            row = {"matrix": name, "kernel": shipped, "rows": num_rows}
            row["us"] = turns_us(runs, **turns)
            row["warm_us"] = turns_us(runs, **{**turns, "swept_bytes": 1})
            found.append(row)
    return found


def with_four_bits(
    config: LlamaConfig, weights: Mapping[str, np.ndarray], patterns: Sequence[str]
) -> dict[str, np.ndarray]:
    """The weights with the matrices that match rounded; what is looked up keeps its bits."""
    changed = dict(weights)
    for layer in range(config.layers):
        for group, names in MATRICES.items():
            if any(fnmatchcase(f"layers.{layer}.{group}", pattern) for pattern in patterns):
                for name in names:
                    key = f"model.layers.{layer}.{name}.weight"
                    changed[key] = rounded(weights[key])
    if any(fnmatchcase("head", pattern) for pattern in patterns):
        changed[HEAD] = rounded(weights[HEAD])
    return changed


def opened(folder: Path) -> tuple[LlamaConfig, dict[str, np.ndarray]]:
    """A model's shapes and weights, with a head apart from the table that is looked up."""
    shapes, weights = reopen(folder)
    config = LlamaConfig.from_hf(shapes, int(str(shapes["max_position_embeddings"])))
    weights[HEAD] = weights[TABLE]
    return replace(config, blocks=replace(config.blocks, own_head=True)), weights


def likeliest(
    config: LlamaConfig, weights: Mapping[str, np.ndarray], texts: Sequence[np.ndarray]
) -> np.ndarray:
    """The likeliest token of each position of all texts, by float32 sums."""
    whole = [range(config.layers)]
    found = [reference(config, weights, ids, whole)[1].argmax(-1) for ids in texts]
    return np.concatenate(found)


def write(config: LlamaConfig, weights: Mapping[str, np.ndarray], like: Path, folder: Path) -> None:
    """Keeps weights as a model in 8-bit blocks, with tokens, words and segments of another."""
    manifest = json.loads((like / "manifest.json").read_text(encoding="utf-8"))
    tokenizer = json.loads((like / "tokenizer.json").read_text(encoding="utf-8"))
    words = (like / "words.txt").read_bytes() if "words" in manifest else b""
    plan = kernel_plan(config.layers, "nbits8")
    form, num_segments = manifest["format"], len(manifest["segments"])
    build_model(
        folder.name, config, weights, tokenizer, plan, num_segments, words, form=form
    ).write(folder)


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and keeps, or writes a model; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--model", type=Path, default=None, metavar="DIR", help="what ships if none"
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "levers" / "int4.json")
    parser.add_argument("--write", type=Path, metavar="DIR", help="keep a model of 4-bit weights")
    parser.add_argument("--matrices", nargs="*", default=[], metavar="PATTERN")
    options = parser.parse_args(argv)
    folder = options.model or default_model_path()
    config, weights = opened(folder)
    if options.write:
        write(config, with_four_bits(config, weights, options.matrices), folder, options.write)
        return 0
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    texts = held_out(Model.load(folder, num_slots=1), NUM_TEXTS)
    middle = {name: f"layers.1.{name}" for name in MATRICES}
    stacked = {
        name: np.concatenate([weights[f"model.layers.1.{part}.weight"] for part in parts])
        for name, parts in MATRICES.items()
    } | {"head": weights[HEAD]}
    kernels = {name: manifest["kernels"][middle.get(name, name)] for name in stacked}
    wanted = likeliest(config, weights, texts)
    agreement = {
        name: (likeliest(config, with_four_bits(config, weights, patterns), texts) == wanted).mean()
        for name, patterns in SETS.items()
    }
    record = {
        **surroundings(),
        "load_average": load_average(),
        "odd_sizes": {kernel: odd_sizes(stacked["down"], kernel) for kernel in ASKED},
        "speed": speed({name: (stacked[name], kernels[name]) for name in stacked}),
        "positions": sum(map(len, texts)),
        "agreement": {name: round(float(share), 4) for name, share in agreement.items()},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
