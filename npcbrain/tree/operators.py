"""What the operators of scripts do with values; their reading is in ``script``.

Floor 1. Invariant: an operator gives plain data or raises ``TreeError``; no number grows beyond 53
bits, no text beyond 4096 characters.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from npcbrain.errors import TreeError, fault

__all__ = ["COMPARISONS", "MAX_NUMBER", "comparison", "computation"]

MAX_NUMBER = 1 << 53  # whole numbers beyond are no numbers of a game, and would grow without end
MAX_TEXT = 4096
NEAR = 2.0**-23  # numbers this close are equal, as in BehaviorTree.CPP: 0.1 + 0.2 == 0.3

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


def comparison(
    how: str, where: str, enums: Mapping[str, int | float | str | bool]
) -> Callable[[Any, Any], bool]:
    """A comparison of two numbers or two strings.

    Of a number and a string, the string is read as a number, ``true``, ``false`` or one of
    ``enums``: what files write to the blackboard is text.
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
            return bool(abs(a - b) <= NEAR)
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
        raise _refused(how, "be between two numbers or two strings", a, b, where)

    return ordered


def computation(how: str, where: str) -> Callable[[Any, Any], Any]:
    """A computation with two numbers; ``+`` joins two strings as well."""
    compute, whole = ARITHMETIC[how], how in "|^&"

    def computed(a: Any, b: Any) -> Any:
        if how == "+" and type(a) is str and type(b) is str:
            if len(a) + len(b) > MAX_TEXT:
                raise _refused(how, f"make at most {MAX_TEXT} characters", a, b, where)
            return a + b
        if not (_is_number(a) and _is_number(b)):
            raise _refused(how, "be between two numbers", a, b, where)
        if whole and (isinstance(a, float) or isinstance(b, float)):
            raise _refused(how, "be between two whole numbers", a, b, where)
        try:
            value = compute(a, b)
        except ZeroDivisionError:
            raise _refused(how, "not divide by zero", a, b, where) from None
        except OverflowError:
            raise _refused(how, "stay a finite number", a, b, where) from None
        if not isfinite(value) or (isinstance(value, int) and abs(value) > MAX_NUMBER):
            raise _refused(how, "stay a number of at most 53 bits", a, b, where)
        return value

    return computed


def _number_of(text: str, enums: Mapping[str, int | float | str | bool]) -> Any:
    """Text as a number; itself if it is none."""
    if text in ("true", "false"):
        return text == "true"
    if text in enums:
        return enums[text]
    try:
        value = float(text)
    except ValueError:
        return text
    return value if isfinite(value) else text


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _refused(how: str, rule: str, a: object, b: object, where: str) -> TreeError:
    return TreeError(fault(f"{how!r}", rule, (a, b), where))
