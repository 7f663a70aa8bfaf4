"""What a blackboard lets into save files, and back."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Any

import pytest

from npcbrain.errors import TreeError
from npcbrain.tree import Blackboard


class Mood(IntEnum):
    GRIM = 1


def test_a_snapshot_shares_nothing_with_the_blackboard() -> None:
    board = Blackboard(route=["well"])
    snapshot = board.snapshot()
    board["route"].append("inn")
    assert snapshot == {"route": ["well"]}


def test_a_restored_blackboard_shares_nothing_with_the_snapshot() -> None:
    board, snapshot = Blackboard(old=1), {"route": ["well"]}
    board.restore(snapshot)
    board["route"].append("inn")
    assert snapshot == {"route": ["well"]}
    assert board == {"route": ["well", "inn"]}


@pytest.mark.parametrize("value", [object(), {1}, b"x", Mood.GRIM, 1j])
def test_what_is_not_plain_data_is_refused_with_its_path(value: object) -> None:
    shown = repr(value)[:40]
    start = f"value must be plain data, got {shown}"
    with pytest.raises(TreeError, match=f"^{re.escape(start)}") as caught:
        Blackboard(a={"b": [0, value]}).snapshot()
    end = " - at $.blackboard.a.b[1]; keep live objects on the tree's owner"
    assert str(caught.value).endswith(end)


def test_a_key_that_is_no_string_is_refused() -> None:
    with pytest.raises(TreeError, match=r"^key must be a string, got 3 - at \$\.blackboard\.a$"):
        Blackboard(a={3: 4}).snapshot()


def test_a_list_that_holds_itself_is_refused() -> None:
    knot: list[Any] = []
    knot.append(knot)
    with pytest.raises(TreeError, match=r"^value must nest at most 32 deep, got 'list' - at "):
        Blackboard(knot=knot).snapshot()


def test_a_refused_snapshot_leaves_the_blackboard_as_it_was() -> None:
    board = Blackboard(hp=3)
    with pytest.raises(TreeError, match=r"^value must be plain data"):
        board.restore({"hp": 1, "sprite": object()})
    assert board == {"hp": 3}
