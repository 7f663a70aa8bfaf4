"""Nodes without children: where the tree asks the game and acts in it.

The leaves that think (``Decide`` and its kin) are not here but in ``npcbrain.npcs.leaves``, built
on ``stateful``. Invariant: no leaf swallows an error in the game's code: an exception or a wrong
answer becomes a ``TreeError`` that names the node.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_callable, check_ms, check_name, duration, shown_ms
from npcbrain.tree.blackboard import SCALARS
from npcbrain.tree.node import BLACKBOARD, NEVER_NS, NOW_NS, OWNER, Compiled, Node, Site, State
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SUCCESS, Status

__all__ = [
    "Condition",
    "Fail",
    "SetBlackboard",
    "Succeed",
    "Task",
    "Wait",
]


@dataclass(frozen=True, slots=True)
class Condition(Node):
    """A question to the game, answered at once: True is SUCCESS, False is FAILURE.

    Args:
        name: For displays and errors.
        fn: Called with the tree's owner; returns True or False. It should change nothing.

    Raises:
        TreeError: ``name`` is empty or ``fn`` cannot be called; in a tick, ``fn`` raised or
            returned something else (a numpy bool is something else).
    """

    name: str
    fn: Callable[[Any], bool]

    def __post_init__(self) -> None:
        check_name(self.name, "Condition()", required=True)
        check_callable(self.fn, "fn", f"Condition({self.name!r})")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, fn = site.index, self.fn

        def tick(me: State) -> Status:
            try:
                answer = fn(me[OWNER])
            except Exception as error:
                raise site.raised(error) from error
            if answer is True:
                me[index] = SUCCESS
                return SUCCESS
            if answer is False:
                me[index] = FAILURE
                return FAILURE
            raise site.refused(answer, "be True or False", "wrap it: bool(...)")

        return Compiled(tick, _forget(site))


@dataclass(frozen=True, slots=True)
class Task(Node):
    """Something the game does, a bit at every tick until it is done.

    ======================  ==========
    ``fn`` returns          answers
    ======================  ==========
    SUCCESS, True, None     SUCCESS
    FAILURE, False          FAILURE
    RUNNING                 RUNNING
    ======================  ==========

    Args:
        name: For displays and errors.
        fn: Called with the tree's owner at each tick.
        on_halt: Called with the tree's owner when the action is stopped while RUNNING; never
            after SUCCESS or FAILURE. What it returns is ignored.

    Raises:
        TreeError: ``name`` is empty or a function cannot be called; in a tick, one raised, or
            ``fn`` returned something else.
    """

    name: str
    fn: Callable[[Any], Status | bool | None]
    on_halt: Callable[[Any], object] | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "Task()", required=True)
        check_callable(self.fn, "fn", f"Task({self.name!r})")
        if self.on_halt is not None:
            check_callable(self.on_halt, "on_halt", f"Task({self.name!r})")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, fn = site.index, self.fn

        def tick(me: State) -> Status:
            try:
                answer = fn(me[OWNER])
            except Exception as error:
                raise site.raised(error) from error
            if answer is RUNNING:
                me[index] = RUNNING
                return RUNNING
            if answer is None or answer is True or answer is SUCCESS:
                me[index] = SUCCESS
                return SUCCESS
            if answer is False or answer is FAILURE:
                me[index] = FAILURE
                return FAILURE
            rule = "be SUCCESS, FAILURE, RUNNING, a bool or None"
            raise site.refused(answer, rule, "return Status.RUNNING to be ticked again")

        if self.on_halt is None:
            return Compiled(tick, _forget(site))
        return _with_halt(tick, site, self.on_halt)


@dataclass(frozen=True, slots=True)
class Wait(Node):
    """RUNNING for ``ms`` from its first tick, then SUCCESS. Halted: waits anew next time.

    Args:
        ms: Milliseconds; 0 for SUCCESS at once. A pointer is read at the first tick.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: ``ms`` is below 0.
    """

    ms: float | Pointer
    name: str = ""

    def __post_init__(self) -> None:
        check_ms(self.ms, "Wait()")
        check_name(self.name, "Wait()")

    @property
    def detail(self) -> str:
        """How long."""
        return shown_ms(self.ms)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        end = site.moment()
        wait_ns = duration(self.ms, site)

        def tick(me: State) -> Status:
            if me[end] == NEVER_NS:
                wait = wait_ns(me)
                if wait == 0:
                    me[index] = SUCCESS
                    return SUCCESS
                me[end] = me[NOW_NS] + wait
            elif me[NOW_NS] >= me[end]:
                me[end] = NEVER_NS
                me[index] = SUCCESS
                return SUCCESS
            me[index] = RUNNING
            return RUNNING

        def halt(me: State) -> None:
            me[end] = NEVER_NS
            if me[index] is RUNNING:
                me[index] = IDLE

        return Compiled(tick, halt)


@dataclass(frozen=True, slots=True)
class Succeed(Node):
    """Always SUCCESS; as the last child of a selector, the way out."""

    is_still: ClassVar[bool] = True
    name: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "Succeed()")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return _constant(site, SUCCESS)


@dataclass(frozen=True, slots=True)
class Fail(Node):
    """Always FAILURE."""

    is_still: ClassVar[bool] = True
    name: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "Fail()")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return _constant(site, FAILURE)


@dataclass(frozen=True, slots=True)
class SetBlackboard(Node):
    """Writes a constant on the blackboard; SUCCESS.

    Args:
        key: Where to write.
        value: None, a bool, a number or a string. Nothing that could be changed later: all trees
            of the definition share it.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: ``key`` is not a string, or is empty; or ``value`` is none of these.
    """

    key: str
    value: bool | int | float | str | None
    name: str = ""

    def __post_init__(self) -> None:
        where = "SetBlackboard()"
        if not isinstance(self.key, str) or not self.key:
            raise TreeError(fault("key", "be a string, not empty", self.key, where))
        if type(self.value) not in SCALARS:
            advice = "write lists and dictionaries from a Task"
            rule = "be None, a bool, a number or a string"
            raise TreeError(fault("value", rule, self.value, where, advice))
        check_name(self.name, where)

    @property
    def detail(self) -> str:
        """What is written where."""
        return f"{self.key} = {self.value}"

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        key, value = self.key, self.value

        def tick(me: State) -> Status:
            me[BLACKBOARD][key] = value
            me[index] = SUCCESS
            return SUCCESS

        return Compiled(tick, _forget(site))


def _forget(site: Site) -> Callable[[State], None]:
    """The halt of a leaf that has nothing to stop."""
    index = site.index

    def halt(me: State) -> None:
        if me[index] is RUNNING:
            me[index] = IDLE

    return halt


def _constant(site: Site, status: Status) -> Compiled:
    index = site.index

    def tick(me: State) -> Status:
        me[index] = status
        return status

    return Compiled(tick, _forget(site))


def _with_halt(
    tick: Callable[[State], Status], site: Site, on_halt: Callable[[Any], object]
) -> Compiled:
    """A task that must be told when it is stopped, and so must know whether it is RUNNING."""
    index = site.index
    running = site.slot()

    def tick_and_note(me: State) -> Status:
        status = tick(me)
        me[running] = 1 if status is RUNNING else 0
        return status

    def halt(me: State) -> None:
        if me[index] is RUNNING:
            me[index] = IDLE
        if me[running] == 1:
            me[running] = 0  # first, so that a function that raises is not called twice
            try:
                on_halt(me[OWNER])
            except Exception as error:
                raise site.raised(error) from error

    return Compiled(tick_and_note, halt)
