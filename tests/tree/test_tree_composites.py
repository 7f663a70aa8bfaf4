"""What selectors, sequences and parallels promise, answer by answer."""

from __future__ import annotations

import re

import pytest
from tree_puppets import A, B, C, Play

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Concurrent,
    Parallel,
    Pointer,
    ReactiveSelector,
    ReactiveSequence,
    Selector,
    Sequence,
    SequenceWithMemory,
    Succeed,
    Wait,
)


def test_a_selector_stops_at_the_first_success() -> None:
    assert Play(Selector(A, B, C), a="F", b="S", c="S").tick() == "a! b! SUCCESS"


def test_a_selector_fails_when_all_children_fail() -> None:
    assert Play(Selector(A, B), a="F", b="F").tick() == "a! b! FAILURE"


def test_a_selector_resumes_the_running_child_without_asking_the_first() -> None:
    play = Play(Selector(A, B), a="F", b="RRS")
    assert play.ticks(4) == ["a! b! RUNNING", "b. RUNNING", "b. SUCCESS", "a! b! SUCCESS"]


def test_a_selector_goes_on_when_the_resumed_child_fails() -> None:
    play = Play(Selector(A, B), a="RF", b="S")
    assert play.ticks(2) == ["a! RUNNING", "a. b! SUCCESS"]


def test_a_halted_selector_begins_with_the_first_child() -> None:
    play = Play(Selector(A, B), a="F", b="R")
    play.tick()
    assert play.halt() == "b#"
    assert play.tick() == "a! b! RUNNING"


def test_a_sequence_stops_at_the_first_failure() -> None:
    play = Play(Sequence(A, B, C), a="S", b="F", c="S")
    assert play.ticks(2) == ["a! b! FAILURE", "a! b! FAILURE"]


def test_a_sequence_resumes_the_running_child() -> None:
    play = Play(Sequence(A, B, C), a="S", b="RS", c="S")
    assert play.ticks(2) == ["a! b! RUNNING", "b. c! SUCCESS"]


def test_a_halted_sequence_begins_with_the_first_child() -> None:
    play = Play(Sequence(A, B), a="S", b="R")
    play.tick()
    assert play.halt() == "b#"
    assert play.tick() == "a! b! RUNNING"


def test_a_sequence_with_memory_begins_with_the_child_that_failed() -> None:
    play = Play(SequenceWithMemory(A, B, C), a="S", b="FS", c="S")
    assert play.ticks(3) == ["a! b! FAILURE", "b! c! SUCCESS", "a! b! c! SUCCESS"]


def test_a_sequence_with_memory_keeps_its_place_when_halted() -> None:
    play = Play(SequenceWithMemory(A, B), a="S", b="R")
    play.tick()
    assert play.halt() == "b#"
    assert play.tick() == "b! RUNNING"


def test_a_sequence_with_memory_keeps_its_place_when_a_child_raises() -> None:
    play = Play(SequenceWithMemory(A, Wait(Pointer("ms")), B), a="S", b="S")
    for log in ("a!", ""):
        with pytest.raises(TreeError):
            play.tick()
        assert play.stage.take_log() == log
    play.tree.blackboard["ms"] = 0
    assert play.tick() == "b! SUCCESS"


def test_a_reactive_selector_lets_a_better_child_take_over() -> None:
    play = Play(ReactiveSelector(A, B), a="FFS", b="R")
    assert play.ticks(3) == ["a! b! RUNNING", "a! b. RUNNING", "a! b# SUCCESS"]


def test_a_reactive_selector_halts_the_child_passed_over_once() -> None:
    play = Play(ReactiveSelector(A, B), a="FR", b="R")
    assert play.ticks(3) == ["a! b! RUNNING", "a! b# RUNNING", "a. RUNNING"]


def test_a_reactive_selector_does_not_halt_a_child_that_failed_by_itself() -> None:
    play = Play(ReactiveSelector(A, B), a="RF", b="S")
    assert play.ticks(2) == ["a! RUNNING", "a. b! SUCCESS"]


def test_a_reactive_selector_forgets_a_child_that_is_done() -> None:
    play = Play(ReactiveSelector(A, B), a="FFS", b="RS")
    assert play.ticks(3) == ["a! b! RUNNING", "a! b. SUCCESS", "a! SUCCESS"]


def test_a_reactive_sequence_takes_the_task_away_when_its_condition_fails() -> None:
    play = Play(ReactiveSequence(A, B), a="SSF", b="R")
    assert play.ticks(4) == ["a! b! RUNNING", "a! b. RUNNING", "a! b# FAILURE", "a! FAILURE"]


def test_a_reactive_sequence_halts_what_comes_after_a_running_child() -> None:
    play = Play(ReactiveSequence(A, B), a="SR", b="R")
    assert play.ticks(2) == ["a! b! RUNNING", "a! b# RUNNING"]


def test_a_parallel_succeeds_when_all_have_and_leaves_the_quick_ones_alone() -> None:
    play = Play(Parallel(A, B), a="S", b="RRS")
    assert play.ticks(3) == ["a! b! RUNNING", "b. RUNNING", "b. SUCCESS"]


def test_a_parallel_begins_all_children_anew_after_it_is_decided() -> None:
    play = Play(Parallel(A, B), a="S", b="S")
    assert play.ticks(2) == ["a! b! SUCCESS", "a! b! SUCCESS"]


def test_one_failure_fails_a_parallel_at_once_and_halts_the_rest() -> None:
    play = Play(Parallel(A, B, C), a="R", b="F", c="R")
    assert play.tick() == "a! b! a# FAILURE"


def test_a_parallel_succeeds_at_its_count_and_halts_the_rest() -> None:
    play = Play(Parallel(A, B, C, success_count=2, failure_count=None), a="R", b="S", c="FS")
    assert play.tick() == "a! b! c! RUNNING"
    play = Play(Parallel(A, B, C, success_count=2, failure_count=None), a="R", b="S", c="S")
    assert play.tick() == "a! b! c! a# SUCCESS"


def test_a_parallel_counts_successes_of_earlier_ticks_before_asking_the_next_child() -> None:
    play = Play(Parallel(A, B, C, success_count=2, failure_count=2), a="RS", b="R", c="S")
    assert play.ticks(2) == ["a! b! c! RUNNING", "a. b# SUCCESS"]


def test_a_parallel_fails_as_soon_as_too_few_are_left_to_succeed() -> None:
    play = Play(Parallel(A, B, C, success_count=2, failure_count=3), a="F", b="F", c="R")
    assert play.tick() == "a! b! FAILURE"


def test_a_halted_parallel_forgets_who_is_done() -> None:
    play = Play(Parallel(A, B), a="S", b="R")
    play.tick()
    assert play.halt() == "b#"
    assert play.tick() == "a! b! RUNNING"


def test_concurrent_children_never_wait_for_each_other() -> None:
    play = Play(Concurrent(A, B), a="SF", b="R")
    assert play.ticks(2) == ["a! b! RUNNING", "a! b. RUNNING"]


def test_concurrent_runs_on_while_one_child_does_whatever_the_others_answer() -> None:
    assert Play(Concurrent(A, B), a="R", b="F").tick() == "a! b! RUNNING"
    assert Play(Concurrent(A, B), a="F", b="R").tick() == "a! b! RUNNING"


def test_concurrent_fails_when_none_runs_and_one_failed() -> None:
    assert Play(Concurrent(A, B), a="F", b="S").tick() == "a! b! FAILURE"


def test_concurrent_succeeds_when_all_do() -> None:
    assert Play(Concurrent(A, B), a="S", b="S").tick() == "a! b! SUCCESS"


def test_halting_concurrent_halts_all_that_runs() -> None:
    play = Play(Concurrent(A, B, C), a="R", b="S", c="R")
    play.tick()
    assert play.halt() == "a# c#"


def test_halting_reaches_a_leaf_below_several_composites() -> None:
    play = Play(ReactiveSelector(A, Sequence(Selector(B))), a="FS", b="R")
    assert play.ticks(2) == ["a! b! RUNNING", "a! b# SUCCESS"]


def test_definitions_are_equal_by_value() -> None:
    assert Selector(A, B, name="x") == Selector(A, B, name="x")
    assert Selector(A, B) != Selector(B, A)
    assert Selector(A, B) != Sequence(A, B)


def test_one_definition_may_stand_twice_in_a_tree() -> None:
    play = Play(Sequence(A, A), a="RSS")
    assert play.ticks(2) == ["a! RUNNING", "a. a! SUCCESS"]


def test_a_composite_without_children_is_refused() -> None:
    with pytest.raises(
        TreeError, match=r"^children must be at least one, got 0 - at Sequence\(\)$"
    ):
        Sequence()


def test_a_function_as_a_child_is_refused_with_advice() -> None:
    advice = re.escape(
        "call it if it makes a tree: print(); else wrap it: Task(name, fn) or Condition(name, fn)"
    )
    with pytest.raises(
        TreeError, match=rf"^child must be a node, got .* at Selector\(\); {advice}$"
    ):
        Selector(A, print)  # type: ignore[arg-type]


def test_a_class_as_a_child_is_refused_with_advice() -> None:
    with pytest.raises(TreeError, match=r"; call it: Succeed\(\.\.\.\)$"):
        Selector(Succeed)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [3, 4, True, 1.0])
def test_a_parallel_count_that_cannot_be_reached_is_refused(count: int) -> None:
    rule = "be 0 to 2, or -1 for all, -2 for all but one"
    message = f"success_count must {rule}, got {count!r} - at Parallel()"
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        Parallel(A, B, success_count=count)
    with pytest.raises(TreeError, match=r"^failure_count must be 0 to 2"):
        Parallel(A, B, failure_count=count)
