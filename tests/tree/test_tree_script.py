"""Promises of ``npcbrain.tree.script``: what expressions mean, and what they cannot do."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.errors import TreeError
from npcbrain.tree import Script, ScriptError


def value_of(text: str, **board: Any) -> Any:
    return Script.read(text, enums={"RED": 1}).run(board)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("7 / 2", 3.5),
        ("10 - 4 - 3", 3),
        ("-2 + 1", -1),
        ("0xFF & 0x0F | 0x10", 0x1F),
        ("6 ^ 3", 5),
        ("~5", -6),
        ("1 < 2 && 2 <= 2 && 3 > 2 && 3 >= 3", True),
        ("1 == 1.0", True),
        ("'a' != 'b'", True),
        ("'a' < 'b'", True),
        ("!true || false", False),
        ("hp < 30 ? 'low' : 'fine'", "low"),
        ("hp < 5 ? 1 : hp < 20 ? 2 : 3", 2),
        ("'Hello, ' + who", "Hello, Al"),
        ("RED + 1", 2),
        ("1.5e1", 15.0),
        ("a := 1; b := a + 1; a + b", 3),
        ("a := 1;", 1),
        ("0 < hp < 30", True),
        ("0 < hp < 10", False),
        ("30 > hp > 20", False),
        ("1 == 1 == 1", True),
        ("0.1 + 0.2 == 0.3", True),
        ("'1.50' == 1.5", True),
        ("hp == '12' && '5' < hp", True),
        ("'true' == true", True),
        ("'RED' == RED", True),
        ("'red' == 1", False),
        ("'red' != 1", True),
    ],
)
def test_an_expression_has_the_value_it_has_in_behaviortree_cpp(text: str, value: object) -> None:
    result = value_of(text, hp=12, who="Al")
    assert result == value
    assert type(result) is type(value)


def test_and_and_or_leave_out_what_is_decided() -> None:
    assert value_of("false && missing") is False
    assert value_of("true || missing") is True


@pytest.mark.parametrize(
    ("text", "board"),
    [
        ("n := 5", {"n": 5}),
        ("n = 5", {"n": 5}),
        ("n += 2", {"n": 3}),
        ("n -= 2", {"n": -1}),
        ("n *= 4", {"n": 4}),
        ("n /= 4", {"n": 0.25}),
        ("new := 'x'", {"n": 1, "new": "x"}),
    ],
)
def test_an_assignment_writes_the_blackboard(text: str, board: dict[str, Any]) -> None:
    actual: dict[str, Any] = {"n": 1}
    Script.read(text).run(actual)
    assert actual == board


@pytest.mark.parametrize(
    ("text", "rule", "got", "at"),
    [
        ("", "not be empty", "", 0),
        ("1 +", "have a value here", "the end", 3),
        ("(1", "close its parenthesis", "the end", 2),
        ("1 2", "go on with an operator or ;", "2", 2),
        ("hp = = 3", "have a value here", "=", 5),
        ("hp $ 3", "be made of known signs", "$", 3),
        ("'open", "close its string", "'open", 0),
        ("a ? 1", "have a : after the ?", "the end", 5),
        ("RED := 2", "set an entry of the blackboard", "RED", 0),
        ("(" * 100 + "1", "nest at most 40 deep", "more", 40),
        ("!" * 100 + "1", "nest at most 40 deep", "more", 40),
        ("1" * 3000, "have at most 2000 characters", "3000", 0),
        ("99999999999999999999", "be a number of at most 53 bits", "99999999999999999999", 0),
    ],
)
def test_what_is_no_script_is_refused_with_its_place(
    text: str, rule: str, got: str, at: int
) -> None:
    with pytest.raises(ScriptError) as caught:
        Script.read(text, enums={"RED": 1})
    assert (caught.value.rule, caught.value.got, caught.value.at) == (rule, got, at)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "hp < 'a'",
            "'<' must be between two numbers or two strings, got (1, 'a') - at script \"hp < 'a'\"",
        ),
        ("hp / 0", "'/' must not divide by zero, got (1, 0) - at script 'hp / 0'"),
        (
            "hpp + 1",
            "entry must be on the blackboard, got 'hpp' - at script 'hpp + 1'; did you mean",
        ),
        ("new = 1", "entry must be on the blackboard, got 'new' - at script 'new = 1'; use := to"),
        ("!'a'", "value must be a boolean or a number, got 'a' - at script"),
        ("1.5 & 1", "'&' must be between two whole numbers, got (1.5, 1) - at script"),
    ],
)
def test_what_cannot_be_computed_is_an_error(text: str, message: str) -> None:
    with pytest.raises(TreeError) as caught:
        value_of(text, hp=1)
    assert str(caught.value).startswith(message)


def run_often(text: str, board: dict[str, Any]) -> None:
    script = Script.read(text)
    for _ in range(60):
        script.run(board)


def test_numbers_and_strings_cannot_grow_without_end() -> None:
    with pytest.raises(TreeError, match="stay a number of at most 53 bits"):
        run_often("n *= n", {"n": 3})
    with pytest.raises(TreeError, match="make at most 4096 characters"):
        run_often("s += s", {"s": "ab"})


@given(st.text(alphabet="ab1 .'()+-*/<>=!&|?:;~^@", max_size=30))
def test_any_text_is_a_script_or_refused(text: str) -> None:
    board: dict[str, Any] = {"a": 1, "b": "x"}
    with suppress(ScriptError, TreeError):
        Script.read(text).run(board)
    assert all(type(value) in (int, float, str, bool) for value in board.values())
