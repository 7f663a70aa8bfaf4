"""The words and signs of a script, each with its place: ``tokens_of``.

``script`` makes sense of them. Invariant: every character of the script is in a token, is space
between two tokens, or is refused with its place.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import NamedTuple

from npcbrain.tree.values import MAX_DIGITS, MAX_EXACT

__all__ = ["ScriptError", "Token", "number_of", "tokens_of"]

TOKEN = re.compile(
    r"\s*(?:(?P<number>0[xX][0-9a-fA-F]+|\d+(?:\.(?!\.)\d*)?(?:[eE][+-]?\d+)?|\.\d+)"
    r"|'(?P<text>[^']*)'"
    r"|(?P<name>@?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)"
    r"|(?P<sign>\.\.|:=|\+=|-=|\*=|/=|==|!=|<=|>=|&&|\|\||[-+*/<>=!~?:;|^&()]))",
    re.ASCII,
)
WORD = re.compile(r"[A-Za-z0-9_@]+", re.ASCII)


class ScriptError(Exception):
    """A script cannot be read.

    Attributes:
        rule: What must hold.
        got: What is there.
        at: Where, in characters from 0.
        advice: What to do about it; may be empty.
        what: The part of the script that is wrong; empty for the script as such.
    """

    def __init__(self, rule: str, got: object, at: int, advice: str = "", what: str = "") -> None:
        super().__init__(rule)
        self.rule, self.got, self.at, self.advice, self.what = rule, got, at, advice, what


class Token(NamedTuple):
    """One word or sign.

    Attributes:
        kind: ``number``, ``text``, ``name``, ``sign`` or ``end``.
        text: Its characters; of a string, those between the quotes.
        at: Its place in the script.
    """

    kind: str
    text: str
    at: int


def tokens_of(text: str) -> list[Token]:
    """All tokens, and one for the end.

    Raises:
        ScriptError: Something in it is not a token.
    """
    tokens: list[Token] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None:
            raise _stray(text, place + len(text[place:]) - len(text[place:].lstrip()))
        kind = match.lastgroup or ""
        start = match.start(kind) - (1 if kind == "text" else 0)
        tokens.append(Token(kind, match[kind], start))
        place = match.end()
        if kind == "number" and (more := WORD.match(text, place)):
            raise ScriptError("end its number", match[kind] + more[0], start, "write an operator")
    tokens.append(Token("end", "", end))
    return tokens


def number_of(token: Token) -> int | float:
    """The value of a number.

    Raises:
        ScriptError: It is too large.
    """
    text = token.text
    value: int | float = 0
    if len(text) <= MAX_DIGITS:
        if text[:2] in ("0x", "0X"):
            value = int(text, 16)
        else:
            value = int(text) if text.isdigit() else float(text)
    too_large = value > MAX_EXACT if isinstance(value, int) else not isfinite(value)
    if too_large or len(text) > MAX_DIGITS:
        raise ScriptError("be a number of at most 53 bits", text, token.at)
    return value


def _stray(text: str, at: int) -> ScriptError:
    if text[at] == "'":
        return ScriptError("close its string", text[at:], at, "end it with another '")
    advice = "strings are in single quotes" if text[at] == '"' else ""
    if text[at] in "{}":
        advice = "entries of the blackboard stand without braces in scripts"
    return ScriptError("be made of known signs", text[at], at, advice)
