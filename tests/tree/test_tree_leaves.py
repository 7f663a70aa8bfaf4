"""What leaves promise to the game: which answers they take, and whom they blame."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import pytest
from tree_puppets import A, HandClock, Play, Stage

from npcbrain import tree
from npcbrain.errors import TreeError
from npcbrain.tree import (
    Condition,
    Context,
    Fail,
    Node,
    ReactiveSelector,
    Sequence,
    SetBlackboard,
    StatefulLeaf,
    Status,
    Succeed,
    Task,
    Wait,
    compile,
)


def tick(definition: Node, owner: object = None) -> Status:
    return compile(definition, owner, HandClock()).tick()


@pytest.mark.parametrize(("answer", "status"), [(True, Status.SUCCESS), (False, Status.FAILURE)])
def test_a_condition_answers_by_its_truth(answer: bool, status: Status) -> None:
    assert tick(Condition("c", lambda _: answer)) is status


@pytest.mark.parametrize("answer", [1, None, "yes", Status.SUCCESS])
def test_a_condition_that_returns_no_bool_is_refused(answer: object) -> None:
    message = (
        f"the answer of Condition 'c' must be True or False, got {answer!r} - at root; "
        "wrap it: bool(...)"
    )
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        tick(Condition("c", lambda _: answer))  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (None, Status.SUCCESS),
        (True, Status.SUCCESS),
        (Status.SUCCESS, Status.SUCCESS),
        (False, Status.FAILURE),
        (Status.FAILURE, Status.FAILURE),
        (Status.RUNNING, Status.RUNNING),
    ],
)
def test_an_action_answers_by_status_bool_or_none(answer: Any, status: Status) -> None:
    assert tick(Task("a", lambda _: answer)) is status
    assert tick(Task("a", lambda _: answer, on_halt=lambda _: None)) is status


@pytest.mark.parametrize("answer", [Status.IDLE, 1, "done"])
def test_an_action_that_returns_something_else_is_refused(answer: Any) -> None:
    message = (
        f"the answer of Task 'dig' must be SUCCESS, FAILURE, RUNNING, a bool or None, got "
        f"{answer!r} - at root/1; return Status.RUNNING to be ticked again"
    )
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        tick(Sequence(Succeed(), Task("dig", lambda _: answer)))


def test_the_owner_is_handed_to_functions_as_it_is() -> None:
    owner, seen = object(), []
    tick(Sequence(Condition("c", lambda o: not seen.append(o)), Task("a", seen.append)), owner)
    assert [o is owner for o in seen] == [True, True]


def broken(_: object) -> bool:
    raise KeyError("sword")


@pytest.mark.parametrize(
    ("leaf", "what"),
    [(Condition("c", broken), "Condition 'c'"), (Task("a", broken), "Task 'a'")],
)
def test_a_function_that_raises_is_named_and_is_the_cause(leaf: Node, what: str) -> None:
    message = (
        f"{what} must return without raising, got KeyError('sword') - at root/0; "
        "its own exception is the cause of this one"
    )
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$") as caught:
        tick(Sequence(leaf))
    assert type(caught.value.__cause__) is KeyError


def running_action(log: list[str]) -> Task:
    return Task("walk", lambda _: Status.RUNNING, lambda _: log.append("stop"))


def test_a_running_action_is_told_once_that_it_is_halted() -> None:
    log: list[str] = []
    tree = compile(running_action(log), None, HandClock())
    tree.tick()
    tree.halt()
    tree.halt()
    assert log == ["stop"]


def test_an_action_that_is_done_is_not_told_that_it_is_halted() -> None:
    log: list[str] = []
    answers = iter([Status.RUNNING, Status.SUCCESS])
    tree = compile(Task("a", lambda _: next(answers), log.append), None, HandClock())
    tree.tick()
    tree.tick()
    tree.halt()
    assert log == []


def test_wait_runs_until_its_time_is_over_and_waits_anew() -> None:
    play = Play(Wait(30))
    assert play.tick() == "RUNNING"
    play.clock.advance(29)
    assert play.tick() == "RUNNING"
    play.clock.advance(1)
    assert play.ticks(2) == ["SUCCESS", "RUNNING"]


def test_a_halted_wait_waits_anew() -> None:
    play = Play(Wait(30))
    play.tick()
    play.clock.advance(30)
    play.halt()
    assert play.tick() == "RUNNING"


def test_succeed_and_fail_do_what_they_are_called() -> None:
    assert tick(Succeed()) is Status.SUCCESS
    assert tick(Fail()) is Status.FAILURE


def test_set_blackboard_writes_its_value() -> None:
    tree = compile(SetBlackboard("alarm", 3), None, HandClock())
    assert tree.tick() is Status.SUCCESS
    assert tree.blackboard == {"alarm": 3}


def test_set_blackboard_refuses_what_trees_would_share() -> None:
    message = (
        "value must be None, a bool, a number or a string, got [] - at SetBlackboard(); "
        "write lists and dictionaries from a Task"
    )
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        SetBlackboard("route", [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Condition("", broken), "name must not be empty, got ''"),
        (lambda: Condition(3, broken), "name must be a string, got 3"),
        (lambda: Condition("c", None), "fn must be callable with the tree's owner, got None"),
        (lambda: Task("a", 1), "fn must be callable with the tree's owner, got 1"),
        (lambda: Task("a", broken, 1), "on_halt must be callable with the tree's owner, got 1"),
        (lambda: Wait(-1), "ms must be 0 to 1e12 milliseconds, got -1"),
        (lambda: Succeed(3), "name must be a string, got 3"),
        (lambda: SetBlackboard("", 1), "key must be a string, not empty, got ''"),
    ],
)
def test_a_leaf_put_together_wrongly_is_refused(make: Callable[[], Node], message: str) -> None:
    with pytest.raises(TreeError, match=f"^{re.escape(message)} - at "):
        make()


def test_a_definition_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Wait(30).ms = 5  # type: ignore[misc]


def test_a_stateful_leaf_starts_runs_on_and_starts_again() -> None:
    play = Play(A, a="RRSR")
    assert play.ticks(4) == ["a! RUNNING", "a. RUNNING", "a. SUCCESS", "a! RUNNING"]


def test_a_stateful_leaf_that_is_done_is_not_halted() -> None:
    play = Play(A, a="RF")
    play.ticks(2)
    assert play.halt() == ""


def test_a_stateful_leaf_must_answer_with_a_status() -> None:
    @dataclass(frozen=True, slots=True)
    class Lazy(StatefulLeaf):
        def on_start(self, ctx: Context) -> Status:
            return True  # type: ignore[return-value]

        def on_running(self, ctx: Context) -> Status:
            return Status.SUCCESS

    message = (
        "the answer of Lazy must be Status.SUCCESS, FAILURE or RUNNING, got True - at root; "
        "True and None are for Task"
    )
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        tick(Lazy())


@dataclass(frozen=True, slots=True)
class Request(StatefulLeaf):
    """Keeps its number as a handle and notes every context it is given."""

    def on_start(self, ctx: Context) -> Status:
        ctx.owner.append((id(ctx), ctx.path, ctx.now_ns, ctx.handle))
        ctx.handle = "request"
        ctx.blackboard["asked"] = True
        return Status.RUNNING

    def on_running(self, ctx: Context) -> Status:
        ctx.owner.append((id(ctx), ctx.path, ctx.now_ns, ctx.handle))
        return Status.SUCCESS

    def on_halted(self, ctx: Context) -> None:
        ctx.owner.append(ctx.handle)


def test_a_stateful_leaf_is_given_one_context_with_what_it_needs() -> None:
    seen: list[Any] = []
    clock = HandClock(7)
    tree = compile(Sequence(Request()), seen, clock)
    tree.tick()
    clock.ns = 9
    tree.tick()
    same = seen[0][0]
    assert seen == [(same, "root/0", 7, None), (same, "root/0", 9, "request")]
    assert tree.blackboard == {"asked": True}


def test_a_handle_is_dropped_when_its_run_ends() -> None:
    seen: list[Any] = []
    tree = compile(Request(), seen, HandClock())
    for _ in range(3):
        tree.tick()
    assert [handle for *_, handle in seen] == [None, "request", None]


def test_a_handle_is_there_while_its_leaf_is_halted_and_gone_after() -> None:
    seen: list[Any] = []
    tree = compile(Request(), seen, HandClock())
    tree.tick()
    tree.halt()
    tree.tick()
    assert seen[1] == "request"
    assert seen[2][-1] is None


def test_a_leaf_that_raises_while_halted_is_blamed_and_not_halted_again() -> None:
    log: list[str] = []

    def fails(_: object) -> None:
        log.append("halted")
        raise RuntimeError("stuck")

    walk = Task("walk", lambda _: Status.RUNNING, fails)
    tree = compile(ReactiveSelector(A, walk), Stage({"a": "FS"}), HandClock())
    tree.tick()
    with pytest.raises(TreeError, match=r"^Task 'walk' must return without raising, got Runtime"):
        tree.tick()
    tree.halt()
    assert log == ["halted"]


def test_the_leaf_has_its_old_name_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match=r"npcbrain\.tree\.Task now"):
        assert tree.Action is Task
    with pytest.raises(AttributeError, match="Actoin"):
        tree.Actoin  # noqa: B018
