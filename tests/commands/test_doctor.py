"""Promises of ``npcbrain.commands.doctor``: what it says of providers, prices and kernels."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from timed_chooser import TimedEncoder
from toy_chooser import make_chooser_model

from npcbrain.clock import SystemClock
from npcbrain.commands.decide import Outcome
from npcbrain.commands.doctor import _advice, _needed_ms, diagnose, kernel_table
from npcbrain.commands.doctor_tables import print_diagnosis
from npcbrain.engine.contract import Kind
from npcbrain.lm.model import Model
from npcbrain.pricing.cost import PriceEntry
from npcbrain.reasons import MEANINGS, Reason
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock

TINY = Path(__file__).parents[1] / "models" / "tiny"


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(TINY, num_slots=1)


def said(model: Model, price_file: Path | None) -> dict[str, Any]:
    return diagnose(model, 1000.0, SystemClock(), price_file)


def test_it_says_why_these_providers(model: Model) -> None:
    result = said(model, None)
    assert result["providers"] == ["CPUExecutionProvider"]
    assert result["providers_why"] == "the model's graphs are made for the processor"


def test_prices_that_no_game_has_remembered_yet_are_told_as_such(
    model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "prices"
    result = said(model, path)
    assert result["prices"] == {"measured": "now", "remembered": False, "file": str(path)}
    assert {step["remembered_ms"] for step in result["steps"]} == {None}
    assert not path.exists()


def test_remembered_prices_stand_beside_those_measured_now(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "prices"
    Runtime(model, price_file=path).close()
    before = path.read_bytes()
    result = said(model, path)
    assert result["prices"]["remembered"] is True
    assert all(step["remembered_ms"] > 0 for step in result["steps"])
    assert all(step["largest_ms"] > 0 for step in result["steps"])
    assert path.read_bytes() == before


def test_kernels_are_told_by_matrix(model: Model) -> None:
    kernels = said(model, None)["kernels"]
    assert kernels["layers.0-3.qkv"] == "nbits8"
    assert kernels["head"] == "nbits8"


def test_layers_with_another_kernel_stand_on_a_line_of_their_own() -> None:
    kernels = {f"layers.{i}.down": "rowint8" for i in range(10)} | {"embed": "fp32"}
    kernels |= {"layers.3.down": "fp32", "layers.x.down": "odd"}
    assert kernel_table(kernels) == {
        "layers.0-2,4-9.down": "rowint8",
        "layers.3.down": "fp32",
        "embed": "fp32",
        "layers.x.down": "odd",
    }


def test_a_budget_that_is_advised_would_do() -> None:
    line = _advice(False, needed_ms=1.03, budget_ms=1.0, reason="")
    assert "at least 1.2 ms" in line
    assert "1 ms a frame are enough" in _advice(True, needed_ms=0.9, budget_ms=1.0, reason="")


def test_where_steps_fit_and_no_answer_came_the_reason_is_told() -> None:
    line = _advice(False, needed_ms=0.9, budget_ms=1.0, reason=Reason.WOULD_EXCEED)
    assert MEANINGS[Reason.WOULD_EXCEED].why in line


def test_where_words_come_too_late_it_says_how_late_and_that_actions_come_sooner() -> None:
    slow = Outcome(Decision("say", say="Yes."), 240, 200, 9, action_frames=30)
    line = _advice(False, 0.9, 1.0, Reason.WOULD_EXCEED, slow)
    assert "takes 4.0 s here, its action 0.5 s" in line


def test_of_steps_that_can_be_cut_the_smallest_piece_is_needed() -> None:
    entries = [
        PriceEntry(Kind.CHOOSE, segment, rows, context, 9, 1, int(price_ms * 1e6))
        for segment, rows, context, price_ms in [
            (1, 32, 0, 3.0), (1, 12, 0, 1.5), (1, 6, 0, 1.0), (1, 3, 0, 0.5),
            (2, 32, 128, 3.5), (2, 12, 128, 1.7),
            (9, 40, 0, 1.2), (9, 40, 128, 1.1),
        ]
    ]  # fmt: skip
    assert _needed_ms(entries, num_layers=6) == 1.7
    assert _needed_ms(entries, num_layers=0) == 3.5
    assert _needed_ms([], num_layers=6) == 0.0


def test_the_chooser_s_steps_count_in_the_verdict(tmp_path: Path) -> None:
    clock = ManualClock()  # by which the language model's steps cost nothing
    model = Model.load(make_chooser_model(tmp_path / "toy"), num_slots=1)
    model.encoder = TimedEncoder(model.encoder, clock, 3_000_000)  # type: ignore[assignment,arg-type]
    small, enough = (diagnose(model, budget_ms, clock, None) for budget_ms in (2.0, 5.0))
    steps = {
        kind: [one["largest_ms"] for one in small["steps"] if one["kind"] == kind]
        for kind in ("prepare", "choose")
    }
    assert max(steps["prepare"]) < min(steps["choose"])
    assert 3.0 <= small["largest_step_ms"] <= max(steps["choose"])
    assert not small["fits"]
    assert "at least 3." in small["advice"]
    assert enough["fits"]
    assert enough["answer_frames"] > 10
    console = Console(width=100, record=True, file=StringIO())
    print_diagnosis(small, console)
    assert "choose what to do and to say" in console.export_text()


def test_people_read_the_verdict_first_and_no_dictionaries(model: Model) -> None:
    console = Console(width=100, record=True, file=StringIO())
    print_diagnosis(said(model, None), console)
    text = console.export_text()
    assert "it fits" in text.splitlines()[0]
    assert "write one token" in text
    assert not set("{}") & set(text)
