"""What the operators of scripts do with values; ``script`` reads them.

Invariant: an operator gives plain data or raises ``Refused``; no number grows beyond 53 bits, no
text beyond 4096 characters.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from npcbrain.errors import TreeError, fault
from npcbrain.tree.values import MAX_EXACT, converted, text_of

__all__ = [
    "COMPARISONS",
    "NEAR",
    "NUMBER",
    "TEXT",
    "Refused",
    "comparison",
    "computation",
    "fitted",
    "kind_of",
    "misfit",
    "truth_of",
]

MAX_TEXT = 4096
NEAR = 2.0**-23  # numbers this close are equal, as in BehaviorTree.CPP: 0.1 + 0.2 == 0.3
NUMBER, TEXT = "a number", "text"  # kinds of values; booleans are numbers, as in C

Word = int | float | str | bool
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "|": operator.or_,
    "^": operator.xor,
    "&": operator.and_,
}
ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Refused(TreeError):
    """An operator cannot do that; holds the parts of its message, so a caller can add the place."""

    def __init__(self, what: str, rule: str, got: object, where: str, advice: str = "") -> None:
        super().__init__(fault(what, rule, got, where, advice))
        self.what, self.rule, self.got, self.advice = what, rule, got, advice


def kind_of(value: object) -> str:
    """``NUMBER``, ``TEXT``, or empty for values that scripts cannot compute with."""
    if isinstance(value, int | float):
        return NUMBER
    return TEXT if isinstance(value, str) else ""


def misfit(how: str, left: str, right: str) -> str:
    """The rule that an operator between two kinds of values breaks; empty if none.

    >>> misfit("-", NUMBER, TEXT), misfit("..", NUMBER, TEXT)
    ('be between two numbers', '')
    """
    if how == "..":
        if (TEXT in (left, right) and NUMBER in (left, right)) or left == right == TEXT:
            return ""
        return "join text with text or a number"
    if left == right == NUMBER or (how == "+" and left == right == TEXT):
        return ""
    return "be between two numbers"


def comparison(how: str, where: str, enums: Mapping[str, Word]) -> Callable[[Any, Any], bool]:
    """A comparison of two numbers or two strings.

    Compared with a number, a string is read as a number, ``true``, ``false`` or one of ``enums``,
    because files write text to the blackboard.
    """

    def alike(a: Any, b: Any) -> tuple[Any, Any]:
        if type(a) is str and _is_number(b):
            return _number_of(a, enums), b
        if type(b) is str and _is_number(a):
            return a, _number_of(b, enums)
        return a, b

    def same(a: Any, b: Any) -> bool:
        a, b = alike(a, b)
        if _is_number(a) and _is_number(b):
            try:
                return bool(a == b or abs(a - b) <= NEAR)
            except OverflowError:  # a whole number beyond all floats
                return False
        return bool(a == b)

    if how == "==":
        return same
    if how == "!=":
        return lambda a, b: not same(a, b)
    compare = ORDER[how]

    def ordered(a: Any, b: Any) -> bool:
        left, right = alike(a, b)
        numbers = _is_number(left) and _is_number(right)
        if numbers or (type(left) is str and type(right) is str):
            return compare(left, right)
        raise Refused(f"{how!r}", "be between two numbers or two strings", (a, b), where)

    return ordered


def computation(how: str, where: str) -> Callable[[Any, Any], Any]:
    """A computation with two numbers; ``+`` joins strings, ``..`` strings and numbers."""
    compute, whole = ARITHMETIC.get(how, operator.add), how in "|^&"

    def refused(rule: str, a: Any, b: Any) -> Refused:
        return Refused(f"{how!r}", rule, (a, b), where)

    def joined(a: Any, b: Any) -> str:
        rule = misfit(how, kind_of(a), kind_of(b))
        if rule:
            raise refused(rule, a, b)
        try:
            left, right = text_of(a), text_of(b)
        except ValueError:  # a whole number of thousands of digits
            raise refused("join text with text or a number", type(a), type(b)) from None
        if len(left) + len(right) > MAX_TEXT:
            raise refused(f"make at most {MAX_TEXT} characters", a, b)
        return left + right

    if how == "..":
        return joined

    def computed(a: Any, b: Any) -> Any:
        if not (_is_number(a) and _is_number(b)):
            return joined(a, b)
        try:
            if whole:
                a, b = converted(a, int), converted(b, int)
            elif how == "*" and (abs(a) > MAX_EXACT or abs(b) > MAX_EXACT):
                a, b = float(a), float(b)
            value = compute(a, b)
        except ValueError:
            raise refused("be between two whole numbers", a, b) from None
        except ZeroDivisionError:
            raise refused("not divide by zero", a, b) from None
        except OverflowError:
            raise refused("stay a finite number", a, b) from None
        if abs(value) > MAX_EXACT if isinstance(value, int) else not isfinite(value):
            raise refused("stay a number of at most 53 bits", a, b)
        return value

    return computed


def fitted(old: Any, new: Any, enums: Mapping[str, Word]) -> Any:
    """The value that replaces ``old`` in an entry: whole numbers stay whole, numbers are read.

    >>> fitted(10, 5.0, {}), fitted(10, 2.5, {}), fitted(10, "7", {}), fitted("a", "7", {})
    (5, 2.5, 7.0, '7')
    """
    if type(new) is float:
        return int(new) if type(old) is int and new.is_integer() else new
    return _number_of(new, enums) if _is_number(old) else new


def truth_of(value: object, where: str, advice: str = "") -> bool:
    """A value as a condition; numbers count as in C.

    Raises:
        Refused: It is text, or no value at all.
    """
    if isinstance(value, bool | int | float):
        return bool(value)
    raise Refused("value", "be a boolean or a number", value, where, advice)


def _number_of(text: str, enums: Mapping[str, Word]) -> Any:
    """Text as a number; the text itself if it does not spell one."""
    if text in ("true", "false"):
        return text == "true"
    if text in enums:
        return enums[text]
    try:
        return converted(text, float)
    except ValueError:
        return text


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
