"""Promises about rows kept in 4 bits: what is rounded, and that it is widened once and exactly."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto

from npcbrain.errors import UsageError
from npcbrain.graphs.four_bits import BLOCK, pack_rows, widen_rows, widened_rows
from npcbrain.graphs.parts import GraphParts
from npcbrain.graphs.quantise import ROW_PEAK, enter, multiply, quantise_rows

NUM_OUT, NUM_IN = 48, 3 * BLOCK
WEIGHT = np.random.RandomState(3).standard_normal((NUM_OUT, NUM_IN)).astype(np.float32)
WEIGHT[5] = 0
WEIGHT[6, BLOCK : 2 * BLOCK] = 0


def widened(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The int8 rows and their scales."""
    _, scales = quantise_rows(weight)
    return widen_rows(*pack_rows(weight, scales)), scales


def product_graph(kernel: str) -> bytes:
    parts = GraphParts()
    x = parts.input("x", TensorProto.FLOAT, ("rows", NUM_IN))
    output = parts.output("y", ("rows", NUM_OUT))
    multiply(parts, enter(parts, x, "w", kernel), WEIGHT, "w", output)
    return parts.model(kernel)


def test_a_weight_is_off_by_half_a_step_of_its_block_and_half_a_step_of_its_row() -> None:
    rows, scales = widened(WEIGHT)
    assert np.abs(rows).max() == ROW_PEAK
    off = np.abs(rows * scales[:, None] - WEIGHT).reshape(NUM_OUT, -1, BLOCK)
    block = np.abs(WEIGHT).reshape(NUM_OUT, -1, BLOCK).max(axis=-1, keepdims=True)
    # The block's extreme has 8 steps on its side; 7 on the other, and what is beyond is cut off.
    assert (off <= block / 8 + scales[:, None, None]).all()
    ordinary = np.abs(WEIGHT).reshape(off.shape) < block * 7 / 8
    limit = np.broadcast_to(block / 16 + scales[:, None, None], off.shape)
    assert (off[ordinary] <= limit[ordinary]).all()


def test_what_was_rounded_once_stays_as_it_is() -> None:
    """Training runs on rounded weights, saves them, and the export rounds them once more."""
    rows, scales = widened(WEIGHT)
    again, _ = widened(rows * scales[:, None])
    assert np.array_equal(again, rows)


def test_zeros_stay_zeros() -> None:
    rows, _ = widened(WEIGHT)
    assert not rows[5].any()
    assert not rows[6, BLOCK : 2 * BLOCK].any()


def test_the_graph_widens_to_the_same_integers() -> None:
    _, scales = quantise_rows(WEIGHT)
    packed, factors = pack_rows(WEIGHT, scales)
    parts = GraphParts()
    rows = widened_rows(parts, packed, factors, "w")
    wide = parts.node("Cast", [rows], parts.output("y", (NUM_IN, NUM_OUT)), {"to": 1})
    (got,) = ort.InferenceSession(parts.model("rows")).run([wide], {})
    assert np.array_equal(got.T, widen_rows(packed, factors))


def test_the_runtime_widens_when_it_loads_and_never_again(tmp_path) -> None:
    """What is left to do in a frame is what ``rowint8`` does."""
    left = {}
    for kernel in ("rowint8", "rowint4"):
        options = ort.SessionOptions()
        options.optimized_model_filepath = str(tmp_path / f"{kernel}.onnx")
        ort.InferenceSession(product_graph(kernel), options)
        graph = onnx.load(options.optimized_model_filepath).graph
        left[kernel] = [node.op_type for node in graph.node]
    assert left["rowint4"] == left["rowint8"]


def test_a_file_has_little_more_than_half_the_bytes() -> None:
    packed, factors = pack_rows(WEIGHT, quantise_rows(WEIGHT)[1])
    assert packed.nbytes + factors.nbytes == WEIGHT.size * 17 / 32


def test_inputs_that_fill_no_whole_blocks_are_refused() -> None:
    with pytest.raises(UsageError, match="multiple of 32"):
        pack_rows(np.ones((2, 40), np.float32), np.ones(2, np.float32))
