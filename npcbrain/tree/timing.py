"""Decorators that keep time: ``Timeout``, ``Cooldown``, ``Delay``.

Time is the tree's clock, read once a tick; nothing here waits, sleeps or has a thread, so a
limit takes effect at the first tick at or after it. The leaf ``Wait`` is with the leaves.
Invariant: moments are saved relative to now, so a saved timer has as much time left after loading
as it had before.
"""

from __future__ import annotations

from dataclasses import dataclass

from npcbrain.tree.arguments import check_ms, duration, shown_ms
from npcbrain.tree.decorators import Decorator
from npcbrain.tree.node import NEVER_NS, NOW_NS, Compiled, Site, State
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, Status

__all__ = ["Cooldown", "Delay", "Timeout"]


@dataclass(frozen=True, slots=True)
class _Timed(Decorator):
    """A decorator with a duration; a pointer is read when the duration begins."""

    ms: float | Pointer
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        check_ms(self.ms, f"{type(self).__name__}()")

    @property
    def detail(self) -> str:
        """How long."""
        return shown_ms(self.ms)


@dataclass(frozen=True, slots=True)
class Timeout(_Timed):
    """Halts the child when it has been running for ``ms``.

    =============================  =============================================
    child                          answers
    =============================  =============================================
    done in time                   its answer
    RUNNING                        RUNNING
    RUNNING ``ms`` after it began  is halted without another tick; FAILURE
    =============================  =============================================

    Time counts from the tick in which the child first answered RUNNING. Halted: halts the child,
    counts from zero. 0 ms means no limit, as in BehaviorTree.CPP.

    Raises:
        TreeError: ``ms`` is below 0.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        deadline = site.moment()
        limit_ns = duration(self.ms, site)
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            if me[NOW_NS] >= me[deadline]:
                me[deadline] = NEVER_NS
                halt_child(me)
                me[index] = FAILURE
                return FAILURE
            status = tick_child(me)
            if status is not RUNNING:
                me[deadline] = NEVER_NS
            elif me[deadline] == NEVER_NS and (limit := limit_ns(me)):
                me[deadline] = me[NOW_NS] + limit
            me[index] = status
            return status

        def halt(me: State) -> None:
            me[deadline] = NEVER_NS
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        return Compiled(tick, halt, may_skip)


@dataclass(frozen=True, slots=True)
class Cooldown(_Timed):
    """Keeps the child from beginning again for ``ms`` after it stopped.

    ===================  =====================================================
    child                answers
    ===================  =====================================================
    may be ticked        its answer; SUCCESS and FAILURE begin the cooldown, and so does
                         SKIPPED if it was running
    cooling down         FAILURE, without ticking the child
    ===================  =====================================================

    Halted: halts the child, and if it was running the cooldown begins, so that a bark that was
    cut short does not come again at once; a cooldown under way goes on. Not in BehaviorTree.CPP.

    Raises:
        TreeError: ``ms`` is below 0.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        ready = site.moment()  # NEVER_NS: not cooling down
        running = site.slot()
        pause_ns = duration(self.ms, site)
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            if me[ready] != NEVER_NS:
                if me[NOW_NS] < me[ready]:
                    me[index] = FAILURE
                    return FAILURE
                me[ready] = NEVER_NS
            status = tick_child(me)
            if status is RUNNING:
                me[running] = 1
            elif status is not SKIPPED or me[running] == 1:
                me[running] = 0
                me[ready] = me[NOW_NS] + pause_ns(me)
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[running] == 1:
                me[running] = 0
                me[ready] = me[NOW_NS] + pause_ns(me)
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        return Compiled(tick, halt, may_skip)


@dataclass(frozen=True, slots=True)
class Delay(_Timed):
    """Waits ``ms`` before the child begins.

    ==============  ===================================================
    since begun     answers
    ==============  ===================================================
    less than ms    RUNNING, without ticking the child
    ``ms`` or more  ticks the child, its answer
    ==============  ===================================================

    It begins with its first tick, and anew after the child is done. Halted: halts the child, waits
    anew.

    Raises:
        TreeError: ``ms`` is below 0.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        start = site.moment()
        delay_ns = duration(self.ms, site)
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            if me[start] == NEVER_NS:
                me[start] = me[NOW_NS] + delay_ns(me)
            status: Status = RUNNING
            if me[NOW_NS] >= me[start]:
                status = tick_child(me)
                if status is not RUNNING:
                    me[start] = NEVER_NS
            me[index] = status
            return status

        def halt(me: State) -> None:
            me[start] = NEVER_NS
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        return Compiled(tick, halt, may_skip)
