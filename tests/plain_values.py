"""A second account of what values mean: a blackboard that tells its history, and typed ports.

Written plainly and in another way than ``npcbrain.tree.values``: by cases of pairs of types.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any


class Wrong(Exception):
    """What must be a ``TreeError`` of the tree."""


class PlainBoard(dict[str, Any]):
    """A blackboard that writes down every key that is written."""

    def __init__(self, entries: dict[str, Any]) -> None:
        super().__init__(entries)
        self.history = list(entries)

    def __setitem__(self, key: str, value: Any) -> None:
        self.history.append(key)
        dict.__setitem__(self, key, value)


def needed(board: dict[str, Any], key: str) -> Any:
    if key not in board:
        raise Wrong(key)
    return board[key]


def plain_take(value: Any, kind: type, item: type = str) -> Any:
    """A value as a port's type."""
    given = type(value)
    if kind is list:
        parts = value if given in (list, tuple) else [value]
        if given is str:
            parts = [part for part in map(str.strip, value.split(";")) if part]
        return [plain_take(part, item) for part in parts]
    if given is kind or (kind is int and given is bool):
        return kind(value)
    if kind is str and given in (bool, int, float):
        return str(value).lower() if given is bool else str(value)
    if kind is float and given in (bool, int):
        return value * 1.0
    if kind is int and given is float and value % 1 == 0:
        return int(value)
    if kind is bool and given is int and -1 < value < 2:
        return value == 1
    if kind is bool and given is float:
        return value != 0.0
    if given is str:
        return spelt(value.strip(), kind)
    raise Wrong(value)


def spelt(text: str, kind: type) -> Any:
    if kind is bool and text.lower() in ("1", "true", "0", "false"):
        return text.lower() in ("1", "true")
    if kind is int and re.match(r"^[-+]?[0-9]+(\.0*)?$", text):
        return int(float(text))
    if kind is float and re.match(
        r"^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[-+]?[0-9]+)?$", text, re.I
    ):
        return float(text)
    raise Wrong(text)


def set_x(value: Any) -> Callable[[dict[str, Any]], None]:
    """``x := value``: a whole number stays whole where it can, a number stays a number."""

    def run(board: dict[str, Any]) -> None:
        old, new = board.get("x"), value
        if type(old) is int and type(new) is float and new % 1 == 0:
            new = int(new)
        if type(old) in (bool, int, float) and type(new) is str:
            try:
                new = spelt(new, float)
            except Wrong:
                new = value
        board["x"] = new

    return run


def add_to_x(more: Any) -> Callable[[dict[str, Any]], None]:
    def run(board: dict[str, Any]) -> None:
        old = needed(board, "x")
        if (type(old) is str) != (type(more) is str) or type(old) is list:
            raise Wrong(old)
        set_x(old + more)(board)

    return run


def join_to_x(board: dict[str, Any]) -> None:
    old = needed(board, "x")
    if type(old) is list:
        raise Wrong(old)
    set_x("n" + plain_take(old, str))(board)


# Scripts, and what they do.
SCRIPTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "x := 1": set_x(1),
    "x := 6 / 2": set_x(3.0),
    "x := 2.5": set_x(2.5),
    "x := true": set_x(True),
    "x := '2'": set_x("2"),
    "x := 'a'..'b'": set_x("ab"),
    "x := 'n' .. x": join_to_x,
    "x += 1": add_to_x(1),
    "x += 0.5": add_to_x(0.5),
    "x += 'a'": add_to_x("a"),
    "y := 1 < 2": lambda board: board.__setitem__("y", True),
}
