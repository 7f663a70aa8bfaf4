"""A model folder as one graph, in the form that onnxruntime-genai reads.

It joins the segments, with the same nodes and weights. npcbrain gives its graphs the length of each
row; this graph counts an attention mask. Invariant: nothing is rounded or reordered, so the logits
are those of the segments.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from npcbrain.lm.package import ModelPackage

__all__ = ["write_genai"]

FILE = "model.onnx"
LENGTHS = ("seqlens_k", "total_sequence_length")  # made from the mask here


def write_genai(folder: Path, out: Path, *, threads: int = 1) -> None:
    """Writes ``model.onnx`` and ``genai_config.json`` (a second).

    Args:
        folder: A model of npcbrain's; its checksums are verified.
        out: Where to write; must exist.
        threads: For the session.

    Raises:
        ModelError: The folder is not a model.
    """
    package = ModelPackage.described(folder)
    names = [name for name, _ in package.segments]
    graphs = [onnx.load_from_string(package.read(name)).graph for name in (*names, *package.heads)]
    onnx.save(_joined(graphs), str(out / FILE))
    config = json.dumps(_config(package, threads), indent=1)
    (out / "genai_config.json").write_text(config + "\n", encoding="utf-8")


def _joined(graphs: list[onnx.GraphProto]) -> onnx.ModelProto:
    nodes, inputs, outputs = _lengths(), [], []
    constants = {
        c.name: c for c in (_constant("one", [1], "int64"), _constant("axis", [1], "int64"))
    }
    mask = helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ("batch", "total"))
    inputs.append(mask)
    for index, graph in enumerate(graphs):
        inside = {"hidden_in": f"hidden.{index - 1}", "hidden": f"hidden.{index}"}
        for node in graph.node:
            node.input[:] = [inside.get(name, name) for name in node.input]
            node.output[:] = [inside.get(name, name) for name in node.output]
            node.name = node.output[0]
        nodes += graph.node
        constants |= {c.name: c for c in graph.initializer}
        inputs += [i for i in graph.input if i.name not in (*inside, *LENGTHS)]
        outputs += [o for o in graph.output if o.name not in (*inside, "logits")]
    vocab = graphs[-1].output[0].type.tensor_type.shape.dim[-1].dim_value
    shape = ("batch", "tokens", vocab)  # the head's rows as batch and tokens again
    outputs.append(helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape))
    graph = helper.make_graph(nodes, "whole", inputs, outputs, initializer=[*constants.values()])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _lengths() -> list[onnx.NodeProto]:
    """``seqlens_k`` and ``total_sequence_length`` of an attention mask."""
    return [
        helper.make_node("ReduceSum", ["attention_mask", "axis"], ["seen"], keepdims=0),
        helper.make_node("Sub", ["seen", "one"], ["last"]),
        helper.make_node("Cast", ["last"], ["seqlens_k"], to=TensorProto.INT32),
        helper.make_node("Shape", ["attention_mask"], ["total"], start=1, end=2),
        helper.make_node("Squeeze", ["total"], ["total_scalar"]),
        helper.make_node("Cast", ["total_scalar"], ["total_sequence_length"], to=TensorProto.INT32),
    ]


def _constant(name: str, values: list[int], dtype: str) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def _config(package: ModelPackage, threads: int) -> dict[str, Any]:
    shape = package.config
    return {
        "model": {
            "type": "llama",
            "bos_token_id": 1,
            "eos_token_id": 2,
            "pad_token_id": 0,
            "context_length": shape.max_context,
            "vocab_size": shape.vocab,
            "decoder": {
                "filename": FILE,
                "session_options": {"intra_op_num_threads": threads, "provider_options": []},
                "head_size": shape.head_dim,
                "hidden_size": shape.hidden,
                "num_attention_heads": shape.heads,
                "num_key_value_heads": shape.kv_heads,
                "num_hidden_layers": shape.layers,
                "inputs": {
                    "input_ids": "input_ids",
                    "attention_mask": "attention_mask",
                    "past_key_names": "past_key_values.%d.key",
                    "past_value_names": "past_key_values.%d.value",
                },
                "outputs": {
                    "logits": "logits",
                    "present_key_names": "present.%d.key",
                    "present_value_names": "present.%d.value",
                },
            },
        },
        "search": {
            "max_length": shape.max_context,
            "do_sample": False,
            "past_present_share_buffer": True,
        },
    }
