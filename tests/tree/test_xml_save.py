"""Saving a tree changes nothing: neither what it does nor what its file says besides."""

from __future__ import annotations

from typing import Any

import pytest
from tree_puppets import HandClock

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Inverter,
    Node,
    Registry,
    Selector,
    Sequence,
    SetBlackboard,
    SubTree,
    Succeed,
    Switch,
    Task,
    UnsetBlackboard,
    check,
    compile,
    dumps,
    loads,
)
from npcbrain.tree.parser import read_markup
from tools.tree_trips import faults_of_trip, random_file

MAIN = (
    '<root BTCPP_format="4" main_tree_to_execute="Main"><BehaviorTree ID="Main">{}</BehaviorTree>'
)
TRIPS = 300


def file_of(body: str, more: str = "") -> str:
    return f"{MAIN.format(body)}{more}</root>"


@pytest.fixture
def words() -> Registry:
    words = Registry(enums={"RED": 1})
    words.action("Say", _say)
    words.action("Show", lambda notes, text: notes.append(text))
    return words


def _say(notes: list[str], text: str = "hello") -> None:
    notes.append(text)


def run(definition: Node) -> tuple[object, list[str], dict[str, Any]]:
    notes: list[str] = []
    tree = compile(definition, notes, HandClock())
    return tree.tick(), notes, dict(tree.blackboard)


INNER = '<BehaviorTree ID="S"><Say text="{v}"/></BehaviorTree>'


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ('<Say text=""/>', ""),
        ('<Show text=""/>', ""),
        ('<SetBlackboard value="1" output_key="x"/>', ""),
        ('<SetBlackboard value="" output_key="x"/>', ""),
        ('<UnsetBlackboard key="x"/>', ""),
        ('<SetBlackboard value="{x}" output_key="y"/>', ""),
        ('<SubTree ID="S" v=""/>', INNER),
        ('<SubTree ID="S" v="1" _autoremap="True" name="first"/>', INNER),
        ('<Sequence name="n" _description="why &lt; how" _uid="3"><Say text="x"/></Sequence>', ""),
        ('<Sequence name=""><Say name="Say" text="q"/></Sequence>', ""),
        ("<Say text=\"a&#10;b&#9;c &quot;d&quot; &lt;e&gt; 'f'\"/>", ""),
        ('<Action ID="Say" text="generic"/>', ""),
        ('<RunOnce then_skip="true"><Sleep msec="1.50"/></RunOnce>', ""),
        ('<SubTree ID="S" v="{=}" _skipIf="false"/>', INNER),
    ],
)
def test_a_file_is_written_as_it_was_read(words: Registry, body: str, more: str) -> None:
    text = file_of(body, more)
    definition = loads(text, words)
    saved = dumps(definition, words)
    assert loads(saved, words) == definition
    if "{x}" not in body and "{=}" not in body:
        assert run(loads(saved, words)) == run(definition)
    read, written = (read_markup(each, "t.xml") for each in (text, saved))
    assert [[e.tag, e.attributes] for e in written.walk()] == [
        [e.tag, e.attributes] for e in read.walk()
    ]


WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- the smith -->
<root BTCPP_format="4" main_tree_to_execute="Main" project_name="Village">
  <!-- the day -->
  <BehaviorTree ID="Main" _fullpath="Main">
    <!-- first -->
    <Sequence _description="her morning">
      <SubTree ID="Walk"/>
      <!-- last -->
    </Sequence>
  </BehaviorTree>
  <BehaviorTree ID="Walk">
    <Say text="{steps}"/>
  </BehaviorTree>
  <BehaviorTree ID="Spare" editable="true">
    <Unknown at="1"/>
  </BehaviorTree>
  <Palette colour="red">
    <Row/>
  </Palette>
  <!-- Description of Node Models (used by Groot) -->
  <TreeNodesModel>
    <Action ID="Say" editable="true">
      <input_port name="text" default="hello" type="std::string">what she says</input_port>
      <MetadataFields>
        <Metadata doc="Says it."/>
      </MetadataFields>
    </Action>
    <SubTree ID="Walk">
      <input_port name="steps" default="7"/>
    </SubTree>
    <!-- no more -->
  </TreeNodesModel>
  <!-- the end -->
</root>
"""


def test_trees_that_are_not_used_models_and_remarks_are_kept(words: Registry) -> None:
    definition = loads(WHOLE, words)
    assert dumps(definition, words) == WHOLE
    assert run(definition)[1] == ["7"]


def test_the_tree_that_was_loaded_is_the_main_tree_of_what_is_saved(words: Registry) -> None:
    definition = loads(WHOLE, words, tree="Walk")
    saved = dumps(definition, words)
    assert loads(saved, words) == definition
    assert 'main_tree_to_execute="Walk"' in saved


def test_a_tree_may_be_saved_by_another_name(words: Registry) -> None:
    spare = '<BehaviorTree ID="Spare"><SubTree ID="Main"/></BehaviorTree>'
    definition = loads(file_of("<Say/>", spare), words)
    saved = dumps(definition, words, tree="Day")
    assert '<BehaviorTree ID="Day">' in saved
    assert "Main" not in saved
    assert check(saved, words) == []
    with pytest.raises(TreeError, match="tree must be a new name, got 'Spare'"):
        dumps(definition, words, tree="Spare")


def test_the_parts_of_a_file_keep_their_remarks_in_another_tree(words: Registry) -> None:
    definition = loads(WHOLE, words)
    day = Selector(definition, Succeed())
    saved = dumps(day, words)
    assert '_description="her morning"' in saved
    assert '<SubTree ID="Walk" steps="7"/>' in saved  # no model says so any more
    assert loads(saved, words) == day


def test_a_subtree_that_becomes_the_main_tree_is_written_with_its_keys(words: Registry) -> None:
    more = '<BehaviorTree ID="S"><SetBlackboard value="1" output_key="x"/></BehaviorTree>'
    definition = loads(file_of('<SubTree ID="S"/>', more), words)
    assert isinstance(definition, SubTree)
    assert 'output_key="S/x"' in dumps(definition.child, words)


def test_one_node_that_is_made_for_many_elements_keeps_each_ones_remarks() -> None:
    words = Registry()
    one = Succeed("one")
    words.leaf("One", lambda: one)
    body = '<Sequence><One _description="a"/><One _description="b"/></Sequence>'
    saved = dumps(loads(file_of(body), words), words)
    assert '_description="a"' in saved
    assert '_description="b"' in saved


# What Python made.


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (SetBlackboard("x", 1), '<SetBlackboard value="1" output_key="x"/>'),
        (SetBlackboard("x", ""), '<SetBlackboard value="" output_key="x"/>'),
        (UnsetBlackboard("x"), '<UnsetBlackboard key="x"/>'),
        (Task("go home", lambda npc: None), '<Action ID="go home"/>'),
    ],
)
def test_entries_to_write_stand_without_braces(node: Node, written: str) -> None:
    assert written in dumps(node)


@pytest.mark.parametrize(
    "node",
    [
        SetBlackboard("x", "42"),
        SetBlackboard("x", "{y}"),
        SetBlackboard("x", None),
        SetBlackboard("x", "RED"),
        SetBlackboard(" x ", 1),
        SetBlackboard("x", "bell\a"),
        SetBlackboard("x", "\ud800"),
        Switch(Succeed(), Succeed(), Succeed(), key="x", cases=("1", "2")),
        Task("two\nlines", lambda npc: None),
    ],
)
def test_what_a_file_would_say_otherwise_is_refused(words: Registry, node: Node) -> None:
    with pytest.raises(TreeError, match=r"- at tree\.dumps\(\)"):
        dumps(Sequence(node), words)


def test_a_tree_that_is_too_deep_to_be_read_is_not_written() -> None:
    node: Node = Succeed()
    for _ in range(990):
        node = Inverter(node)
    with pytest.raises(TreeError, match=r"^tree must be at most 64 deep, got 65 - at tree\.dumps"):
        dumps(node)


@pytest.mark.parametrize("first", range(0, TRIPS, 50))
def test_random_files_are_saved_and_loaded_without_a_loss(first: int) -> None:
    found = {seed: faults_of_trip(random_file(seed)) for seed in range(first, first + 50)}
    assert {seed: faults for seed, faults in found.items() if faults} == {}


def test_what_a_trip_loses_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    text = file_of('<Sequence _description="why"><AlwaysSuccess/></Sequence>')
    assert faults_of_trip(text) == []
    monkeypatch.setattr("npcbrain.tree.writer.source_of", lambda node: None)
    assert faults_of_trip(text)
