"""Graphs that mean harm are refused before ONNX Runtime sees them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.errors import ModelError
from npcbrain.lm import sessions
from npcbrain.lm.graph_file import check_graph
from npcbrain.lm.model import Model

onnx = pytest.importorskip("onnx", reason="it writes the graphs")
helper = onnx.helper

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "models" / "tiny"
GRAPHS = sorted([*TINY.glob("*.onnx"), *(ROOT / "models").glob("*/*.onnx")])
WEIGHTS = onnx.numpy_helper.from_array(np.ones(4, np.float32), "weights")


def graph_of(*nodes: Any, weights: Any = ()) -> Any:
    return helper.make_graph([*nodes], "g", [], [], list(weights))


def model_of(*nodes: Any, weights: Any = (), **more: Any) -> Any:
    return helper.make_model(graph_of(*nodes, weights=weights), **more)


def node(kind: str, domain: str = "", **attributes: Any) -> Any:
    return helper.make_node(kind, ["x"], ["y"], domain=domain, **attributes)


def external(tensor: Any) -> Any:
    outside = onnx.TensorProto()
    outside.CopyFrom(tensor)
    outside.ClearField("raw_data")
    outside.data_location = onnx.TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", "secrets.bin"
    return outside


def without_end() -> Any:
    body = graph_of(node("Identity"))
    return model_of(helper.make_node("Loop", ["", "go"], ["y"], body=body))


def in_a_function() -> Any:
    opset = [helper.make_opsetid("", 21)]
    function = helper.make_function("own", "Twice", ["x"], ["y"], [node("Identity")], opset)
    return model_of(node("Identity"), functions=[function])


def sparse() -> Any:
    values = onnx.numpy_helper.from_array(np.ones(1, np.float32), "w")
    places = onnx.numpy_helper.from_array(np.zeros(1, np.int64), "i")
    weights = helper.make_sparse_tensor(values, places, [1 << 40])
    made = model_of(node("Identity"))
    made.graph.sparse_initializer.append(weights)
    return made


HOSTILE: dict[str, tuple[Callable[[], Any], str]] = {
    "a loop": (without_end, "graph must hold no graph inside"),
    "functions": (in_a_function, "graph must have no functions of its own"),
    "an unknown operator": (
        lambda: model_of(node("Expand")),
        "operator of a graph must be one that computes and ends, got 'Expand'",
    ),
    "an operator of somebody's own": (
        lambda: model_of(node("Add", "evil")),
        "operator of a graph must be one that computes and ends, got 'evil.Add'",
    ),
    "weights in another file": (
        lambda: model_of(node("Add"), weights=[external(WEIGHTS)]),
        "weights must be in the graph's own file",
    ),
    "a constant in another file": (
        lambda: model_of(node("Constant", value=external(WEIGHTS))),
        "weights must be in the graph's own file",
    ),
    "sparse weights": (sparse, "weights must not be sparse"),
    "a thousand nodes too many": (
        lambda: model_of(*[node("Add")] * 11_000),
        "graph must have at most 10000 nodes",
    ),
    "no graph": (onnx.ModelProto, "graph must be an ONNX file, got 'a file without a graph'"),
}


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_models_that_ship_may_be_loaded(path: Path) -> None:
    check_graph(path.read_bytes(), str(path))


@pytest.mark.parametrize("kind", HOSTILE)
def test_more_than_operators_and_weights_is_refused(kind: str) -> None:
    make, message = HOSTILE[kind]
    with pytest.raises(ModelError) as caught:
        check_graph(make().SerializeToString(), "g.onnx")
    assert str(caught.value).startswith(message)
    assert " - at g.onnx; " in str(caught.value)


def test_a_message_that_is_there_twice_is_looked_at_twice() -> None:
    """A reader puts both together, so the second half may hold the harm."""
    harmless, harm = (model_of(node(kind)).SerializeToString() for kind in ("Add", "Loop"))
    for content in (harmless + harm, harm + harmless):
        with pytest.raises(ModelError, match="got 'Loop'"):
            check_graph(content, "g.onnx")


def test_a_hostile_graph_never_reaches_onnx_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = without_end().SerializeToString()
    shutil.copytree(TINY, tmp_path, dirs_exist_ok=True)
    (tmp_path / "segment_1.onnx").write_bytes(content)
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256(content).hexdigest()
    manifest["files"]["segment_1.onnx"] = {"sha256": digest, "bytes": len(content)}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    loaded = []
    ort = sessions.import_runtime()
    make = ort.InferenceSession
    monkeypatch.setattr(
        ort, "InferenceSession", lambda data, *rest, **more: loaded.append(data) or make(data)
    )
    with pytest.raises(ModelError, match="hold no graph inside"):
        Model.load(tmp_path)
    assert content not in loaded


@given(st.data())
def test_a_broken_file_is_a_model_error_or_a_graph(data: st.DataObject) -> None:
    content = bytearray((TINY / "head.onnx").read_bytes())
    places = st.integers(0, len(content) - 1) | st.integers(0, 400)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(places)] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    with suppress(ModelError):
        check_graph(bytes(content[:end]), "g.onnx")
