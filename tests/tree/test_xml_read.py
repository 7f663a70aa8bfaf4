"""What BehaviorTree.CPP's reader takes is taken here, and means the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from tree_puppets import HandClock

from npcbrain.errors import TreeError
from npcbrain.tree import (
    Registry,
    Status,
    SubTree,
    Succeed,
    Tree,
    XmlError,
    check,
    compile,
    dump_model,
    dumps,
    load,
    loads,
)

MAIN = (
    '<root BTCPP_format="4" main_tree_to_execute="Main"><BehaviorTree ID="Main">{}</BehaviorTree>'
    "{}</root>"
)
TWO = (
    '<root BTCPP_format="4"><BehaviorTree ID="Main"><SubTree ID="S"/></BehaviorTree>'
    '<BehaviorTree ID="S"><AlwaysSuccess/></BehaviorTree></root>'
)


def file_of(body: str, more: str = "") -> str:
    return MAIN.format(body, more)


def tree_of(text: str, words: Registry | None = None) -> Tree:
    return compile(loads(text, words), [], HandClock())


@pytest.fixture
def words() -> Registry:
    """A game whose owner takes notes."""
    words = Registry()
    words.action("Say", lambda notes, text: notes.append(text))
    return words


def said(text: str, words: Registry) -> list[str]:
    tree = tree_of(text, words)
    tree.tick()
    notes: list[str] = tree._me[0]
    return notes


# Which tree.


def test_the_only_tree_needs_no_id() -> None:
    text = '<root BTCPP_format="4"><BehaviorTree><AlwaysSuccess/></BehaviorTree></root>'
    assert loads(text) == Succeed()
    assert check(text) == []
    assert loads(dumps(loads(text))) == Succeed()
    assert "ID=" not in dumps(loads(text))


def test_two_trees_need_a_choice_and_the_advice_works() -> None:
    with pytest.raises(XmlError) as caught:
        loads(TWO)
    assert str(caught.value) == (
        "root must say which tree to run, got ['Main', 'S'] - at tree.xml:1:1; name one, "
        'tree="Main" or --tree Main on the command line, '
        'or write <root main_tree_to_execute="Main">'
    )
    assert isinstance(loads(TWO, tree="Main"), SubTree)
    marked = TWO.replace("<root", '<root main_tree_to_execute="Main"')
    assert loads(marked) == loads(TWO, tree="Main")


def test_the_only_tree_of_its_own_goes_before_those_it_includes(tmp_path: Path) -> None:
    (tmp_path / "more.xml").write_text(TWO.replace("Main", "Other"), encoding="utf-8")
    own = '<include path="more.xml"/><BehaviorTree ID="Mine"><SubTree ID="S"/></BehaviorTree>'
    path = tmp_path / "mine.xml"
    path.write_text(f'<root BTCPP_format="4">{own}</root>', encoding="utf-8")
    definition = load(path)
    assert isinstance(definition, SubTree)
    assert definition.tree == "S"


def test_a_sketch_is_of_the_tree_that_no_other_uses() -> None:
    assert isinstance(loads(TWO, sketch=True), SubTree)


def test_a_tree_that_is_asked_for_and_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(XmlError, match=r"^tree must be in the file, got 'Moon'.*it has Main, S$"):
        loads(TWO, tree="Moon")


# Signs.


def test_ampersands_and_less_than_stand_in_attributes_as_they_are() -> None:
    body = (
        '<Sequence><Script code="a := 1; b := 2"/><Precondition if="a < b && b > 1" '
        'else="FAILURE"><AlwaysSuccess/></Precondition></Sequence>'
    )
    assert tree_of(file_of(body)).tick() is Status.SUCCESS
    bare = '<AlwaysFailure _skipIf="a < 1 && b > 2 || a & 3"/>'
    escaped = bare.replace("&", "&amp;").replace("< ", "&lt; ")
    assert loads(file_of(bare)) == loads(file_of(escaped))


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("a&nbsp;b &; &&amp; &#x41;&#66; &#x; &#xZ; &#99999999999;", None),
        ("&lt;&gt;&quot;&apos;&amp;lt;", "<>\"'&lt;"),
        ("one\ntwo\r\nthree\rfour\tfive", "one\ntwo\nthree\nfour\tfive"),
        ("a]]>b <!-- c --> </root>", None),
        ("", None),
    ],
)
def test_what_is_no_entity_stays_as_it_is(words: Registry, value: str, meant: str | None) -> None:
    expected = (
        value.replace("&&amp;", "&&").replace("&#x41;&#66;", "AB") if meant is None else meant
    )
    assert said(file_of(f'<Say text="{value}"/>'), words) == [expected]


def test_a_fault_behind_an_entity_is_told_with_its_column() -> None:
    (fault,) = check(file_of('<AlwaysSuccess _skipIf="a &lt; &amp;&amp; $"/>'), file="t.xml")
    line = file_of('<AlwaysSuccess _skipIf="a &lt; &amp;&amp; $"/>')
    assert fault.column in (line.index("&amp;&amp;") + 1, line.index("$") + 1)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<Say text=hi/>", "got 'hi/></BehaviorTr' - at t.xml:1:86; put the value in quotes"),
        ('<Say text "hi"/>', '; a value is missing: text="..."'),
        ('<Say text="hi/>\n<Say text="ho"/>', "is the closing quote of 'text' in line 1 missing?"),
        ('<Say text="a" text="b"/>', "attribute of Say must be there once, got 'text'"),
        ("<Say", "attributes are written name"),
        ("< <Say/>", "write &lt; for a < that begins no element"),
        ("<!-- never closed", "the comment is never closed; --> ends it"),
    ],
)
def test_what_is_no_xml_is_told_with_what_to_do(body: str, message: str) -> None:
    (fault,) = check(file_of(body), file="t.xml")
    assert message in str(fault)


def test_what_follows_the_root_is_refused() -> None:
    text = file_of("<AlwaysSuccess/>")
    assert check(f"{text}\n<!-- bye -->\n") == []
    assert "a file has one outermost element" in str(check(text + text)[0])
    assert "nothing follows it" in str(check(f"{text} bye")[0])


# Encodings.


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("", "utf-8"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ("", "utf-16-le"),
        ("UTF_8", "utf-8"),
        ("utf-16", "utf-8"),
        ("iso-8859-15", "iso-8859-15"),
        ("Windows-1252", "cp1252"),
    ],
)
def test_the_usual_encodings_are_read(words: Registry, declared: str, codec: str) -> None:
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    data = (head + file_of('<Say text="Tür €"/>')).encode(codec)
    definition = loads(data, words)
    compile(definition, notes := [], HandClock()).tick()
    assert notes == ["Tür €"]


def test_text_is_text_whatever_encoding_it_names(words: Registry) -> None:
    head = '<?xml version="1.0" encoding="iso-8859-1"?>'
    assert said(head + file_of('<Say text="Tür"/>'), words) == ["Tür"]


def test_a_wrong_encoding_is_told_as_one() -> None:
    (fault,) = check(file_of('\n<AlwaysSuccess name="Tür"/>').encode("latin-1"), file="t.xml")
    assert str(fault) == (
        "file must be UTF-8 text, got b'\\xfc' - at t.xml:2:23; save the file as UTF-8, "
        'or begin it with <?xml version="1.0" encoding="ISO-8859-1"?>'
    )


@pytest.mark.parametrize(
    "name",
    [
        *("utf-7", "iso-2022-jp", "hz", "rot13", "base64", "zlib", "idna", "unicode_escape"),
        *("cp037", "utf-32", "nonsense", "undefined", "../../evil", "x" * 70),
    ],
)
def test_an_encoding_that_is_not_read_is_refused_by_name(name: str) -> None:
    data = f'<?xml version="1.0" encoding="{name}"?>{file_of("<AlwaysSuccess/>")}'.encode()
    (fault,) = check(data, file="t.xml")
    assert str(fault).startswith("encoding must be UTF-8, or ISO-8859 or windows-125x with")
    assert " - at t.xml:1:31; save the file as UTF-8" in str(fault)


# Names.


def test_a_port_may_be_called_by_a_word_of_python() -> None:
    words = Registry()
    words.action("Turn", lambda notes, from_, in_="x", lambda_="y": notes.append((from_, in_)))
    assert [port.name for port in words["Turn"].ports] == ["from", "in", "lambda"]
    text = file_of('<Turn from="a" in="b"/>')
    assert said(text, words) == [("a", "b")]
    assert '<input_port name="from" type="std::string"/>' in dump_model(words)
    assert loads(dumps(loads(text, words), words), words) == loads(text, words)


def test_a_leaf_that_is_made_once_may_have_such_ports_as_well() -> None:
    words = Registry()
    words.leaf("Class", lambda class_, name="": RunNothing(class_, name))
    definition = loads(file_of('<Class class="a"/>'), words)
    assert definition == RunNothing("a")


def RunNothing(text: str, name: str = "") -> Succeed:
    return Succeed(name=name or text)


@pytest.mark.parametrize("id", ["go-home", "Is it so?", "été", "a.b:c", "Action", "<&>", "root"])
def test_a_node_may_be_called_as_it_likes(id: str) -> None:
    words = Registry()
    words.action(id, lambda notes: notes.append(id))
    shown = id.replace("&", "&amp;").replace("<", "&lt;")
    text = file_of(f'<Action ID="{shown}"/>')
    assert said(text, words) == [id]
    again = dumps(loads(text, words), words)
    assert loads(again, words) == loads(text, words)


def test_a_file_may_declare_nodes_of_such_names_and_their_ports() -> None:
    model = (
        '<TreeNodesModel><Action ID="go-home"><input_port name="class">which way\n to go'
        '</input_port><input_port name="max-speed"><![CDATA[a < b]]></input_port>'
        "<description>Goes home.</description></Action>words</TreeNodesModel>"
    )
    assert check(file_of('<go-home class="fast" max-speed="1"/>', model)) == []


@pytest.mark.parametrize("attribute", ["_uid", "_pos", "_anything-else", "_a.b", "x:y", "xmlns"])
def test_attributes_that_can_be_no_ports_mean_nothing(words: Registry, attribute: str) -> None:
    body = f'<Sequence {attribute}="1"><Say text="a" {attribute}="2"/></Sequence>'
    text = f'<SubTree ID="S" {attribute}="{{x}}"/>'
    more = f'<BehaviorTree ID="S" {attribute}="3">{body}</BehaviorTree>'
    tree = tree_of(file_of(text, more), words)
    assert tree.tick() is Status.SUCCESS
    assert dict(tree.blackboard) == {}


@pytest.mark.parametrize("attribute", ["_skipif", "_SkipIf", "_onhalted", "_AutoRemap"])
def test_a_condition_in_other_letters_is_a_slip_and_no_remark(attribute: str) -> None:
    more = '<BehaviorTree ID="S"><AlwaysSuccess/></BehaviorTree>'
    (fault,) = check(file_of(f'<SubTree ID="S" {attribute}="true"/>', more))
    assert "must be spelt as it is known" in str(fault)


def test_the_root_may_name_a_schema_and_hold_what_is_not_known() -> None:
    text = (
        '<root BTCPP_format="4" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:noNamespaceSchemaLocation="schema.xsd" project_name="Village">'
        "<Palette>words <Row/></Palette>"
        "<BehaviorTree><AlwaysSuccess/></BehaviorTree></root>"
    )
    assert check(text) == []
    assert "words<" not in text
    assert "<Palette>words" in dumps(loads(text))


# What subtrees are given.

MODEL = (
    '<BehaviorTree ID="Walk"><Script code="left := steps"/></BehaviorTree><TreeNodesModel>'
    '<SubTree ID="Walk"><input_port name="steps" {}/></SubTree></TreeNodesModel>'
)


@pytest.mark.parametrize(
    ("default", "given", "left"),
    [
        ('default="7"', "", 7),
        ('default="7"', 'steps="5"', 5),
        ('default="{n}"', "", 3),
        ('default="7"', 'steps="{n}"', 3),
        ("", 'steps="{n}"', 3),
    ],
)
def test_a_subtree_takes_the_defaults_that_the_file_declares(
    default: str, given: str, left: int
) -> None:
    body = f'<Sequence><Script code="n := 3"/><SubTree ID="Walk" {given}/></Sequence>'
    tree = tree_of(file_of(body, MODEL.format(default)))
    assert tree.tick() is Status.SUCCESS
    assert tree.blackboard["Walk/left"] == left


@pytest.mark.parametrize("default", ["", 'default=""'])
def test_a_subtree_without_a_port_that_it_must_have_is_found_before_it_runs(default: str) -> None:
    text = file_of('<SubTree ID="Walk"/>', MODEL.format(default))
    (fault,) = check(text, file="t.xml")
    assert str(fault) == (
        "SubTree Walk must have 'steps', got None - at t.xml:1:76; "
        'add steps="...", or give it a default in the TreeNodesModel'
    )
    with pytest.raises(XmlError, match="SubTree Walk must have 'steps'"):
        loads(text)
    assert check(text.replace('"Walk"/>', '"Walk" _autoremap="true"/>')) == []


# Advice.


@pytest.mark.parametrize("node", ["ParallelSome", "LoopFloat", "AsyncDelay", "Wandering"])
def test_no_other_node_is_offered_for_what_is_no_slip_of_the_pen(node: str) -> None:
    (fault,) = check(file_of(f"<{node}/>"))
    assert "did you mean" not in str(fault)


def test_what_a_file_only_declares_is_not_told_to_declare_again() -> None:
    text = file_of("<Fly/>", '<TreeNodesModel><Action ID="Fly"/></TreeNodesModel>')
    assert check(text) == []
    with pytest.raises(TreeError, match=r"the file only declares it; register it in the Registry$"):
        loads(text)


def test_old_names_lead_to_nodes_that_there_are() -> None:
    from npcbrain.tree.builtins import BUILTINS, OLD_NAMES

    assert set(OLD_NAMES.values()) <= {*BUILTINS, "SubTree"}
    assert not set(OLD_NAMES) & set(BUILTINS)
