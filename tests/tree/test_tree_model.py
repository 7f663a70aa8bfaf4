"""Random trees against a plain interpreter: the same leaves asked, the same answers."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from random_trees import Actual, boards, compare, scripts, stories, trees
from tree_puppets import Stage

from npcbrain.tree import Node


@settings(max_examples=400, deadline=None)
@given(trees, scripts, boards, stories)
def test_a_compiled_tree_does_what_a_plain_interpreter_does(
    definition: Node, script: dict[str, str], board: dict[str, Any], story: list[Any]
) -> None:
    compare(definition, script, board, story)


@settings(max_examples=200, deadline=None)
@given(trees, scripts, boards, stories, stories)
def test_a_tree_restored_from_a_save_file_has_the_same_future(
    definition: Node,
    script: dict[str, str],
    board: dict[str, Any],
    past: list[Any],
    future: list[Any],
) -> None:
    old = Actual(definition, Stage(script), board=board)
    for event in past:
        old.play(event)
    new = Actual(definition, deepcopy(old.stage), start_ns=77, board={"x": 9})
    new.tree.restore(json.loads(json.dumps(old.tree.state())))
    assert new.tree.state() == old.tree.state()
    assert [new.play(event) for event in future] == [old.play(event) for event in future]


@settings(max_examples=100, deadline=None)
@given(trees, scripts, boards, stories)
def test_after_a_halt_nothing_is_left_to_halt(
    definition: Node, script: dict[str, str], board: dict[str, Any], story: list[Any]
) -> None:
    actual = Actual(definition, Stage(script), board=board)
    for event in story:
        actual.play(event)
    actual.play(None)
    assert actual.play(None)[:2] == ("halted", "")
