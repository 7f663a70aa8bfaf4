"""``TryCatch``: a sequence with something to do when it fails.

Invariant: as in ``composites``.
"""

from __future__ import annotations

from dataclasses import dataclass

from npcbrain.errors import TreeError, fault
from npcbrain.tree.composites import Composite
from npcbrain.tree.node import Compiled, Node, Site, State
from npcbrain.tree.ordered import place_all
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Port
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = ["TryCatch"]


@dataclass(frozen=True, slots=True, init=False)
class TryCatch(Composite):
    """Ticks all but its last child as a sequence; if one fails, ticks the last, and fails.

    ==========================  =================================================
    child                       the node then
    ==========================  =================================================
    SUCCESS of one tried        ticks the next; SUCCESS after the last to be tried
    FAILURE of one tried        ticks the last child, in the same tick
    RUNNING                     RUNNING; resumes this child next time
    the last one is done        FAILURE, whatever it answers
    ==========================  =================================================

    SKIPPED if all the tried children were skipped. Halted: halts what is running and begins with
    the first next time; with ``catch_on_halt``, it halts the child being tried, then ticks the last
    child once, and halts it if it is RUNNING.

    Args:
        children: At least two, in order.
        catch_on_halt: Whether being halted counts as a failure. A pointer is read at that moment.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: There are fewer than two children, or one is not a node.
    """

    catch_on_halt: bool | Pointer

    def __init__(
        self, *children: Node, catch_on_halt: bool | Pointer = False, name: str = ""
    ) -> None:
        Composite.__init__(self, *children, name=name)
        if len(children) < 2:
            rule, advice = "be at least two", "the last is for when another fails"
            raise TreeError(fault("children", rule, len(children), "TryCatch()", advice))
        if not isinstance(catch_on_halt, bool | Pointer):
            raise TreeError(fault("catch_on_halt", "be True or False", catch_on_halt, "TryCatch()"))
        object.__setattr__(self, "catch_on_halt", catch_on_halt)

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        last = len(self.children) - 1
        place = site.slot(last)  # at the last child, a failure has been caught
        running = site.slot()
        worked = site.slot()
        catches = reader(self.catch_on_halt, Port("catch_on_halt", bool), site)
        compiled = place_all(self.children, site)
        tried = tuple(enumerate(child.tick for child in compiled[:-1]))
        rests = tuple(tried[start:] for start in range(last))
        catch = compiled[last].tick
        halts = tuple(child.halt for child in compiled)

        def attempt(me: State) -> Status:
            """Ticks the children that are tried; after FAILURE it is the last child's turn."""
            for number, child in rests[me[place]]:
                status = child(me)
                if status is SUCCESS:
                    me[worked] = 1
                elif status is not SKIPPED:
                    me[place] = number
                    return status
            return SUCCESS if me[worked] == 1 else SKIPPED

        def tick(me: State) -> Status:
            status = attempt(me) if me[place] != last else FAILURE
            if status is FAILURE:
                me[place] = last
                status = RUNNING if catch(me) is RUNNING else FAILURE
            if status is RUNNING:
                me[running] = 1
            else:
                me[running] = me[worked] = me[place] = 0
            me[index] = status
            return status

        def halt(me: State) -> None:
            is_cut_short = me[running] == 1 and me[place] != last
            me[running] = me[worked] = me[place] = 0  # first, so that nothing is caught twice
            if me[index] is RUNNING:
                me[index] = IDLE
            for stop in halts:
                stop(me)
            if is_cut_short and catches(me) and catch(me) is RUNNING:
                halts[last](me)

        may_skip = all(child.may_skip for child in compiled[:-1])
        return Compiled(tick, halt, may_skip)
