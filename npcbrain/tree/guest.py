"""``PyTree``: a tree written for py_trees drives an NPC, or a part of one.

Nothing of py_trees is imported; only ``tick_once``, ``status`` and ``stop`` are used of it.
Invariant: a py_trees behaviour that was RUNNING and is not to be ticked again is stopped with
INVALID, as its own parents would do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_callable, check_name
from npcbrain.tree.node import OWNER, Compiled, Node, Site, State
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SUCCESS, Status

__all__ = ["PyTree"]

ANSWERS: dict[str, Status] = {"SUCCESS": SUCCESS, "FAILURE": FAILURE, "RUNNING": RUNNING}


class Guest:
    """The py_trees behaviour of one tree."""

    __slots__ = ("root",)

    def __init__(self, root: Any) -> None:
        self.root = root

    def carry(self, old: Guest) -> None:
        """Goes on with the behaviour of the tree before an edit."""
        self.root = old.root


@dataclass(frozen=True, slots=True)
class PyTree(Node):
    """A py_trees behaviour as a leaf; each tick ticks it once and answers its status.

    What the behaviour remembers is not saved: after loading it begins anew. It costs what py_trees
    costs, more than twenty times as much as the same nodes of this package.

    Args:
        make: Called with the tree's owner when a tree is made; returns the root behaviour, a new
            one for each call.
        name: For displays and errors.

    Raises:
        TreeError: ``make`` cannot be called; when a tree is made, ``make`` returned no behaviour;
            in a tick, the behaviour raised or has no status.

    A whole tree is one node: ``PyTree(lambda npc: my_root(npc))``. Beside a mind::

        Concurrent(mind, PyTree(make_body))
    """

    make: Callable[[Any], Any]
    name: str = ""

    def __post_init__(self) -> None:
        check_callable(self.make, "make", "PyTree()")
        check_name(self.name, "PyTree()")

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, running, make = site.index, site.slot(), self.make

        def start(me: State) -> Guest:
            root = make(me[OWNER])
            for wanted in ("tick_once", "stop", "status"):
                if not hasattr(root, wanted):
                    what, rule = f"what {site.what} makes", "be a py_trees behaviour"
                    raise TreeError(fault(what, rule, root, site.path))
            return Guest(root)

        own = site.live(start)

        def tick(me: State) -> Status:
            root = me[own].root
            try:
                root.tick_once()
            except Exception as error:
                raise site.raised(error) from error
            status = ANSWERS.get(root.status.name)
            if status is None:
                raise site.refused(root.status, "be SUCCESS, FAILURE or RUNNING")
            me[running] = 1 if status is RUNNING else 0
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            if me[running] == 1:
                me[running] = 0
                root = me[own].root
                try:
                    root.stop(type(root.status).INVALID)
                except Exception as error:
                    raise site.raised(error) from error

        return Compiled(tick, halt)
