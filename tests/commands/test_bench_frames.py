"""Promises of ``npcbrain.commands.bench.frames``, and of its clock."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from npcbrain.commands.bench.frames import Comparison, GameWork, bench_frames, busy_note
from npcbrain.commands.bench.overlap import comparable
from npcbrain.commands.bench.workload import Round, Village
from npcbrain.commands.frame_clock import FRAME_NS, FrameClock
from npcbrain.lm.model import Model
from npcbrain.report import FrameReport
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock

TINY = Path(__file__).parents[1] / "models" / "tiny"
PEOPLE = ({"name": "Al", "role": "cook", "lines": {"fallback": ["Busy."]}},)
ROOMY_MS = 1000.0  # so that the outcome does not hang on the machine's speed


@pytest.fixture(scope="module")
def tiny() -> Model:
    return Model.load(TINY, num_slots=2)


@pytest.fixture(scope="module")
def result(tiny: Model) -> dict[str, Any]:
    return play(tiny, num_frames=35)


def play(tiny: Model, *, num_frames: int) -> dict[str, Any]:
    return bench_frames(
        tiny,
        num_npcs=3,
        num_frames=num_frames,
        budget_ms=ROOMY_MS,
        game_ms=0.0,
        on_progress=lambda done: None,
        people=PEOPLE,
    )


def test_the_result_has_the_promised_fields(result: dict[str, Any]) -> None:
    promised = (
        "frames over_budget_p50_ms over_budget_p99_ms over_budget_p999_ms over_budget_max_ms "
        "largest_step_ms hitches_on hitches_off budget_used tokens decisions fallbacks "
        "slicing_efficiency"
    ).split()
    assert list(result)[: len(promised)] == promised
    assert {"warm_action_frames", "warm_first_word_frames", "warm_20_tokens_frames"} <= set(result)
    assert result["frames"] == 35


def test_everybody_is_asked_again_when_all_have_answered(result: dict[str, Any]) -> None:
    assert result["decisions"] + result["fallbacks"] == 6


def test_both_ways_of_playing_give_the_same_answers(result: dict[str, Any]) -> None:
    assert result["rounds_compared"] == 2
    assert result["same_answers"] is True
    assert result["slicing_efficiency"] > 0


def test_a_round_cut_off_by_the_end_is_still_compared(tiny: Model) -> None:
    assert play(tiny, num_frames=1)["rounds_compared"] == 1


def round_of(model_ns: int, *, say: str = "Hi.", reason: str = "") -> Round:
    result = Round()
    result.add(
        FrameReport(
            model_ns=model_ns,
            num_tokens=10,
            decisions=[("al", Decision("say", say=say))],
            fallbacks=[("al", reason)] if reason else [],
        )
    )
    return result


def test_efficiency_is_the_time_in_one_piece_over_the_time_in_slices() -> None:
    comparison = Comparison()
    comparison.add(round_of(100), round_of(75))
    assert comparison.to_dict()["slicing_efficiency"] == 0.75


def test_one_disturbed_round_does_not_move_the_efficiency() -> None:
    comparison = Comparison()
    for whole_ns in (90, 5000, 92, 91, 10):
        comparison.add(round_of(100), round_of(whole_ns))
    assert comparison.to_dict()["slicing_efficiency"] == 0.91


@pytest.mark.parametrize("reason", ["expired", "would_exceed", "no_budget", "engine_error"])
def test_a_round_in_which_time_ran_out_is_not_compared(reason: str) -> None:
    comparison = Comparison()
    comparison.add(round_of(100, reason=reason), round_of(90))
    assert comparison.to_dict()["slicing_efficiency"] is None


def test_an_answer_the_model_could_not_give_is_the_same_work_both_ways() -> None:
    comparison = Comparison()
    comparison.add(round_of(100, reason="refused"), round_of(90, reason="refused"))
    assert comparison.to_dict()["rounds_compared"] == 1


def test_answers_that_differ_are_told() -> None:
    comparison = Comparison()
    comparison.add(round_of(100, say="Hi."), round_of(90, say="Ho."))
    comparison.add(round_of(100), round_of(90))
    assert comparison.to_dict()["same_answers"] is False


def test_only_what_could_be_compared_was_added() -> None:
    comparison = Comparison()
    assert comparison.add(round_of(100), round_of(90))
    assert not comparison.add(round_of(100, reason="expired"), round_of(90))


def test_villages_of_different_pasts_answer_alike_once_they_have_forgotten(tiny: Model) -> None:
    """In one of them nobody had the time to answer the first question."""
    clock = ManualClock()
    villages = [Village(tiny, 3, clock, PEOPLE) for _ in range(2)]
    for village, num_ms in zip(villages, (0, 61_000), strict=True):
        village.ask()
        village.update(0.0)  # all begin to think
        clock.advance_ns(num_ms * 1_000_000)
        finish(village)
        assert village.round.disturbed is bool(num_ms)
        assert all(len(npc.memory) for npc in village.runtime.npcs.values())
        village.forget()
        village.ask()
        finish(village)
    one, other = (village.round.answers for village in villages)
    assert len(one) == 3
    assert one == other


def finish(village: Village) -> None:
    while not village.is_idle:
        village.update(math.inf)


def test_sides_are_compared_until_one_was_disturbed() -> None:
    ones = [Round(), round_of(1), round_of(1), round_of(1, reason="expired"), round_of(1)]
    others = [Round(), *(round_of(2) for _ in range(4))]
    assert comparable(ones, others) == list(zip(ones, others, strict=True))[1:3]
    assert comparable(others, ones) == list(zip(others, ones, strict=True))[1:3]


class CountingClock:
    """Moves on by a millisecond whenever it is read."""

    def __init__(self) -> None:
        self.num_reads = 0

    def now_ns(self) -> int:
        self.num_reads += 1
        return self.num_reads * 1_000_000


@pytest.mark.parametrize(("game_ms", "num_rounds"), [(0.0, 0), (1.0, 50), (6.0, 300)])
def test_game_work_is_sized_by_what_it_took(game_ms: float, num_rounds: int) -> None:
    assert GameWork(game_ms, CountingClock())._num_rounds == num_rounds


def test_the_share_of_the_core_is_told(result: dict[str, Any]) -> None:
    assert result["cpu_share"] >= 0.0
    assert result["note"] == busy_note(result["cpu_share"])


def test_a_busy_machine_is_noted_with_the_times() -> None:
    assert busy_note(0.42) == "other programs took 58% of the core; they are in these times too"
    assert busy_note(0.99) == ""


def test_the_rest_of_a_frame_is_skipped() -> None:
    real = ManualClock()
    clock = FrameClock(real)
    real.advance_ns(5_000_000)
    clock.next_frame()
    assert (clock.now_ns(), real.now_ns()) == (FRAME_NS, 5_000_000)


def test_a_frame_that_took_too_long_is_followed_at_once() -> None:
    real = ManualClock()
    clock = FrameClock(real)
    real.advance_ns(2 * FRAME_NS)
    clock.next_frame()
    assert clock.now_ns() == 2 * FRAME_NS
    clock.next_frame()
    assert clock.now_ns() == 3 * FRAME_NS


def test_a_stopped_clock_stands_still_and_goes_on_from_there() -> None:
    real = ManualClock()
    clock = FrameClock(real)
    clock.stop()
    real.advance_ns(1_000)
    assert clock.now_ns() == 0
    clock.go()
    real.advance_ns(10)
    assert clock.now_ns() == 10
