"""Converts values from type to type: one rule for literals, scripts, entries and ports.

The rule is BehaviorTree.CPP's wherever Python has the same values. Invariant: a value that cannot
be converted is a ``ValueError``, never a nearby value; no text makes the work unbounded.

==========  ==================  ======================  ====================  ===================
from        to a whole number   to a number             to a truth            to text
==========  ==================  ======================  ====================  ===================
truth       0 or 1              0.0 or 1.0              itself                ``true``, ``false``
whole       itself              up to 53 bits           0 and 1 only          its digits
number      if nothing is lost  if finite               false only if it is 0 its shortest form
text        ``12``, ``12.0``    ``12``, ``.5``, ``1e3`` ``true false 1 0``    itself
==========  ==================  ======================  ====================  ===================

A list is made from a list, item by item, from text with ``;`` between, or from a single value.
BehaviorTree.CPP reads as far as it can (``3.7`` as 3, ``12abc`` as 12); here that is refused.

>>> converted(3.0, int), converted("1", bool), converted(1, bool), converted("a; b", list)
(3, True, True, ['a', 'b'])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

__all__ = ["MAX_DIGITS", "MAX_EXACT", "converted", "literal", "text_of"]

MAX_EXACT = 1 << 53  # up to here a double holds every whole number
MAX_WHOLE = 1 << 63  # up to here other programs that read the file can hold it
MAX_DIGITS = 400  # characters of a number; a double has 309 digits before the point
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
WHOLE = re.compile(r"[+-]?\d+(?:\.0*)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def converted(value: Any, kind: type, item: type = str) -> Any:
    """A value as another type.

    Args:
        value: From a file, a script or the blackboard.
        kind: ``str``, ``int``, ``float``, ``bool`` or ``list``; ``object`` for the value itself.
        item: What a list's items are.

    Raises:
        ValueError: It cannot be one.
    """
    if kind is list:
        return _list_of(value, item)
    return CONVERSIONS[kind](value)


def literal(text: str) -> int | float | bool | str:
    """Text as what it looks like: a number, true or false, else itself.

    Only if the value would be written in the same way: ``007`` and ``1.50`` stay text, so that
    they are saved as the file had them. Scripts compare such text with numbers all the same.

    >>> literal("42"), literal("-1.5"), literal("true"), literal("007"), literal("1_000")
    (42, -1.5, True, '007', '1_000')
    """
    if text in ("true", "false"):
        return text == "true"
    if len(text) > MAX_DIGITS:
        return text
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        if -MAX_WHOLE <= value < MAX_WHOLE and str(value) == text:
            return value
    return text


def text_of(value: Any) -> str:
    """A value as text; ``literal`` gives it back.

    Raises:
        ValueError: It is neither text, nor a number, nor a boolean.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise ValueError(value)


def _whole_of(value: Any) -> int:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        text = value.strip()
        if len(text) > MAX_DIGITS or not WHOLE.fullmatch(text):
            raise ValueError(text)
        whole = int(text.partition(".")[0])
    elif isinstance(value, float) and value.is_integer():
        whole = int(value)
    else:
        raise ValueError(value)
    if not -MAX_WHOLE <= whole < MAX_WHOLE:
        raise ValueError(value)
    return whole


def _number_of(value: Any) -> float:
    if isinstance(value, float):
        number = value
    elif isinstance(value, int) and abs(value) <= MAX_EXACT:
        number = float(value)
    elif isinstance(value, str):
        text = value.strip()
        if len(text) > MAX_DIGITS or not NUMBER.fullmatch(text):
            raise ValueError(text)
        number = float(text)
    else:
        raise ValueError(value)
    if not isfinite(number):
        raise ValueError(value)
    return number


def _truth_of(value: Any) -> bool:
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, float) and isfinite(value):
        return value != 0
    if isinstance(value, str) and len(value) <= MAX_DIGITS:
        truth = TRUTHS.get(value.strip().lower())
        if truth is not None:
            return truth
    raise ValueError(value)


def _list_of(value: Any, item: type) -> list[Any]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(";") if part.strip()]
    elif not isinstance(value, list | tuple):
        value = [value]
    return [CONVERSIONS[item](each) for each in value]


CONVERSIONS: Mapping[type, Callable[[Any], Any]] = {
    str: text_of,
    int: _whole_of,
    float: _number_of,
    bool: _truth_of,
    object: lambda value: value,
}
