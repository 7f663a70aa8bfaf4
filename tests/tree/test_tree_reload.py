"""Trees that are edited while they run: what goes on, what is halted, and broken files."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from random_trees import Actual, scripts, stories, trees
from tree_puppets import A, B, C, HandClock, Play, Stage

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Concurrent,
    Cooldown,
    Node,
    Registry,
    Selector,
    Sequence,
    Status,
    Task,
    Timeout,
    TreeFile,
    Wait,
    compile,
    loads,
)

# Adopting a definition.


def test_an_equal_definition_changes_nothing() -> None:
    play = Play(Sequence(A, B), a="S", b="RRS")
    assert play.tick() == "a! b! RUNNING"
    play.tree.adopt(Sequence(A, B))
    assert play.stage.take_log() == ""
    assert play.tree.status_of("b") is Status.RUNNING
    assert play.ticks(2) == ["b. RUNNING", "b. SUCCESS"]


def test_what_is_not_in_the_new_tree_is_halted_once() -> None:
    play = Play(Concurrent(A, B), a="R", b="R", c="R")
    play.tick()
    play.tree.adopt(Concurrent(A, C))
    assert play.stage.take_log() == "a# b#"
    assert play.tick() == "a! c! RUNNING"


def test_an_edit_in_one_branch_leaves_the_others_running() -> None:
    play = Play(Concurrent(Sequence(A, name="x"), Sequence(B, name="y")), a="R", b="R", c="S")
    play.tick()
    play.tree.adopt(Concurrent(Sequence(A, name="x"), Sequence(C, B, name="y")))
    assert play.stage.take_log() == "b#"
    assert play.tick() == "a. c! b! RUNNING"


def test_a_changed_duration_keeps_what_is_running() -> None:
    play = Play(Timeout(A, 100), a="R")
    play.tick()
    play.tree.adopt(Timeout(A, 500))
    assert play.tick() == "a. RUNNING"


def test_a_cooldown_outlasts_an_edit_around_it() -> None:
    play = Play(Selector(Cooldown(A, 100), B), a="S", b="S", c="S")
    play.tick()
    play.tree.adopt(Selector(Cooldown(A, 100), C))
    assert play.tick() == "c! SUCCESS"


def test_a_tree_is_not_edited_in_its_own_tick() -> None:
    tree = compile(Task("edit", lambda owner: owner[0].adopt(Wait(1))), owner := [], HandClock())
    owner.append(tree)
    with pytest.raises(TreeError) as caught:
        tree.tick()
    assert str(caught.value.__cause__) == (
        "tree must not be in a tick, got 'edit' - at Tree.adopt(); "
        "a node's function must not call its own tree"
    )


def test_an_error_while_halting_is_raised_after_the_change() -> None:
    def fail(owner: object) -> None:
        raise RuntimeError("stuck")

    tree = compile(Task("dig", lambda owner: Status.RUNNING, fail), None, HandClock())
    tree.tick()
    with pytest.raises(TreeError, match="stuck"):
        tree.adopt(Wait(5))
    assert tree.nodes[0].kind == "Wait"
    assert tree.tick() is Status.RUNNING


@settings(max_examples=100, deadline=None)
@given(trees, scripts, stories, stories)
def test_adopting_its_own_definition_gives_the_same_future(
    definition: Node, script: dict[str, str], past: list[int | None], future: list[int | None]
) -> None:
    edited, other = Actual(definition, Stage(script)), Actual(definition, Stage(script))
    for ms in past:
        assert edited.play(ms) == other.play(ms)
    edited.tree.adopt(definition)
    assert edited.tree.state() == other.tree.state()
    assert [edited.play(ms) for ms in future] == [other.play(ms) for ms in future]


@settings(max_examples=150, deadline=None)
@given(trees, trees, scripts, stories, stories)
def test_any_edit_at_any_time_leaves_a_whole_tree(
    first: Node,
    second: Node,
    script: dict[str, str],
    past: list[int | None],
    future: list[int | None],
) -> None:
    actual = Actual(first, Stage(script))
    for ms in past:
        actual.play(ms)
    with suppress(TreeError):  # of what is done when a TryCatch is halted
        actual.tree.adopt(second)
    actual.stage.take_log()
    state = actual.tree.state()
    with suppress(TreeError):  # likewise: the tree is halted then, and whole
        actual.tree.restore(state)
    for ms in future:
        actual.play(ms)
    actual.play(None)
    assert actual.play(None)[:2] == ("halted", "")


# Files.

TEXT = '<root BTCPP_format="4"><BehaviorTree ID="Main">{}</BehaviorTree></root>'
STAMPS = itertools.count(1_000_000_000, 5)


def save(path: Path, body: str) -> None:
    path.write_text(TEXT.format(body), encoding="utf-8")
    stamp = next(STAMPS)
    os.utime(path, (stamp, stamp))  # some file systems count whole seconds


@pytest.fixture
def words() -> Registry:
    words = Registry()
    words.action("Say", lambda notes, text: notes.append(text))
    return words


def test_a_saved_file_changes_the_trees_that_follow_it(tmp_path: Path, words: Registry) -> None:
    path = tmp_path / "t.xml"
    save(path, '<Say text="a"/>')
    file = TreeFile(path, words)
    notes: list[str] = []
    tree = compile(file.definition, notes, HandClock())
    file.attach(tree)
    tree.tick()
    assert file.poll() is False
    save(path, '<Say text="b"/>')
    assert file.poll() is True
    tree.tick()
    assert notes == ["a", "b"]
    assert file.poll() is False


def test_a_broken_file_leaves_the_tree_running_and_says_why(
    tmp_path: Path, words: Registry
) -> None:
    path = tmp_path / "t.xml"
    save(path, '<Say text="a"/>')
    file = TreeFile(path, words)
    tree = compile(file.definition, [], HandClock())
    file.attach(tree)
    save(path, "<Sya/>")
    assert file.poll() is False
    assert file.message == ("node must be known, got 'Sya' - at t.xml:1:48; did you mean 'Say'?")
    assert tree.tick() is Status.SUCCESS
    path.unlink()
    assert file.poll() is False
    assert file.message.startswith("tree file must be readable, got ")
    save(path, '<Say text="c"/>')
    assert file.poll() is True
    assert file.message == ""


def test_a_file_that_is_included_is_watched_as_well(tmp_path: Path, words: Registry) -> None:
    shared, main = tmp_path / "shared.xml", tmp_path / "main.xml"
    save(shared, '<Say text="a"/>')
    include = '<root BTCPP_format="4"><include path="shared.xml"/></root>'
    main.write_text(include, encoding="utf-8")
    file = TreeFile(main, words)
    save(shared, '<Say text="b"/>')
    assert file.poll() is True


def test_a_tree_that_was_detached_is_left_alone(tmp_path: Path, words: Registry) -> None:
    path = tmp_path / "t.xml"
    save(path, '<Say text="a"/>')
    file = TreeFile(path, words)
    tree = compile(file.definition, [], HandClock())
    file.attach(tree)
    file.detach(tree)
    save(path, '<Say text="b"/>')
    file.poll()
    assert tree.root is not file.definition


# What a file gives to its subtrees.

NAP = (
    '<root BTCPP_format="4" main_tree_to_execute="Main">'
    '<BehaviorTree ID="Main"><SubTree ID="Nap" ms="{}" word="z"/></BehaviorTree>'
    '<BehaviorTree ID="Nap"><Sequence><Sleep msec="{{ms}}"/><Script code="word := word + \'z\'"/>'
    "</Sequence></BehaviorTree></root>"
)


def test_a_value_that_was_edited_is_taken_on_and_what_the_tree_wrote_itself_stays() -> None:
    tree = compile(loads(NAP.format(0.001)), None, clock := HandClock())
    tree.tick()
    clock.advance(1)
    tree.tick()
    assert dict(tree.blackboard) == {"Nap/ms": 0.001, "Nap/word": "zz"}
    tree.adopt(loads(NAP.format(500)))
    assert dict(tree.blackboard) == {"Nap/ms": 500, "Nap/word": "zz"}
