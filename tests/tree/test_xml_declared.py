"""What a file only declares, or says between its elements, is not held against it.

As in BehaviorTree.CPP, where the game's class decides which ports a node has.
"""

from __future__ import annotations

import pytest

from npcbrain.errors import TreeError
from npcbrain.tree import Output, Registry, check, dumps, loads

FILE = """<root BTCPP_format="4">
  <BehaviorTree ID="Main">{}</BehaviorTree>
  <TreeNodesModel>
    <Action ID="Fly"><input_port name="speed" type="int"/><output_port name="place"/></Action>
    <Condition ID="Windy"/>
    <Control ID="Turns"/>
    <Decorator ID="Slowly"><input_port name="hz"/><output_port name="line" type="std::string"/>
      <output_port name="count" type="int"/></Decorator>
  </TreeNodesModel>
</root>"""


@pytest.mark.parametrize(
    "body",
    [
        '<Fly speed="3" height="9"/>',
        '<Action ID="Fly" sped="three" to="{goal}"/>',
        '<Windy from="north"/>',
        '<Turns first="2"><Windy/><Fly/></Turns>',
        '<Slowly wait="true"><Fly/></Slowly>',
        '<Slowly name="s" hz="10" _description="why" wait="{=}"><Fly/></Slowly>',
    ],
)
def test_a_declared_node_has_every_attribute_it_is_given(body: str) -> None:
    text = FILE.format(body)
    assert check(text) == []
    node = loads(text, sketch=True)
    assert loads(dumps(node), sketch=True) == node
    for name in ("height", "sped", "from", "first", "wait"):
        assert (name in body) == (f" {name}=" in dumps(node))


@pytest.mark.parametrize("value", ["goal", "", "${goal}", "{goal}", "{=}", "two words"])
def test_text_that_a_declared_node_writes_may_be_called_anything(value: str) -> None:
    body = f'<Slowly line="{value}"><Fly place="{value}"/></Slowly>'
    assert check(FILE.format(body)) == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<Fly speed="fast"/>', "'speed' of Fly must be a whole number"),
        ("<Fly><Windy/></Fly>", "Fly must have no children"),
        (
            '<Slowly count="goal"><Fly/></Slowly>',
            "'count' of Slowly must name an entry, got 'goal'",
        ),
        ("<Turns/>", "Turns must have a child"),
        ("<Slowly><Fly/><Fly/></Slowly>", "Slowly must have one child"),
        ('<Slowly _skipif="true"><Fly/></Slowly>', "attribute of Slowly must be spelt"),
        ('<Sequence wait="true"><Fly/></Sequence>', "attribute of Sequence must not be there"),
    ],
)
def test_all_else_about_a_declared_node_is_checked(body: str, rule: str) -> None:
    assert [str(fault)[: len(rule)] for fault in check(FILE.format(body))] == [rule]


def test_a_registered_node_still_has_the_ports_of_its_function() -> None:
    words = Registry()

    @words.action("Fly")
    def fly(npc: object, speed: int = 1, place: Output[str] | None = None) -> None: ...

    for given in ('height="9"', 'place="goal"', 'place=""'):
        text = FILE.format(f"<Fly {given}/>")
        assert len(check(text, words)) == 1
        with pytest.raises(TreeError):
            loads(text, words)


@pytest.mark.parametrize(
    "file",
    [
        "<root>{}<BehaviorTree><AlwaysSuccess/></BehaviorTree></root>",
        "<root><BehaviorTree>{}<AlwaysSuccess/></BehaviorTree></root>",
        "<root><BehaviorTree><AlwaysSuccess/>{}</BehaviorTree></root>",
        "<root><BehaviorTree><Sequence><AlwaysSuccess/>{}</Sequence></BehaviorTree></root>",
        "<root><BehaviorTree><AlwaysSuccess>{}</AlwaysSuccess></BehaviorTree></root>",
    ],
)
@pytest.mark.parametrize("words", [">", "first listen", "a\nb", "&lt;", "<![CDATA[<Fly/>]]>"])
def test_words_between_elements_mean_nothing_and_are_kept(file: str, words: str) -> None:
    text = file.format(words)
    node = loads(text)
    assert node == loads(file.format(""))
    once = dumps(node)
    assert once != dumps(loads(file.format("")))
    assert loads(once) == node
    assert dumps(loads(once)) == once


@pytest.mark.parametrize("edition", ["3", "4", "4.10", "5", "", "four"])
def test_the_number_of_the_format_is_not_looked_at(edition: str) -> None:
    text = f'<root BTCPP_format="{edition}"><BehaviorTree><AlwaysSuccess/></BehaviorTree></root>'
    assert check(text) == []
    assert '<root BTCPP_format="4">' in dumps(loads(text))


def test_names_of_version_3_are_told_with_those_of_version_4() -> None:
    text = '<root BTCPP_format="3"><BehaviorTree><SequenceStar/></BehaviorTree></root>'
    assert "in BehaviorTree.CPP 4 files it is 'SequenceWithMemory'" in str(check(text)[0])


def test_elements_of_other_programs_are_ignored_and_kept() -> None:
    text = FILE.format("<Fly/>").replace(
        "<TreeNodesModel>", '<SubTreesModel/><TreeNodesModel><Action ID="Dig"><InputPort/></Action>'
    )
    assert check(text) == []
    written = dumps(loads(text, sketch=True))
    assert "<SubTreesModel/>" in written
    assert "<InputPort/>" in written
