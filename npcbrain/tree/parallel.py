"""Nodes that tick all their children until the answer is settled: ``Parallel``, ``ParallelAll``.

A body and a mind that must not wait for each other want ``Concurrent``, in ``composites``.
Invariant: as in ``composites``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npcbrain.errors import TreeError, fault
from npcbrain.tree.composites import Composite
from npcbrain.tree.node import Compiled, Node, Site, State
from npcbrain.tree.ordered import place_all
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Port
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = ["Parallel", "ParallelAll"]

NOT_DONE = 0  # a child's mark; once done, the mark is its answer, so that a save file reads well


@dataclass(frozen=True, slots=True, init=False)
class Parallel(Composite):
    """Ticks all its children until enough have succeeded or failed: one task in several parts.

    ========  =============================================================
    child     the parallel then
    ========  =============================================================
    SUCCESS   leaves it alone until all is decided; SUCCESS once ``success_count`` have
    FAILURE   leaves it alone until all is decided; FAILURE once ``failure_count`` have, or
              once too few are left to reach ``success_count``
    RUNNING   ticks it again next time
    ========  =============================================================

    Once it is decided, the children after the one that decided are not ticked, and those still
    running are halted. Until then: RUNNING. Halted: halts what is running and forgets who is done.
    Skipped children count as successes if the successes are counted from behind; if a fixed number
    must succeed, they are asked again at the next tick. A count of 0 is reached with the first
    child, whatever it answers.

    Args:
        children: At least one, in order.
        success_count: How many must succeed; None or -1 for all, -2 for all but one, and so on down
            to none. A pointer is read at each tick.
        failure_count: How many failures make the whole fail; counted in the same way.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: There is no child, one is not a node, or a count cannot be reached.
    """

    success_count: int | Pointer | None
    failure_count: int | Pointer | None

    def __init__(
        self,
        *children: Node,
        success_count: int | Pointer | None = None,
        failure_count: int | Pointer | None = 1,
        name: str = "",
    ) -> None:
        Composite.__init__(self, *children, name=name)
        for what, count in (("success_count", success_count), ("failure_count", failure_count)):
            _check_number(count, what, len(children), "Parallel()")
        object.__setattr__(self, "success_count", success_count)
        object.__setattr__(self, "failure_count", failure_count)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        num_children = len(self.children)
        limits, may_need_none = self._limits(site, num_children)
        succeeded = site.slot(num_children)
        failed = site.slot(num_children)
        done = [site.slot(FAILURE) for _ in self.children]
        compiled = place_all(self.children, site)
        pairs = tuple(zip(done, (child.tick for child in compiled), strict=True))
        halts = tuple(zip(done, (child.halt for child in compiled), strict=True))
        slots = (succeeded, failed, *done)

        def stop_rest(me: State) -> None:
            for slot, stop in halts:
                if me[slot] == NOT_DONE:
                    stop(me)
            for slot in slots:
                me[slot] = 0

        def decide(me: State, status: Status) -> Status:
            stop_rest(me)
            me[index] = status
            return status

        def at_once(me: State, enough: int, counts_skipped: bool) -> Status:
            # A count of 0 is reached as soon as the first child has been asked.
            slot, child = pairs[0]
            num_good = me[succeeded]
            if me[slot] == NOT_DONE:
                status = child(me)
                me[slot] = NOT_DONE if status is RUNNING else int(status)
                num_good += status is SUCCESS or (counts_skipped and status is SKIPPED)
            return SUCCESS if num_good >= enough else FAILURE

        def tick(me: State) -> Status:
            # ``too_many`` failures are the limit that was set, or leave no way to succeed.
            enough, too_many, counts_skipped = limits(me)
            num_skipped = 0
            for slot, child in pairs:
                if me[slot] == NOT_DONE:
                    status = child(me)
                    if status is SKIPPED:
                        num_skipped += 1
                    elif status is SUCCESS:
                        me[slot] = 1
                        me[succeeded] += 1
                    elif status is FAILURE:
                        me[slot] = 2
                        me[failed] += 1
                        if me[failed] >= too_many:
                            return decide(me, FAILURE)
                        continue
                    else:
                        continue
                    if me[succeeded] + (num_skipped if counts_skipped else 0) >= enough:
                        return decide(me, SUCCESS)
            status = SKIPPED if num_skipped == num_children else RUNNING
            me[index] = status
            return status

        def tick_any(me: State) -> Status:
            enough, too_many, counts_skipped = limits(me)
            if enough and too_many:
                return tick(me)
            return decide(me, at_once(me, enough, counts_skipped))

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            stop_rest(me)

        may_skip = any(child.may_skip for child in compiled)
        return Compiled(tick_any if may_need_none else tick, halt, may_skip)

    def _limits(
        self, site: Site, num_children: int
    ) -> tuple[Callable[[State], tuple[int, int, bool]], bool]:
        """A function that gives the limits, and whether any of its two numbers may be 0.

        The limits: enough successes, too many failures, whether skipped counts as success.
        """

        def of(success_count: int, failure_count: int) -> tuple[int, int, bool]:
            enough = _from_behind(success_count, num_children)
            too_many = min(_from_behind(failure_count, num_children), num_children - enough + 1)
            return enough, too_many, success_count < 0

        def count_of(count: int | Pointer | None, what: str) -> Callable[[State], int]:
            def check(value: int, where: str) -> None:
                _check_number(value, what, num_children, where)

            return reader(-1 if count is None else count, Port(what, int), site, check)

        success = count_of(self.success_count, "success_count")
        failure = count_of(self.failure_count, "failure_count")
        counts = (self.success_count, self.failure_count)
        if not any(isinstance(count, Pointer) for count in counts):
            fixed = of(success([]), failure([]))  # without pointers no state is needed
            return lambda me: fixed, not (fixed[0] and fixed[1])
        return lambda me: of(success(me), failure(me)), True


def _check_number(count: object, what: str, num_children: int, where: str) -> None:
    """Raises TreeError unless ``count`` is a number of children, forwards or from behind."""
    if count is None or isinstance(count, Pointer):
        return
    if not isinstance(count, int) or isinstance(count, bool) or count > num_children:
        rule = f"be 0 to {num_children}, or -1 for all, -2 for all but one"
        raise TreeError(fault(what, rule, count, where))


def _from_behind(count: int, num_children: int) -> int:
    return count if count >= 0 else max(num_children + count + 1, 0)


@dataclass(frozen=True, slots=True, init=False)
class ParallelAll(Composite):
    """Ticks all its children until each is done, however many have failed by then.

    ========  =============================================================
    child     the parallel then
    ========  =============================================================
    SUCCESS   leaves it alone until the others are done
    FAILURE   leaves it alone until the others are done
    RUNNING   RUNNING; ticks it again next time
    SKIPPED   takes it as done, but asks it again as long as others are RUNNING
    ========  =============================================================

    At the end: FAILURE if at least ``max_failures`` failed, else SUCCESS; SKIPPED if all were
    skipped. Halted: halts what is running and forgets who is done.

    Args:
        children: At least one, in order.
        max_failures: How many failures make the whole fail; from behind as in ``Parallel``. A
            pointer is read at each tick.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: There is no child, one is not a node, or there are fewer than ``max_failures``.
    """

    max_failures: int | Pointer

    def __init__(self, *children: Node, max_failures: int | Pointer = 1, name: str = "") -> None:
        Composite.__init__(self, *children, name=name)
        if max_failures is None:
            raise TreeError(fault("max_failures", "be a number", None, "ParallelAll()"))
        _check_number(max_failures, "max_failures", len(children), "ParallelAll()")
        object.__setattr__(self, "max_failures", max_failures)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        num_children = len(self.children)

        def check(value: int, where: str) -> None:
            _check_number(value, "max_failures", num_children, where)

        limit = reader(self.max_failures, Port("max_failures", int), site, check)
        done = [site.slot(FAILURE) for _ in self.children]
        compiled = place_all(self.children, site)
        pairs = tuple(zip(done, (child.tick for child in compiled), strict=True))
        halts = tuple(child.halt for child in compiled)

        def tick(me: State) -> Status:
            too_many = _from_behind(limit(me), num_children)
            num_skipped = 0
            answer: Status = IDLE
            for slot, child in pairs:
                if me[slot] == NOT_DONE:
                    status = child(me)
                    if status is SKIPPED:
                        num_skipped += 1
                    elif status is RUNNING:
                        answer = RUNNING
                    else:
                        me[slot] = int(status)
            if num_skipped == num_children:
                answer = SKIPPED
            elif answer is IDLE:
                num_failed = sum(me[slot] == FAILURE for slot in done)
                answer = FAILURE if num_failed >= too_many else SUCCESS
                for slot in done:
                    me[slot] = NOT_DONE
            me[index] = answer
            return answer

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            for slot in done:
                me[slot] = NOT_DONE
            for stop in halts:
                stop(me)

        return Compiled(tick, halt, any(child.may_skip for child in compiled))
