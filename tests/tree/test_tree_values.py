"""What a value is in a port of another type: the same wherever it comes from, for each pair."""

from __future__ import annotations

from typing import Any

import pytest
from tree_puppets import HandClock

from npcbrain.errors import TreeError
from npcbrain.tree import Registry, Tree, check, compile, loads
from npcbrain.tree.values import converted, literal

NONE = object()  # refused

# A value; what it is in a port for a whole number, a number, a truth, text, and a list of words.
# As BehaviorTree.CPP 4.10 has it (run, not read), but for text from what is no whole number: there
# 2.5 is "2.500000" and true is "1", here they are as files write them.
PAIRS: list[tuple[Any, list[Any]]] = [
    (0, [0, 0.0, False, "0", ["0"]]),
    (1, [1, 1.0, True, "1", ["1"]]),
    (2, [2, 2.0, NONE, "2", ["2"]]),
    (-1, [-1, -1.0, NONE, "-1", ["-1"]]),
    (3.0, [3, 3.0, True, "3.0", ["3.0"]]),
    (0.0, [0, 0.0, False, "0.0", ["0.0"]]),
    (2.5, [NONE, 2.5, True, "2.5", ["2.5"]]),
    (True, [1, 1.0, True, "true", ["true"]]),
    (False, [0, 0.0, False, "false", ["false"]]),
    ("7", [7, 7.0, NONE, "7", ["7"]]),
    ("1", [1, 1.0, True, "1", ["1"]]),
    ("2.0", [2, 2.0, NONE, "2.0", ["2.0"]]),
    ("2.5", [NONE, 2.5, NONE, "2.5", ["2.5"]]),
    ("1e3", [NONE, 1000.0, NONE, "1e3", ["1e3"]]),
    ("true", [NONE, NONE, True, "true", ["true"]]),
    ("False", [NONE, NONE, False, "False", ["False"]]),
    ("well", [NONE, NONE, NONE, "well", ["well"]]),
    ("a;b", [NONE, NONE, NONE, "a;b", ["a", "b"]]),
    ("12abc", [NONE, NONE, NONE, "12abc", ["12abc"]]),
    ("1_000", [NONE, NONE, NONE, "1_000", ["1_000"]]),
    ("nan", [NONE, NONE, NONE, "nan", ["nan"]]),
    ("1e999", [NONE, NONE, NONE, "1e999", ["1e999"]]),
]
PORTS = ["whole", "number", "truth", "text", "words"]
CASES = [
    pytest.param(value, port, wanted, id=f"{value!r} to {port}")
    for value, row in PAIRS
    for port, wanted in zip(PORTS, row, strict=True)
]


def words_into(taken: list[Any]) -> Registry:
    words = Registry(enums={"RED": 3})

    @words.action("whole")
    def whole(owner: object, it: int) -> None:
        taken.append(it)

    @words.action("number")
    def number(owner: object, it: float) -> None:
        taken.append(it)

    @words.action("truth")
    def truth(owner: object, it: bool) -> None:
        taken.append(it)

    @words.action("text")
    def text(owner: object, it: str) -> None:
        taken.append(it)

    @words.action("words")
    def several(owner: object, it: list[str]) -> None:
        taken.append(it)

    return words


def file_of(body: str, more: str = "") -> str:
    return (
        '<root BTCPP_format="4" main_tree_to_execute="Main"><BehaviorTree ID="Main">'
        f"{body}</BehaviorTree>{more}</root>"
    )


def tree_of(body: str, taken: list[Any], more: str = "") -> Tree:
    return compile(loads(file_of(body, more), words_into(taken)), None, HandClock())


def same(taken: list[Any], wanted: Any) -> bool:
    return [(type(it), it) for it in taken] == [(type(wanted), wanted)]


@pytest.mark.parametrize("route", ["entry", "subtree", "script"])
@pytest.mark.parametrize(("value", "port", "wanted"), CASES)
def test_a_value_from_the_blackboard_is_converted_by_one_rule(
    value: Any, port: str, wanted: Any, route: str
) -> None:
    taken: list[Any] = []
    more = ""
    body = f'<{port} it="{{x}}"/>'
    if route == "subtree":
        more = f'<BehaviorTree ID="In"><{port} it="{{y}}"/></BehaviorTree>'
        body = '<SubTree ID="In" y="{x}"/>'
    if route == "script":
        written = f"'{value}'" if isinstance(value, str) else str(value).lower()
        body = f'<Sequence><Script code="x := {written}"/>{body}</Sequence>'
    tree = tree_of(body, taken, more)
    if route != "script":
        tree.blackboard["x"] = value
    if wanted is NONE:
        with pytest.raises(TreeError, match=r"^port 'it' must be "):
            tree.tick()
    else:
        tree.tick()
        assert same(taken, wanted)


@pytest.mark.parametrize(
    ("value", "port", "wanted"), [case for case in CASES if isinstance(case.values[0], str)]
)
def test_an_attribute_is_converted_as_text_on_the_blackboard_is(
    value: str, port: str, wanted: Any
) -> None:
    taken: list[Any] = []
    body = f'<{port} it="{value}"/>'
    if wanted is NONE:
        (fault,) = check(file_of(body), words_into(taken))
        assert f"'it' of {port} must be " in str(fault)
    else:
        tree_of(body, taken).tick()
        assert same(taken, wanted)


@pytest.mark.parametrize(("value", "port", "wanted"), CASES)
def test_what_a_file_puts_on_the_blackboard_comes_out_as_its_attribute_would(
    value: Any, port: str, wanted: Any
) -> None:
    text = value if isinstance(value, str) else str(value).lower()
    direct: list[Any] = []
    if check(file_of(f'<{port} it="{text}"/>'), words_into(direct)):
        return  # 2.0 is a truth as a number, but not as an attribute
    tree_of(f'<{port} it="{text}"/>', direct).tick()
    body = (
        f'<Sequence><SetBlackboard value="{text}" output_key="x"/><{port} it="{{x}}"/></Sequence>'
    )
    through: list[Any] = []
    tree_of(body, through).tick()
    inner = f'<BehaviorTree ID="In"><{port} it="{{y}}"/></BehaviorTree>'
    below: list[Any] = []
    tree_of(f'<SubTree ID="In" y="{text}"/>', below, inner).tick()
    assert same(through, direct[0])
    assert same(below, direct[0])


@pytest.mark.parametrize(
    ("value", "kind", "item", "wanted"),
    [
        ("1;2", list, int, [1, 2]),
        ([1, 2.0, "3"], list, int, [1, 2, 3]),
        ((0.5, True), list, float, [0.5, 1.0]),
        ("true;0", list, bool, [True, False]),
        (4, list, float, [4.0]),
        (["a", 1], list, str, ["a", "1"]),
        ([[1]], list, int, NONE),
        ([2.5], list, int, NONE),
        ({"a": 1}, str, str, NONE),
        ([1], str, str, NONE),
        (None, int, str, NONE),
        (float("inf"), int, str, NONE),
        (float("nan"), float, str, NONE),
        (float("inf"), bool, str, NONE),
        (10**400, float, str, NONE),
        (2**53 + 1, float, str, NONE),
        (10**5000, str, str, NONE),
        ("9" * 5000, int, str, NONE),
        ("9" * 399, int, str, NONE),
        (1e300, int, str, NONE),
    ],
    ids=lambda value: repr(value) if type(value) in (type, list) else "",
)
def test_lists_and_numbers_beyond_all_bounds(
    value: Any, kind: type, item: type, wanted: Any
) -> None:
    if wanted is NONE:
        with pytest.raises(ValueError):  # noqa: PT011 - the port makes the sentence
            converted(value, kind, item)
    else:
        assert same([converted(value, kind, item)], wanted)


def test_text_on_the_blackboard_may_be_a_word_that_stands_for_a_number() -> None:
    taken: list[Any] = []
    tree = tree_of('<Sequence><whole it="RED"/><whole it="{x}"/></Sequence>', taken)
    tree.blackboard["x"] = "RED"
    tree.tick()
    assert taken == [3, 3]


def test_a_word_that_stands_for_something_else_than_the_port_wants_is_a_fault() -> None:
    words = words_into([])
    words.enums["NAME"] = "Al"
    assert [str(fault) for fault in check(file_of('<whole it="NAME"/>'), words, file="t.xml")] == [
        "'it' of whole must be a whole number, got 'NAME' - at t.xml:1:83"
    ]


def test_numbers_that_are_too_long_stay_text() -> None:
    assert literal("9" * 5000) == "9" * 5000
    assert literal("1e999") == "1e999"


@pytest.mark.parametrize(
    "body",
    [
        '<Script code="n := 6 / 2"/><Repeat num_cycles="{n}"><AlwaysSuccess/></Repeat>',
        '<Script code="n := 10 / 2"/><whole it="{n}"/>',
        '<Script code="n := 5; n *= 2"/><whole it="{n}"/>',
        '<Script code="n := 1"/><truth it="{n}"/>',
        '<SetBlackboard value="1" output_key="n"/><truth it="{n}"/>',
        '<truth it="1"/>',
    ],
)
def test_numbers_of_scripts_fit_into_ports(body: str) -> None:
    assert tree_of(f"<Sequence>{body}</Sequence>", []).tick().name == "SUCCESS"
