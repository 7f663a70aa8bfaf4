"""The checks that definitions make of their arguments.

Invariant: a check raises or returns; it never corrects.
"""

from __future__ import annotations

from collections.abc import Callable

from npcbrain.clock import NS_PER_MS
from npcbrain.errors import TreeError, fault
from npcbrain.tree.node import Node, Site, State
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import DURATION_RULE, MAX_MS, TURNS, Port

__all__ = [
    "check_callable",
    "check_child",
    "check_count",
    "check_ms",
    "check_name",
    "duration",
    "num_turns",
    "shown_ms",
]


def check_name(name: object, where: str, *, required: bool = False) -> None:
    """Raises TreeError unless ``name`` is a string (and not empty, if required)."""
    if not isinstance(name, str):
        raise TreeError(fault("name", "be a string", name, where))
    if required and not name:
        raise TreeError(fault("name", "not be empty", name, where, "displays and errors show it"))


def check_child(node: object, where: str) -> None:
    """Raises TreeError unless ``node`` is a node."""
    if isinstance(node, Node):
        return
    advice = ""
    if isinstance(node, type) and issubclass(node, Node):
        advice = f"call it: {node.__name__}(...)"
    elif callable(node):
        wrapped = "Task(name, fn) or Condition(name, fn)"
        name = getattr(node, "__name__", "fn")
        advice = f"call it if it makes a tree: {name}(); else wrap it: {wrapped}"
    raise TreeError(fault("child", "be a node", node, where, advice))


def check_callable(fn: object, what: str, where: str) -> None:
    """Raises TreeError unless ``fn`` can be called."""
    if not callable(fn):
        raise TreeError(fault(what, "be callable with the tree's owner", fn, where))


def check_count(count: object, what: str, where: str) -> None:
    """Raises TreeError unless ``count`` is an int from 0, or a pointer to one."""
    if isinstance(count, Pointer):
        return
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise TreeError(fault(what, "be 0 or more", count, where))


def check_ms(ms: object, where: str) -> None:
    """Raises TreeError unless ``ms`` is a duration, a finite number from zero, or a pointer."""
    if isinstance(ms, Pointer):
        return
    if isinstance(ms, bool) or not isinstance(ms, int | float):
        raise TreeError(fault("ms", "be a number of milliseconds", ms, where))
    if not 0 <= ms <= MAX_MS:
        raise TreeError(fault("ms", DURATION_RULE, ms, where))


def duration(ms: float | Pointer, site: Site) -> Callable[[State], int]:
    """A function that gives a duration in whole nanoseconds, called when one begins to count."""
    return reader(ms, Port("ms", float), site, check_ms, _to_ns)


def shown_ms(ms: float | Pointer) -> str:
    """A duration for displays.

    >>> shown_ms(300), shown_ms(2500), shown_ms(30_000), shown_ms(Pointer("nap"))
    ('300 ms', '2.5 s', '30 s', '{nap}')
    """
    if isinstance(ms, Pointer):
        return str(ms)
    return f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s"


def num_turns(count: Pointer, what: str, site: Site) -> Callable[[State], int]:
    """A function that gives the number of turns that the blackboard holds; -1 for no end."""

    def check(value: int, where: str) -> None:
        if value < -1:
            raise TreeError(fault(what, TURNS.rule, value, where))

    return reader(count, Port(what, int), site, check)


def _to_ns(ms: float) -> int:
    return max(1, round(ms * NS_PER_MS)) if ms else 0  # a short one never becomes 0
