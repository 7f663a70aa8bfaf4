"""Small expressions in tree files: ``hp < 30 && !fled``, ``mood := 'angry'; calls += 1``.

A reader and a compiler of its own, no ``eval``: a script knows numbers, strings, booleans and the
blackboard, and can call nothing. The language is BehaviorTree.CPP's. Invariant: a script that
compiled either gives plain data or raises ``TreeError``; a long one does not recurse deeper.

From weak to strong: ``;`` between statements; ``:=`` (sets), ``=`` ``+=`` ``-=`` ``*=`` ``/=`` (the
entry must exist); ``? :``; ``||``; ``&&``; ``== != < <= > >=``; ``|`` ``^``; ``&`` (whole numbers);
``+`` ``-`` ``..`` (``+`` joins strings as well, ``..`` strings and numbers); ``*`` ``/``; ``!``
``-`` ``~``; ``( )``. Strings are in single quotes. Comparisons chain (``0 < hp < 30``) and take
text that looks like a number for one. The value of a script is that of its last statement.

>>> board = {"hp": 12}
>>> script = Script.read("fled := hp < 30; hp += 5; 'hp_' .. hp")
>>> script.run(board)
'hp_17'
>>> board
{'hp': 17, 'fled': True}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from npcbrain.tree.expressions import (
    COMBINING,
    Expression,
    Step,
    assigned,
    chained,
    chosen,
    combined,
    constant,
    decided,
    flipped,
    unknown,
)
from npcbrain.tree.operators import COMPARISONS, TEXT, truth_of
from npcbrain.tree.tokens import ScriptError, Token, number_of, tokens_of

__all__ = ["Script", "ScriptError", "is_true"]

MAX_CHARS = 2000
MAX_DEPTH = 40  # of parentheses and the like; each level is a few Python frames

Resolve = Callable[[str], str]

ASSIGN = {":=", "=", "+=", "-=", "*=", "/="}
ASSIGNMENT, TERNARY, COMPARISON = 1, 2, 5
BINDING: Mapping[str, int] = {
    **dict.fromkeys(ASSIGN, ASSIGNMENT),
    "?": TERNARY,
    "||": 3,
    "&&": 4,
    **dict.fromkeys(COMPARISONS, COMPARISON),
    "|": 6,
    "^": 6,
    "&": 7,
    "+": 8,
    "-": 8,
    "..": 8,
    "*": 9,
    "/": 9,
}


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was read; two are equal if their text is.

    Attributes:
        text: As it was written.
        run: Runs it on a blackboard; gives the value of its last statement.
        reads: Names it uses, in order of appearance, as they are on the blackboard.
        kind: ``"text"`` or ``"a number"`` if its value can be nothing else; else empty.
        doomed: Why it always raises, whatever is on the blackboard; None if it may not.
    """

    text: str
    run: Step = field(compare=False, repr=False)
    reads: tuple[str, ...] = field(default=(), compare=False)
    kind: str = field(default="", compare=False, repr=False)
    doomed: ScriptError | None = field(default=None, compare=False, repr=False)

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
            ScriptError: The text is not a script.
        """
        if len(text) > MAX_CHARS:
            raise ScriptError(f"have at most {MAX_CHARS} characters", str(len(text)), 0)
        reader = _Reader(text, enums or {}, resolve or (lambda name: name))
        steps = reader.statements()
        doomed = next((step.doomed for step in steps if step.doomed is not None), None)
        reads = tuple(dict.fromkeys(reader.names))
        return cls(text, _in_a_row(steps), reads, steps[-1].kind, doomed)

    def no_condition(self) -> ScriptError | None:
        """Why it can never be a condition: its value is text; None if it may be one."""
        if self.kind != TEXT:
            return None
        return ScriptError("be a condition, not text", self.text, 0, "compare it")


def is_true(value: object, script: Script) -> bool:
    """A script's value as an answer; numbers count as in C.

    Raises:
        TreeError: It is a string, or no value at all.
    """
    if isinstance(value, bool | int | float):
        return bool(value)
    return truth_of(value, f"script {script.text!r}", "compare it")


def _in_a_row(statements: list[Expression]) -> Step:
    steps = [statement.run for statement in statements]
    if len(steps) == 1:
        return steps[0]

    def run(board: MutableMapping[str, Any]) -> Any:
        value = None
        for step in steps:
            value = step(board)
        return value

    return run


class _Reader:
    """Reads by binding strength: ``expression(n)`` takes all that binds at least as strongly."""

    def __init__(self, text: str, enums: Mapping[str, Any], resolve: Resolve) -> None:
        self.where = f"script {text!r}"
        self.enums = enums
        self.resolve = resolve
        self.names: list[str] = []
        self.kinds: dict[str, str] = {}  # of the entries that the script has set so far
        self.tokens = tokens_of(text)
        self.place = 0
        self.depth = 1

    def peek(self) -> Token:
        return self.tokens[self.place]

    def sign(self, *signs: str) -> str:
        token = self.peek()
        if token.kind == "sign" and token.text in signs:
            self.place += 1
            return token.text
        return ""

    def statements(self) -> list[Expression]:
        statements: list[Expression] = []
        while self.peek().kind != "end":
            statement = self.expression(0)
            statements.append(statement)
            if self.sign(";"):
                while self.sign(";"):
                    pass
            elif self.peek().kind != "end" and not self.is_assignment():
                _, got, at = self.peek()
                raise ScriptError("go on with an operator or ;", got, at)
        if not statements:
            raise ScriptError("not be empty", "", 0)
        return statements

    def is_assignment(self) -> bool:
        after = self.tokens[min(self.place + 1, len(self.tokens) - 1)]
        return self.peek().kind == "name" and after.kind == "sign" and after.text in ASSIGN

    def expression(self, weakest: int) -> Expression:
        left = self.operand()
        while True:
            kind, how, at = self.peek()
            binding = BINDING.get(how, -1) if kind == "sign" else -1
            if binding < weakest or binding < 0:
                return left
            if binding == ASSIGNMENT:
                return self.assignment(left, how, at)
            if binding == TERNARY:
                return self.choice(left)
            if binding == COMPARISON:
                left = self.comparison(left)
            elif how in COMBINING:
                left = self.combination(left, binding)
            else:
                left = self.decision(left, how, binding)

    def nested(self, weakest: int) -> Expression:
        """An expression inside another; all nesting comes through here and is limited here."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ScriptError(f"nest at most {MAX_DEPTH} deep", "more", self.peek().at)
        inner = self.expression(weakest)
        self.depth -= 1
        return inner

    def maybe(self, weakest: int) -> Expression:
        """An expression that may not be run: the kinds of what it sets are unknown afterwards."""
        before = dict(self.kinds)
        inner = self.nested(weakest)
        self.kinds = {key: kind for key, kind in before.items() if self.kinds.get(key) == kind}
        return inner

    def assignment(self, left: Expression, how: str, at: int) -> Expression:
        if not left.name:
            advice = "write := to set, == to compare"
            raise ScriptError("go on with an operator or ;", how, at, advice)
        if left.name in self.enums or left.is_constant:
            advice = "it is a constant"
            raise ScriptError("set an entry of the blackboard", left.name, left.at, advice)
        self.place += 1
        value = self.nested(0)
        key = self.resolve(left.name)
        made = assigned(key, how, value, at, self.where, self.enums, self.kinds.get(key, ""))
        self.kinds[key] = made.kind
        return made

    def choice(self, asked: Expression) -> Expression:
        """``a ? 1 : b ? 2 : 3``, in one go however long it is."""
        arms: list[tuple[Expression, Expression]] = []
        while self.sign("?"):
            yes = self.maybe(0)
            if not self.sign(":"):
                got = self.peek().text or "the end"
                raise ScriptError("have a : after the ?", got, self.peek().at)
            arms.append((asked, yes))
            asked = self.maybe(TERNARY + 1)
        return chosen(arms, asked, self.where)

    def comparison(self, left: Expression) -> Expression:
        """``low < hp < high``: compares each two neighbours."""
        links: list[tuple[str, int, Expression]] = []
        at = self.peek().at
        while how := self.sign(*COMPARISONS):
            links.append((how, at, self.expression(COMPARISON + 1)))
            at = self.peek().at
        return chained(left, links, self.where, self.enums)

    def combination(self, left: Expression, binding: int) -> Expression:
        links: list[tuple[str, int, Expression]] = []
        while True:
            kind, how, at = self.peek()
            if kind != "sign" or BINDING.get(how) != binding:
                return combined(left, links, self.where)
            self.place += 1
            links.append((how, at, self.expression(binding + 1)))

    def decision(self, left: Expression, how: str, binding: int) -> Expression:
        parts = [left]
        while self.sign(how):
            parts.append(self.maybe(binding + 1))
        return decided(how, parts, self.where)

    def operand(self) -> Expression:
        kind, text, at = token = self.peek()
        self.place += 1
        if kind == "number":
            return constant(number_of(token), at)
        if kind == "text":
            return constant(text, at)
        if kind == "name":
            return self.name(text, at)
        if kind == "sign" and text == "(":
            inner = self.nested(0)
            if not self.sign(")"):
                got = self.peek().text or "the end"
                raise ScriptError("close its parenthesis", got, self.peek().at)
            return inner
        if kind == "sign" and text in "!-~":
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise ScriptError(f"nest at most {MAX_DEPTH} deep", "more", self.peek().at)
            value = self.operand()
            self.depth -= 1
            return flipped(text, value, at, self.where)
        raise ScriptError("have a value here", text if kind != "end" else "the end", at)

    def name(self, name: str, at: int) -> Expression:
        if name in ("true", "false"):
            return constant(name == "true", at, name)
        if name in self.enums:
            return constant(self.enums[name], at, name)
        key, where = self.resolve(name), self.where
        self.names.append(key)

        def run(board: MutableMapping[str, Any]) -> Any:
            try:
                return board[key]
            except KeyError:
                raise unknown(key, board, where, "") from None

        return Expression(run, at, self.kinds.get(key, ""), name=name)
