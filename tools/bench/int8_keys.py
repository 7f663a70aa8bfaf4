"""Keys and values in 8 bits: memory of a slot, speed of attention, rows, and what is lost.

    python -m tools.bench.int8_keys      -> bench_results/levers/int8-keys.json

ONNX Runtime's ``GroupQueryAttention`` can keep its cache in int8 on the processor, with a scale for
each channel that is fixed beforehand. One such node, of the model's shapes, is timed beside the one
that ships. What is lost is measured on the model itself, its cache rounded to such a grid after
each chunk. Invariant: whatever is compared took turns.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from npcbrain.graphs.parts import CONTRIB, GraphParts
from npcbrain.graphs.shape import LlamaConfig, rotary_tables
from npcbrain.lm.model import Model
from npcbrain.lm.package import default_model_path
from npcbrain.lm.sessions import import_runtime
from tools.bench.int4 import opened
from tools.bench.record import RESULTS, load_average, surroundings
from tools.bench.texts import held_out
from tools.bench.turns import session_of, turns_us
from tools.distil.check import GraphRunner
from tools.distil.package import BuiltModel

__all__ = ["Attention", "agreement", "attention_graph", "is_row_invariant", "speed"]

SHAPES = ((1, 1), (8, 1), (1, 16), (1, 32))  # rows of a decode, tokens of a chunk
CONTEXT = 200
CHUNK = 16
PEAK = 127
SCALE = np.float32(4 / PEAK)  # of random keys: four times their usual size is the widest
NUM_TEXTS = 6
NO_SINK = np.float32(-1e30)


def attention_graph(config: LlamaConfig, bits: int) -> bytes:
    """Attention alone, as ``graphs.sublayers`` makes it, with a cache of 32 or of 8 bits."""
    parts = GraphParts()
    kind = TensorProto.FLOAT if bits == 32 else TensorProto.INT8
    width = (config.heads + 2 * config.kv_heads) * config.head_dim
    qkv = parts.input("qkv", TensorProto.FLOAT, ("batch", "tokens", width))
    cache = ("batch", config.kv_heads, config.max_context, config.head_dim)
    past = [parts.input(f"past.{side}", kind, cache) for side in ("key", "value")]
    parts.input("seqlens_k", TensorProto.INT32, ("batch",))
    parts.input("total", TensorProto.INT32, ())
    mixed = parts.output("mixed", ("batch", "tokens", config.heads * config.head_dim))
    cosines, sines = rotary_tables(config, 0)
    cos, sin = parts.constant("cos", cosines), parts.constant("sin", sines)
    sink = parts.constant("sink", np.full(config.heads, NO_SINK, np.float32))
    inputs = [qkv, "", "", *past, "seqlens_k", "total", cos, sin, "", "", sink]
    attributes: dict[str, int | float | str] = {
        "num_heads": config.heads,
        "kv_num_heads": config.kv_heads,
        "do_rotary": 1,
        "scale": 1.0,
    }
    if bits != 32:
        scales = np.full((config.kv_heads, 1, config.head_dim), SCALE, np.float32)
        inputs += [parts.constant(f"{side}.scale", scales) for side in ("key", "value")]
        attributes |= {"k_quant_type": "PER_CHANNEL", "v_quant_type": "PER_CHANNEL"}
        attributes["kv_cache_bit_width"] = bits
    present = ["present.key", "present.value"]
    parts.node("GroupQueryAttention", inputs, [mixed, *present], attributes, CONTRIB)
    parts.outputs += [helper.make_tensor_value_info(name, kind, cache) for name in present]
    return parts.model(f"attention, {bits} bits")


class Attention:
    """A graph of ``attention_graph`` with a cache of its own."""

    def __init__(self, config: LlamaConfig, bits: int, num_slots: int) -> None:
        shape = (num_slots, config.kv_heads, config.max_context, config.head_dim)
        kind = np.float32 if bits == 32 else np.int8
        self.caches = {side: np.zeros(shape, kind) for side in ("key", "value")}
        self._session = session_of(attention_graph(config, bits))

    def run(self, qkv: np.ndarray, context: int, first_slot: int = 0) -> np.ndarray:
        """What rows [batch, tokens, ...] find, after so many tokens in slots from this one on."""
        ort = import_runtime()
        batch, tokens = qkv.shape[:2]
        binding, held = self._session.io_binding(), []
        binding.bind_cpu_input("qkv", qkv)
        binding.bind_cpu_input("seqlens_k", np.full(batch, context + tokens - 1, np.int32))
        binding.bind_cpu_input("total", np.array(context + tokens, np.int32))
        binding.bind_output("mixed")
        for side, cache in self.caches.items():
            value = ort.OrtValue.ortvalue_from_numpy(cache[first_slot : first_slot + batch])
            held.append(value)  # a binding keeps nothing alive
            binding.bind_ortvalue_input(f"past.{side}", value)
            binding.bind_ortvalue_output(f"present.{side}", value)
        self._session.run_with_iobinding(binding)
        found: np.ndarray = binding.get_outputs()[0].numpy().copy()
        return found


def random_qkv(config: LlamaConfig, batch: int, tokens: int, seed: int = 0) -> np.ndarray:
    """Queries, keys and values of the size that the scores' factor leaves them."""
    width = (config.heads + 2 * config.kv_heads) * config.head_dim
    qkv = np.random.RandomState(seed).standard_normal((batch, tokens, width)).astype(np.float32)
    qkv[..., : config.heads * config.head_dim] *= np.float32(config.head_dim**-0.5)
    return qkv


def speed(
    config: LlamaConfig, shapes: Sequence[tuple[int, int]] = SHAPES, **turns: int
) -> list[dict[str, Any]]:
    """Microseconds of each shape, (rows, tokens), and how far 8 bits are off, relative."""
    found = []
    for batch, tokens in shapes:
        before, now = random_qkv(config, batch, CONTEXT), random_qkv(config, batch, tokens, 1)
        both = {bits: Attention(config, bits, batch) for bits in (32, 8)}
        for slot in range(batch):
            for attention in both.values():
                attention.run(before[slot : slot + 1], 0, slot)
        wanted, rough = (attention.run(now, CONTEXT) for attention in both.values())
        runs = {
            str(bits): lambda attention=attention, now=now: attention.run(now, CONTEXT)
            for bits, attention in both.items()
        }
        off = float(np.linalg.norm(rough - wanted) / np.linalg.norm(wanted))
        us = turns_us(runs, **turns)
        found.append({"rows": batch, "tokens": tokens, "us": us, "off": round(off, 5)})
    return found


def is_row_invariant(config: LlamaConfig, bits: int, num_rows: int = 4) -> bool:
    """Whether rows find the same bits together and alone, and prompts whole and in chunks."""
    together, alone = (Attention(config, bits, num_rows) for _ in "ab")
    prompt = random_qkv(config, num_rows, 3 * CHUNK)
    for slot in range(num_rows):
        one = prompt[slot : slot + 1]
        whole = together.run(one, 0, slot)
        cuts = (0, 2, CHUNK + 3, 3 * CHUNK)  # no lone token: its sums run in another order
        pieces = [alone.run(one[:, a:b], a, slot) for a, b in pairwise(cuts)]
        if not np.array_equal(whole, np.concatenate(pieces, axis=1)):
            return False
    now = random_qkv(config, num_rows, 1, 1)
    found = together.run(now, 3 * CHUNK)
    each = [alone.run(now[i : i + 1], 3 * CHUNK, i) for i in range(num_rows)]
    return np.array_equal(found, np.concatenate(each))


def read(
    runner: GraphRunner, ids: np.ndarray, scales: dict[str, np.ndarray] | None = None
) -> np.ndarray:
    """Logits of a text, read in chunks; with scales, the cache is rounded after each."""
    logits, start = [], 0
    while start < len(ids):
        stop = len(ids) if len(ids) - start < 2 * CHUNK else start + CHUNK
        logits.append(runner.run(ids[None, start:stop], [start])[1][0])
        for name, scale in (scales or {}).items():
            rows = runner.pool[name][0, :, start:stop]
            rows[:] = np.clip(np.rint(rows / scale), -PEAK, PEAK) * scale
        start = stop
    return np.concatenate(logits)


def agreement(
    runner: GraphRunner, learnt_from: Sequence[np.ndarray], texts: Sequence[np.ndarray]
) -> float:
    """The share of positions whose likeliest token is the same with a rounded cache."""
    scales: dict[str, np.ndarray] = {}
    for ids in learnt_from:
        read(runner, ids)
        for name, cache in runner.pool.items():
            widest = np.abs(cache[0, :, : len(ids)]).max(axis=1, keepdims=True) / PEAK
            scales[name] = np.maximum(scales.get(name, np.float32(1e-8)), widest)
    same = total = 0
    for ids in texts:
        wanted = read(runner, ids).argmax(-1)
        same += int((read(runner, ids, scales).argmax(-1) == wanted).sum())
        total += len(ids)
    return same / total


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    parser.add_argument("--out", type=Path, default=RESULTS / "levers" / "int8-keys.json")
    options = parser.parse_args(argv)
    folder = options.model or default_model_path()
    config, _ = opened(folder)
    runner = runner_of(folder, config)
    texts = held_out(Model.load(folder, num_slots=1), 2 * NUM_TEXTS)
    numbers = 2 * config.layers * config.kv_heads * config.head_dim * config.max_context
    record = {
        **surroundings(),
        "load_average": load_average(),
        "slot_megabytes": {"32": round(4 * numbers / 1e6, 2), "8": round(numbers / 1e6, 2)},
        "row_invariant": {str(bits): is_row_invariant(config, bits) for bits in (32, 8)},
        "speed": speed(config),
        "positions": sum(map(len, texts[NUM_TEXTS:])),
        "agreement": round(agreement(runner, texts[:NUM_TEXTS], texts[NUM_TEXTS:]), 4),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record))
    return 0


def runner_of(folder: Path, config: LlamaConfig) -> GraphRunner:
    """Runs the graphs of a model folder."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    segments = tuple(tuple(entry["layers"]) for entry in manifest["segments"])
    names = [*(entry["file"] for entry in manifest["segments"]), manifest["head"]["file"]]
    files = {name: (folder / name).read_bytes() for name in names}
    return GraphRunner(BuiltModel(config, segments, files, manifest))


if __name__ == "__main__":
    raise SystemExit(main())
