"""Decorators that run their child once for each of several values: ``LoopInt`` and its like.

Decorators that count turns are in ``turns``. Invariant: as in ``composites``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from npcbrain.errors import TreeError, fault
from npcbrain.tree.decorators import Decorator
from npcbrain.tree.node import BLACKBOARD, Compiled, Site, State
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Port
from npcbrain.tree.scripted import OUTCOMES, outcome
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status
from npcbrain.tree.values import converted

__all__ = ["LoopBool", "LoopDouble", "LoopInt", "LoopString"]

MOST = 1 << 53  # values that a saved state may say were taken


class Queue:
    """The values of one run, as its entry held them when it began."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: list[Any] | tuple[Any, ...] | None = None

    def carry(self, old: Queue) -> None:
        """Goes on with the values of the tree before an edit."""
        self.values = old.values

    def saved(self) -> object:
        """The values, for a saved game."""
        return None if self.values is None else list(self.values)

    def load(self, data: object) -> None:
        """Goes on with the values of a saved game."""
        self.values = data if isinstance(data, list) else None


@dataclass(frozen=True, slots=True)
class _Loop(Decorator):
    """``LoopInt``, for any kind of values."""

    kind: ClassVar[type]

    queue: tuple[Any, ...] | Pointer
    key: str = ""
    if_empty: Status | Pointer = SUCCESS
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        where = f"{type(self).__name__}()"
        if not isinstance(self.key, str):
            raise TreeError(fault("key", "be a string", self.key, where))
        if not isinstance(self.if_empty, Pointer) and self.if_empty not in OUTCOMES.values():
            rule = "be Status.SUCCESS, FAILURE, SKIPPED or RUNNING"
            raise TreeError(fault("if_empty", rule, self.if_empty, where))
        if not isinstance(self.queue, Pointer):
            try:
                values = tuple(converted(self.queue, list, self.kind))
            except ValueError:
                rule = f"be values that are each of type {self.kind.__name__}"
                raise TreeError(fault("queue", rule, self.queue, where)) from None
            object.__setattr__(self, "queue", values)

    @property
    def detail(self) -> str:
        """The values."""
        return str(self.queue) if isinstance(self.queue, Pointer) else Port.write(self.queue)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, key = site.index, self.key
        taken = site.slot(MOST)
        running = site.slot()
        own = site.live(lambda me: Queue())
        values_of = self._values(site, own)
        if_empty = outcome(self.if_empty, "if_empty", site)
        tick_child, halt_child, _ = site.child(self.child)

        def begin_anew(me: State) -> None:
            me[taken] = me[running] = 0
            me[own].values = None

        def tick(me: State) -> Status:
            if me[running] == 0:
                values, number = values_of(me), me[taken]
                if number >= len(values):
                    status = if_empty(me)
                    if status is not RUNNING:
                        begin_anew(me)
                    me[index] = status
                    return status
                me[taken] = number + 1
                if key:
                    me[BLACKBOARD][key] = values[number]
            status = tick_child(me)
            if status is FAILURE:
                begin_anew(me)
                me[index] = FAILURE
                return FAILURE
            me[running] = 1 if status is RUNNING else 0
            me[index] = RUNNING
            return RUNNING

        def halt(me: State) -> None:
            begin_anew(me)
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        skips = self.if_empty is SKIPPED or isinstance(self.if_empty, Pointer)
        return Compiled(tick, halt, skips)

    def _values(self, site: Site, own: int) -> Callable[[State], Any]:
        queue = self.queue
        if not isinstance(queue, Pointer):
            return lambda me: queue
        read = reader(queue, Port("queue", list, item=self.kind), site)

        def values(me: State) -> Any:
            held = me[own]
            if held.values is None:
                held.values = read(me)
            return held.values

        return values


@dataclass(frozen=True, slots=True)
class LoopInt(_Loop):
    """Takes a whole number, ticks the child until it is done, takes the next: one a tick.

    ==============  ==========================================================
    child           answers
    ==============  ==========================================================
    SUCCESS         RUNNING; the next value at the next tick
    FAILURE         FAILURE; begins with the first value next time
    RUNNING         RUNNING; ticks it again with the same value
    SKIPPED         RUNNING; the next value at the next tick
    no value left   ``if_empty``, without ticking the child; begins anew next time
    ==============  ==========================================================

    Halted: halts the child, begins with the first value next time. An entry is read when the first
    value is taken, and is not changed; after ``Tree.restore`` it is read again.

    Args:
        child: What to do with each value.
        queue: The values, or a pointer to a list of them or text with ``;`` between.
        key: The entry of the blackboard that holds the value; empty for none.
        if_empty: SUCCESS, FAILURE, SKIPPED or RUNNING; a pointer's entry holds the word.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: ``queue`` holds something else, or an argument is not of its kind.
    """

    kind: ClassVar[type] = int


@dataclass(frozen=True, slots=True)
class LoopDouble(_Loop):
    """As ``LoopInt``, for numbers."""

    kind: ClassVar[type] = float


@dataclass(frozen=True, slots=True)
class LoopString(_Loop):
    """As ``LoopInt``, for words."""

    kind: ClassVar[type] = str


@dataclass(frozen=True, slots=True)
class LoopBool(_Loop):
    """As ``LoopInt``, for booleans."""

    kind: ClassVar[type] = bool
