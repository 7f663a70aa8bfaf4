"""What nodes with one child promise: those that change answers, and those that keep time."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from tree_puppets import A, B, Play, Stage

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Cooldown,
    Delay,
    ForceFailure,
    ForceSuccess,
    Guard,
    Inverter,
    KeepRunningUntilFailure,
    Node,
    Precondition,
    ReactiveSelector,
    Repeat,
    Retry,
    RunOnce,
    Status,
    Timeout,
)


def allowed(stage: Stage) -> bool:
    return stage.allows("ok")


@pytest.mark.parametrize(
    ("make", "answers"),
    [
        (Inverter, ["FAILURE", "SUCCESS", "RUNNING"]),
        (ForceSuccess, ["SUCCESS", "SUCCESS", "RUNNING"]),
        (ForceFailure, ["FAILURE", "FAILURE", "RUNNING"]),
        (KeepRunningUntilFailure, ["RUNNING", "FAILURE", "RUNNING"]),
        (RunOnce, ["SUCCESS", "FAILURE", "RUNNING"]),
        (lambda child: Repeat(child, None), ["RUNNING", "FAILURE", "RUNNING"]),
        (lambda child: Retry(child, None), ["SUCCESS", "RUNNING", "RUNNING"]),
    ],
)
def test_a_decorator_maps_success_failure_and_running(
    make: Callable[[Node], Node], answers: list[str]
) -> None:
    assert [Play(make(A), a=letter).tick() for letter in "SFR"] == [f"a! {x}" for x in answers]


@pytest.mark.parametrize(
    "make",
    [
        Inverter,
        ForceSuccess,
        ForceFailure,
        KeepRunningUntilFailure,
        RunOnce,
        lambda child: Repeat(child, 2),
        lambda child: Retry(child, 2),
        lambda child: Timeout(child, 10),
        lambda child: Cooldown(child, 10),
        lambda child: Precondition(child, lambda _: True),
        lambda child: Guard(child, lambda _: True),
    ],
)
def test_a_halted_decorator_halts_its_running_child_once(make: Callable[[Node], Node]) -> None:
    play = Play(make(A), a="R")
    play.tick()
    assert play.halt() == "a#"
    assert play.halt() == ""


def test_repeat_runs_all_cycles_of_a_quick_child_in_one_tick() -> None:
    assert Play(Repeat(A, 3), a="S").tick() == "a! a! a! SUCCESS"


def test_repeat_goes_on_with_its_count_after_running() -> None:
    play = Play(Repeat(A, 3), a="SRSS")
    assert play.ticks(2) == ["a! a! RUNNING", "a. a! SUCCESS"]


def test_repeat_fails_with_its_child_and_counts_anew() -> None:
    play = Play(Repeat(A, 2), a="SFSS")
    assert play.ticks(2) == ["a! a! FAILURE", "a! a! SUCCESS"]


def test_a_halted_repeat_counts_anew() -> None:
    play = Play(Repeat(A, 2), a="SRS")
    play.tick()
    play.halt()
    assert play.tick() == "a! a! SUCCESS"


def test_retry_gives_up_after_its_last_attempt() -> None:
    assert Play(Retry(A, 3), a="F").tick() == "a! a! a! FAILURE"


def test_retry_succeeds_with_its_child_and_counts_anew() -> None:
    play = Play(Retry(A, 2), a="FSFS")
    assert play.ticks(2) == ["a! a! SUCCESS", "a! a! SUCCESS"]


def test_endless_repeat_and_retry_give_the_frame_back_after_each_turn() -> None:
    assert Play(Repeat(A, None), a="S").ticks(2) == ["a! RUNNING", "a! RUNNING"]
    assert Play(Retry(A, None), a="F").ticks(2) == ["a! RUNNING", "a! RUNNING"]


@pytest.mark.parametrize("count", [-1, True, 2.0, "3"])
def test_a_number_of_turns_below_zero_is_refused(count: int) -> None:
    message = f"num_cycles must be 0 or more, got {count!r} - at Repeat()"
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        Repeat(A, count)
    with pytest.raises(TreeError, match=r"^num_attempts must be 0 or more"):
        Retry(A, count)


def test_run_once_keeps_its_answer_without_asking_again() -> None:
    play = Play(RunOnce(A), a="RF")
    assert play.ticks(3) == ["a! RUNNING", "a. FAILURE", "FAILURE"]


def test_run_once_keeps_its_answer_when_halted() -> None:
    play = Play(RunOnce(A), a="S")
    play.tick()
    play.halt()
    assert play.tick() == "SUCCESS"


def test_run_once_runs_again_if_it_was_halted_before_its_end() -> None:
    play = Play(RunOnce(A), a="RS")
    play.tick()
    play.halt()
    assert play.ticks(2) == ["a! SUCCESS", "SUCCESS"]


def test_a_precondition_is_not_asked_again_while_the_child_runs() -> None:
    play = Play(Precondition(A, allowed), ok="SF", a="RS")
    assert play.ticks(3) == ["ok? a! RUNNING", "a. SUCCESS", "ok? FAILURE"]


def test_a_precondition_answers_otherwise_when_it_is_not_met() -> None:
    assert Play(Precondition(A, allowed, Status.SUCCESS), ok="F", a="R").tick() == "ok? SUCCESS"


def test_a_halted_precondition_asks_again() -> None:
    play = Play(Precondition(A, allowed), ok="SF", a="R")
    play.tick()
    play.halt()
    assert play.tick() == "ok? FAILURE"


def test_a_precondition_may_not_answer_running() -> None:
    message = (
        "otherwise must be Status.SUCCESS, FAILURE or SKIPPED, "
        "got <Status.RUNNING: 3> - at Precondition()"
    )
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        Precondition(A, allowed, Status.RUNNING)


def test_a_guard_takes_a_running_child_away_once() -> None:
    play = Play(Guard(A, allowed), ok="SSF", a="R")
    assert play.ticks(4) == ["ok? a! RUNNING", "ok? a. RUNNING", "ok? a# FAILURE", "ok? FAILURE"]


@pytest.mark.parametrize("make", [Guard, Precondition])
def test_a_guard_that_answers_no_bool_is_refused(make: Callable[..., Node]) -> None:
    kind = make.__name__
    message = f"the answer of {kind} must be True or False, got 1 - at root; wrap it: bool(...)"
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        Play(make(A, lambda _: 1), a="S").tick()


def test_a_timeout_halts_its_child_at_the_limit_without_another_tick() -> None:
    play = Play(Timeout(A, 100), a="R")
    assert play.tick() == "a! RUNNING"
    play.clock.advance(99)
    assert play.tick() == "a. RUNNING"
    play.clock.advance(1)
    assert play.tick() == "a# FAILURE"


def test_a_timeout_counts_anew_for_each_run() -> None:
    play = Play(Timeout(A, 100), a="RSR")
    play.tick()
    play.clock.advance(60)
    assert play.tick() == "a. SUCCESS"
    play.clock.advance(60)
    assert play.tick() == "a! RUNNING"
    play.clock.advance(60)
    assert play.tick() == "a. RUNNING"


def test_a_halted_timeout_counts_anew() -> None:
    play = Play(Timeout(A, 100), a="R")
    play.tick()
    play.clock.advance(99)
    play.halt()
    play.clock.advance(1)
    assert play.tick() == "a! RUNNING"


def test_a_cooldown_fails_until_its_time_is_over() -> None:
    play = Play(Cooldown(A, 50), a="S")
    assert play.ticks(2) == ["a! SUCCESS", "FAILURE"]
    play.clock.advance(49)
    assert play.tick() == "FAILURE"
    play.clock.advance(1)
    assert play.tick() == "a! SUCCESS"


def test_a_cooldown_begins_after_a_failure_too() -> None:
    play = Play(Cooldown(A, 50), a="F")
    assert play.ticks(2) == ["a! FAILURE", "FAILURE"]


def test_a_cooldown_begins_when_its_child_stops_not_when_it_starts() -> None:
    play = Play(Cooldown(A, 50), a="RS")
    play.tick()
    play.clock.advance(50)
    assert play.ticks(2) == ["a. SUCCESS", "FAILURE"]


def test_a_child_cut_short_has_its_cooldown() -> None:
    play = Play(ReactiveSelector(B, Cooldown(A, 50)), b="FSF", a="R")
    assert play.ticks(3) == ["b! a! RUNNING", "b! a# SUCCESS", "b! FAILURE"]
    play.clock.advance(50)
    assert play.tick() == "b! a! RUNNING"


def test_halting_does_not_end_a_cooldown_under_way() -> None:
    play = Play(Cooldown(A, 50), a="S")
    play.tick()
    play.halt()
    assert play.tick() == "FAILURE"


def test_a_delay_waits_before_its_child_begins() -> None:
    play = Play(Delay(A, 20), a="RS")
    assert play.tick() == "RUNNING"
    play.clock.advance(20)
    assert play.ticks(3) == ["a! RUNNING", "a. SUCCESS", "RUNNING"]


def test_a_halted_delay_waits_anew() -> None:
    play = Play(Delay(A, 20), a="R")
    play.tick()
    play.clock.advance(20)
    assert play.tick() == "a! RUNNING"
    assert play.halt() == "a#"
    assert play.tick() == "RUNNING"


@pytest.mark.parametrize("make", [Timeout, Cooldown, Delay])
@pytest.mark.parametrize("ms", [-1, -1.0, float("nan"), float("inf"), 1e13])
def test_a_duration_that_is_none_is_refused(make: Callable[..., Node], ms: float) -> None:
    message = f"ms must be 0 to 1e12 milliseconds, got {ms!r} - at {make.__name__}()"
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        make(A, ms)


def test_the_child_comes_first() -> None:
    with pytest.raises(TreeError, match=r"^child must be a node, got 500 - at Timeout\(\)$"):
        Timeout(500, A)  # type: ignore[arg-type]


def test_a_duration_must_be_a_number() -> None:
    with pytest.raises(
        TreeError, match=r"^ms must be a number of milliseconds, got '5' - at Delay\(\)$"
    ):
        Delay(A, "5")  # type: ignore[arg-type]
