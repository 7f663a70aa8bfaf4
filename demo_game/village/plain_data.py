"""Reads values of a file that anybody may have edited, by type and range.

Invariant: a wrong value raises ``ValueError``, which tells what must hold and what was got.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeVar

__all__ = ["checked", "mapping", "number", "one_of", "sequence", "text"]

T = TypeVar("T")
MAX_TEXT = 400  # characters; the longest sentence of the story has about a hundred
MAX_ITEMS = 300
MAX_SHOWN = 40  # characters of a wrong value that are shown


def checked(data: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """A value of exactly this type, not of a subclass: True is not a number."""
    value = data.get(key)
    if type(value) is not kind:
        raise wrong(key, f"a {kind.__name__}", value)
    return value


def number(data: Mapping[str, Any], key: str, low: float, high: float) -> float:
    """A number in a range, both ends included."""
    value = data.get(key)
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:
        raise wrong(key, f"a number from {low:g} to {high:g}", value)
    return float(value)


def text(data: Mapping[str, Any], key: str) -> str:
    """A text of a sensible length."""
    value = checked(data, key, str)
    if len(value) > MAX_TEXT:
        raise wrong(key, f"at most {MAX_TEXT} characters long", value)
    return value


def one_of(data: Mapping[str, Any], key: str, choices: Mapping[str, Any] | tuple[str, ...]) -> str:
    """One of some texts."""
    value = text(data, key)
    if value not in choices:
        raise wrong(key, f"one of {', '.join(choices)}", value)
    return value


def mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object of JSON."""
    value = checked(data, key, dict)
    if len(value) > MAX_ITEMS:
        raise wrong(key, f"at most {MAX_ITEMS} entries long", f"{len(value)} entries")
    return value


def sequence(data: Mapping[str, Any], key: str, kind: type[T]) -> list[T]:
    """A list of values of one type."""
    value = checked(data, key, list)
    if len(value) > MAX_ITEMS or any(type(item) is not kind for item in value):
        raise wrong(key, f"a list of at most {MAX_ITEMS} {kind.__name__}", value)
    return value


def wrong(key: str, rule: str, got: object) -> ValueError:
    """The error to raise for a wrong value."""
    shown = repr(got)
    shown = shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + "..."
    return ValueError(f"{key} must be {rule}, got {shown}")
