"""Small expressions in tree files: ``hp < 30 && !fled``, ``mood := 'angry'; calls += 1``.

A reader and a compiler of its own, no ``eval``: a script knows numbers, strings, booleans and the
blackboard, and can call nothing. The useful core of BehaviorTree.CPP's scripting language.
Floor 1. Invariant: a script that compiled either gives plain data or raises ``TreeError``.

From weak to strong: ``;`` between statements; ``:=`` (sets), ``=`` ``+=`` ``-=`` ``*=`` ``/=`` (the
entry must exist); ``? :``; ``||``; ``&&``; ``== != < <= > >=``; ``|`` ``^`` ``&`` (whole numbers);
``+`` ``-`` (``+`` joins strings as well); ``*`` ``/``; ``!`` ``-`` ``~``; ``( )``. Strings are in
single quotes. Comparisons chain (``0 < hp < 30``) and take text that looks like a number for one.
The value of a script is that of its last statement.

>>> board = {"hp": 12}
>>> script = Script.read("fled := hp < 30; hp += 5")
>>> script.run(board)
17
>>> board
{'hp': 17, 'fled': True}
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from npcbrain.errors import TreeError, fault
from npcbrain.tree.operators import COMPARISONS, MAX_NUMBER, comparison, computation

__all__ = ["Script", "ScriptError", "is_true"]

MAX_CHARS = 2000
MAX_DEPTH = 40  # of parentheses and the like; each level is a few Python frames

Board = MutableMapping[str, Any]
Step = Callable[[Board], Any]
Resolve = Callable[[str], str]

TOKEN = re.compile(
    r"\s*(?:(?P<number>0x[0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"
    r"|'(?P<text>[^']*)'"
    r"|(?P<name>@?[A-Za-z_][A-Za-z0-9_.]*)"
    r"|(?P<sign>:=|\+=|-=|\*=|/=|==|!=|<=|>=|&&|\|\||[-+*/<>=!~?:;|^&()]))"
)
ASSIGN = {":=", "=", "+=", "-=", "*=", "/="}
LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    COMPARISONS,
    ("|",),
    ("^",),
    ("&",),
    ("+", "-"),
    ("*", "/"),
)


class ScriptError(Exception):
    """A script cannot be read; ``at`` is the place of the trouble in it."""

    def __init__(self, rule: str, got: str, at: int, advice: str = "") -> None:
        super().__init__(rule)
        self.rule, self.got, self.at, self.advice = rule, got, at, advice


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was read; two are equal if their text is.

    Attributes:
        text: As it was written.
        run: Runs it on a blackboard; gives the value of its last statement.
        reads: Names it uses, in order of appearance, as they are on the blackboard.
    """

    text: str
    run: Step = field(compare=False, repr=False)
    reads: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(
        cls,
        text: str,
        *,
        enums: Mapping[str, int | float | str | bool] | None = None,
        resolve: Resolve | None = None,
    ) -> Script:
        """Reads a script.

        Args:
            text: At most 2000 characters.
            enums: Words that stand for a value, such as ``{"RED": 1}``.
            resolve: Where a name really is on the blackboard; the name itself if None.

        Raises:
            ScriptError: It is no script.
        """
        if len(text) > MAX_CHARS:
            raise ScriptError(f"have at most {MAX_CHARS} characters", str(len(text)), 0)
        reader = _Reader(text, enums or {}, resolve or (lambda name: name))
        run = reader.statements()
        return cls(text, run, tuple(dict.fromkeys(reader.names)))


def is_true(value: object, script: Script) -> bool:
    """A script's value as an answer; numbers count as in C.

    Raises:
        TreeError: It is a string, or no value at all.
    """
    if isinstance(value, bool | int | float):
        return bool(value)
    raise TreeError(
        fault("value", "be a boolean or a number", value, f"script {script.text!r}", "compare it")
    )


class _Reader:
    """Recursive descent; each method reads one level and returns what runs it."""

    def __init__(self, text: str, enums: Mapping[str, Any], resolve: Resolve) -> None:
        self.text = text
        self.enums = enums
        self.resolve = resolve
        self.names: list[str] = []
        self.tokens = _tokens(text)
        self.place = 0
        self.depth = 0

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.place]

    def sign(self, *signs: str) -> str:
        kind, value, _ = self.peek()
        if kind == "sign" and value in signs:
            self.place += 1
            return value
        return ""

    def statements(self) -> Step:
        steps: list[Step] = []
        while True:
            if self.peek()[0] != "end":
                steps.append(self.statement())
            if not self.sign(";"):
                break
        kind, value, at = self.peek()
        if kind != "end":
            advice = "write := to set, == to compare" if value in ASSIGN else ""
            raise ScriptError("go on with an operator or ;", value, at, advice)
        if not steps:
            raise ScriptError("not be empty", "", 0)
        if len(steps) == 1:
            return steps[0]

        def run(board: Board) -> Any:
            value = None
            for step in steps:
                value = step(board)
            return value

        return run

    def statement(self) -> Step:
        kind, name, at = self.peek()
        follows, how, _ = self.tokens[min(self.place + 1, len(self.tokens) - 1)]
        if kind == "name" and follows == "sign" and how in ASSIGN:
            if name in self.enums or name in ("true", "false"):
                raise ScriptError("set an entry of the blackboard", name, at, "it is a constant")
            self.place += 2
            return self.assign(name, how, self.choice())
        return self.choice()

    def assign(self, name: str, how: str, value: Step) -> Step:
        key = self.resolve(name)
        self.names.append(key)
        where = self.where
        combine = None if how in (":=", "=") else computation(how[0], where)

        def run(board: Board) -> Any:
            new = value(board)
            if how != ":=" and key not in board:
                raise _unknown(key, board, where, "use := to create it")
            if combine is not None:
                new = combine(board[key], new)
            board[key] = new
            return new

        return run

    def choice(self) -> Step:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ScriptError(f"nest at most {MAX_DEPTH} deep", "more", self.peek()[2])
        asked = self.level(0)
        if self.sign("?"):
            yes = self.choice()
            if not self.sign(":"):
                got = self.peek()[1] or "the end"
                raise ScriptError("have a : after the ?", got, self.peek()[2])
            no, condition = self.choice(), asked
            truth = self.truth

            def asked(board: Board) -> Any:
                return yes(board) if truth(condition(board)) else no(board)

        self.depth -= 1
        return asked

    def level(self, number: int) -> Step:
        if number == len(LEVELS):
            return self.unary()
        left = self.level(number + 1)
        if LEVELS[number] is COMPARISONS:
            return self.chain(left, number)
        while how := self.sign(*LEVELS[number]):
            left = self.join(how, left, self.level(number + 1))
        return left

    def chain(self, left: Step, number: int) -> Step:
        """``low < hp < high``: each two neighbours."""
        links: list[tuple[Callable[[Any, Any], bool], Step]] = []
        while how := self.sign(*COMPARISONS):
            links.append((comparison(how, self.where, self.enums), self.level(number + 1)))
        if not links:
            return left
        if len(links) == 1:
            (test, right) = links[0]
            return lambda board: test(left(board), right(board))

        def run(board: Board) -> Any:
            value = left(board)
            for test, right in links:
                after = right(board)
                if not test(value, after):
                    return False
                value = after
            return True

        return run

    def join(self, how: str, left: Step, right: Step) -> Step:
        truth = self.truth
        if how == "&&":
            return lambda board: truth(left(board)) and truth(right(board))
        if how == "||":
            return lambda board: truth(left(board)) or truth(right(board))
        combine = computation(how, self.where)
        return lambda board: combine(left(board), right(board))

    def unary(self) -> Step:
        how = self.sign("!", "-", "~")
        if not how:
            return self.atom()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ScriptError(f"nest at most {MAX_DEPTH} deep", "more", self.peek()[2])
        value, truth, where = self.unary(), self.truth, self.where
        self.depth -= 1
        if how == "!":
            return lambda board: not truth(value(board))
        if how == "-":
            minus = computation("-", where)
            return lambda board: minus(0, value(board))
        flip = computation("^", where)
        return lambda board: flip(value(board), -1)

    def atom(self) -> Step:
        kind, value, at = self.peek()
        self.place += 1
        if kind == "number":
            number = _number(value, at)
            return lambda board: number
        if kind == "text":
            return lambda board: value
        if kind == "name":
            return self.name(value)
        if value == "(":
            inner = self.choice()
            if not self.sign(")"):
                got = self.peek()[1] or "the end"
                raise ScriptError("close its parenthesis", got, self.peek()[2])
            return inner
        got = value if kind != "end" else "the end"
        raise ScriptError("have a value here", got, at)

    def name(self, name: str) -> Step:
        if name in ("true", "false"):
            truth = name == "true"
            return lambda board: truth
        if name in self.enums:
            constant = self.enums[name]
            return lambda board: constant
        key, where = self.resolve(name), self.where
        self.names.append(key)

        def run(board: Board) -> Any:
            try:
                return board[key]
            except KeyError:
                raise _unknown(key, board, where, "") from None

        return run

    @property
    def where(self) -> str:
        return f"script {self.text!r}"

    def truth(self, value: object) -> bool:
        if isinstance(value, bool | int | float):
            return bool(value)
        raise TreeError(fault("value", "be a boolean or a number", value, self.where))


def _tokens(text: str) -> list[tuple[str, str, int]]:
    tokens: list[tuple[str, str, int]] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            if text[at] == "'":
                raise ScriptError("close its string", text[at:], at, "end it with another '")
            advice = "strings are in single quotes" if text[at] == '"' else ""
            if text[at] in "{}":
                advice = "entries of the blackboard stand without braces in scripts"
            raise ScriptError("be made of known signs", text[at], at, advice)
        kind = match.lastgroup or ""
        start = match.start(kind) - (1 if kind == "text" else 0)
        tokens.append((kind, match[kind], start))
        place = match.end()
    tokens.append(("end", "", end))
    return tokens


def _number(text: str, at: int) -> int | float:
    value: int | float
    if text.lower().startswith("0x"):
        value = int(text, 16)
    elif text.isdigit():
        value = int(text)
    else:
        value = float(text)
    if not isfinite(value) or (abs(value) > MAX_NUMBER and isinstance(value, int)):
        raise ScriptError("be a number of at most 53 bits", text, at)
    return value


def _unknown(key: str, board: Iterable[str], where: str, advice: str) -> TreeError:
    if not advice:
        near = difflib.get_close_matches(key, list(board), n=1)
        advice = f"did you mean {near[0]!r}?" if near else "set it before, with :="
    return TreeError(fault("entry", "be on the blackboard", key, where, advice))
