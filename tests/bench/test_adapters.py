"""Promises of ``tools.bench.adapters``: what is timed is what adapters add."""

from __future__ import annotations

import dataclasses

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tools.bench.adapters import SMOLLM2, adapter_graph, matrices

SMALL = dataclasses.replace(SMOLLM2, hidden=64, heads=4, kv_heads=2, head_dim=16, ffn=96)


def test_each_row_is_multiplied_by_its_own_adapter() -> None:
    ort = pytest.importorskip("onnxruntime")
    content = adapter_graph(SMALL, rank=4, num_adapters=3)
    stored = onnx.load_from_string(content).graph.initializer
    tables = {one.name: numpy_helper.to_array(one) for one in stored}
    random = np.random.RandomState(0)
    fed = {f"x{n}": random.standard_normal((2, 1, n)).astype(np.float32) for n in (64, 96)}
    whose = np.array([2, 0])

    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(None, {**fed, "whose": whose})

    assert len(found) == 7
    for (name, (_, columns)), added in zip(matrices(SMALL).items(), found, strict=True):
        low = fed[f"x{columns}"] @ tables[f"{name}.a"][whose]
        np.testing.assert_allclose(added, low @ tables[f"{name}.b"][whose], rtol=1e-3, atol=1e-3)
