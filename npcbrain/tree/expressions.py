"""The parts of a script: how each is run, and what is known of its value beforehand.

The reader in ``script`` puts them together. Invariant: a part is ``doomed`` only if running it
always raises, whatever is on the blackboard, so that a file can be refused for it; parts in a row
run in a loop, so that a long script does not recurse deeply.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from npcbrain.errors import TreeError, fault
from npcbrain.tree.operators import (
    ARITHMETIC,
    NUMBER,
    TEXT,
    Refused,
    Word,
    comparison,
    computation,
    fitted,
    kind_of,
    misfit,
    truth_of,
)
from npcbrain.tree.tokens import ScriptError
from npcbrain.tree.values import MAX_EXACT

__all__ = [
    "COMBINING",
    "Board",
    "Expression",
    "Step",
    "assigned",
    "chained",
    "chosen",
    "combined",
    "constant",
    "decided",
    "flipped",
    "unknown",
]

Board = MutableMapping[str, Any]
Step = Callable[[Board], Any]
Link = tuple[str, int, "Expression"]  # an operator, its place, and what is on its right

COMBINING = (*ARITHMETIC, "..")
KINDS = (NUMBER, TEXT)


@dataclass(slots=True)
class Expression:
    """A part of a script.

    Attributes:
        run: Gives its value on a blackboard.
        at: Its place in the script.
        kind: ``NUMBER`` or ``TEXT`` if it can be nothing else; empty if that is not known.
        is_constant: Whether its value is always ``value``.
        value: That value; None if it is not constant.
        doomed: Why it always raises; None if it may not.
        name: The name, if it is nothing but a name; else empty.
    """

    run: Step
    at: int
    kind: str = ""
    is_constant: bool = False
    value: Any = None
    doomed: ScriptError | None = None
    name: str = ""


def constant(value: Any, at: int, name: str = "") -> Expression:
    """A number, a string, a truth or a word for one."""
    return Expression(lambda board: value, at, kind_of(value), True, value, None, name)


def combined(left: Expression, links: list[Link], where: str) -> Expression:
    """``a + b - c``: computations in a row, from the left."""
    doomed, kind = left.doomed, left.kind
    rest: list[tuple[Callable[[Any, Any], Any], Step]] = []
    for how, at, right in links:
        combine = computation(how, where)
        doomed = doomed or right.doomed
        if left.is_constant and right.is_constant and not rest:
            left = _folded(_two(combine, left.run, right.run), at)
            doomed, kind = doomed or left.doomed, left.kind
            continue
        rule = _misfit(how, kind, right.kind)
        if rule and doomed is None:
            got = (_shown(left, kind) if not rest else kind or "an entry", _shown(right))
            doomed = ScriptError(rule, got, at, what=f"{how!r}")
        rest.append((combine, right.run))
        kind = _kind_after(how, kind, right.kind)
    if not rest:
        return left
    first = left.run
    if len(rest) == 1:
        run = _two(rest[0][0], first, rest[0][1])
    else:

        def run(board: Board) -> Any:
            value = first(board)
            for combine, step in rest:
                value = combine(value, step(board))
            return value

    return Expression(run, left.at, kind, doomed=doomed)


def chained(
    left: Expression, links: list[Link], where: str, enums: Mapping[str, Word]
) -> Expression:
    """``low < hp < high``: true if it holds for each two neighbours."""
    tests = [(comparison(how, where, enums), right.run) for how, _, right in links]
    first = left.run
    if len(tests) == 1:
        run: Step = _two(tests[0][0], first, tests[0][1])
    else:

        def run(board: Board) -> Any:
            value = first(board)
            for test, step in tests:
                after = step(board)
                if not test(value, after):
                    return False
                value = after
            return True

    if left.is_constant and all(right.is_constant for _, _, right in links):
        return _folded(run, links[0][1])
    # Once a pair does not hold, nothing to its right is run.
    doomed = left.doomed or links[0][2].doomed
    return Expression(run, left.at, NUMBER, doomed=doomed)


def decided(how: str, parts: list[Expression], where: str) -> Expression:
    """``a && b && c`` or ``a || b || c``: nothing after the deciding part is run."""
    steps = [part.run for part in parts]
    goes_on = how == "&&"

    def run(board: Board) -> Any:
        for step in steps:
            if truth_of(step(board), where) is not goes_on:
                return not goes_on
        return goes_on

    doomed, is_run = None, True
    for part in parts:
        if is_run and doomed is None:
            doomed = part.doomed or _no_truth(part)
        is_run = is_run and part.is_constant and part.kind == NUMBER
        is_run = is_run and bool(part.value) is goes_on
    if doomed is None and all(part.is_constant for part in parts):
        return _folded(run, parts[0].at)
    return Expression(run, parts[0].at, NUMBER, doomed=doomed)


def chosen(arms: list[tuple[Expression, Expression]], last: Expression, where: str) -> Expression:
    """``a ? 1 : b ? 2 : 3``: the value after the first condition that is met."""
    asked, doomed = arms[0][0], arms[0][0].doomed
    if asked.is_constant:
        try:
            is_met = _met(asked.value, where)
        except Refused as error:
            doomed = _doom(error, asked.at)
        else:
            if is_met:
                return arms[0][1]
            return chosen(arms[1:], last, where) if len(arms) > 1 else last
    steps = [(condition.run, value.run) for condition, value in arms]
    otherwise = last.run

    def run(board: Board) -> Any:
        for condition, value in steps:
            if _met(condition(board), where):
                return value(board)
        return otherwise(board)

    kinds = {last.kind, *(value.kind for _, value in arms)}
    return Expression(run, asked.at, kinds.pop() if len(kinds) == 1 else "", doomed=doomed)


def flipped(sign: str, part: Expression, at: int, where: str) -> Expression:
    """``!a``, ``-a`` or ``~a``."""
    inner = part.run
    minus, flip = computation("-", where), computation("^", where)

    def run(board: Board) -> Any:
        value = inner(board)
        if sign == "!":
            return not truth_of(value, where)
        if sign == "-":
            return minus(0, value)
        if isinstance(value, float) and isfinite(value) and abs(value) <= MAX_EXACT:
            value = int(value)
        return flip(value, -1)

    if part.is_constant and part.doomed is None:
        return _folded(run, at)
    doomed = part.doomed or _no_truth(part)
    return Expression(run, at, NUMBER, doomed=doomed)


def assigned(
    key: str,
    how: str,
    value: Expression,
    at: int,
    where: str,
    enums: Mapping[str, Word],
    before: str,
) -> Expression:
    """``a := 1``, ``a += 1`` and so on; ``before`` is the kind that the entry is known to have."""
    inner, must_be_there = value.run, how != ":="
    combine = None if how in (":=", "=") else computation(how[0], where)

    def run(board: Board) -> Any:
        new = inner(board)
        if must_be_there and key not in board:
            raise unknown(key, board, where, "use := to create it")
        if combine is not None:
            new = combine(board[key], new)
        if type(new) is float or type(new) is str:
            new = fitted(board.get(key), new, enums)
        board[key] = new
        return new

    doomed, kind = value.doomed, value.kind
    if combine is not None:
        rule = _misfit(how[0], before, value.kind)
        if rule and doomed is None:
            got = (before or "an entry", _shown(value))
            doomed = ScriptError(rule, got, at, what=f"{how!r}")
        kind = _kind_after(how[0], before, value.kind)
    if kind == TEXT and not (value.is_constant and type(fitted(0, value.value, enums)) is str):
        kind = ""  # unknown: text that looks like a number becomes one if the entry held a number
    return Expression(run, at, kind, doomed=doomed)


def unknown(key: str, board: Iterable[str], where: str, advice: str) -> TreeError:
    """The error to raise when there is no such entry."""
    if not advice:
        near = difflib.get_close_matches(key, list(board), n=1)
        advice = f"did you mean {near[0]!r}?" if near else "set it before, with :="
    return TreeError(fault("entry", "be on the blackboard", key, where, advice))


def _two(combine: Callable[[Any, Any], Any], left: Step, right: Step) -> Step:
    return lambda board: combine(left(board), right(board))


def _folded(run: Step, at: int) -> Expression:
    """Runs a part made of constants once: it becomes a constant, or doomed."""
    try:
        return constant(run({}), at)
    except Refused as error:
        return Expression(run, at, doomed=_doom(error, at))


def _doom(error: Refused, at: int) -> ScriptError:
    return ScriptError(error.rule, error.got, at, error.advice, error.what)


def _no_truth(part: Expression) -> ScriptError | None:
    if part.kind != TEXT:
        return None
    return ScriptError("be a boolean or a number", _shown(part), part.at, what="value")


def _met(value: Any, where: str) -> bool:
    """A condition before ``?``, where text counts as the number it spells."""
    return truth_of(fitted(0, value, {}) if isinstance(value, str) else value, where)


def _misfit(how: str, left: str, right: str) -> str:
    """``misfit`` where a kind may be unknown: tells only what is wrong in any case."""
    rules = [
        misfit(how, a, b)
        for a in ((left,) if left else KINDS)
        for b in ((right,) if right else KINDS)
    ]
    return rules[0] if all(rules) else ""


def _kind_after(how: str, left: str, right: str) -> str:
    if how == "..":
        return TEXT
    return (left or right) if how == "+" else NUMBER


def _shown(part: Expression, kind: str = "") -> object:
    return part.value if part.is_constant else kind or part.kind or "an entry"
