"""What a designer is told about a broken tree file, and what hostile files cannot do."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npcbrain.errors import TreeError
from npcbrain.tree import Registry, XmlError, check, load, loads

HEAD = '<root BTCPP_format="4">\n<BehaviorTree ID="Main">\n'
TAIL = "\n</BehaviorTree>\n</root>"


@pytest.fixture
def words() -> Registry:
    words = Registry()

    @words.action("GoTo")
    def go(owner: object, place: Literal["inn", "well"], speed: float = 1.0) -> None: ...

    return words


def only_fault(body: str, words: Registry | None = None) -> str:
    (fault,) = check(HEAD + body + TAIL, words, file="t.xml")
    return str(fault)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "<Sequnce><AlwaysSuccess/></Sequnce>",
            "node must be known, got 'Sequnce' - at t.xml:3:1; did you mean 'Sequence'?",
        ),
        (
            "<Selector><AlwaysSuccess/></Selector>",
            "node must be known, got 'Selector' - at t.xml:3:1; "
            "in BehaviorTree.CPP 4 files it is 'Fallback'",
        ),
        (
            "<Main/>",
            "node must be known, got 'Main' - at t.xml:3:1; write <SubTree ID=\"Main\"/>",
        ),
        (
            '<Action ID="Goto"/>',
            "node must be known, got 'Goto' - at t.xml:3:9; did you mean 'GoTo'?",
        ),
        (
            "<Fly/>",
            "node must be known, got 'Fly' - at t.xml:3:1; "
            "register it, or declare it in TreeNodesModel",
        ),
        ("<Action/>", 'Action must have an ID, got None - at t.xml:3:1; write ID="..."'),
        ("<GoTo/>", "GoTo must have 'place', got None - at t.xml:3:1; add place=\"...\""),
        (
            '<GoTo\n  place="inn"\n  sped="2"/>',
            "attribute of GoTo must be one of its ports, got 'sped' - at t.xml:5:3; "
            "did you mean 'speed'?",
        ),
        (
            '<GoTo place="in"/>',
            "'place' of GoTo must be inn or well, got 'in' - at t.xml:3:7; did you mean 'inn'?",
        ),
        (
            '<GoTo place="inn" speed="fast"/>',
            "'speed' of GoTo must be a number, got 'fast' - at t.xml:3:19",
        ),
        (
            '<GoTo place="inn"><AlwaysSuccess/></GoTo>',
            "GoTo must have no children, got 1 - at t.xml:3:1; GoTo is a leaf",
        ),
        ("<Sequence/>", "Sequence must have a child, got 0 - at t.xml:3:1"),
        (
            "<Inverter><AlwaysSuccess/><AlwaysSuccess/></Inverter>",
            "Inverter must have one child, got 2 - at t.xml:3:1; "
            "put them into a Sequence or Fallback",
        ),
        (
            "<IfThenElse><AlwaysSuccess/></IfThenElse>",
            "IfThenElse must have 2 or 3 children, got 1 - at t.xml:3:1",
        ),
        (
            '<Sleep msec="-1"/>',
            "'msec' of Sleep must be a number of milliseconds, 0 or more, got '-1' - at t.xml:3:8",
        ),
        (
            '<AlwaysSuccess _skipIf="hp &lt;"/>',
            "script in '_skipIf' must have a value here, got 'the end' - at t.xml:3:32",
        ),
        (
            '<SubTree ID="Man"/>',
            "SubTree must be in the file, got 'Man' - at t.xml:3:10; did you mean 'Main'?",
        ),
        (
            '<SubTree ID="Main"/>',
            "tree must not hold itself, got 'Main > Main' - at t.xml:3:10; "
            "to run it again and again, take KeepRunningUntilFailure",
        ),
        ("", "BehaviorTree 'Main' must hold one node, got 0 - at t.xml:2:1"),
        ("go", "BehaviorTree 'Main' must hold one node, got 0 - at t.xml:2:1"),
    ],
)
def test_a_fault_is_told_with_its_place_and_advice(
    words: Registry, body: str, message: str
) -> None:
    assert only_fault(body, words) == message


def test_every_fault_is_found_in_the_files_order(words: Registry) -> None:
    text = HEAD + "<Sequence>\n<Fly/>\n<GoTo/>\n<Sequence/>\n</Sequence>" + TAIL
    assert [(fault.line, fault.column) for fault in check(text, words)] == [(4, 1), (5, 1), (6, 1)]
    with pytest.raises(XmlError) as caught:
        loads(text, words, file="t.xml")
    assert str(caught.value) == (
        "node must be known, got 'Fly' - at t.xml:4:1; register it in the Registry that the file "
        "is loaded with (and 2 more; npcbrain tree check lists them)"
    )
    assert len(caught.value.faults) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "<tree/>",
            "outermost element must be root, got 'tree' - at t.xml:1:1; "
            'a tree file begins with <root BTCPP_format="4">',
        ),
        ("<root/>", "root must hold a BehaviorTree, got [] - at t.xml:1:1"),
        (
            '<root><BehaviorTree ID="A"><AlwaysSuccess/></BehaviorTree>'
            "<BehaviorTree><AlwaysSuccess/></BehaviorTree></root>",
            "BehaviorTree must have an ID, got None - at t.xml:1:59; "
            'only the single tree of a file may go without: write ID="Main"',
        ),
        (
            '<root main_tree_to_execute="Mian"><BehaviorTree ID="Main"><AlwaysSuccess/>'
            "</BehaviorTree></root>",
            "main tree must be in the file, got 'Mian' - at t.xml:1:7; did you mean 'Main'?",
        ),
        (
            "<root><Sequence/></root>",
            "element in root must be BehaviorTree or TreeNodesModel, got 'Sequence' "
            "- at t.xml:1:7; nodes belong into a <BehaviorTree>",
        ),
        (
            "<root>\n<BehaviorTree>\n</root>",
            "file must be well-formed XML, got 'mismatched tag' - at t.xml:3:3; "
            "<BehaviorTree> was opened at line 2 and is not closed here",
        ),
        (
            "",
            "file must be well-formed XML, got 'nothing' - at t.xml:1:1; "
            'a tree file begins with <root BTCPP_format="4">',
        ),
        ("<root>&secret;</root>", "root must hold a BehaviorTree, got [] - at t.xml:1:1"),
    ],
)
def test_a_file_that_is_no_tree_file_says_what_is_wrong(text: str, message: str) -> None:
    faults = [str(fault) for fault in check(text, file="t.xml")]
    assert message in faults


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10 if i else "ha"}">' for i in range(12))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"<!DOCTYPE root [{LAUGHS}]><root>&l11;</root>", "file must have no document type"),
        (
            '<!DOCTYPE root [<!ENTITY x SYSTEM "file:///etc/passwd">]><root>&x;</root>',
            "file must have no document type",
        ),
        ('<!DOCTYPE root SYSTEM "http://127.0.0.1:1/x.dtd"><root/>', "have no document type"),
        ("<root>" * 100_000, "elements must nest at most 80 deep"),
        ("<Inverter>" * 1_000_000, "tree file must be at most 1048576 bytes"),
        ("<root>" + "<a/>" * 100_000, "elements must be at most 20000"),
    ],
    ids=["laughs", "external", "dtd", "deep", "big", "many"],
)
def test_a_hostile_file_is_refused_before_anything_is_built(text: str, rule: str) -> None:
    (fault,) = check(text)
    assert rule in str(fault)


def test_subtrees_that_double_each_other_are_refused() -> None:
    trees = "".join(
        f'<BehaviorTree ID="T{i}"><Sequence><SubTree ID="T{i + 1}"/><SubTree ID="T{i + 1}"/>'
        "</Sequence></BehaviorTree>"
        for i in range(40)
    )
    last = '<BehaviorTree ID="T40"><AlwaysSuccess/></BehaviorTree>'
    text = f'<root BTCPP_format="4" main_tree_to_execute="T0">{trees}{last}</root>'
    with pytest.raises(XmlError, match="tree must have at most 5000 nodes, subtrees unfolded"):
        loads(text)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(TreeError, match=r"^tree file must be readable, got 'No such file.*none\.x"):
        load(Path("none.xml"))


def test_bytes_in_another_encoding_are_read_by_their_declaration() -> None:
    text = HEAD.replace("<root", '<?xml version="1.0" encoding="ISO-8859-1"?><root', 1)
    body = '<AlwaysSuccess name="Wäsche"/>'
    definition = loads((text + body + TAIL).encode("latin-1"))
    assert definition.label == "Wäsche"


def test_a_tree_that_is_too_deep_to_run_is_a_fault() -> None:
    body = "<Inverter>" * 70 + "<AlwaysSuccess/>" + "</Inverter>" * 70
    assert only_fault(body).startswith("tree must be at most 64 deep, got 65 - at root/0/0/")


SAMPLE = (Path(__file__).parents[1] / "tree_files" / "all_nodes.xml").read_bytes()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 40), st.binary(max_size=12)),
        min_size=1,
        max_size=4,
    )
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    edits: list[tuple[int, int, bytes]],
) -> None:
    data = SAMPLE
    for at, length, new in edits:
        data = data[:at] + new + data[at + length :]
    faults = check(data)
    assert all(fault.line >= 1 and fault.column >= 1 for fault in faults)
    if not faults:
        loads(data)
