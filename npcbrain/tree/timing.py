"""Decorators that keep time: ``Timeout``, ``Cooldown``, ``Delay``.

Time is the tree's clock, read once a tick; nothing here waits, sleeps or has a thread, so a
limit takes effect at the first tick at or after it. The leaf ``Wait`` is with the leaves.
Floor 1. Invariant: moments are saved relative to now, so a saved timer has as much time left
after loading as it had before.
"""

from __future__ import annotations

from dataclasses import dataclass

from npcbrain.tree.arguments import check_ms, to_ns
from npcbrain.tree.decorators import Decorator
from npcbrain.tree.node import NEVER_NS, Compiled, Site
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, Status

__all__ = ["Cooldown", "Delay", "Timeout"]


@dataclass(frozen=True, slots=True)
class _Timed(Decorator):
    """A decorator with a duration."""

    ms: float
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        check_ms(self.ms, f"{type(self).__name__}()")


@dataclass(frozen=True, slots=True)
class Timeout(_Timed):
    """Takes the child away when it has been running for ``ms``.

    =============================  =============================================
    child                          answers
    =============================  =============================================
    done in time                   its answer
    RUNNING                        RUNNING
    RUNNING ``ms`` after it began  is halted without another tick; FAILURE
    =============================  =============================================

    Time counts from the tick in which the child first answered RUNNING. Halted: halts the child,
    counts from zero.

    Raises:
        TreeError: ``ms`` is not above 0.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        index, shown, memory, now_ns = site.index, site.shown, site.memory, site.now_ns()
        deadline = site.moment()
        limit_ns = to_ns(self.ms)
        tick_child, halt_child = site.child(self.child)

        def tick() -> Status:
            if now_ns[0] >= memory[deadline]:
                memory[deadline] = NEVER_NS
                halt_child()
                shown[index] = FAILURE
                return FAILURE
            status = tick_child()
            if status is not RUNNING:
                memory[deadline] = NEVER_NS
            elif memory[deadline] == NEVER_NS:
                memory[deadline] = now_ns[0] + limit_ns
            shown[index] = status
            return status

        def halt() -> None:
            memory[deadline] = NEVER_NS
            if shown[index] is RUNNING:
                shown[index] = IDLE
            halt_child()

        return Compiled(tick, halt)


@dataclass(frozen=True, slots=True)
class Cooldown(_Timed):
    """Keeps the child from beginning again for ``ms`` after it stopped.

    ===================  =====================================================
    child                answers
    ===================  =====================================================
    may be ticked        its answer; SUCCESS and FAILURE begin the cooldown
    cooling down         FAILURE, without ticking the child
    ===================  =====================================================

    Halted: halts the child, and if it was running the cooldown begins, so that a bark that was
    cut short is not barked again at once; a cooldown under way goes on. Not in BehaviorTree.CPP.

    Raises:
        TreeError: ``ms`` is not above 0.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        index, shown, memory, now_ns = site.index, site.shown, site.memory, site.now_ns()
        ready = site.moment()  # NEVER_NS: not cooling down
        running = site.slot()
        pause_ns = to_ns(self.ms)
        tick_child, halt_child = site.child(self.child)

        def tick() -> Status:
            if memory[ready] != NEVER_NS:
                if now_ns[0] < memory[ready]:
                    shown[index] = FAILURE
                    return FAILURE
                memory[ready] = NEVER_NS
            status = tick_child()
            if status is RUNNING:
                memory[running] = 1
            else:
                memory[running] = 0
                memory[ready] = now_ns[0] + pause_ns
            shown[index] = status
            return status

        def halt() -> None:
            if memory[running] == 1:
                memory[running] = 0
                memory[ready] = now_ns[0] + pause_ns
            if shown[index] is RUNNING:
                shown[index] = IDLE
            halt_child()

        return Compiled(tick, halt)


@dataclass(frozen=True, slots=True)
class Delay(_Timed):
    """Waits ``ms`` before the child begins.

    ==============  ===================================================
    since begun     answers
    ==============  ===================================================
    less than ms    RUNNING, without ticking the child
    ``ms`` or more  ticks the child, its answer
    ==============  ===================================================

    It has begun with its first tick, and begins anew after the child is done. Halted: halts the
    child, waits anew.

    Raises:
        TreeError: ``ms`` is not above 0.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        index, shown, memory, now_ns = site.index, site.shown, site.memory, site.now_ns()
        start = site.moment()
        delay_ns = to_ns(self.ms)
        tick_child, halt_child = site.child(self.child)

        def tick() -> Status:
            if memory[start] == NEVER_NS:
                memory[start] = now_ns[0] + delay_ns
            status: Status = RUNNING
            if now_ns[0] >= memory[start]:
                status = tick_child()
                if status is not RUNNING:
                    memory[start] = NEVER_NS
            shown[index] = status
            return status

        def halt() -> None:
            memory[start] = NEVER_NS
            if shown[index] is RUNNING:
                shown[index] = IDLE
            halt_child()

        return Compiled(tick, halt)
