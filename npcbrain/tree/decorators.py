"""Nodes with one child, which change its answer, its number of turns, or when it may begin.

Decorators that keep time are in ``timing``. The child comes first in all of them. Tables tell
the meaning answer by answer; where a node of that name exists in BehaviorTree.CPP 4, it is the
same unless the docstring says how it differs. Floor 1. Invariant: as in ``composites``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_callable, check_child, check_count, check_name
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
    "Repeat",
    "Retry",
    "RunOnce",
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

    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return _mapped(self.child, site, success=FAILURE, failure=SUCCESS)


@dataclass(frozen=True, slots=True)
class ForceSuccess(Decorator):
    """Makes a failure a success: SUCCESS when the child is done, RUNNING while it runs."""

    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return _mapped(self.child, site, success=SUCCESS, failure=SUCCESS)


@dataclass(frozen=True, slots=True)
class ForceFailure(Decorator):
    """Makes a success a failure: FAILURE when the child is done, RUNNING while it runs."""

    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return _mapped(self.child, site, success=FAILURE, failure=FAILURE)


@dataclass(frozen=True, slots=True)
class KeepRunningUntilFailure(Decorator):
    """Runs the child again and again, one turn a tick, until it fails.

    ========  ===========================================
    child     answers
    ========  ===========================================
    SUCCESS   RUNNING; the child begins anew at the next tick
    FAILURE   FAILURE
    RUNNING   RUNNING
    ========  ===========================================
    """

    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return _mapped(self.child, site, success=RUNNING, failure=FAILURE)


@dataclass(frozen=True, slots=True)
class Repeat(Decorator):
    """Runs the child ``num_cycles`` times as long as it succeeds.

    ========  =============================================================
    child     answers
    ========  =============================================================
    SUCCESS   begins the next cycle in the same tick; SUCCESS after the last
    FAILURE   FAILURE; counts from zero next time
    RUNNING   RUNNING; goes on in this cycle next time
    ========  =============================================================

    With ``num_cycles=None`` it never succeeds, and one cycle ends the tick (RUNNING): a child
    that answers at once would otherwise never give the frame back. Halted: counts from zero.

    Raises:
        TreeError: ``num_cycles`` is not at least 1.
    """

    num_cycles: int | None
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        if self.num_cycles is not None:
            check_count(self.num_cycles, "num_cycles", None, "Repeat()")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        if self.num_cycles is None:
            return _mapped(self.child, site, success=RUNNING, failure=FAILURE)
        return _again(self.child, site, self.num_cycles, again=SUCCESS)


@dataclass(frozen=True, slots=True)
class Retry(Decorator):
    """Runs the child up to ``num_attempts`` times until it succeeds.

    ========  =============================================================
    child     answers
    ========  =============================================================
    SUCCESS   SUCCESS; counts from zero next time
    FAILURE   begins the next attempt in the same tick; FAILURE after the last
    RUNNING   RUNNING; goes on in this attempt next time
    ========  =============================================================

    With ``num_attempts=None`` it never fails, and one attempt ends the tick (RUNNING), as in
    ``Repeat``. Halted: counts from zero. BehaviorTree.CPP calls it RetryUntilSuccessful.

    Raises:
        TreeError: ``num_attempts`` is not at least 1.
    """

    num_attempts: int | None
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        if self.num_attempts is not None:
            check_count(self.num_attempts, "num_attempts", None, "Retry()")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        if self.num_attempts is None:
            return _mapped(self.child, site, success=SUCCESS, failure=RUNNING)
        return _again(self.child, site, self.num_attempts, again=FAILURE)


@dataclass(frozen=True, slots=True)
class RunOnce(Decorator):
    """Runs the child to its end once in the life of the tree, and keeps its answer for good.

    ========  =============================================================
    child     answers
    ========  =============================================================
    SUCCESS   SUCCESS, now and ever after, without ticking the child
    FAILURE   FAILURE, now and ever after, without ticking the child
    RUNNING   RUNNING
    ========  =============================================================

    Halted before its end, the child runs again; halted afterwards, the answer stays.

    Args:
        child: What to run.
        name: For displays and errors; may be empty.
        then_skip: Answer SKIPPED instead of the kept answer, so that a sequence or selector goes on
            as if this were not there. BehaviorTree.CPP does that unless told not to.
    """

    name: str = ""
    then_skip: bool = False

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        index = site.index
        answer = site.slot(FAILURE)  # IDLE until the child is done
        then_skip = self.then_skip
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            known = me[answer]
            if known == 0:
                status = tick_child(me)
                if status is SUCCESS or status is FAILURE:
                    me[answer] = int(status)
            elif then_skip:
                status = SKIPPED
            else:
                status = SUCCESS if known == 1 else FAILURE
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        return Compiled(tick, halt, may_skip or then_skip)


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
        """Makes the closures of this node for one tree."""
        return _asked(self.child, self.fn, self.otherwise, site, every_tick=False)


@dataclass(frozen=True, slots=True)
class Guard(Decorator):
    """Asks before every tick of the child, and takes it away when the answer is no.

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
        """Makes the closures of this node for one tree."""
        return _asked(self.child, self.fn, FAILURE, site, every_tick=True)


def _mapped(child: Node, site: Site, *, success: Status, failure: Status) -> Compiled:
    """A node without memory: one answer for another, RUNNING stays RUNNING."""
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


def _again(child: Node, site: Site, num_turns: int, *, again: Status) -> Compiled:
    """Repeat and Retry in one: they differ in the answer that earns another turn."""
    index = site.index
    turn = site.slot(num_turns - 1)
    tick_child, halt_child, may_skip = site.child(child)

    def tick(me: State) -> Status:
        count = me[turn]
        while True:
            status = tick_child(me)
            if status is not again:
                me[turn] = count if status is RUNNING or status is SKIPPED else 0
                break
            count += 1
            if count == num_turns:
                me[turn] = 0
                break
        me[index] = status
        return status

    def halt(me: State) -> None:
        me[turn] = 0
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
