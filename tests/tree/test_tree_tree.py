"""What a compiled tree promises to whoever ticks, shows and saves it."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import Any

import pytest
from tree_puppets import A, B, C, HandClock, Play, Stage

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Blackboard,
    Concurrent,
    Condition,
    Inverter,
    Node,
    Parallel,
    ReactiveSelector,
    Repeat,
    Selector,
    Sequence,
    Status,
    Succeed,
    Task,
    Timeout,
    Tree,
    Wait,
    compile,
)

TOWN = Selector(Sequence(A, B, name="mind"), Inverter(C), name="npc")


def test_nodes_tell_where_everything_stands() -> None:
    assert [tuple(info[:4]) for info in Play(TOWN).tree.nodes] == [
        ("root", 0, "npc", "Selector"),
        ("root/0", 1, "mind", "Sequence"),
        ("root/0/0", 2, "a", "Puppet"),
        ("root/0/1", 2, "b", "Puppet"),
        ("root/1", 1, "Inverter", "Inverter"),
        ("root/1/0", 2, "c", "Puppet"),
    ]


def statuses(tree: Tree) -> dict[str, str]:
    return {info.name: status.name for info, status in tree.statuses}


def test_before_the_first_tick_all_is_idle() -> None:
    assert set(statuses(Play(TOWN).tree).values()) == {"IDLE"}


def test_statuses_show_the_last_tick_and_nothing_older() -> None:
    play = Play(Concurrent(Selector(A, B), C), a="FS", b="F", c="R")
    play.tick()
    assert statuses(play.tree) == {
        "Concurrent": "RUNNING",
        "Selector": "FAILURE",
        "a": "FAILURE",
        "b": "FAILURE",
        "c": "RUNNING",
    }
    play.tick()
    assert statuses(play.tree)["b"] == "IDLE"


def test_what_was_halted_is_shown_as_idle() -> None:
    play = Play(Parallel(A, B), a="R", b="F")
    play.tick()
    assert statuses(play.tree) == {"Parallel": "FAILURE", "a": "IDLE", "b": "FAILURE"}


def test_a_halt_leaves_all_idle() -> None:
    play = Play(Parallel(A, B), a="S", b="R")
    play.tick()
    play.halt()
    assert set(statuses(play.tree).values()) == {"IDLE"}


def test_status_of_takes_a_path_or_a_name() -> None:
    play = Play(TOWN, a="S", b="R", c="S")
    play.tick()
    assert play.tree.status_of("root/0/1") is Status.RUNNING
    assert play.tree.status_of("mind") is Status.RUNNING
    assert play.tree.status_of("c") is Status.IDLE


def test_status_of_refuses_an_unknown_node() -> None:
    message = (
        "node must be in the tree, got 'root/9' - at Tree.status_of(); Tree.nodes lists the paths"
    )
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        Play(TOWN).tree.status_of("root/9")


def test_status_of_refuses_a_name_that_two_nodes_have() -> None:
    message = "name must be unique, got 'a' - at Tree.status_of(); use a path: root/0, root/1"
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        Play(Sequence(A, A)).tree.status_of("a")


def test_trees_of_one_definition_share_nothing() -> None:
    definition = Sequence(A, B)
    one, two = Play(definition, a="S", b="R"), Play(definition, a="S", b="R")
    one.tick()
    assert two.tick() == "a! b! RUNNING"
    one.tree.blackboard["x"] = 1
    assert two.tree.blackboard == {}


def test_the_blackboard_of_the_game_is_used_as_it_is() -> None:
    board = Blackboard(hp=3)
    assert compile(Succeed(), None, HandClock(), board).blackboard is board


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((Succeed, None, HandClock()), "child must be a node, got <class"),
        ((Succeed(), None, None), "clock must have now_ns(), got None - at compile()"),
        ((Succeed(), None, HandClock(), {}), "blackboard must be a Blackboard, got {}"),
    ],
)
def test_compile_refuses_what_is_not_of_its_kind(arguments: Any, message: str) -> None:
    with pytest.raises(TreeError, match=f"^{re.escape(message)}"):
        compile(*arguments)


def test_a_tree_that_is_too_deep_is_refused_before_it_can_overflow_a_frame() -> None:
    definition: Node = Succeed()
    for _ in range(64):
        definition = Inverter(definition)
    assert compile(definition, None, HandClock()).tick() is Status.SUCCESS
    with pytest.raises(TreeError, match=r"^tree must be at most 64 deep, got 65 - at root/0/0"):
        compile(Inverter(definition), None, HandClock())


def test_all_nodes_of_a_tick_see_the_same_moment() -> None:
    clock = HandClock()
    step = Task("slow", lambda _: clock.advance(100))
    tree = compile(Sequence(step, Wait(50)), None, clock)
    tree.tick()  # the wait begins at 0, though the clock says 100 by then
    clock.ns = 50_000_000
    assert tree.tick() is Status.SUCCESS


def test_a_tree_without_timers_reads_no_clock() -> None:
    class Broken:
        def now_ns(self) -> int:
            raise AssertionError

    assert compile(Succeed(), None, Broken()).tick() is Status.SUCCESS


@pytest.mark.parametrize("call", ["tick", "halt", "state"])
def test_a_tree_refuses_to_be_called_from_within_its_own_tick(call: str) -> None:
    trees: list[Tree] = []
    trees.append(compile(Task("a", lambda _: getattr(trees[0], call)()), None, HandClock()))
    message = (
        f"tree must not be in a tick, got 'a' - at Tree.{call}(); "
        "a node's function must not call its own tree"
    )
    with pytest.raises(TreeError) as caught:
        trees[0].tick()
    assert str(caught.value.__cause__) == message


def test_an_error_halts_all_that_was_running_so_that_the_next_tick_begins_anew() -> None:
    failing = iter([True, False])

    def work(_: object) -> bool:
        if next(failing):
            raise RuntimeError("boom")
        return True

    play = Play(Concurrent(A, Sequence(B, Task("work", work))), a="R", b="S")
    with pytest.raises(TreeError, match=r"got RuntimeError\('boom'\) - at root/1/1;"):
        play.tree.tick()
    assert play.stage.take_log() == "a! b! a#"
    assert set(statuses(play.tree).values()) == {"IDLE"}
    assert play.tick() == "a! b! RUNNING"


def test_a_second_error_while_halting_is_a_note_on_the_first_and_all_are_halted() -> None:
    log: list[str] = []

    def stuck(name: str) -> Task:
        def on_halt(_: object) -> None:
            log.append(name)
            raise RuntimeError(name)

        return Task(name, lambda _: Status.RUNNING, on_halt)

    tree = compile(Concurrent(stuck("x"), stuck("y")), None, HandClock())
    tree.tick()
    with pytest.raises(TreeError, match=r"^Task 'x' must return") as caught:
        tree.halt()
    assert log == ["x", "y"]
    assert caught.value.__notes__ == [
        "and while the tree was being halted: Task 'y' must return without raising, got "
        "RuntimeError('y') - at root/1; its own exception is the cause of this one"
    ]


def test_a_keyboard_interrupt_passes_as_it_is_and_leaves_the_tree_whole() -> None:
    def interrupt(_: object) -> bool:
        raise KeyboardInterrupt

    play = Play(Concurrent(A, Condition("c", interrupt)), a="R")
    with pytest.raises(KeyboardInterrupt):
        play.tree.tick()
    assert play.stage.take_log() == "a! a#"


def test_a_state_is_plain_data_that_json_can_hold() -> None:
    play = Play(Sequence(Repeat(A, 3), Timeout(B, 10)), a="S", b="R")
    play.tick()
    play.tree.blackboard["seen"] = ["thief"]
    state = play.tree.state()
    assert json.loads(json.dumps(state)) == state


def test_a_state_does_not_change_while_time_stands_still_and_nothing_is_ticked() -> None:
    play = Play(Wait(10))
    play.tick()
    assert play.tree.state() == play.tree.state()


def test_a_restored_timer_has_as_much_time_left_as_it_had() -> None:
    old = Play(Wait(100))
    old.tick()
    old.clock.advance(60)
    new = Play(Wait(100))
    new.clock.ns = 5  # another process, whose clock began at another moment
    new.tree.restore(old.tree.state())
    new.clock.advance(39)
    assert new.tick() == "RUNNING"
    new.clock.advance(1)
    assert new.tick() == "SUCCESS"


def test_a_restored_leaf_runs_on() -> None:
    old = Play(Selector(A, B), a="F", b="R")
    old.tick()
    new = Play(Selector(A, B), a="F", b="S")
    new.tree.restore(old.tree.state())
    assert statuses(new.tree) == {"Selector": "RUNNING", "a": "FAILURE", "b": "RUNNING"}
    assert new.tick() == "b. SUCCESS"


def test_restoring_halts_what_was_running() -> None:
    play = Play(A, a="R")
    fresh = play.tree.state()
    play.tick()
    play.tree.restore(fresh)
    assert play.stage.take_log() == "a#"
    assert play.tick() == "a! RUNNING"


def test_restoring_replaces_the_blackboard_in_place() -> None:
    play = Play(Succeed())
    board = play.tree.blackboard
    board["hp"] = [1]
    state = play.tree.state()
    board["hp"].append(2)
    board["new"] = True
    play.tree.restore(state)
    assert play.tree.blackboard is board
    assert board == {"hp": [1]}


def test_a_tuned_duration_keeps_its_saves() -> None:
    old = Play(Wait(100))
    old.tick()
    new = Play(Wait(200))
    new.tree.restore(old.tree.state())
    new.clock.advance(100)
    assert new.tick() == "SUCCESS"


@pytest.mark.parametrize(
    "definition", [Selector(A, B), Sequence(A, C), Sequence(A, B, C), Sequence(A, Inverter(B))]
)
def test_a_state_of_another_tree_is_refused(definition: Node) -> None:
    state = Play(definition).tree.state()
    with pytest.raises(TreeError, match=r"^\$\.shape must be '\w{16}', got '\w{16}' - at Tree"):
        Play(Sequence(A, B)).tree.restore(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "$.format must be 1, got 2 - at Tree.restore(); it was saved by another"),
        ({"statuses": None}, "$.statuses must be a list, got None - at Tree.restore()"),
        ({"statuses": [3, 3]}, "$.statuses must have 3 items, got 2 - at Tree.restore()"),
        ({"statuses": [3, 3, 5]}, "$.statuses[2] must be an int in 0 .. 4, got 5 - at Tree."),
        ({"statuses": [3, 3, True]}, "$.statuses[2] must be an int in 0 .. 4, got True - at"),
        ({"memory": [2, 0, 0]}, "$.memory[0] must be an int in -1 .. 1, got 2 - at Tree."),
        ({"memory": [0, 0, 1.0]}, "$.memory[2] must be an int in 0 .. 1, got 1.0 - at Tree."),
        ({"memory": [0]}, "$.memory must have 3 items, got 1 - at Tree.restore()"),
        ({"blackboard": []}, "blackboard must be a dictionary, got [] - at $.blackboard"),
        ({"blackboard": {"x": {1}}}, "value must be plain data, got {1} - at $.blackboard.x; "),
    ],
)
def test_a_damaged_state_is_refused_before_anything_changes(
    change: dict[str, Any], message: str
) -> None:
    play = Play(ReactiveSelector(A, B), a="F", b="R")
    play.tick()
    play.tree.blackboard["hp"] = 3
    before = deepcopy(play.tree.state())
    damaged = {**Play(ReactiveSelector(A, B)).tree.state(), **change}
    with pytest.raises(TreeError, match=f"^{re.escape(message)}"):
        play.tree.restore(damaged)
    assert play.tree.state() == before
    assert play.tick() == "a! b. RUNNING"


@pytest.mark.parametrize("state", [None, [], "state"])
def test_a_state_that_is_no_dictionary_is_refused(state: object) -> None:
    message = f"state must be a dictionary, got {state!r} - at Tree.restore()"
    with pytest.raises(TreeError, match=f"^{re.escape(message)}$"):
        Play(Succeed()).tree.restore(state)


def test_an_owner_is_never_looked_into() -> None:
    stage = Stage({})
    del stage.scripts, stage.asked, stage.log
    assert compile(Succeed(), stage, HandClock()).tick() is Status.SUCCESS


def test_trees_of_one_definition_share_its_program_and_nothing_else() -> None:
    definition = Sequence(Task("count", lambda owner: owner.append(1)), Wait(5))
    first: list[int] = []
    second: list[int] = []
    trees = [compile(definition, owner, HandClock()) for owner in (first, second)]
    assert trees[0]._program is trees[1]._program
    assert trees[0].tick() is Status.RUNNING
    assert (first, second) == ([1], [])
    assert [status for _, status in trees[1].statuses] == [Status.IDLE] * 3
