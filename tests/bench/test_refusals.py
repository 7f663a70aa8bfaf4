"""Promises of ``tools.bench.refusals``: what is called a false refusal, and what late."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from npcbrain.engine.contract import Kind
from npcbrain.lm.model import Model
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling.verdicts import Verdicts
from tools.bench import refusals
from tools.bench.refusals import Cell, Play, measure, play
from tools.bench.step_times import SHARES, StepTimes, record

MS = 1_000_000
TINY = Path(__file__).parents[1] / "models" / "tiny"
SIZES = {Kind.PREFILL: (2, 16), Kind.DECODE: (1, 8), Kind.COPY: (64,)}


def steady(step_ns: int) -> StepTimes:
    medians = {  # a copy is cheap: one that fits no frame is refused for want of budget
        f"{kind.name.lower()} {rows} {place}": step_ns // 50 if kind is Kind.COPY else step_ns
        for kind, sizes in SIZES.items()
        for rows in sizes
        for place in ("first", "middle", "head")
    }
    return StepTimes(4, 8, (2, 4, 8, 16), medians, (1.0,), (1.0,) * len(SHARES))


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "PLAYED_NS", 6_000 * MS)


def test_with_time_for_all_nobody_is_refused_or_late() -> None:
    row = measure(Cell(4, 60, 8.0), steady(MS // 10))
    assert row["asked"] >= 4
    assert (row["decided"], row["refused"], row["late"]) == (row["asked"], 0, 0)


def test_where_nobody_can_be_in_time_refusals_are_true() -> None:
    row = measure(Cell(8, 60, 4.0), steady(3 * MS))
    assert row["refused"] > 0
    assert row["false"] == 0


def test_a_refusal_that_was_not_needed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheduler that turns everybody away but those who are let through."""
    monkeypatch.setattr(Verdicts, "_is_late", lambda self, request, *rest: not request.on_trial)
    row = measure(Cell(2, 60, 8.0), steady(MS // 10))
    assert row["refused"] == row["asked"] > 0
    assert row["false"] == row["looked_into"] > 0
    assert row["false_refusals"] == 1.0


def test_the_same_cell_gives_the_same_play() -> None:
    cell, times = Cell(3, 60, 4.0), steady(MS)
    first, second = (
        [(q.request.created_ns, q.decided_ns) for q in play(cell, times)] for _ in "ab"
    )
    assert first == second
    assert first


def test_step_times_are_recorded_by_kind_size_and_place() -> None:
    kept = record(Model.load(TINY, num_slots=3), 60)
    times = StepTimes.of(kept)
    assert {"prefill", "decode"} <= {name.split()[0] for name in times.medians}
    assert {name.split()[2] for name in times.medians} == {"first", "middle", "head"}
    assert 0.3 < sorted(times.factors)[len(times.factors) // 2] < 3
    assert list(times.strays) == sorted(times.strays)


def test_what_others_took_of_the_core_is_told_apart_from_what_a_step_needs() -> None:
    times = replace(steady(MS // 10), taken_share=0.25, taken=(20 * MS,))
    rng = random.Random(0)
    drawn = [times.draw(Kind.DECODE, 1, 1, 0, rng, 0) for _ in range(400)]
    assert {one.own_ns for one in drawn} == {MS // 10}
    assert 60 < sum(one.taken_ns == 20 * MS for one in drawn) < 140
    played = Play(Cell(4, 60, 4.0), times)
    played.run()
    assert max(frame.over_ns for frame in played.frames) >= 16 * MS
    assert max(frame.over_by_us_ns for frame in played.frames) == 0


def test_a_play_may_begin_with_prices_that_are_remembered_or_with_none() -> None:
    cell, times = Cell(2, 60, 8.0), steady(MS)
    remembered = CostModel()
    Play(cell, times, prices=remembered).run()
    heir = CostModel()
    heir.restore(remembered.snapshot())
    for played in (Play(cell, times, prices=heir), Play(cell, times, measures=False)):
        assert any(question.in_time for question in played.run())
