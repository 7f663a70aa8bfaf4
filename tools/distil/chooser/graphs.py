"""The chooser as ONNX graphs: one for the tokens, one a layer, three for its judgement.

It builds graphs from float32 arrays; it reads no file and runs nothing. Invariant: between two
graphs travel the rows of the residual stream and their queries, keys and values, so whoever runs
them may cut rows into chunks, as long as all keys and values of a layer are there.

``chooser_0.onnx``
    ``ids`` and ``positions``, int64 [rows], to ``hidden``, ``query``, ``key`` and ``value``,
    float32 [rows, hidden]: states, and what the first layer's attention takes.
``chooser_1.onnx`` and on, one a layer
    ``hidden_in`` and ``query_in`` [rows, hidden], ``keys`` and ``values`` [length, hidden], to the
    same four; the last one to ``hidden`` alone.
``chooser_offers.onnx``
    ``hidden_in`` [rows, hidden] to ``offers`` [rows, 8 width + 4].
``chooser_asks.onnx``
    ``hidden_in`` [rows, hidden], the first one of the news' first token, to ``tokens``
    [rows, 4 width] and ``whole`` [1, 4 width + occasions + emotions].
``chooser_looks.onnx``
    ``hidden_in`` [rows, hidden], of candidates that have looked at the news, to ``judged``
    [rows, 4 + occasions + emotions].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from npcbrain.graphs.parts import CONTRIB, GraphParts
from npcbrain.graphs.quantise import embed_rows, enter, multiply

__all__ = ["EncoderConfig", "chooser_graphs"]

KERNEL = "rowint8"


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The numbers that shape the encoder.

    Attributes:
        hidden: Width of a state.
        heads: Of attention.
        layers: How many.
        looks: In how many of them, the last ones, candidates look at the news.
        eps: Of its norms.
        width: Of one kind of score.
    """

    hidden: int = 384
    heads: int = 12
    layers: int = 6
    looks: int = 3
    eps: float = 1e-12
    width: int = 128


Weights = Mapping[str, np.ndarray]  # float32, named as ``net.Net`` names them


def chooser_graphs(config: EncoderConfig, weights: Weights) -> dict[str, bytes]:
    """All graphs by file name, serialised."""
    files = {"chooser_0.onnx": _first(config, weights)}
    for layer in range(config.layers):
        files[f"chooser_{layer + 1}.onnx"] = _layer(config, weights, layer)
    files["chooser_offers.onnx"] = _offers(config, weights)
    files["chooser_asks.onnx"] = _asks(config, weights)
    files["chooser_looks.onnx"] = _looks(config, weights)
    return files


def _first(config: EncoderConfig, weights: Weights) -> bytes:
    parts = GraphParts()
    ids = parts.input("ids", TensorProto.INT64, ("rows",))
    places = parts.input("positions", TensorProto.INT64, ("rows",))
    found = embed_rows(parts, ids, weights["emb.word_embeddings.weight"], "embed", KERNEL)
    table = (
        weights["emb.position_embeddings.weight"] + weights["emb.token_type_embeddings.weight"][0]
    )
    place = embed_rows(parts, places, table, "place", KERNEL)
    total = parts.node("Add", [found, place], "embedded")
    _norm(parts, config, weights, total, "emb.LayerNorm", "hidden")
    _attend_next(parts, config, weights, 0, "hidden")
    return parts.model("tokens")


def _layer(config: EncoderConfig, weights: Weights, layer: int) -> bytes:
    parts, at = GraphParts(), f"layers.{layer}"
    rows, length = ("rows", config.hidden), ("length", config.hidden)
    hidden = parts.input("hidden_in", TensorProto.FLOAT, rows)
    query = parts.input("query_in", TensorProto.FLOAT, rows)
    keys = parts.input("keys", TensorProto.FLOAT, length)
    values = parts.input("values", TensorProto.FLOAT, length)
    axis = parts.constant("axis.batch", np.array([0], np.int64))
    wide = [parts.node("Unsqueeze", [x, axis], f"{x}.batch") for x in (query, keys, values)]
    mixed = parts.node("MultiHeadAttention", wide, "mixed", {"num_heads": config.heads}, CONTRIB)
    mixed = parts.node("Squeeze", [mixed, axis], "mixed.rows")
    out = _linear(parts, weights, mixed, f"{at}.attention.output.dense", "o")
    total = parts.node("Add", [hidden, out], "attended")
    normed = _norm(parts, config, weights, total, f"{at}.attention.output.LayerNorm", "normed")
    inner = _linear(parts, weights, normed, f"{at}.intermediate.dense", "up")
    inner = parts.node("Gelu", [inner], "inner", domain=CONTRIB)
    out = _linear(parts, weights, inner, f"{at}.output.dense", "down")
    total = parts.node("Add", [normed, out], "fed")
    _norm(parts, config, weights, total, f"{at}.output.LayerNorm", "hidden")
    if layer + 1 < config.layers:
        _attend_next(parts, config, weights, layer + 1, "hidden")
    else:
        parts.output("hidden", rows)
    return parts.model(f"layer {layer}")


def _attend_next(
    parts: GraphParts, config: EncoderConfig, weights: Weights, layer: int, hidden: str
) -> None:
    """Declares the outputs: the residual stream, and what the next layer's attention takes."""
    rows = ("rows", config.hidden)
    parts.output("hidden", rows)
    entered = enter(parts, hidden, "qkv", KERNEL)
    for side in ("query", "key", "value"):
        name = f"layers.{layer}.attention.self.{side}"
        product = multiply(parts, entered, weights[f"{name}.weight"], f"qkv.{side}")
        bias = parts.constant(f"{side}.bias", weights[f"{name}.bias"])
        parts.node("Add", [product, bias], parts.output(side, rows))


def _offers(config: EncoderConfig, weights: Weights) -> bytes:
    return _of_rows(config, weights, ("k", "c", "bias"), "offers")


def _looks(config: EncoderConfig, weights: Weights) -> bytes:
    return _of_rows(config, weights, ("look", "occ2", "emo2"), "judged")


def _of_rows(config: EncoderConfig, weights: Weights, names: tuple[str, ...], output: str) -> bytes:
    parts = GraphParts()
    hidden = parts.input("hidden_in", TensorProto.FLOAT, ("rows", config.hidden))
    found = _joined(parts, weights, hidden, names, output)
    parts.output(found, ("rows", _width(weights, *names)))
    return parts.model(output)


def _asks(config: EncoderConfig, weights: Weights) -> bytes:
    parts = GraphParts()
    hidden = parts.input("hidden_in", TensorProto.FLOAT, ("rows", config.hidden))
    tokens = _joined(parts, weights, hidden, ("e",), "tokens")
    parts.output(tokens, ("rows", _width(weights, "e")))
    first = parts.constant("first", np.array([0], np.int64))
    second = parts.constant("second", np.array([1], np.int64))
    whole = parts.node("Slice", [hidden, first, second, first], "first.row")
    found = _joined(parts, weights, whole, ("q", "occ", "emo"), "whole")
    parts.output(found, (1, _width(weights, "q", "occ", "emo")))
    return parts.model("asks")


def _width(weights: Weights, *names: str) -> int:
    return sum(len(weights[f"{name}.bias"]) for name in names)


def _joined(
    parts: GraphParts, weights: Weights, x: str, names: tuple[str, ...], output: str
) -> str:
    """Several small matrices as one."""
    matrix = np.concatenate([weights[f"{name}.weight"] for name in names])
    bias = np.concatenate([weights[f"{name}.bias"] for name in names])
    product = multiply(parts, enter(parts, x, f"{output}.in", KERNEL), matrix, f"{output}.joined")
    return parts.node("Add", [product, parts.constant(f"{output}.bias", bias)], output)


def _linear(parts: GraphParts, weights: Weights, x: str, name: str, short: str) -> str:
    entered = enter(parts, x, f"{short}.in", KERNEL)
    product = multiply(parts, entered, weights[f"{name}.weight"], short)
    bias = parts.constant(f"{short}.bias", weights[f"{name}.bias"])
    return parts.node("Add", [product, bias], f"{short}.biased")


def _norm(
    parts: GraphParts, config: EncoderConfig, weights: Weights, x: str, name: str, output: str
) -> str:
    gain = parts.constant(f"{output}.gain", weights[f"{name}.weight"])
    bias = parts.constant(f"{output}.shift", weights[f"{name}.bias"])
    attributes: dict[str, int | float | str] = {"axis": -1, "epsilon": config.eps}
    return parts.node("LayerNormalization", [x, gain, bias], output, attributes)
