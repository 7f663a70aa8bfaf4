"""Nodes with one child, which change its answer or say when it may begin.

Decorators that count the child's turns are in ``turns``, those that keep time in ``timing``. The
child is the first argument of all. Tables tell the meaning answer by answer; a node with a
namesake in BehaviorTree.CPP 4 behaves the same, unless its docstring says how it differs.
Invariant: as in ``composites``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_callable, check_child, check_name
from npcbrain.tree.node import OWNER, Compiled, Node, Site, State
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = [
    "Decorator",
    "ForceFailure",
    "ForceSuccess",
    "Guard",
    "Inverter",
    "KeepRunningUntilFailure",
    "Precondition",
    "answering",
    "mapped",
]


@dataclass(frozen=True, slots=True)
class Decorator(Node):
    """Base of the nodes with one child.

    Raises:
        TreeError: The child is not a node.
    """

    child: Node

    def __post_init__(self) -> None:
        where = f"{type(self).__name__}()"
        check_child(self.child, where)
        check_name(getattr(self, "name", ""), where)


@dataclass(frozen=True, slots=True)
class Inverter(Decorator):
    """Swaps success and failure.

    ========  =========
    child     answers
    ========  =========
    SUCCESS   FAILURE
    FAILURE   SUCCESS
    RUNNING   RUNNING
    ========  =========
    """

    is_still: ClassVar[bool] = True
    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return mapped(self.child, site, success=FAILURE, failure=SUCCESS)


@dataclass(frozen=True, slots=True)
class ForceSuccess(Decorator):
    """Makes a failure a success: SUCCESS when the child is done, RUNNING while it runs."""

    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return mapped(self.child, site, success=SUCCESS, failure=SUCCESS)


@dataclass(frozen=True, slots=True)
class ForceFailure(Decorator):
    """Makes a success a failure: FAILURE when the child is done, RUNNING while it runs."""

    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return mapped(self.child, site, success=FAILURE, failure=FAILURE)


@dataclass(frozen=True, slots=True)
class KeepRunningUntilFailure(Decorator):
    """Runs the child again and again, one turn a tick, until it fails.

    ========  ===========================================
    child     answers
    ========  ===========================================
    SUCCESS   RUNNING; the child begins anew at the next tick
    FAILURE   FAILURE
    RUNNING   RUNNING
    SKIPPED   RUNNING; the child is asked again at the next tick
    ========  ===========================================
    """

    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        compiled = mapped(self.child, site, success=RUNNING, failure=FAILURE)
        if not compiled.may_skip:
            return compiled
        tick_child = compiled.tick

        def tick(me: State) -> Status:
            status = tick_child(me)
            if status is SKIPPED:
                me[index] = status = RUNNING
            return status

        return Compiled(tick, compiled.halt)


@dataclass(frozen=True, slots=True)
class Precondition(Decorator):
    """Asks once before the child begins; while the child runs, it does not ask again.

    ==========================  =============================================
    asked                       answers
    ==========================  =============================================
    True                        ticks the child, its answer
    False                       ``otherwise``, without ticking the child
    not asked: child RUNNING    ticks the child, its answer
    ==========================  =============================================

    Halted: halts the child, asks again next time. For a condition that must stay true, take
    ``Guard``.

    Args:
        child: What the condition allows.
        fn: Called with the tree's owner; returns True or False.
        otherwise: SUCCESS, FAILURE or SKIPPED.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: An argument is not of its kind.
    """

    fn: Callable[[Any], bool]
    otherwise: Status = FAILURE
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        check_callable(self.fn, "fn", "Precondition()")
        if self.otherwise not in (SUCCESS, FAILURE, SKIPPED):
            rule = "be Status.SUCCESS, FAILURE or SKIPPED"
            raise TreeError(fault("otherwise", rule, self.otherwise, "Precondition()"))

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return _asked(self.child, self.fn, self.otherwise, site, every_tick=False)


@dataclass(frozen=True, slots=True)
class Guard(Decorator):
    """Asks before every tick of the child, and halts the child when the answer is no.

    =======  ====================================================
    asked    answers
    =======  ====================================================
    True     ticks the child, its answer
    False    halts the child if it is running; FAILURE
    =======  ====================================================

    Halted: halts the child. BehaviorTree.CPP writes it as the attribute ``_while``.

    Args:
        child: What the condition allows.
        fn: Called with the tree's owner; returns True or False.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: An argument is not of its kind.
    """

    fn: Callable[[Any], bool]
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        check_callable(self.fn, "fn", "Guard()")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return _asked(self.child, self.fn, FAILURE, site, every_tick=True)


def answering(ask: Callable[[State], bool], site: Site) -> Compiled:
    """A node with nothing below it that answers a question: SUCCESS or FAILURE."""
    index = site.index

    def tick(me: State) -> Status:
        status: Status = SUCCESS if ask(me) else FAILURE
        me[index] = status
        return status

    return Compiled(tick, lambda me: None)


def mapped(child: Node, site: Site, *, success: Status, failure: Status) -> Compiled:
    """A decorator without memory: exchanges SUCCESS and FAILURE for others; RUNNING stays."""
    index = site.index
    tick_child, halt_child, may_skip = site.child(child)

    def tick(me: State) -> Status:
        status = tick_child(me)
        if status is SUCCESS:
            status = success
        elif status is FAILURE:
            status = failure
        me[index] = status
        return status

    def halt(me: State) -> None:
        if me[index] is RUNNING:
            me[index] = IDLE
        halt_child(me)

    return Compiled(tick, halt, may_skip)


def _asked(
    child: Node, fn: Callable[[Any], bool], otherwise: Status, site: Site, *, every_tick: bool
) -> Compiled:
    """Precondition and Guard in one: they differ in when they ask."""
    index = site.index
    running = site.slot()
    tick_child, halt_child, may_skip = site.child(child)

    def tick(me: State) -> Status:
        if every_tick or me[running] == 0:
            try:
                answer = fn(me[OWNER])
            except Exception as error:
                raise site.raised(error) from error
            if answer is False:
                if me[running] == 1:
                    me[running] = 0
                    halt_child(me)
                me[index] = otherwise
                return otherwise
            if answer is not True:
                raise site.refused(answer, "be True or False", "wrap it: bool(...)")
        status = tick_child(me)
        me[running] = 1 if status is RUNNING else 0
        me[index] = status
        return status

    def halt(me: State) -> None:
        me[running] = 0
        if me[index] is RUNNING:
            me[index] = IDLE
        halt_child(me)

    return Compiled(tick, halt, may_skip or otherwise is SKIPPED)
