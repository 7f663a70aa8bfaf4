"""Promises of ``tools.bench.rest``: every pause is measured for every shape."""

from __future__ import annotations

from pathlib import Path

from npcbrain.engine.contract import Kind
from npcbrain.lm.model import Model
from tools.bench.rest import rested

TINY = Path(__file__).parents[1] / "models" / "tiny"


def test_every_shape_is_measured_after_every_pause() -> None:
    model = Model.load(TINY, num_slots=2)
    shapes = ((Kind.DECODE, 2), (Kind.PREFILL, 4))
    rows = rested(model, shapes=shapes, rests_ms=(0.0, 1.0), num_bursts=2)
    assert [(row["kind"], row["rows"]) for row in rows] == [("decode", 2), ("prefill", 4)]
    for row in rows:
        assert set(row["us_after_rest_ms"]) == {"0", "1"}
        assert all(took > 0 for took in row["us_after_rest_ms"].values())
