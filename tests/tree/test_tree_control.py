"""Truth tables of the nodes that choose between branches, and of nodes that are skipped."""

from __future__ import annotations

import pytest
from tree_puppets import A, B, C, Play

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Concurrent,
    Conditioned,
    Cooldown,
    IfThenElse,
    Inverter,
    Node,
    Parallel,
    ReactiveSelector,
    ReactiveSequence,
    Repeat,
    RunOnce,
    Script,
    Selector,
    Sequence,
    Status,
    Switch,
    WhileDoElse,
)


@pytest.mark.parametrize(
    ("scripts", "ticks"),
    [
        ({"a": "S", "b": "RS", "c": "S"}, ["a! b! RUNNING", "b. SUCCESS", "a! b! SUCCESS"]),
        ({"a": "F", "b": "S", "c": "RF"}, ["a! c! RUNNING", "c. FAILURE", "a! c! FAILURE"]),
        ({"a": "RS", "b": "S", "c": "S"}, ["a! RUNNING", "a. b! SUCCESS"]),
        ({"a": "SF", "b": "R", "c": "S"}, ["a! b! RUNNING", "b. RUNNING"]),
    ],
)
def test_if_then_else_asks_once_and_stays(scripts: dict[str, str], ticks: list[str]) -> None:
    assert Play(IfThenElse(A, B, C), **scripts).ticks(len(ticks)) == ticks


def test_if_then_else_without_an_else_fails() -> None:
    assert Play(IfThenElse(A, B), a="F", b="S").tick() == "a! FAILURE"


@pytest.mark.parametrize(
    ("scripts", "ticks"),
    [
        ({"a": "SSF", "b": "R", "c": "S"}, ["a! b! RUNNING", "a! b. RUNNING", "a! b# c! SUCCESS"]),
        ({"a": "FS", "b": "S", "c": "R"}, ["a! c! RUNNING", "a! c# b! SUCCESS"]),
        ({"a": "RS", "b": "S", "c": "S"}, ["a! RUNNING", "a. b! SUCCESS"]),
    ],
)
def test_while_do_else_asks_at_every_tick(scripts: dict[str, str], ticks: list[str]) -> None:
    assert Play(WhileDoElse(A, B, C), **scripts).ticks(len(ticks)) == ticks


def test_while_do_without_an_else_halts_and_fails() -> None:
    play = Play(WhileDoElse(A, B), a="SF", b="R")
    assert play.ticks(2) == ["a! b! RUNNING", "a! b# FAILURE"]


@pytest.mark.parametrize("kind", [IfThenElse, WhileDoElse])
def test_a_question_needs_one_or_two_branches(kind: type[IfThenElse]) -> None:
    with pytest.raises(TreeError) as caught:
        kind(A)
    assert str(caught.value) == (f"children must be two or three, got 1 - at {kind.__name__}()")


def test_switch_takes_the_child_of_its_case() -> None:
    play = Play(Switch(A, B, C, key="mood", cases=("angry", "3")), a="R", b="R", c="S")
    board = play.tree.blackboard
    assert play.tick() == "c! SUCCESS"
    board["mood"] = "angry"
    assert play.ticks(2) == ["a! RUNNING", "a. RUNNING"]
    board["mood"] = 3
    assert play.tick() == "a# b! RUNNING"
    board["mood"] = [1]
    assert play.tick() == "b# c! SUCCESS"
    board["mood"] = "3.0"
    play.tick()
    assert play.halt() == "b#"


def test_a_switch_needs_a_default() -> None:
    with pytest.raises(TreeError) as caught:
        Switch(A, B, key="mood", cases=("x", "y"))
    assert str(caught.value) == (
        "children must be one for each case and a default, got 2 - at Switch(); there are 2 cases"
    )


# Skipping: s is skipped while the entry "off" is true.

OFF = Script.read("off")


def off(child: Node) -> Node:
    return Conditioned(child, skip_if=OFF)


@pytest.mark.parametrize(
    ("definition", "answer"),
    [
        (Sequence(off(A), B), "b! SUCCESS"),
        (Sequence(off(A), C), "c! FAILURE"),
        (Sequence(off(A), off(B)), "SKIPPED"),
        (Selector(off(A), C), "c! FAILURE"),
        (Selector(off(A), off(B)), "SKIPPED"),
        (ReactiveSequence(off(A), B), "b! SUCCESS"),
        (ReactiveSequence(off(A), off(B)), "SKIPPED"),
        (ReactiveSelector(off(A), C), "c! FAILURE"),
        (ReactiveSelector(off(A)), "SKIPPED"),
        (Parallel(off(A), B), "b! SUCCESS"),
        (Parallel(B, off(A)), "b! SUCCESS"),
        (Parallel(off(A), C), "c! FAILURE"),
        (Parallel(off(A), B, success_count=2), "b! RUNNING"),
        (Parallel(off(A), off(B)), "SUCCESS"),
        (Parallel(off(A), off(B), success_count=2), "SKIPPED"),
        (Parallel(off(A), off(B), success_count=-2), "SUCCESS"),
        (Parallel(C, off(A), B, success_count=-2, failure_count=2), "c! b! SUCCESS"),
        (Concurrent(off(A), C), "c! FAILURE"),
        (Concurrent(B, off(A)), "b! SUCCESS"),
        (Concurrent(off(A)), "SKIPPED"),
        (Inverter(off(A)), "SKIPPED"),
        (Repeat(off(A), 3), "SKIPPED"),
        (IfThenElse(off(A), B), "SKIPPED"),
        (IfThenElse(B, off(A)), "b! SKIPPED"),
        (Cooldown(off(A), 100), "SKIPPED"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_skipped_node_is_as_if_it_were_not_there(definition: Node, answer: str) -> None:
    play = Play(definition, a="S", b="S", c="F")
    play.tree.blackboard["off"] = True
    assert play.tick() == answer


def test_a_skipped_turn_begins_no_cooldown() -> None:
    play = Play(Cooldown(off(A), 100), a="S")
    play.tree.blackboard["off"] = True
    play.tick()
    play.tree.blackboard["off"] = False
    assert play.ticks(2) == ["a! SUCCESS", "FAILURE"]


def test_a_sequence_that_worked_before_is_not_skipped_in_the_end() -> None:
    rest = Conditioned(B, while_true=Script.read("!off"))
    play = Play(Sequence(A, rest), a="S", b="R")
    play.tree.blackboard["off"] = False
    assert play.tick() == "a! b! RUNNING"
    play.tree.blackboard["off"] = True
    assert play.tick() == "b# SUCCESS"


def test_run_once_may_be_skipped_afterwards() -> None:
    play = Play(Sequence(RunOnce(A, then_skip=True), B), a="S", b="S")
    assert play.ticks(2) == ["a! b! SUCCESS", "b! SUCCESS"]
    assert play.tree.status_of("RunOnce") is Status.SKIPPED
