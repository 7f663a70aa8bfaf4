"""Decorators that count a child's turns: ``Repeat``, ``Retry``, ``RunOnce``.

Invariant: as in ``composites``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npcbrain.tree.arguments import check_count, num_turns
from npcbrain.tree.decorators import Decorator, mapped
from npcbrain.tree.node import MAX_STEPS, Compiled, Node, Site, State
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Port
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = ["Repeat", "Retry", "RunOnce"]

MOST = 1 << 53  # turns that a saved state may say were taken


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
    that answers at once would otherwise never give the frame back. With 0 cycles, it succeeds
    without ticking the child. Halted: counts from zero. A pointer is read at each tick; its entry
    holds -1 for None. Each turn counts as many steps as there are nodes below; more than 100,000
    steps in one tick of a tree are an error.

    Raises:
        TreeError: ``num_cycles`` is below 0.
    """

    num_cycles: int | Pointer | None
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        if self.num_cycles is not None:
            check_count(self.num_cycles, "num_cycles", "Repeat()")

    @property
    def detail(self) -> str:
        """How often."""
        return _times(self.num_cycles)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        if self.num_cycles is None:
            return mapped(self.child, site, success=RUNNING, failure=FAILURE)
        return _counted(self.child, site, self.num_cycles, "num_cycles", again=SUCCESS)


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
    ``Repeat``. With 0 attempts, it fails without ticking the child. Halted: counts from zero. A
    pointer is read at each tick and after each failure; its entry holds -1 for None. Turns in one
    tick are limited as in ``Repeat``. BehaviorTree.CPP calls it RetryUntilSuccessful.

    Raises:
        TreeError: ``num_attempts`` is below 0.
    """

    num_attempts: int | Pointer | None
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        if self.num_attempts is not None:
            check_count(self.num_attempts, "num_attempts", "Retry()")

    @property
    def detail(self) -> str:
        """How often."""
        return _times(self.num_attempts)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        if self.num_attempts is None:
            return mapped(self.child, site, success=SUCCESS, failure=RUNNING)
        return _counted(self.child, site, self.num_attempts, "num_attempts", again=FAILURE)


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
            as if this node were not there. That is the default in BehaviorTree.CPP.
    """

    name: str = ""
    then_skip: bool | Pointer = False

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        answer = site.slot(FAILURE)  # IDLE until the child is done
        then_skip = reader(self.then_skip, Port("then_skip", bool), site)
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            known = me[answer]
            if known == 0:
                status = tick_child(me)
                if status is SUCCESS or status is FAILURE:
                    me[answer] = int(status)
            elif then_skip(me):
                status = SKIPPED
            else:
                status = SUCCESS if known == 1 else FAILURE
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        return Compiled(tick, halt, may_skip or self.then_skip is not False)


def _times(count: int | Pointer | None) -> str:
    return "for ever" if count is None else f"{count} times"


def _counted(
    child: Node, site: Site, count: int | Pointer, what: str, *, again: Status
) -> Compiled:
    """Repeat and Retry in one: they differ in the answer that earns another turn."""
    index, spent = site.index, site.spent()
    turn = site.slot(MOST if isinstance(count, Pointer) else max(count - 1, 0))
    compiled = site.child(child)
    size = site.num_below()

    def halt(me: State) -> None:
        me[turn] = 0
        if me[index] is RUNNING:
            me[index] = IDLE
        compiled.halt(me)

    if isinstance(count, Pointer):
        told = num_turns(count, what, site)
        tick = _told(compiled, site, turn, spent, told, again, size)
    elif count == 0:
        tick = _none(index, again)
    else:
        tick = _fixed(compiled.tick, site, turn, spent, count, again, size)
    return Compiled(tick, halt, compiled.may_skip)


def _left(spent: int, size: int) -> int:
    """How many more turns of ``size`` nodes reach the limit of a tick."""
    return -(-(MAX_STEPS - spent) // size)


def _none(index: int, answer: Status) -> Callable[[State], Status]:
    def tick(me: State) -> Status:
        me[index] = answer
        return answer

    return tick


def _fixed(
    tick_child: Callable[[State], Status],
    site: Site,
    turn: int,
    spent: int,
    last: int,
    again: Status,
    size: int,
) -> Callable[[State], Status]:
    index, is_short = site.index, last * size <= MAX_STEPS // 100

    def tick(me: State) -> Status:
        status = tick_child(me)
        if status is again:
            count = begun = me[turn] + 1
            stop = last if is_short else min(last, count + _left(me[spent], size))
            while count < stop:
                status = tick_child(me)
                if status is not again:
                    break
                count += 1
            if count != begun:
                me[spent] += (count - begun) * size
                if me[spent] >= MAX_STEPS:
                    raise site.endless()
            me[turn] = count if status is RUNNING or status is SKIPPED else 0
        elif status is not RUNNING and status is not SKIPPED:
            me[turn] = 0
        me[index] = status
        return status

    return tick


def _told(
    child: Compiled,
    site: Site,
    turn: int,
    spent: int,
    told: Callable[[State], int],
    again: Status,
    size: int,
) -> Callable[[State], Status]:
    """As ``_fixed``, but the last turn may change at each tick, and in Retry at each turn."""
    index, tick_child, rereads = site.index, child.tick, again is FAILURE

    def tick(me: State) -> Status:
        last, count = told(me), me[turn]
        if count >= last != -1:  # the number of turns has shrunk, or was 0 from the start
            me[turn] = 0
            child.halt(me)
            me[index] = again
            return again
        begun, stop = count + 1, count + 1 + _left(me[spent], size)
        while True:
            status = tick_child(me)
            if status is not again:
                break
            count += 1
            if rereads:
                last = told(me)
            if last == -1:  # no end, so one turn ends the tick
                status, count = RUNNING, 0
                break
            if count >= last:
                break
            if count >= stop:
                raise site.endless()
        if count > begun:
            me[spent] += (count - begun) * size
        me[turn] = count if status is RUNNING or status is SKIPPED else 0
        me[index] = status
        return status

    return tick
