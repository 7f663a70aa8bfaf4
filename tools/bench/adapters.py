"""Measures what LoRA adapters would cost a step if they were not merged into the weights.

    python -m tools.bench.adapters      -> bench_results/imports/adapters.json

A layer of SmolLM2-135M's shape, in 8-bit blocks, is timed beside the products that adapters of its
seven matrices add: x A B for each, chosen for each row of a batch, since NPCs that share a step may
have different adapters. The weights are random, because numbers do not change times. Invariant:
layer and adapters are timed in one run, in the same way.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from npcbrain.graphs.quantise import kernel_plan
from npcbrain.graphs.shape import LlamaConfig
from npcbrain.importing.agreement import load_graph
from npcbrain.importing.sizing import CROWD, measure_steps, steady_ms
from tools.bench.record import RESULTS, load_average, surroundings

__all__ = ["adapter_graph", "measured"]

SMOLLM2 = LlamaConfig(
    hidden=576,
    heads=9,
    kv_heads=3,
    head_dim=64,
    layers=2,
    vocab=1024,
    ffn=1536,
    rope_theta=1e5,
    eps=1e-5,
    max_context=512,
)
RANKS = (8, 16)


def matrices(config: LlamaConfig) -> dict[str, tuple[int, int]]:
    """Rows and columns of a layer's matrices."""
    width, kv_width = config.heads * config.head_dim, config.kv_heads * config.head_dim
    return {
        "self_attn.q_proj": (width, config.hidden),
        "self_attn.k_proj": (kv_width, config.hidden),
        "self_attn.v_proj": (kv_width, config.hidden),
        "self_attn.o_proj": (config.hidden, width),
        "mlp.gate_proj": (config.ffn, config.hidden),
        "mlp.up_proj": (config.ffn, config.hidden),
        "mlp.down_proj": (config.hidden, config.ffn),
    }


def adapter_graph(config: LlamaConfig, rank: int, num_adapters: int) -> bytes:
    """A graph of a layer's adapters alone; its inputs are rows, and the adapter of each row."""
    random = np.random.RandomState(0)
    nodes, tables, outputs = [], [], []
    for name, (rows, columns) in matrices(config).items():
        for side, shape in (("a", (columns, rank)), ("b", (rank, rows))):
            table = random.standard_normal((num_adapters, *shape)).astype(np.float32)
            tables.append(numpy_helper.from_array(table, f"{name}.{side}"))
            nodes.append(
                helper.make_node("Gather", [f"{name}.{side}", "whose"], [f"{name}.{side}s"])
            )
        low, added = f"{name}.low", f"{name}.added"
        nodes.append(helper.make_node("MatMul", [f"x{columns}", f"{name}.as"], [low]))
        nodes.append(helper.make_node("MatMul", [low, f"{name}.bs"], [added]))
        outputs.append(helper.make_tensor_value_info(added, TensorProto.FLOAT, ("batch", 1, rows)))
    inputs = [
        helper.make_tensor_value_info(f"x{columns}", TensorProto.FLOAT, ("batch", 1, columns))
        for columns in sorted({columns for _, columns in matrices(config).values()})
    ]
    inputs.append(helper.make_tensor_value_info("whose", TensorProto.INT64, ("batch",)))
    graph = helper.make_graph(nodes, "adapters", inputs, outputs, tables)
    opsets = [helper.make_opsetid("", 17)]
    content: bytes = onnx.helper.make_model(
        graph, opset_imports=opsets, ir_version=8
    ).SerializeToString()
    return content


def random_weights(config: LlamaConfig) -> dict[str, np.ndarray]:
    """The random weights of a whole model."""
    random = np.random.RandomState(1)
    table = (config.vocab, config.hidden)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": table}
    shapes["model.norm.weight"] = (config.hidden,)
    for layer in range(config.layers):
        prefix = f"model.layers.{layer}."
        shapes |= {f"{prefix}{name}.weight": shape for name, shape in matrices(config).items()}
        for norm in "input_layernorm", "post_attention_layernorm":
            shapes[f"{prefix}{norm}.weight"] = (config.hidden,)
    return {
        name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()
    }


def measured(config: LlamaConfig, ranks: tuple[int, ...] = RANKS) -> dict[str, Any]:
    """Milliseconds of a layer, and of its adapters, for one NPC and for a crowd."""
    result: dict[str, Any] = {"rows": [1, CROWD], "adapters_ms": {}}
    random = np.random.RandomState(2)
    with tempfile.TemporaryDirectory() as folder:
        plan = kernel_plan(config.layers, "nbits8")
        times = measure_steps(config, random_weights(config), plan, Path(folder))
        layer_ms = times.attention + times.feed_forward
        result["layer_ms"] = [round(layer_ms, 3), round(times.crowd, 3)]
        file = Path(folder) / "adapters.onnx"
        for rank in ranks:
            file.write_bytes(adapter_graph(config, rank, CROWD))
            graph = load_graph(file)
            took = []
            for rows in 1, CROWD:
                fed: dict[str, np.ndarray] = {
                    f"x{columns}": random.standard_normal((rows, 1, columns)).astype(np.float32)
                    for columns in {columns for _, columns in matrices(config).values()}
                }
                fed["whose"] = np.arange(rows)
                took.append(round(steady_ms(lambda graph=graph, fed=fed: graph.run(None, fed)), 3))
            result["adapters_ms"][str(rank)] = took
            del graph
            file.unlink()
    return result


def main() -> None:
    """Measures, keeps and prints."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.adapters")
    parser.add_argument("--out", type=Path, default=RESULTS / "imports" / "adapters.json")
    options = parser.parse_args()
    record = {**surroundings(), "load_average": load_average(), **measured(SMOLLM2)}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps(record))


if __name__ == "__main__":
    main()
