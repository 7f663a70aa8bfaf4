"""Truth tables of the nodes that BehaviorTree.CPP 4.10 has beyond the first dozen."""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import Any

import pytest
from tree_puppets import A, B, C, HandClock, Play

from npcbrain.errors import TreeError
from npcbrain.tree import (
    AsyncSelector,
    AsyncSequence,
    Blackboard,
    LoopBool,
    LoopDouble,
    LoopInt,
    LoopString,
    Node,
    ParallelAll,
    Pointer,
    Precondition,
    ReactiveSequence,
    Sequence,
    SkipUnlessUpdated,
    Status,
    TryCatch,
    WaitValueUpdate,
    WasEntryUpdated,
    check,
    compile,
    dumps,
    loads,
)

SKIPPED = Status.SKIPPED


def skipped(child: Node = A) -> Node:
    return Precondition(child, lambda stage: False, SKIPPED)


def file_of(body: str) -> str:
    return f'<root BTCPP_format="4"><BehaviorTree ID="Main">{body}</BehaviorTree></root>'


# ParallelAll


@pytest.mark.parametrize(
    ("limit", "scripts", "ticks"),
    [
        (1, {"a": "F", "b": "RS", "c": "S"}, ["a! b! c! RUNNING", "b. FAILURE"]),
        (2, {"a": "F", "b": "RS", "c": "S"}, ["a! b! c! RUNNING", "b. SUCCESS"]),
        (-1, {"a": "F", "b": "F", "c": "F"}, ["a! b! c! FAILURE"]),
        (-2, {"a": "F", "b": "F", "c": "S"}, ["a! b! c! FAILURE"]),
        (0, {"a": "S", "b": "S", "c": "S"}, ["a! b! c! FAILURE"]),
    ],
)
def test_parallel_all_waits_for_all_and_counts_failures(
    limit: int, scripts: dict[str, str], ticks: list[str]
) -> None:
    assert Play(ParallelAll(A, B, C, max_failures=limit), **scripts).ticks(len(ticks)) == ticks


def test_parallel_all_asks_those_who_were_skipped_again_and_is_skipped_if_all_are() -> None:
    assert Play(ParallelAll(skipped(), skipped())).tick() == "SKIPPED"
    play = Play(ParallelAll(skipped(), A, B), a="S", b="RS")
    assert play.ticks(2) == ["a! b! RUNNING", "b. SUCCESS"]


def test_a_halted_parallel_all_forgets_who_is_done() -> None:
    play = Play(ParallelAll(A, B), a="FS", b="RRS")
    play.tick()
    assert play.halt() == "b#"
    assert play.ticks(2) == ["a! b! RUNNING", "b. SUCCESS"]


def test_parallel_all_cannot_wait_for_more_failures_than_children() -> None:
    with pytest.raises(TreeError) as caught:
        ParallelAll(A, B, max_failures=3)
    assert str(caught.value) == (
        "max_failures must be 0 to 2, or -1 for all, -2 for all but one, got 3 - at ParallelAll()"
    )


# AsyncSequence, AsyncFallback


@pytest.mark.parametrize(
    ("kind", "good", "bad"), [(AsyncSequence, "S", "F"), (AsyncSelector, "F", "S")]
)
def test_an_asynchronous_node_gives_the_tick_back_between_children(
    kind: type[AsyncSequence], good: str, bad: str
) -> None:
    names = {"S": "SUCCESS", "F": "FAILURE"}
    play = Play(kind(A, B, C), a=good, b="R" + good, c=bad)
    assert play.ticks(3) == ["a! RUNNING", "b! RUNNING", f"b. c! {names[bad]}"]
    assert Play(kind(A, B), a=bad, b=good).tick() == f"a! {names[bad]}"
    assert Play(kind(A, B), a=good, b=good).ticks(2) == ["a! RUNNING", f"b! {names[good]}"]
    assert Play(kind(skipped(), skipped())).tick() == "SKIPPED"
    assert Play(kind(skipped(), A), a=good).tick() == f"a! {names[good]}"


def test_who_is_above_an_asynchronous_sequence_can_ask_between_its_children() -> None:
    play = Play(ReactiveSequence(C, AsyncSequence(A, B)), c="SF", a="S", b="S")
    assert play.ticks(2) == ["c! a! RUNNING", "c! FAILURE"]
    assert play.tick() == "c! FAILURE"


def test_a_halted_asynchronous_sequence_begins_with_the_first() -> None:
    play = Play(AsyncSequence(A, B), a="S", b="S")
    play.tick()
    assert play.halt() == ""
    assert play.tick() == "a! RUNNING"


# TryCatch


@pytest.mark.parametrize(
    ("scripts", "ticks"),
    [
        ({"a": "S", "b": "S", "c": "S"}, ["a! b! SUCCESS"]),
        ({"a": "S", "b": "F", "c": "S"}, ["a! b! c! FAILURE"]),
        ({"a": "F", "b": "S", "c": "RS"}, ["a! c! RUNNING", "c. FAILURE", "a! c! FAILURE"]),
        ({"a": "RS", "b": "RF", "c": "F"}, ["a! RUNNING", "a. b! RUNNING", "b. c! FAILURE"]),
    ],
)
def test_try_catch_tries_and_cleans_up(scripts: dict[str, str], ticks: list[str]) -> None:
    assert Play(TryCatch(A, B, C), **scripts).ticks(len(ticks)) == ticks


def test_try_catch_passes_over_what_is_skipped() -> None:
    assert Play(TryCatch(skipped(), skipped(), A), a="S").tick() == "SKIPPED"
    assert Play(TryCatch(skipped(), A, B), a="S", b="S").tick() == "a! SUCCESS"
    assert Play(TryCatch(A, skipped()), a="F").tick() == "a! FAILURE"


def test_a_halted_try_catch_cleans_up_only_if_told_to() -> None:
    play = Play(TryCatch(A, B), a="R", b="S")
    play.tick()
    assert play.halt() == "a#"
    play = Play(TryCatch(A, B, catch_on_halt=True), a="R", b="R")
    play.tick()
    assert play.halt() == "a# b! b#"
    assert play.halt() == ""
    play = Play(TryCatch(A, B, catch_on_halt=True), a="F", b="R")
    assert play.tick() == "a! b! RUNNING"
    assert play.halt() == "b#"


def test_try_catch_needs_something_to_try() -> None:
    with pytest.raises(TreeError, match=r"^children must be at least two, got 1 - at TryCatch"):
        TryCatch(A)
    (fault,) = check(file_of("<TryCatch><AlwaysSuccess/></TryCatch>"), file="t.xml")
    assert str(fault) == "TryCatch must have at least 2 children, got 1 - at t.xml:1:48"


# Loops


@pytest.mark.parametrize(
    ("kind", "queue", "values"),
    [
        (LoopInt, "1; 2", [1, 2]),
        (LoopInt, (3.0, True, "4"), [3, 1, 4]),
        (LoopDouble, (1, "2.5"), [1.0, 2.5]),
        (LoopString, "a;b c", ["a", "b c"]),
        (LoopBool, "true;0", [True, False]),
    ],
)
def test_a_loop_runs_its_child_for_each_value(kind: Any, queue: Any, values: list[Any]) -> None:
    play = Play(kind(A, queue, "n"), a="S")
    seen = []
    for _ in values:
        assert play.tick() == "a! RUNNING"
        seen.append(play.tree.blackboard["n"])
    assert [(type(value), value) for value in seen] == [(type(value), value) for value in values]
    assert play.ticks(2) == ["SUCCESS", "a! RUNNING"]


def test_a_loop_ends_with_a_failure_and_begins_anew() -> None:
    play = Play(LoopInt(A, (1, 2), "n"), a="RSFS")
    assert play.ticks(3) == ["a! RUNNING", "a. RUNNING", "a! FAILURE"]
    assert play.tick() == "a! RUNNING"
    assert play.tree.blackboard["n"] == 1


def test_a_loop_goes_on_after_a_skipped_child() -> None:
    play = Play(LoopInt(skipped(), (1, 2), "n"))
    assert play.ticks(3) == ["RUNNING", "RUNNING", "SUCCESS"]


@pytest.mark.parametrize("answer", [Status.SUCCESS, Status.FAILURE, SKIPPED, Status.RUNNING])
def test_an_empty_loop_answers_as_it_is_told(answer: Status) -> None:
    assert Play(LoopInt(A, (), "n", answer)).ticks(2) == [answer.name] * 2


def test_a_halted_loop_begins_anew() -> None:
    play = Play(LoopInt(A, (1, 2), "n"), a="SR")
    play.ticks(2)
    assert play.halt() == "a#"
    play.tick()
    assert play.tree.blackboard["n"] == 1


def test_a_loop_over_an_entry_keeps_what_it_read_and_leaves_the_entry() -> None:
    play = Play(LoopInt(A, Pointer("q"), "n"), a="S")
    board = play.tree.blackboard
    board["q"] = [1, 2]
    play.tick()
    board["q"] = "7"
    play.tick()
    assert board["n"] == 2
    assert play.ticks(2) == ["SUCCESS", "a! RUNNING"]
    assert (board["n"], board["q"]) == (7, "7")
    board["q"] = ["soon"]
    play.halt()
    with pytest.raises(TreeError, match=r"^port 'queue' must be numbers with ; between"):
        play.tick()


def test_a_loop_goes_on_after_loading() -> None:
    plays = [Play(LoopInt(A, Pointer("q"), "n"), a="S") for _ in range(2)]
    plays[0].tree.blackboard["q"] = [1, 2]
    plays[0].tick()
    plays[1].tree.restore(plays[0].tree.state())
    for play in plays:
        assert play.tick() == "a! RUNNING"
        assert play.tree.blackboard["n"] == 2
        assert play.ticks(2) == ["SUCCESS", "a! RUNNING"]


@pytest.mark.parametrize("queue", ["soon", (1, 2.5), ([1],), None])
def test_values_that_are_none_are_refused(queue: Any) -> None:
    with pytest.raises(TreeError, match=r"^queue must be values that are each of type int, got "):
        LoopInt(A, queue)


# Entries that are written


def test_an_entry_that_is_there_at_first_counts_as_written_once() -> None:
    play = Play(WasEntryUpdated("n"))
    board = play.tree.blackboard
    assert play.tick() == "FAILURE"
    board["n"] = 1
    assert play.ticks(2) == ["SUCCESS", "FAILURE"]
    board["n"] = 1  # the same again
    assert play.ticks(2) == ["SUCCESS", "FAILURE"]
    there = compile(WasEntryUpdated("n"), None, HandClock(), Blackboard(n=1))
    assert [there.tick().name for _ in range(2)] == ["SUCCESS", "FAILURE"]


def test_each_way_to_write_counts_and_removing_does_not() -> None:
    play = Play(WasEntryUpdated("n"))
    board = play.tree.blackboard
    for write in (
        lambda: board.update(n=1),
        lambda: board.update([("n", 2)]),
        lambda: board.__ior__({"n": 3}),
        lambda: board.restore({"n": 4}),
        lambda: (board.pop("n"), board.setdefault("n", 5)),
    ):
        write()
        assert play.ticks(2) == ["SUCCESS", "FAILURE"]
    board.setdefault("n", 6)
    assert play.tick() == "FAILURE"
    del board["n"]
    assert play.tick() == "FAILURE"


def test_each_node_looks_for_itself() -> None:
    play = Play(Sequence(SkipUnlessUpdated(A, "n"), SkipUnlessUpdated(B, "n")), a="S", b="S")
    play.tree.blackboard["n"] = 1
    assert play.ticks(2) == ["a! b! SUCCESS", "SKIPPED"]


@pytest.mark.parametrize(
    ("kind", "otherwise"), [(SkipUnlessUpdated, "SKIPPED"), (WaitValueUpdate, "RUNNING")]
)
def test_a_running_child_is_ticked_without_asking(kind: Any, otherwise: str) -> None:
    play = Play(kind(A, "n"), a="RRSF")
    board = play.tree.blackboard
    assert play.tick() == otherwise
    board["n"] = 1
    assert play.tick() == "a! RUNNING"
    board["n"] = 2
    assert play.ticks(2) == ["a. RUNNING", "a. SUCCESS"]
    assert play.ticks(2) == ["a! FAILURE", otherwise]


def test_a_halt_does_not_forget_what_was_seen() -> None:
    play = Play(WaitValueUpdate(A, "n"), a="R")
    play.tree.blackboard["n"] = 1
    play.tick()
    assert play.halt() == "a#"
    assert play.tick() == "RUNNING"


def test_what_was_seen_is_saved() -> None:
    for written in (False, True):
        old, new = (Play(WasEntryUpdated("n")) for _ in range(2))
        old.tree.blackboard["n"] = 1
        old.tick()
        if written:
            old.tree.blackboard["n"] = 2
        state = old.tree.state()
        new.tree.restore(state)
        assert new.tree.state() == state
        assert new.ticks(2) == (["SUCCESS"] if written else ["FAILURE"]) + ["FAILURE"]


def test_a_blackboard_that_counts_is_copied_as_a_plain_one() -> None:
    play = Play(WasEntryUpdated("n"))
    play.tree.blackboard["n"] = [1]
    for other in (deepcopy(play.tree.blackboard), pickle.loads(pickle.dumps(play.tree.blackboard))):
        assert other == {"n": [1]}
        assert type(other) is Blackboard


def test_blackboards_of_trees_that_ask_for_no_changes_count_none() -> None:
    assert type(Play(A, a="S").tree.blackboard) is Blackboard

    class Own(Blackboard):
        pass

    with pytest.raises(TreeError) as caught:
        compile(WasEntryUpdated("n"), None, HandClock(), Own())
    assert str(caught.value) == (
        "blackboard must be a Blackboard itself, got 'Own' - at compile(); "
        "a node of the tree waits for its changes"
    )


# In files


MISSING = """<Sequence>
  <ParallelAll max_failures="1"><AlwaysSuccess/><AlwaysSuccess/></ParallelAll>
  <LoopInt queue="1;2;3" value="{n}"><AlwaysSuccess/></LoopInt>
  <SkipUnlessUpdated entry="{n}"><AlwaysSuccess/></SkipUnlessUpdated>
  <WaitValueUpdate entry="n"><AlwaysSuccess/></WaitValueUpdate>
  <WasEntryUpdated entry="{n}"/>
  <TryCatch><AlwaysFailure/><AlwaysSuccess/></TryCatch>
  <AsyncSequence><AlwaysSuccess/></AsyncSequence>
</Sequence>"""


def test_files_know_them_all() -> None:
    tree = compile(loads(file_of(MISSING)), None, HandClock())
    assert [tree.tick().name for _ in range(4)] == ["RUNNING"] * 3 + ["FAILURE"]
    assert dict(tree.blackboard) == {"n": 3}


@pytest.mark.parametrize(
    "body",
    [
        MISSING,
        '<LoopDouble queue="{q}" if_empty="SKIPPED" value="{n}"><AlwaysSuccess/></LoopDouble>',
        '<LoopString queue="a;b" if_empty="{word}"><AlwaysSuccess/></LoopString>',
        '<LoopBool queue="1;false"><AlwaysSuccess/></LoopBool>',
        '<ParallelAll max_failures="{n}"><AlwaysSuccess/></ParallelAll>',
        '<TryCatch catch_on_halt="{n}"><AlwaysSuccess/><AlwaysSuccess/></TryCatch>',
        '<TryCatch catch_on_halt="true"><AlwaysSuccess/><AlwaysSuccess/></TryCatch>',
        "<AsyncFallback><AlwaysSuccess/></AsyncFallback>",
        '<Precondition if="n" else="RUNNING"><AlwaysSuccess/></Precondition>',
    ],
)
def test_what_is_written_loads_to_the_same(body: str) -> None:
    definition = loads(file_of(body))
    assert loads(dumps(definition)) == definition


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            '<LoopInt queue="1;two"><AlwaysSuccess/></LoopInt>',
            "'queue' of LoopInt must be numbers with ; between, got '1;two' - at t.xml:1:57",
        ),
        (
            '<LoopInt queue="1" if_empty="IDLE"><AlwaysSuccess/></LoopInt>',
            "'if_empty' of LoopInt must be FAILURE or SUCCESS or SKIPPED or RUNNING, got 'IDLE'",
        ),
        ("<WasEntryUpdated/>", "WasEntryUpdated must have 'entry', got None - at t.xml:1:48"),
    ],
)
def test_what_is_wrong_with_them_is_told(body: str, message: str) -> None:
    (fault,) = check(file_of(body), file="t.xml")
    assert str(fault).startswith(message)
