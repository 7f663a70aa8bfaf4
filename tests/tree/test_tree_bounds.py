"""Nothing, skipped, too much: zero delays and counts, skipped children, ticks without an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tree_puppets import A, B, C, HandClock, Play

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Branch,
    BranchContext,
    Concurrent,
    Cooldown,
    Delay,
    Fail,
    ForceFailure,
    ForceSuccess,
    Guard,
    IfThenElse,
    Inverter,
    KeepRunningUntilFailure,
    Node,
    Parallel,
    Pointer,
    Precondition,
    Repeat,
    Retry,
    RunOnce,
    Script,
    ScriptGate,
    Selector,
    Sequence,
    SequenceWithMemory,
    Status,
    Succeed,
    Switch,
    Task,
    Timeout,
    Wait,
    WhileDoElse,
    compile,
    loads,
)


def skipped(child: Node = A) -> Node:
    return Precondition(child, lambda stage: False, Status.SKIPPED)


def file_of(body: str) -> str:
    return f'<root BTCPP_format="4"><BehaviorTree ID="Main">{body}</BehaviorTree></root>'


# Nothing


def test_no_time_and_no_turns_are_legal() -> None:
    body = (
        '<Sequence><Delay delay_msec="0"><AlwaysSuccess/></Delay><Sleep msec="0"/>'
        '<Timeout msec="0"><AlwaysSuccess/></Timeout><Cooldown msec="0"><AlwaysSuccess/></Cooldown>'
        '<Fallback><RetryUntilSuccessful num_attempts="0"><AlwaysSuccess/></RetryUntilSuccessful>'
        '<AlwaysSuccess/></Fallback><Repeat num_cycles="0"><AlwaysSuccess/></Repeat></Sequence>'
    )
    tree = compile(loads(file_of(body)), None, HandClock())
    assert [tree.tick().name for _ in range(2)] == ["SUCCESS", "SUCCESS"]
    ticked = {info.path: status for info, status in tree.statuses}
    assert ticked["root/4/0"] is Status.FAILURE
    assert ticked["root/4/0/0"] is ticked["root/5/0"] is Status.IDLE


@pytest.mark.parametrize("nothing", [0, Pointer("n")])
def test_a_wait_of_nothing_is_over_at_once(nothing: Any) -> None:
    play = Play(Sequence(Wait(nothing), Delay(A, nothing)), a="S")
    play.tree.blackboard["n"] = 0
    assert play.ticks(2) == ["a! SUCCESS", "a! SUCCESS"]


@pytest.mark.parametrize("nothing", [0, Pointer("n")])
def test_a_timeout_of_nothing_is_no_limit(nothing: Any) -> None:
    play = Play(Timeout(A, nothing), a="R")
    play.tree.blackboard["n"] = 0
    assert play.tick() == "a! RUNNING"
    play.clock.advance(1e9)
    assert play.tick() == "a. RUNNING"


def test_a_duration_of_less_than_a_nanosecond_is_not_nothing() -> None:
    assert Play(Wait(1e-9)).tick() == "RUNNING"


@pytest.mark.parametrize("nothing", [0, Pointer("n")])
@pytest.mark.parametrize(("kind", "answer"), [(Repeat, "SUCCESS"), (Retry, "FAILURE")])
def test_no_turns_are_over_at_once(kind: Any, answer: str, nothing: Any) -> None:
    play = Play(kind(A, nothing), a="R")
    play.tree.blackboard["n"] = 0
    assert play.tick() == answer


def test_fewer_turns_than_were_taken_end_the_repeat_and_halt_the_child() -> None:
    play = Play(Repeat(A, Pointer("n")), a="SSR")
    play.tree.blackboard["n"] = 5
    assert play.tick() == "a! a! a! RUNNING"
    play.tree.blackboard["n"] = 1
    assert play.tick() == "a# SUCCESS"


def test_a_retry_reads_its_attempts_after_each_failure() -> None:
    board: list[Any] = []

    def fail(owner: object) -> bool:
        board[0]["n"] = 2
        return False

    tree = compile(Retry(Task("fail", fail), Pointer("n")), None, HandClock())
    board.append(tree.blackboard)
    tree.blackboard["n"] = 1_000
    assert tree.tick() is Status.FAILURE


@pytest.mark.parametrize(
    ("success", "failure", "scripts", "tick"),
    [
        (0, 1, {"a": "R", "b": "S"}, "a! a# SUCCESS"),
        (0, 0, {"a": "F", "b": "S"}, "a! SUCCESS"),
        (1, 0, {"a": "R", "b": "S"}, "a! a# FAILURE"),
        (1, 0, {"a": "S", "b": "S"}, "a! SUCCESS"),
        (-1, 0, {"a": "S", "b": "S"}, "a! FAILURE"),
        (-3, 1, {"a": "F", "b": "S"}, "a! SUCCESS"),
        (-9, 1, {"a": "F", "b": "S"}, "a! SUCCESS"),
        (2, -9, {"a": "S", "b": "S"}, "a! FAILURE"),
    ],
)
def test_a_parallel_that_needs_none_is_decided_by_its_first_child(
    success: int, failure: int, scripts: dict[str, str], tick: str
) -> None:
    root = Parallel(A, B, success_count=success, failure_count=failure)
    assert Play(root, **scripts).tick() == tick
    told = Parallel(A, B, success_count=Pointer("s"), failure_count=Pointer("f"))
    play = Play(told, **scripts)
    play.tree.blackboard.update(s=success, f=failure)
    assert play.tick() == tick


# Skipped


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (Inverter, "SKIPPED"),
        (ForceSuccess, "SKIPPED"),
        (ForceFailure, "SKIPPED"),
        (KeepRunningUntilFailure, "RUNNING"),
        (RunOnce, "SKIPPED"),
        (lambda child: Repeat(child, 3), "SKIPPED"),
        (lambda child: Repeat(child, None), "SKIPPED"),
        (lambda child: Retry(child, 3), "SKIPPED"),
        (lambda child: Retry(child, None), "SKIPPED"),
        (lambda child: Timeout(child, 5), "SKIPPED"),
        (lambda child: Delay(child, 0), "SKIPPED"),
        (lambda child: Cooldown(child, 5), "SKIPPED"),
        (lambda child: Guard(child, lambda stage: True), "SKIPPED"),
        (lambda child: Precondition(child, lambda stage: True), "SKIPPED"),
        (lambda child: ScriptGate(child, Script.read("true")), "SKIPPED"),
        (lambda child: Sequence(child, child), "SKIPPED"),
        (lambda child: Selector(child, child), "SKIPPED"),
        (lambda child: SequenceWithMemory(child, child), "SKIPPED"),
        (lambda child: Sequence(child, Succeed()), "SUCCESS"),
        (lambda child: Selector(child, Fail()), "FAILURE"),
        (lambda child: Parallel(child, child), "SUCCESS"),
        (lambda child: Parallel(child, child, success_count=1), "SKIPPED"),
        (lambda child: Concurrent(child, child), "SKIPPED"),
        (lambda child: IfThenElse(child, Succeed(), Fail()), "SKIPPED"),
        (lambda child: IfThenElse(Succeed(), child), "SKIPPED"),
        (lambda child: WhileDoElse(child, Succeed(), Fail()), "SKIPPED"),
        (lambda child: WhileDoElse(Fail(), Fail(), child), "SKIPPED"),
        (lambda child: Switch(child, Fail(), key="n", cases=("1",)), "SKIPPED"),
    ],
)
def test_what_each_node_makes_of_a_skipped_child(make: Callable[[Node], Node], answer: str) -> None:
    play = Play(make(skipped()))
    play.tree.blackboard["n"] = 1
    assert play.ticks(3) == [answer] * 3


def test_a_loop_until_failure_does_not_end_with_a_skipped_child() -> None:
    body = (
        "<Sequence><KeepRunningUntilFailure>"
        '<AlwaysSuccess _skipIf="true"/></KeepRunningUntilFailure>'
        '<Script code="left_the_loop := 1"/></Sequence>'
    )
    tree = compile(loads(file_of(body)), None, HandClock())
    assert [tree.tick().name for _ in range(3)] == ["RUNNING"] * 3
    assert dict(tree.blackboard) == {}


def test_a_sequence_with_memory_that_has_come_far_is_not_skipped_after_a_halt() -> None:
    play = Play(SequenceWithMemory(A, B, skipped()), a="S", b="R")
    play.tick()
    play.halt()
    play.stage.scripts["b"] = "S"
    assert play.tick() == "b! SUCCESS"


def test_a_child_that_ran_and_was_skipped_has_its_cooldown() -> None:
    body = '<Cooldown msec="50"><Sleep msec="900" _while="n == 1"/></Cooldown>'
    clock = HandClock()
    tree = compile(loads(file_of(body)), None, clock)
    tree.blackboard["n"] = 1
    assert tree.tick().name == "RUNNING"
    tree.blackboard["n"] = 0
    assert [tree.tick().name for _ in range(2)] == ["SKIPPED", "FAILURE"]


def test_a_precondition_may_answer_running_until_it_is_met() -> None:
    body = '<Precondition if="n == 1" else="RUNNING"><AlwaysSuccess/></Precondition>'
    tree = compile(loads(file_of(body)), None, HandClock())
    tree.blackboard["n"] = 0
    assert [tree.tick().name for _ in range(2)] == ["RUNNING", "RUNNING"]
    tree.blackboard["n"] = 1
    assert tree.tick().name == "SUCCESS"


# Too much


def forever(child: Node) -> Node:
    return Repeat(child, 1_000_000_000, name="again")


@pytest.mark.parametrize(
    "root",
    [
        forever(Succeed()),
        Retry(Fail(), 1_000_000_000, name="again"),
        Repeat(Succeed(), Pointer("n"), name="again"),
        Retry(Fail(), Pointer("n"), name="again"),
        Repeat(Repeat(Repeat(Repeat(Succeed(), 99, name="again"), 99), 99), 99),
    ],
)
def test_a_tick_that_would_not_end_is_an_error_with_its_node(root: Node) -> None:
    tree = compile(root, None, HandClock())
    tree.blackboard["n"] = 1_000_000_000
    for _ in range(2):
        with pytest.raises(TreeError) as caught:
            tree.tick()
        message = str(caught.value)
        assert (
            " 'again' must end a tick within 100000 steps of nodes in loops, got 'more'" in message
        )
        assert all(status is Status.IDLE for _, status in tree.statuses)


@pytest.mark.parametrize("kind", [Repeat, Retry])
@pytest.mark.parametrize("times", [1_000_000_000, Pointer("n")])
def test_a_turn_counts_as_many_steps_as_there_are_nodes_below(kind: Any, times: Any) -> None:
    count = 0

    def work(owner: object) -> bool:
        nonlocal count
        count += 1
        return kind is Repeat

    wide = (Sequence if kind is Repeat else Selector)(*[Task("work", work)] * 4_900)
    tree = compile(kind(wide, times), None, HandClock())
    tree.blackboard["n"] = 1_000_000_000
    with pytest.raises(TreeError, match="must end a tick within 100000 steps of nodes in loops"):
        tree.tick()
    assert count <= 2 * 4_900 + 100_000


def test_so_it_is_with_children_that_an_own_node_ticks() -> None:
    count = 0

    def work(owner: object) -> None:
        nonlocal count
        count += 1

    def restless(ctx: BranchContext) -> Status:
        while ctx.child.tick() is Status.SUCCESS:
            pass
        return Status.SUCCESS

    root = Branch(Sequence(*[Task("work", work)] * 4_900), id="Own", fn=restless)
    with pytest.raises(TreeError, match="must end a tick within 100000 steps of nodes in loops"):
        compile(root, None, HandClock()).tick()
    assert count <= 100_000


def test_turns_are_counted_anew_for_each_tick() -> None:
    count = 0

    def work(owner: object) -> None:
        nonlocal count
        count += 1

    tree = compile(Repeat(Task("work", work), 90_000), None, HandClock())
    assert [tree.tick().name for _ in range(3)] == ["SUCCESS"] * 3
    assert count == 270_000


def test_what_a_tree_counts_is_no_answer_of_a_node() -> None:
    play = Play(Sequence(Repeat(A, 3), B), a="S", b="R")
    play.tick()
    assert [status.name for _, status in play.tree.statuses] == [
        "RUNNING",
        "SUCCESS",
        "SUCCESS",
        "RUNNING",
    ]
    other = Play(Sequence(Repeat(A, 3), B), a="S", b="S")
    other.tree.restore(play.tree.state())
    assert other.tree.state() == play.tree.state()
    assert other.tick() == "b. SUCCESS"
    play.tree.adopt(Sequence(Repeat(A, 3), B, C))
    assert play.tree.status_of("Repeat") is not None


def test_an_error_that_cannot_be_shown_does_not_take_the_place_of_the_message() -> None:
    class Broken(Exception):
        def __repr__(self) -> str:
            raise RuntimeError("no")

        __str__ = __repr__

    def work(owner: object) -> None:
        raise Broken

    with pytest.raises(TreeError) as caught:
        compile(Task("work", work), None, HandClock()).tick()
    assert str(caught.value) == (
        "Task 'work' must return without raising, got <Broken that cannot be shown> - at root; "
        "its own exception is the cause of this one"
    )
    assert type(caught.value.__cause__) is Broken
