"""Trees from files: what they become, and that they do what the same tree in Python does."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from tree_puppets import HandClock

from npcbrain.errors import TreeError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.vocabulary import registry as vocabulary
from npcbrain.tree import (
    Inverter,
    Node,
    Output,
    Registry,
    RunScript,
    Selector,
    Sequence,
    Status,
    SubTree,
    Tree,
    check,
    compile,
    dump_model,
    dumps,
    load,
    loads,
)

TREES = Path(__file__).parents[1] / "tree_files"


def file_of(*nodes: str, more: str = "") -> str:
    inner = "".join(nodes)
    return (
        f'<root BTCPP_format="4" main_tree_to_execute="Main"><BehaviorTree ID="Main">{inner}'
        f"</BehaviorTree>{more}</root>"
    )


@pytest.fixture
def words() -> Registry:
    """What a small game can do; the owner is a list that takes notes."""
    words = Registry(enums={"RED": 1, "BLUE": 2})

    @words.action("Say")
    def say(notes: list[object], text: str, times: int = 1) -> None:
        notes.append(text * times)

    @words.action("Take")
    def take(
        notes: list[object],
        number: float = 0.5,
        flag: bool = False,
        names: list[str] = [],  # noqa: B006
        side: Literal["left", "right"] = "left",
    ) -> None:
        notes.append((number, flag, names, side))

    @words.action("Find")
    def find(notes: list[object], goal: Output[str]) -> None:
        goal.write("well")

    @words.condition("Has")
    def has(notes: list[object], what: str) -> bool:
        return what in notes

    def stop(notes: list[object]) -> None:
        notes.append("stopped")

    words.action("Dig", lambda notes: Status.RUNNING, on_halt=stop)
    return words


def tree_of(text: str, words: Registry | None = None) -> Tree:
    return compile(loads(text, words), [], HandClock())


def notes_of(tree: Tree) -> list[object]:
    notes: list[object] = tree.root and tree._me[0]
    return notes


def test_a_file_with_every_node_runs_to_its_end() -> None:
    clock = HandClock()
    tree = compile(load(TREES / "all_nodes.xml"), None, clock)
    answers = []
    for _ in range(4):
        answers.append(tree.tick())
        clock.advance(10)
    running, success = Status.RUNNING, Status.SUCCESS
    assert answers[:3] == [running, running, success]
    assert dict(tree.blackboard) == {"mood": "calm", "n": 5, "copy": 7, "ok": True}


@pytest.mark.parametrize("path", sorted(TREES.glob("*.xml")), ids=lambda path: path.stem)
def test_what_is_written_loads_to_an_equal_definition(path: Path) -> None:
    registry = game()
    definition = load(path, registry)
    assert loads(dumps(definition, registry), registry) == definition


def game() -> Registry:
    registry = vocabulary()

    def go(owner: object, place: str, speed: float = 1.0) -> Status:
        return Status.RUNNING

    registry.action("GoTo", go)
    registry.condition("IsDoorClosed", lambda owner: True)
    for id in ("OpenDoor", "PickLock", "SmashDoor", "PassThrough"):
        registry.action(id, lambda owner: None)
    return registry


@pytest.mark.parametrize("path", sorted(TREES.glob("*.xml")), ids=lambda path: path.stem)
def test_good_files_have_no_faults(path: Path) -> None:
    assert check(path.read_bytes(), game()) == []


def test_names_in_files_are_those_of_behaviortree_cpp() -> None:
    text = file_of('<Fallback name="f"><Inverter><AlwaysSuccess/></Inverter></Fallback>')
    definition = loads(text)
    assert isinstance(definition, Selector)
    assert definition.name == "f"
    assert isinstance(definition.children[0], Inverter)


def test_generic_tags_name_their_node_by_id(words: Registry) -> None:
    compact = file_of('<Sequence><Say text="a"/></Sequence>')
    generic = file_of('<Control ID="Sequence"><Action ID="Say" text="a"/></Control>')
    assert loads(generic, words) == loads(compact, words)


def test_the_leaves_of_npcbrain_take_their_settings_from_ports() -> None:
    text = file_of(
        '<Sequence><Heard/><Decide ttl_ms="900" name="think"/><Act/><CannedReply lines="A.; B."/>'
        "</Sequence>"
    )
    assert loads(text, vocabulary()) == Sequence(
        Heard(), Decide(ttl_ms=900.0, name="think"), Act(), CannedReply(["A.", "B."])
    )


def test_ports_are_converted_by_the_functions_annotations(words: Registry) -> None:
    tree = tree_of(
        file_of('<Take number="2" flag="true" names="a; b" side="right" name="taker"/>'), words
    )
    tree.tick()
    assert notes_of(tree) == [(2.0, True, ["a", "b"], "right")]
    assert tree.nodes[0].name == "taker"


def test_ports_that_are_absent_take_their_defaults(words: Registry) -> None:
    tree = tree_of(file_of("<Take/>"), words)
    tree.tick()
    assert notes_of(tree) == [(0.5, False, [], "left")]


def test_a_port_in_braces_reads_the_blackboard_at_each_tick(words: Registry) -> None:
    tree = tree_of(file_of('<Say text="{line}" times="{n}"/>'), words)
    tree.blackboard.update(line="ha", n="2")
    tree.tick()
    tree.blackboard["n"] = 1
    tree.tick()
    assert notes_of(tree) == ["haha", "ha"]


def test_an_output_port_writes_the_entry_it_names(words: Registry) -> None:
    tree = tree_of(file_of('<Sequence><Find goal="{=}"/><Say text="{goal}"/></Sequence>'), words)
    assert tree.tick() is Status.SUCCESS
    assert notes_of(tree) == ["well"]
    assert dict(tree.blackboard) == {"goal": "well"}


def test_a_missing_entry_is_an_error_with_its_node(words: Registry) -> None:
    tree = tree_of(file_of('<Say text="{line}"/>'), words)
    with pytest.raises(TreeError) as caught:
        tree.tick()
    assert str(caught.value) == (
        "entry must be on the blackboard, got 'line' - at root (Call 'Say'); "
        "something must write it before Call 'Say' runs"
    )


def test_an_entry_of_the_wrong_type_is_an_error(words: Registry) -> None:
    tree = tree_of(file_of('<Say text="a" times="{n}"/>'), words)
    tree.blackboard["n"] = 1.5
    with pytest.raises(TreeError) as caught:
        tree.tick()
    assert str(caught.value) == (
        "port 'times' must be a whole number, got 1.5 - at root (Call 'Say')"
    )


def test_an_action_that_is_stopped_is_told(words: Registry) -> None:
    tree = tree_of(
        file_of('<ReactiveSequence><ScriptCondition code="dig"/><Dig/></ReactiveSequence>'), words
    )
    tree.blackboard["dig"] = True
    assert tree.tick() is Status.RUNNING
    tree.blackboard["dig"] = False
    assert tree.tick() is Status.FAILURE
    assert notes_of(tree) == ["stopped"]


# Subtrees.

INNER = '<BehaviorTree ID="Inner"><Script code="x := x + 1; mine := 1"/></BehaviorTree>'


def test_a_subtree_has_entries_of_its_own() -> None:
    tree = tree_of(
        file_of(
            '<Sequence><SubTree ID="Inner" x="4"/><SubTree ID="Inner" x="7"/></Sequence>',
            more=INNER,
        )
    )
    tree.tick()
    assert dict(tree.blackboard) == {
        "Inner/x": 5,
        "Inner/mine": 1,
        "Inner#2/x": 8,
        "Inner#2/mine": 1,
    }


def test_a_connected_port_is_the_outer_entry() -> None:
    tree = tree_of(file_of('<SubTree ID="Inner" name="in" x="{y}"/>', more=INNER))
    tree.blackboard["y"] = 1
    tree.tick()
    assert dict(tree.blackboard) == {"y": 2, "in/mine": 1}


def test_autoremap_connects_everything_but_private_names() -> None:
    inner = '<BehaviorTree ID="Inner"><Script code="a := 1; _b := 2; @c := 3"/></BehaviorTree>'
    tree = tree_of(file_of('<SubTree ID="Inner" _autoremap="true"/>', more=inner))
    tree.tick()
    assert dict(tree.blackboard) == {"a": 1, "Inner/_b": 2, "c": 3}


def test_ports_are_connected_through_several_subtrees() -> None:
    more = (
        '<BehaviorTree ID="A"><SubTree ID="B" deep="{middle}"/></BehaviorTree>'
        '<BehaviorTree ID="B"><Script code="deep := 9"/></BehaviorTree>'
    )
    tree = tree_of(file_of('<SubTree ID="A" middle="{top}"/>', more=more))
    tree.tick()
    assert dict(tree.blackboard) == {"top": 9}


def test_any_tree_of_a_file_can_be_chosen() -> None:
    definition = loads(file_of("<AlwaysSuccess/>", more=INNER), tree="Inner")
    assert isinstance(definition, RunScript)


def test_a_subtree_is_written_once_however_often_it_is_used() -> None:
    text = file_of('<Sequence><SubTree ID="Inner"/><SubTree ID="Inner"/></Sequence>', more=INNER)
    definition = loads(text)
    written = dumps(definition)
    assert written.count("<BehaviorTree") == 2
    assert loads(written) == definition
    assert isinstance(definition, Sequence)
    assert all(isinstance(child, SubTree) for child in definition.children)


# Pre- and postconditions.


def conditioned(attributes: str, child: str = "Dig") -> str:
    return file_of(f"<Fallback><{child} {attributes}/><AlwaysSuccess/></Fallback>")


@pytest.mark.parametrize(
    ("attribute", "answer"),
    [("_failureIf", "FAILURE"), ("_successIf", "SUCCESS"), ("_skipIf", "SKIPPED")],
)
def test_a_precondition_answers_instead_of_the_node(
    words: Registry, attribute: str, answer: str
) -> None:
    tree = tree_of(conditioned(f'{attribute}="n == RED"'), words)
    tree.blackboard["n"] = 1
    tree.tick()
    assert tree.status_of("root/0").name == answer
    assert tree.status_of("Dig") is Status.IDLE


def test_preconditions_are_asked_before_the_node_begins_and_not_again(words: Registry) -> None:
    tree = tree_of(conditioned('_failureIf="n == 1"'), words)
    tree.blackboard["n"] = 0
    assert tree.tick() is Status.RUNNING
    tree.blackboard["n"] = 1
    assert tree.tick() is Status.RUNNING


def test_while_takes_a_running_node_away(words: Registry) -> None:
    tree = tree_of(conditioned('_while="n == 1" _onHalted="halted := true"'), words)
    tree.blackboard["n"] = 1
    assert tree.tick() is Status.RUNNING
    tree.blackboard["n"] = 2
    assert tree.tick() is Status.SUCCESS
    assert notes_of(tree) == ["stopped"]
    assert tree.blackboard["halted"] is True


def test_postconditions_run_after_the_answer() -> None:
    attributes = '_onSuccess="a := 1" _onFailure="b := 1" _post="c := 1"'
    tree = tree_of(conditioned(attributes, "AlwaysFailure"))
    tree.tick()
    assert dict(tree.blackboard) == {"b": 1, "c": 1}


def test_a_sequence_of_skipped_nodes_is_skipped() -> None:
    skipped = '<AlwaysFailure _skipIf="true"/>'
    assert tree_of(file_of(f"<Sequence>{skipped}{skipped}</Sequence>")).tick() is Status.SKIPPED
    assert tree_of(file_of(f"<Fallback>{skipped}{skipped}</Fallback>")).tick() is Status.SKIPPED
    one = f"{skipped}<AlwaysSuccess/>"
    assert tree_of(file_of(f"<Sequence>{one}</Sequence>")).tick() is Status.SUCCESS
    assert tree_of(file_of(f"<Parallel>{one}</Parallel>")).tick() is Status.SUCCESS


# Registries and models.


def test_the_model_tells_editors_the_ports() -> None:
    registry = vocabulary()

    @registry.action("Go")
    def go(npc: object, place: Literal["inn", "well"], speed: float = 1.0) -> None:
        """Walks there."""

    model = dump_model(registry)
    assert '    <Condition ID="Heard">' in model
    assert '      <input_port name="ttl_ms" type="double" default="2500.0"/>' in model
    assert '      <input_port name="place" type="std::string">inn or well</input_port>' in model
    assert '      <MetadataFields><Metadata doc="Walks there."/></MetadataFields>' in model


def test_nodes_that_a_file_declares_are_known_to_a_check_but_cannot_run() -> None:
    text = (TREES / "crossing.xml").read_text(encoding="utf-8")
    assert check(text) == []
    with pytest.raises(TreeError, match="node must be known, got 'IsDoorClosed'"):
        loads(text)


@pytest.mark.parametrize(
    ("id", "message"),
    [
        ("a\nb", "id must be one line of text, got 'a\\nb' - at Registry"),
        ("", "id must be one line of text, got '' - at Registry"),
        ("Say", "id must be new, got 'Say' - at Registry"),
    ],
)
def test_an_id_is_a_new_line_of_text(words: Registry, id: str, message: str) -> None:
    with pytest.raises(TreeError) as caught:
        words.action(id, lambda owner: None)
    assert str(caught.value) == message


def test_a_port_needs_a_type_that_a_file_can_hold(words: Registry) -> None:
    def bad(owner: object, table: dict[str, int]) -> None: ...

    with pytest.raises(TreeError) as caught:
        words.action("Bad", bad)
    assert str(caught.value) == (
        "type of 'table' must be str, int, float, bool, a list of these, a Literal of strings "
        "or an Output of these, got dict[str, int] - at Registry.action('Bad')"
    )


def test_what_no_file_can_say_is_refused(words: Registry) -> None:
    from npcbrain.tree import Guard, Succeed

    definition: Node = Guard(Succeed(), lambda owner: True)
    with pytest.raises(TreeError) as caught:
        dumps(definition, words)
    assert str(caught.value) == (
        "node must have a form in files, got 'Guard' - at tree.dumps(); "
        "register what makes it, or use a node that files know"
    )
