"""A tree of py_trees as a guest: the real library where it is installed."""

from __future__ import annotations

from typing import Any

import pytest
from tree_puppets import HandClock

from npcbrain.errors import TreeError
from npcbrain.tree import PyTree, Script, ScriptGate, Status, Tree, compile


class Notes(list[str]):
    """The owner: what happened to it."""


@pytest.fixture
def make() -> Any:
    py_trees = pytest.importorskip("py_trees")

    class Dig(py_trees.behaviour.Behaviour):  # type: ignore[misc,name-defined]
        def __init__(self, notes: Notes) -> None:
            super().__init__("dig")
            self.notes = notes
            self.left = 3

        def update(self) -> Any:
            self.left -= 1
            self.notes.append("dig")
            states = py_trees.common.Status
            return states.RUNNING if self.left else states.SUCCESS

        def terminate(self, new_status: Any) -> None:
            self.notes.append(new_status.name)

    def root(notes: Notes) -> Any:
        return py_trees.composites.Sequence("work", memory=True, children=[Dig(notes)])

    return root


def tree_of(definition: Any) -> tuple[Tree, Notes]:
    notes = Notes()
    return compile(definition, notes, HandClock()), notes


def test_a_guest_is_ticked_and_answers(make: Any) -> None:
    tree, notes = tree_of(PyTree(make, name="guest"))
    assert [tree.tick() for _ in range(3)] == [Status.RUNNING, Status.RUNNING, Status.SUCCESS]
    assert [note for note in notes if note == "dig"] == ["dig"] * 3


def test_a_guest_that_is_running_is_stopped_when_another_branch_takes_over(make: Any) -> None:
    flight = ScriptGate(PyTree(lambda notes: make(notes)), Script.read("calm"))
    tree, notes = tree_of(flight)
    tree.blackboard["calm"] = True
    tree.tick()
    tree.halt()
    tree.halt()
    assert notes == ["dig", "INVALID"]


def test_each_tree_has_a_guest_of_its_own(make: Any) -> None:
    definition = PyTree(make)
    first, notes = tree_of(definition)
    second, others = tree_of(definition)
    first.tick()
    assert (notes, others) == (["dig"], [])
    second.tick()
    assert others == ["dig"]


def test_an_edit_elsewhere_leaves_the_guest_at_work(make: Any) -> None:
    gate = ScriptGate(PyTree(make), Script.read("true"))
    tree, notes = tree_of(gate)
    tree.tick()
    tree.adopt(ScriptGate(PyTree(make), Script.read("1 < 2")))
    assert [tree.tick(), tree.tick()] == [Status.RUNNING, Status.SUCCESS]
    assert notes.count("dig") == 3


def test_what_is_no_behaviour_is_refused() -> None:
    with pytest.raises(TreeError) as caught:
        tree_of(PyTree(lambda notes: 3, name="guest"))
    assert str(caught.value) == (
        "what PyTree 'guest' makes must be a py_trees behaviour, got 3 - at root"
    )
