"""What scripts share with BehaviorTree.CPP beyond sums, what is refused early, what cannot hurt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_puppets import HandClock

from npcbrain.errors import TreeError
from npcbrain.tree import Script, ScriptError, check, compile, loads


def value_of(text: str, **board: Any) -> Any:
    return Script.read(text, enums={"RED": 1}).run(board)


def file_of(body: str) -> str:
    return f'<root BTCPP_format="4"><BehaviorTree ID="Main">{body}</BehaviorTree></root>'


# The values are those that BehaviorTree.CPP 4.10 gave when it was run.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n := 3; 'box_' .. n", "box_3"),
        ("'a'..'b'", "ab"),
        ("n:=3; n..'x'", "3x"),
        ("a := 'x'; a..a..1", "xx1"),
        ("1 ..'a'", "1a"),
        ("x := 5; x *= 2", 10),
        ("x := 10; x /= 2", 5),
        ("x := 5; x := '7'", 7.0),
        ("x := 5; x := 6/2", 3),
        ("x := 'a'; x += 'b'", "ab"),
        ("~2.7", -3),
        ("6/2 & 1", 1),
        ("1 | 2 ^ 3", 0),
        ("2.0 && 1", True),
        ("'5' ? 1 : 2", 1),
        ("'0' ? 1 : 2", 2),
        ("0.5 ? 1 : 2", 1),
        ("(a := 4) + a", 8),
        ("a := b := 3; a + b", 6),
        ("true ? a := 1 : 2; a", 1),
        ("a := 1 b := 2", 2),
        ("a := 1;; b := 2;", 2),
        ("1 < 2 == 1", False),
        ("3 & 2 == 2", True),
        ("--1", 1),
        ("!!1", True),
        ("-2 * 3", -6),
        ("0XfF", 255),
        ("@x := 5; @x", 5),
        ("1 ? 2 : 3 ? 4 : 5", 2),
        ("0 ? 2 : 0 ? 4 : 5", 5),
        ("'5' == 5", True),
        ("x := 1; -x", -1),
    ],
)
def test_a_script_gives_what_it_gives_in_behaviortree_cpp(text: str, value: object) -> None:
    result = value_of(text)
    assert (type(result), result) == (type(value), value)


def test_a_tree_joins_text_and_numbers() -> None:
    tree = compile(
        loads(file_of("<Script code=\"n := 3; id := 'box_' .. n\"/>")), None, HandClock()
    )
    tree.tick()
    assert dict(tree.blackboard) == {"n": 3, "id": "box_3"}


# What would be wrong at each tick.


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("1 .. 2", "'..' in 'code' must join text with text or a number, got (1, 2)"),
        ("'a' - 1", "'-' in 'code' must be between two numbers, got ('a', 1)"),
        ("hp - 'a'", "'-' in 'code' must be between two numbers, got ('an entry', 'a')"),
        ("x := 'a'; x * 2", "'*' in 'code' must be between two numbers, got ('text', 2)"),
        ("x := 'a'; x += 3", "'+=' in 'code' must be between two numbers, got ('text', 3)"),
        ("hp + (1 / 0)", "'/' in 'code' must not divide by zero, got (1, 0)"),
        ("2.5 | 1", "'|' in 'code' must be between two whole numbers, got (2.5, 1)"),
        ("!'a'", "value in 'code' must be a boolean or a number, got 'a'"),
        ("x := -('a' .. hp)", "value in 'code' must be a boolean or a number, got 'text'"),
        ("true &amp;&amp; 'x'", "value in 'code' must be a boolean or a number, got 'x'"),
        ("'x' ? 1 : 2", "value in 'code' must be a boolean or a number, got 'x'"),
        ("true ? 1 / 0 : 2", "'/' in 'code' must not divide by zero, got (1, 0)"),
        ("9e300 * 9e300", "'*' in 'code' must stay a number of at most 53 bits"),
        ("1 &lt; 2 &lt; 'a'", "'<' in 'code' must be between two numbers or two strings"),
    ],
)
def test_what_every_tick_would_raise_is_a_fault_of_the_file(code: str, rule: str) -> None:
    text = file_of(f'<Script code="{code}"/>')
    (fault,) = check(text)
    assert str(fault).startswith(rule)
    with pytest.raises(TreeError):
        loads(text)
    with pytest.raises(TreeError):
        Script.read(code.replace("&lt;", "<").replace("&amp;", "&")).run({"hp": 1})


@pytest.mark.parametrize(
    "code",
    [
        "hp - 1",
        "hp .. 1",
        "hp > 0 ? 1 / 0 : 2",
        "hp > 0 && 'x'",
        "false && 'x'",
        "true || 'x'",
        "hp > 0 ? (x := 'a') : (x := 1); x + 1",
        "(hp && (x := 'a')); x - 1",
        "x := '7'; x - 1",
        "1 > 2 > 'a'",
    ],
)
def test_what_may_be_right_is_no_fault(code: str) -> None:
    text = file_of(f'<Script code="{code.replace("&", "&amp;").replace("<", "&lt;")}"/>')
    assert check(text) == []


@pytest.mark.parametrize(
    "body",
    [
        "<ScriptCondition code=\"'x'\"/>",
        "<Precondition if=\"'a' .. n\"><AlwaysSuccess/></Precondition>",
        *(f"<AlwaysSuccess {name}=\"'x'\"/>" for name in ("_skipIf", "_while", "_failureIf")),
    ],
)
def test_text_is_no_condition(body: str) -> None:
    (fault,) = check(file_of(body))
    assert "must be a condition, not text, got " in str(fault)
    assert check(file_of("<AlwaysSuccess _onSuccess=\"'x'\" _post=\"'x'\"/>")) == []


# Scripts that were made to hurt.


@pytest.mark.parametrize("sign", ["+", "*", "..", "&&", "||", "==", "<", "|", ";"])
def test_a_long_script_is_no_deep_one(sign: str) -> None:
    term = "'1'" if sign == ".." else "1"
    count = (2000 - len(term)) // (len(sign) + len(term)) + 1
    assert count > 390 or sign == ".."
    value_of(sign.join([term] * count))
    value_of(sign.join(["a", *[term] * (count - 1)]), a="1" if sign == ".." else 1)


def test_994_terms_are_added() -> None:
    assert value_of("a" + "+1" * 993, a=1) == 994
    assert value_of("+".join(["1"] * 994)) == 994


def test_hundreds_of_questions_in_a_row_are_asked() -> None:
    assert value_of("a?1:" * 490 + "2", a=0) == 2
    assert value_of("a?1:" * 490 + "2", a=3) == 1


@pytest.mark.parametrize("text", ["(" * 900 + "1" + ")" * 900, "!" * 1500 + "1", "a=" * 900 + "1"])
def test_a_deep_script_is_refused(text: str) -> None:
    with pytest.raises(ScriptError, match="nest at most 40 deep"):
        Script.read(text)


@pytest.mark.parametrize(
    "text", ["9" * 400, "0x" + "f" * 400, "9" * 400 + ".5", "1e999", "9" * 1990]
)
def test_a_number_beyond_all_bounds_is_refused(text: str) -> None:
    with pytest.raises(ScriptError, match="be a number of at most 53 bits"):
        Script.read(f"x := {text}")


@pytest.mark.parametrize(
    "text", ["n + 1", "n - 0.5", "n * n", "n / 3", "n | 1", "-n", "~n", "n += 1", "n ^ 1.0"]
)
def test_a_number_of_the_game_beyond_all_bounds_is_an_error(text: str) -> None:
    for number in (10**400, 10**5000):
        with pytest.raises(TreeError, match=" must "):
            value_of(text, n=number)


def test_a_number_of_too_many_digits_cannot_be_joined_to_text() -> None:
    with pytest.raises(TreeError, match=r"^'\.\.' must join text with text or a number"):
        value_of("n .. 'a'", n=10**5000)


def test_numbers_beyond_all_bounds_can_be_compared() -> None:
    assert value_of("n > 1.5 && n != 0.5 && n == n", n=10**400) is True
    assert value_of("n == n && n > 1", n=float("inf")) is True


def test_text_that_doubles_itself_ends() -> None:
    script, board = Script.read("s := s .. s"), {"s": "ab"}
    for _ in range(11):
        script.run(board)
    with pytest.raises(TreeError, match="make at most 4096 characters"):
        script.run(board)
    assert len(board["s"]) == 4096


# Random expressions, computed in another way.

numbers = st.sampled_from([0, 1, 2, 3, 0.5, 2.0])
leaves = st.one_of(
    numbers.map(lambda number: (str(number), lambda board: number)),
    st.sampled_from("ab").map(lambda name: (name, lambda board: board[name])),
)
OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "<": lambda a, b: a < b,
    "==": lambda a, b: abs(a - b) < 1e-8,
    "&&": lambda a, b: bool(a) and bool(b),
    "||": lambda a, b: bool(a) or bool(b),
}


def joined(left: Any, how: str, right: Any) -> Any:
    compute = OPERATORS[how]
    text = f"({left[0]}){how}({right[0]})"
    return text, lambda board: compute(left[1](board), right[1](board))


def asked(a: Any, b: Any, c: Any) -> Any:
    return f"({a[0]})?{b[0]}:({c[0]})", lambda board: (b if a[1](board) else c)[1](board)


expressions = st.recursive(
    leaves,
    lambda below: st.one_of(
        st.builds(joined, below, st.sampled_from(list(OPERATORS)), below),
        st.builds(asked, below, below, below),
        below.map(lambda part: (f"-({part[0]})", lambda board: 0 - part[1](board))),
        below.map(lambda part: (f"!({part[0]})", lambda board: not part[1](board))),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(expressions, numbers, numbers)
def test_an_expression_is_computed_as_it_is_written(made: Any, a: float, b: float) -> None:
    text, compute = made
    script = Script.read(text)
    assert script.doomed is None
    assert script.run({"a": a, "b": b}) == compute({"a": a, "b": b})
