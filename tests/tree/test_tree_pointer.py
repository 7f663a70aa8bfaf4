"""Settings that are read from the blackboard: ``{entry}`` in files, ``Pointer`` in Python."""

from __future__ import annotations

from typing import Any

import pytest
from tree_puppets import A, B, C, Play

from npcbrain.errors import TreeError
from npcbrain.npcs.leaves import Act, CannedReply, Decide
from npcbrain.npcs.vocabulary import registry
from npcbrain.tree import (
    Cooldown,
    Delay,
    Node,
    Parallel,
    Pointer,
    Registry,
    Repeat,
    Retry,
    RunOnce,
    Sequence,
    StatefulLeaf,
    Succeed,
    Switch,
    Timeout,
    Wait,
    check,
    dumps,
    loads,
)

N = Pointer("n")


def play(root: Node, *, n: Any = None, **scripts: str) -> Play:
    play = Play(root, **scripts)
    play.tree.blackboard["n"] = n
    return play


def advance(play: Play, ms: float) -> str:
    play.clock.advance(ms)
    return play.tick()


# When it is read.


def test_a_wait_lasts_as_long_as_the_entry_says_when_it_begins() -> None:
    scene = play(Wait(N), n=100)
    assert scene.tick() == "RUNNING"
    scene.tree.blackboard["n"] = 5
    assert [advance(scene, 99), advance(scene, 1)] == ["RUNNING", "SUCCESS"]
    assert scene.tick() == "RUNNING"
    assert advance(scene, 5) == "SUCCESS"


def test_a_timeout_counts_to_what_the_entry_says_when_the_child_begins() -> None:
    scene = play(Timeout(A, N), n=50, a="R")
    assert scene.tick() == "a! RUNNING"
    assert [advance(scene, 49), advance(scene, 1)] == ["a. RUNNING", "a# FAILURE"]


def test_a_delay_waits_as_long_as_the_entry_says_when_it_begins() -> None:
    scene = play(Delay(A, N), n=10, a="S")
    assert [scene.tick(), advance(scene, 10)] == ["RUNNING", "a! SUCCESS"]


def test_a_cooldown_lasts_as_long_as_the_entry_says_when_the_child_is_done() -> None:
    scene = play(Cooldown(A, N), n=10, a="S")
    assert scene.tick() == "a! SUCCESS"
    scene.tree.blackboard["n"] = 99
    assert [advance(scene, 9), advance(scene, 1)] == ["FAILURE", "a! SUCCESS"]
    assert advance(scene, 98) == "FAILURE"


def test_a_number_of_turns_may_change_while_they_are_counted() -> None:
    scene = play(Repeat(A, N), n=3, a="SRS")
    assert scene.tick() == "a! a! RUNNING"
    scene.tree.blackboard["n"] = 2
    assert scene.tick() == "a. SUCCESS"


@pytest.mark.parametrize(
    ("root", "script", "answers"),
    [(Repeat(A, N), "S", ["a! RUNNING"] * 3), (Retry(A, N), "F", ["a! RUNNING"] * 3)],
    ids=["Repeat", "Retry"],
)
def test_minus_one_turns_have_no_end_and_take_a_tick_each(
    root: Node, script: str, answers: list[str]
) -> None:
    assert play(root, n=-1, a=script).ticks(3) == answers


def test_retry_tries_as_often_as_the_entry_says() -> None:
    assert play(Retry(A, N), n=2, a="F").tick() == "a! a! FAILURE"


def test_run_once_is_skipped_or_not_as_the_entry_says() -> None:
    scene = play(Sequence(RunOnce(A, then_skip=N), B), n=True, a="F", b="S")
    assert scene.ticks(2) == ["a! FAILURE", "b! SUCCESS"]
    scene.tree.blackboard["n"] = False
    assert scene.tick() == "FAILURE"


def test_a_parallel_needs_as_many_as_the_entry_says() -> None:
    root = Parallel(A, B, C, success_count=N, failure_count=-1)
    assert play(root, n=1, a="S", b="R", c="R").tick() == "a! SUCCESS"
    assert play(root, n=-2, a="S", b="F", c="S").tick() == "a! b! c! SUCCESS"
    assert play(root, n=-1, a="S", b="F", c="S").tick() == "a! b! FAILURE"


def test_a_case_may_stand_on_the_blackboard() -> None:
    root = Switch(A, B, C, key="mood", cases=(N, "calm"))
    scene = play(root, n="angry", a="S", b="S", c="S")
    for mood, answer in (("angry", "a! SUCCESS"), ("calm", "b! SUCCESS"), ("sad", "c! SUCCESS")):
        scene.tree.blackboard["mood"] = mood
        assert scene.tick() == answer


def test_text_is_read_as_what_the_setting_needs() -> None:
    scene = play(Wait(N), n="2.5")
    assert [scene.tick(), advance(scene, 3)] == ["RUNNING", "SUCCESS"]


def test_a_pointer_is_saved_with_the_trees_state() -> None:
    scene, other = (play(Repeat(A, N), n=3, a="SR") for _ in range(2))
    scene.tick()
    other.tree.restore(scene.tree.state())
    assert other.tree.state() == scene.tree.state()


# What is wrong with it.


@pytest.mark.parametrize(
    ("root", "n", "message"),
    [
        (
            Wait(Pointer("nn")),
            1,
            "entry must be on the blackboard, got 'nn' - at root (Wait); "
            "did you mean 'n'? something must write it before Wait runs",
        ),
        (Wait(N), "soon", "port 'ms' must be a number, got 'soon' - at root (Wait)"),
        (
            Wait(N),
            -1,
            "ms must be 0 to 1e12 milliseconds, got -1.0 - at root (Wait), entry 'n'",
        ),
        (
            Repeat(Succeed(), N),
            -2,
            "num_cycles must be 0 or more, or -1 for no end, got -2 - at root (Repeat), entry 'n'",
        ),
        (
            Parallel(Succeed(), success_count=N),
            2,
            "success_count must be 0 to 1, or -1 for all, -2 for all but one, got 2 - "
            "at root (Parallel), entry 'n'",
        ),
    ],
    ids=["missing", "text", "negative", "turns", "children"],
)
def test_an_entry_that_will_not_do_is_named(root: Node, n: Any, message: str) -> None:
    with pytest.raises(TreeError) as caught:
        play(root, n=n).tick()
    assert str(caught.value) == message


@pytest.mark.parametrize("key", ["", 3])
def test_a_pointer_points_to_a_name(key: Any) -> None:
    with pytest.raises(TreeError) as caught:
        Pointer(key)
    assert str(caught.value) == f"key must be a string, not empty, got {key!r} - at Pointer()"


# In files.


def file_of(body: str) -> str:
    return f'<root BTCPP_format="4"><BehaviorTree ID="Main">{body}</BehaviorTree></root>'


def one(tag: str, port: str) -> str:
    return f'<{tag} {port}="{{n}}"><AlwaysSuccess/></{tag}>'


@pytest.mark.parametrize(
    ("body", "definition"),
    [
        ('<Sleep msec="{n}"/>', Wait(N)),
        (one("Timeout", "msec"), Timeout(Succeed(), N)),
        (one("Cooldown", "msec"), Cooldown(Succeed(), N)),
        (one("Delay", "delay_msec"), Delay(Succeed(), N)),
        (one("Repeat", "num_cycles"), Repeat(Succeed(), N)),
        (one("RetryUntilSuccessful", "num_attempts"), Retry(Succeed(), N)),
        (one("RunOnce", "then_skip"), RunOnce(Succeed(), then_skip=N)),
        (one("Parallel", "success_count"), Parallel(Succeed(), success_count=N)),
        (one("Parallel", "failure_count"), Parallel(Succeed(), failure_count=N)),
        ('<Decide ttl_ms="{n}"/>', Decide(ttl_ms=N)),
        ('<Act lines="{n}"/>', Act(lines=N)),
        ('<CannedReply lines="{n}"/>', CannedReply(lines=N)),
    ],
    ids=lambda value: value.split()[0][1:] if isinstance(value, str) else "",
)
def test_a_file_may_leave_a_setting_to_the_blackboard(body: str, definition: Node) -> None:
    words = registry()
    loaded = loads(file_of(body), words)
    assert loaded == definition
    assert loads(dumps(loaded, words), words) == definition


def test_an_entry_of_a_subtree_is_its_own_or_the_one_it_is_connected_to() -> None:
    inner = '<BehaviorTree ID="Nap"><Sleep msec="{ms}"/></BehaviorTree>'
    body = '<Sequence><SubTree ID="Nap" ms="20"/><SubTree ID="Nap" name="b" ms="{n}"/></Sequence>'
    text = file_of(body).replace("</root>", f"{inner}</root>")
    definition = loads(text, tree="Main")
    assert loads(dumps(definition), tree="Main") == definition
    scene = play(definition, n=10)
    assert scene.tick() == "RUNNING"
    assert [advance(scene, 20), advance(scene, 10)] == ["RUNNING", "SUCCESS"]


def test_otherwise_may_stand_on_the_blackboard() -> None:
    gate = '<Precondition if="open" else="{n}"><AlwaysSuccess/></Precondition>'
    definition = loads(file_of(gate))
    assert loads(dumps(definition)) == definition
    scene = play(definition, n="SKIPPED")
    scene.tree.blackboard["open"] = False
    assert scene.tick() == "SKIPPED"
    scene.tree.blackboard["n"] = "MAYBE"
    with pytest.raises(TreeError) as caught:
        scene.tick()
    assert str(caught.value) == (
        "port 'else' must be FAILURE or SUCCESS or SKIPPED or RUNNING, got 'MAYBE' - "
        "at root (ScriptGate)"
    )


def test_a_leaf_says_by_its_types_what_may_be_left_to_the_blackboard() -> None:
    def shout(loud: int | Pointer, word: str) -> StatefulLeaf:
        raise AssertionError("not made while files are checked")

    words = Registry()
    words.leaf("Shout", shout)
    assert [port.takes_entries for port in words["Shout"].ports] == [True, False]
    faults = check(file_of('<Shout loud="{n}" word="{n}"/>'), words, file="t.xml")
    assert [str(fault) for fault in faults] == [
        "'word' of Shout must be text, got '{n}' - at t.xml:1:66; "
        "an entry of the blackboard cannot be used here"
    ]


# Literals.


@pytest.mark.parametrize(
    ("text", "shown"), [("007", "007"), ("1.50", "1.50"), ("42", "42"), ("true", "true")]
)
def test_what_a_file_writes_to_the_blackboard_comes_back_as_it_is_written(
    text: str, shown: str
) -> None:
    heard: list[str] = []
    words = Registry()

    @words.action("Say")
    def say(owner: object, text: str) -> None:
        heard.append(text)

    body = f'<Sequence><SetBlackboard value="{text}" output_key="x"/><Say text="{{x}}"/></Sequence>'
    Play(loads(file_of(body), words)).tick()
    assert heard == [shown]


@pytest.mark.parametrize("code", ["x == 7", "x &lt; 8", "6 &lt; x &lt; 8"])
def test_a_number_with_zeros_in_front_is_still_a_number_to_scripts(code: str) -> None:
    body = (
        '<Sequence><SetBlackboard value="007" output_key="x"/>'
        f'<ScriptCondition code="{code}"/></Sequence>'
    )
    assert Play(loads(file_of(body))).tick() == "SUCCESS"
