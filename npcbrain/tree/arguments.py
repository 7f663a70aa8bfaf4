"""What the definitions ask of their arguments, said once.

Floor 1. Invariant: these raise or return; they never correct.
"""

from __future__ import annotations

from math import isfinite

from npcbrain.clock import NS_PER_MS
from npcbrain.errors import TreeError, fault
from npcbrain.tree.node import Node

__all__ = ["check_callable", "check_child", "check_count", "check_ms", "check_name", "to_ns"]

MAX_MS = 1e12  # 31 years; keeps every moment far below NEVER_NS


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
        advice = "wrap a function: Action(name, fn) or Condition(name, fn)"
    raise TreeError(fault("child", "be a node", node, where, advice))


def check_callable(fn: object, what: str, where: str) -> None:
    """Raises TreeError unless ``fn`` can be called."""
    if not callable(fn):
        raise TreeError(fault(what, "be callable with the tree's owner", fn, where))


def check_count(count: object, what: str, high: int | None, where: str) -> None:
    """Raises TreeError unless ``count`` is an int in ``1 .. high``."""
    if isinstance(count, int) and not isinstance(count, bool):
        if high is None and count >= 1:
            return
        if high is not None and 1 <= count <= high:
            return
    rule = "be at least 1" if high is None else f"be 1 to {high}"
    raise TreeError(fault(what, rule, count, where))


def check_ms(ms: object, where: str) -> None:
    """Raises TreeError unless ``ms`` is a duration: a finite number above zero."""
    if isinstance(ms, bool) or not isinstance(ms, int | float):
        raise TreeError(fault("ms", "be a number of milliseconds", ms, where))
    if not (isfinite(ms) and 0 < ms <= MAX_MS):
        raise TreeError(fault("ms", f"be above 0 and at most {MAX_MS:g}", ms, where))


def to_ns(ms: float) -> int:
    """Milliseconds as whole nanoseconds, at least one."""
    return max(1, round(ms * NS_PER_MS))
