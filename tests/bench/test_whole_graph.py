"""The segments as one graph say what they say apart."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from tools.bench.whole_graph import write_genai

TINY = Path(__file__).parents[1] / "models" / "tiny"
ANY = "start: /[^\\n]*[.!?]/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("genai")
    write_genai(TINY, path)
    return path


def test_the_logits_are_those_of_the_segments_to_the_last_bit(folder: Path) -> None:
    model = Model.load(TINY)
    engine = Engine(model)
    one = model.generation("A bed costs", " five", grammar=ANY, seed=0, max_new_tokens=4)
    assert engine.open(one)
    ids = list(one.ids)
    while not one.num_generated:
        copies = engine.start_copy(one) if one.num_to_copy else None
        wave = copies or engine.start_prefill(one, engine.chunk_sizes[-1])
        while one.in_wave:
            engine.run(wave)

    config = model.config
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    past = np.zeros((1, config.kv_heads, config.max_context, config.head_dim), np.float32)
    feeds = {i.name: past for i in session.get_inputs() if i.name.startswith("past")}
    feeds |= {
        "input_ids": np.array([ids], np.int64),
        "attention_mask": np.ones((1, len(ids)), np.int64),
    }
    logits = session.run(["logits"], feeds)[0]
    assert logits.shape == (1, len(ids), config.vocab)
    assert np.array_equal(logits[0, -1], engine._runner.logits[0])


def test_the_configuration_names_the_inputs_of_the_graph(folder: Path) -> None:
    decoder = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))["model"][
        "decoder"
    ]
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    named = {name for key, name in decoder["inputs"].items() if "%d" not in name}
    for key in ("past_key_names", "past_value_names"):
        named |= {decoder["inputs"][key] % layer for layer in range(decoder["num_hidden_layers"])}
    assert named == {i.name for i in session.get_inputs()}
