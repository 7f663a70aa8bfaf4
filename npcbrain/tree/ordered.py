"""How children in a row are ticked: what selectors and sequences have in common.

The nodes are in ``composites``. Invariant: as there. Most ways come twice: a plain one, and one for
nodes with a child that may answer SKIPPED, which must also notice when all were skipped; a tree
without preconditions does not pay for that.
"""

from __future__ import annotations

from collections.abc import Callable

from npcbrain.tree.node import Compiled, Node, Site, State
from npcbrain.tree.status import IDLE, RUNNING, SKIPPED, Status

__all__ = ["in_order", "one_by_one", "place_all", "reactive"]


def place_all(children: tuple[Node, ...], site: Site) -> list[Compiled]:
    """Compiles all children of a node."""
    return [site.child(child, number) for number, child in enumerate(children)]


def _numbered(compiled: list[Compiled]) -> tuple[tuple[int, Callable[[State], Status]], ...]:
    return tuple(enumerate(child.tick for child in compiled))


def in_order(
    children: tuple[Node, ...], site: Site, go_on: Status, *, keeps_place: bool = False
) -> Compiled:
    """Selector and Sequence in one: they differ in the answer that lets the next child go."""
    index = site.index
    place = site.slot(len(children) - 1)
    compiled = place_all(children, site)
    numbered = _numbered(compiled)
    # The children from each place on; sliced here, because slicing in a tick would allocate.
    rests = tuple(numbered[start:] for start in range(len(numbered)))
    halts = tuple(child.halt for child in compiled)
    may_skip = any(child.may_skip for child in compiled)
    worked = site.slot() if may_skip else 0  # whether a child was not skipped, over several ticks

    def tick(me: State) -> Status:
        try:
            for number, child in rests[me[place]]:
                status = child(me)
                if status is not go_on:
                    me[place] = number if status is RUNNING or keeps_place else 0
                    me[index] = status
                    return status
        except Exception:  # costs nothing unless a child raises
            me[place] = number
            raise
        me[place] = 0
        me[index] = go_on
        return go_on

    def tick_some(me: State) -> Status:
        # For children that may be skipped; if all were skipped, so is this node.
        answer: Status = SKIPPED
        try:
            for number, child in rests[me[place]]:
                status = child(me)
                if status is go_on:
                    me[worked] = 1
                elif status is not SKIPPED:
                    running = status is RUNNING
                    keeps = me[worked] == 1 if running else keeps_place and number > 0
                    me[worked] = 1 if keeps else 0
                    me[place] = number if running or keeps_place else 0
                    me[index] = status
                    return status
        except Exception:
            me[place] = number
            raise
        if me[worked] == 1:
            answer = go_on
        me[worked] = 0
        me[place] = 0
        me[index] = answer
        return answer

    def halt(me: State) -> None:
        if may_skip:  # children before the kept place may have worked
            me[worked] = 1 if keeps_place and me[place] > 0 else 0
        if not keeps_place:
            me[place] = 0
        if me[index] is RUNNING:
            me[index] = IDLE
        for stop in halts:
            stop(me)

    return Compiled(tick_some if may_skip else tick, halt, may_skip)


def reactive(children: tuple[Node, ...], site: Site, go_on: Status) -> Compiled:
    """Both reactive nodes in one; ``running`` is the number of the running child, or -1."""
    index = site.index
    running = site.slot(len(children) - 1, low=-1, initial=-1)
    compiled = place_all(children, site)
    numbered = _numbered(compiled)
    halts = tuple(child.halt for child in compiled)
    may_skip = any(child.may_skip for child in compiled)

    def tick(me: State) -> Status:
        for number, child in numbered:
            status = child(me)
            if status is not go_on:
                before = me[running]
                me[running] = number if status is RUNNING else -1
                # A running child before this one needs no halt: it was ticked just now and is done.
                if before > number:
                    halts[before](me)
                me[index] = status
                return status
        me[running] = -1
        me[index] = go_on
        return go_on

    def tick_some(me: State) -> Status:
        answer: Status = SKIPPED
        for number, child in numbered:
            status = child(me)
            if status is go_on:
                answer = go_on
            elif status is not SKIPPED:
                before = me[running]
                me[running] = number if status is RUNNING else -1
                if before > number:
                    halts[before](me)
                me[index] = status
                return status
        me[running] = -1
        me[index] = answer
        return answer

    def halt(me: State) -> None:
        me[running] = -1
        if me[index] is RUNNING:
            me[index] = IDLE
        for stop in halts:
            stop(me)

    return Compiled(tick_some if may_skip else tick, halt, may_skip)


def one_by_one(children: tuple[Node, ...], site: Site, go_on: Status) -> Compiled:
    """Both asynchronous nodes in one: RUNNING between two children, unless the first had waited."""
    index = site.index
    place = site.slot(len(children) - 1)
    waits = site.slot()  # 1 if the child at that place is RUNNING, 0 if it is only its turn
    worked = site.slot()
    compiled = place_all(children, site)
    numbered = _numbered(compiled)
    rests = tuple(numbered[start:] for start in range(len(numbered)))
    halts = tuple(child.halt for child in compiled)
    last = len(children) - 1

    def tick(me: State) -> Status:
        waited = me[waits] == 1
        me[waits] = 0
        answer: Status = SKIPPED
        for number, child in rests[me[place]]:
            status = child(me)
            if status is go_on:
                me[worked] = 1
                if not waited and number < last:
                    me[place] = number + 1
                    me[index] = RUNNING
                    return RUNNING
            elif status is RUNNING:
                me[place] = number
                me[waits] = 1
                me[index] = RUNNING
                return RUNNING
            elif status is not SKIPPED:
                answer = status
                break
            waited = False
        else:
            if me[worked] == 1:
                answer = go_on
        me[worked] = 0
        me[place] = 0
        me[index] = answer
        return answer

    def halt(me: State) -> None:
        me[waits] = me[worked] = me[place] = 0
        if me[index] is RUNNING:
            me[index] = IDLE
        for stop in halts:
            stop(me)

    return Compiled(tick, halt, any(child.may_skip for child in compiled))
