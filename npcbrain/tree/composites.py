"""Nodes with several children: selectors, sequences, and two that run children side by side.

The meaning of each is that of BehaviorTree.CPP 4, where ``Selector`` is called Fallback; tables
tell it answer by answer. Floor 1. Invariant: after a tick, every child that is still RUNNING was
ticked in it; one that was passed over has been halted.

Which to take:

==================  ==================================  ==================================
node                goes on with the next child on      when a child was RUNNING
==================  ==================================  ==================================
Selector            FAILURE                             resumes it
ReactiveSelector    FAILURE                             asks again from the first
Sequence            SUCCESS                             resumes it
SequenceWithMemory  SUCCESS                             resumes it, even after FAILURE
ReactiveSequence    SUCCESS                             asks again from the first
Parallel            any answer, until it is decided     ticks all that are not done
Concurrent          any answer, always                  ticks all, done or not
==================  ==================================  ==================================

A child that answers SKIPPED is passed over as if it were not there; a node whose children were all
skipped answers SKIPPED. A ``Parallel`` whose number of successes is counted from behind (all, all
but one) takes those who were skipped for successful, and so answers SUCCESS if all were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_child, check_name
from npcbrain.tree.node import Compiled, Node, Site, State
from npcbrain.tree.ordered import in_order, place_all, reactive
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Port
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = [
    "Composite",
    "Concurrent",
    "Parallel",
    "ReactiveSelector",
    "ReactiveSequence",
    "Selector",
    "Sequence",
    "SequenceWithMemory",
]

NOT_DONE = 0  # of a Parallel's child; otherwise its answer, so that a save file reads well


@dataclass(frozen=True, slots=True, init=False)
class Composite(Node):
    """Base of the nodes with several children.

    Args:
        children: At least one, in order.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: There is no child, or one is not a node.
    """

    children: tuple[Node, ...]
    name: str

    def __init__(self, *children: Node, name: str = "") -> None:
        where = f"{type(self).__name__}()"
        check_name(name, where)
        if not children:
            raise TreeError(fault("children", "be at least one", 0, where))
        for child in children:
            check_child(child, where)
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "name", name)


@dataclass(frozen=True, slots=True, init=False)
class Selector(Composite):
    """Ticks its children in order until one does not fail: the first that works.

    ========  =============================================================
    child     the selector then
    ========  =============================================================
    SUCCESS   SUCCESS; begins with the first child next time
    FAILURE   ticks the next child; FAILURE after the last
    RUNNING   RUNNING; resumes this child next time, without asking those before it
    ========  =============================================================

    Halted: halts the running child, begins with the first next time.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return in_order(self.children, site, FAILURE)


@dataclass(frozen=True, slots=True, init=False)
class Sequence(Composite):
    """Ticks its children in order as long as they succeed: all of them, one after another.

    ========  =============================================================
    child     the sequence then
    ========  =============================================================
    SUCCESS   ticks the next child; SUCCESS after the last
    FAILURE   FAILURE; begins with the first child next time
    RUNNING   RUNNING; resumes this child next time, without asking those before it
    ========  =============================================================

    Halted: halts the running child, begins with the first next time.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return in_order(self.children, site, SUCCESS)


@dataclass(frozen=True, slots=True, init=False)
class SequenceWithMemory(Composite):
    """A sequence that never repeats a child that succeeded: a route with stations.

    ========  =============================================================
    child     the sequence then
    ========  =============================================================
    SUCCESS   ticks the next child; SUCCESS after the last, then begins anew
    FAILURE   FAILURE; begins with this same child next time
    RUNNING   RUNNING; resumes this child next time
    ========  =============================================================

    Halted: halts the running child, and still begins with it next time.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return in_order(self.children, site, SUCCESS, keeps_place=True)


@dataclass(frozen=True, slots=True, init=False)
class ReactiveSelector(Composite):
    """A selector that asks from the first child at every tick, so that a better one can take over.

    ========  =============================================================
    child     the selector then
    ========  =============================================================
    SUCCESS   halts the child that was running; SUCCESS
    FAILURE   ticks the next child; FAILURE after the last
    RUNNING   halts the child that was running, if it is another; RUNNING
    ========  =============================================================

    Halted: halts the running child.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return reactive(self.children, site, FAILURE)


@dataclass(frozen=True, slots=True, init=False)
class ReactiveSequence(Composite):
    """A sequence that asks from the first child at every tick: conditions that must stay true.

    ========  =============================================================
    child     the sequence then
    ========  =============================================================
    SUCCESS   ticks the next child; SUCCESS after the last
    FAILURE   halts the child that was running; FAILURE
    RUNNING   halts the child that was running, if it is another; RUNNING
    ========  =============================================================

    Only the last child should be one that runs for long: those before it are ticked again and
    again, and whatever answers RUNNING keeps the ones after it from being ticked.
    Halted: halts the running child.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        return reactive(self.children, site, SUCCESS)


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

    Decided means at once: children after the one that decided are not ticked, and those still
    running are halted. Not decided: RUNNING. Halted: halts what is running and forgets who is done.
    Children that were skipped: see above; where a fixed number must succeed, they are asked again
    at the next tick.

    For a body and a mind that must not wait for each other, take ``Concurrent``.

    Args:
        children: At least one, in order.
        success_count: How many must succeed; None or -1 for all, -2 for all but one, and so on. A
            pointer is read at each tick.
        failure_count: How many may fail before all fails, that one included; likewise.
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
        """Makes the closures of this node for one tree."""
        index = site.index
        num_children = len(self.children)
        limits = self._limits(site, num_children)
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

        def tick(me: State) -> Status:
            # Two ways to fail, both a number of failures: the limit, or no way left to succeed.
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

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            stop_rest(me)

        return Compiled(tick, halt, any(child.may_skip for child in compiled))

    def _limits(self, site: Site, num_children: int) -> Callable[[State], tuple[int, int, bool]]:
        """What gives successes enough, failures too many, and whether skipping is success."""

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
            fixed = of(success([]), failure([]))  # of numbers alone, which need no state
            return lambda me: fixed
        return lambda me: of(success(me), failure(me))


def _check_number(count: object, what: str, num_children: int, where: str) -> None:
    """Raises TreeError unless ``count`` is a number of children, forwards or from behind."""
    if count is None or isinstance(count, Pointer):
        return
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= abs(count) <= num_children:
        rule = f"be 1 to {num_children}, or -1 for all, -2 for all but one"
        raise TreeError(fault(what, rule, count, where))


def _from_behind(count: int, num_children: int) -> int:
    return count if count > 0 else num_children + count + 1


@dataclass(frozen=True, slots=True, init=False)
class Concurrent(Composite):
    """Ticks all its children at every tick, and none waits for another: a body and a mind.

    A child that is done begins anew at the next tick; no answer of one child stops another.

    ===========================  ======================
    children                     the concurrent then
    ===========================  ======================
    any RUNNING                  RUNNING
    none RUNNING, any FAILURE    FAILURE
    all SUCCESS                  SUCCESS
    ===========================  ======================

    Halted: halts all that is running. BehaviorTree.CPP has no such node: its ``Parallel`` waits
    for the slower child before the faster may begin again.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree."""
        index = site.index
        compiled = place_all(self.children, site)
        ticks = tuple(child.tick for child in compiled)
        halts = tuple(child.halt for child in compiled)

        def tick(me: State) -> Status:
            answer: Status = SKIPPED
            for child in ticks:
                status = child(me)
                if status is RUNNING:
                    answer = RUNNING
                elif answer is not RUNNING and (status is FAILURE or answer is SKIPPED):
                    answer = status
            me[index] = answer
            return answer

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            for stop in halts:
                stop(me)

        return Compiled(tick, halt, any(child.may_skip for child in compiled))
