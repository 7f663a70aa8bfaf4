"""Nodes with several children: selectors, sequences, and two that run children side by side.

Each means what it means in BehaviorTree.CPP 4, where ``Selector`` is called Fallback; tables tell
it answer by answer. Invariant: after a tick, every child that is still RUNNING was ticked in it; a
running child that was passed over has been halted.

Which to take:

==================  ==================================  ==================================
node                goes on with the next child on      when a child was RUNNING
==================  ==================================  ==================================
Selector            FAILURE                             resumes it
ReactiveSelector    FAILURE                             asks again from the first
Sequence            SUCCESS                             resumes it
SequenceWithMemory  SUCCESS                             resumes it, even after FAILURE
ReactiveSequence    SUCCESS                             asks again from the first
AsyncSelector       FAILURE, one a tick                 resumes it
AsyncSequence       SUCCESS, one a tick                 resumes it
Parallel            any answer, until it is decided     ticks all that are not done
ParallelAll         any answer, until all are done      ticks all that are not done
Concurrent          any answer, always                  ticks all, done or not
==================  ==================================  ==================================

A child that answers SKIPPED is passed over as if it were not there; a node whose children were all
skipped answers SKIPPED. A ``Parallel`` that counts its successes from behind (all, all but one)
counts skipped children as successes, and so answers SUCCESS if all were skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_child, check_name
from npcbrain.tree.node import Compiled, Node, Site, State
from npcbrain.tree.ordered import in_order, one_by_one, place_all, reactive
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = [
    "AsyncSelector",
    "AsyncSequence",
    "Composite",
    "Concurrent",
    "ReactiveSelector",
    "ReactiveSequence",
    "Selector",
    "Sequence",
    "SequenceWithMemory",
]


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

    is_still: ClassVar[bool] = True

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
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

    is_still: ClassVar[bool] = True

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
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

    Halted: halts the running child, and still begins with it next time; so it does with a child
    that raised.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return in_order(self.children, site, SUCCESS, keeps_place=True)


@dataclass(frozen=True, slots=True, init=False)
class AsyncSelector(Composite):
    """A selector that gives the tick back after each child that fails at once.

    As ``Selector``, but when a child that began in this tick has failed and there are others, it is
    RUNNING, and goes on with the next child at the next tick: whoever is above can ask anew
    between two children. BehaviorTree.CPP calls it AsyncFallback.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return one_by_one(self.children, site, FAILURE)


@dataclass(frozen=True, slots=True, init=False)
class AsyncSequence(Composite):
    """A sequence that gives the tick back after each child that succeeds at once.

    As ``Sequence``, but when a child that began in this tick has succeeded and there are others, it
    is RUNNING, and goes on with the next child at the next tick: whoever is above can ask anew
    between two children.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return one_by_one(self.children, site, SUCCESS)


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
        """Makes the closures of this node."""
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
    again, and one that answers RUNNING keeps the ones after it from being ticked.
    Halted: halts the running child.
    """

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return reactive(self.children, site, SUCCESS)


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

    is_still: ClassVar[bool] = True

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
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
