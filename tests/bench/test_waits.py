"""Promises of ``tools.bench.waits``: both ways are asked the same, and no tree's answer counts."""

from __future__ import annotations

from pathlib import Path

from toy_chooser import make_chooser_model

from npcbrain.commands.scenarios import Expectation, Scenario
from npcbrain.importing.instructions import SAMPLES
from npcbrain.lm.model import Model
from tools.bench.waits import waits


def test_with_a_chooser_and_without_the_same_is_asked(tmp_path: Path) -> None:
    model = Model.load(make_chooser_model(tmp_path / "toy"), num_slots=2)
    cases = [
        Scenario(str(number), situation, Expectation((), (), ()))
        for number, (situation, _) in enumerate(SAMPLES)
    ]

    found = waits(model, cases, budget_ms=1000.0)

    assert set(found) == {"with chooser", "without"}
    for row in found.values():
        assert row["asked"] == len(cases)
        assert 0 < row["answered"] <= len(cases)
        assert row["action"][0] <= row["last_word"][0] <= row["last_word"][1]
    assert found["without"]["quoted"] == 0
