"""``StatefulLeaf``: the base of leaves that begin, run on and may be stopped.

Other packages extend it, as ``npcbrain.npcs.leaves`` does. The simple leaves are in ``leaves``.
Invariant: ``on_halted`` is called once for each run that was stopped, and never for one that ended
by itself.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, TypeVar

from npcbrain.errors import HandlerError
from npcbrain.tree.blackboard import Blackboard
from npcbrain.tree.node import BLACKBOARD, NOW_NS, OWNER, Compiled, Node, Site, State
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.ports import Port
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SUCCESS, Status

__all__ = ["Context", "StatefulLeaf"]

T = TypeVar("T")


class Context:
    """What a stateful leaf is given: one object for each leaf in each tree, always the same.

    Attributes:
        owner: Whose tree it is.
        blackboard: The tree's blackboard.
        path: The leaf's path in the tree.
        handle: Something live that belongs to this run of the leaf, such as a request. It is
            never saved; it is None when a run begins, and dropped when it ends.
    """

    __slots__ = ("_leaf", "_me", "blackboard", "handle", "owner", "path")

    def __init__(self, path: str, me: State, leaf: StatefulLeaf | None = None) -> None:
        self.owner: Any = me[OWNER]
        self.blackboard: Blackboard = me[BLACKBOARD]
        self.path = path
        self.handle: Any = None
        self._me = me
        self._leaf = leaf

    def read(self, pointer: Pointer, kind: type[T]) -> T:
        """What the pointer's entry holds now.

        Args:
            pointer: A setting of the leaf that the file, or the game, left to the blackboard.
            kind: Its type: ``str``, ``int``, ``float``, ``bool`` or ``list`` (of strings).

        Raises:
            TreeError: There is no such entry, or it holds something else.
        """
        port = Port(pointer.key, kind)
        value: T = pointer.read(self.blackboard, port, self.path, "this leaf")
        return value

    def carry(self, old: Context) -> None:
        """Goes on with the handle of the tree before an edit."""
        self.handle = old.handle

    def saved(self) -> object:
        """What the leaf saves of this run; None if nothing."""
        if self.handle is None or self._leaf is None:
            return None
        return self._leaf.on_save(self)

    def load(self, data: object) -> None:
        """Gives the leaf back what it saved."""
        if self._leaf is not None:
            self._leaf.on_load(self, data)

    @property
    def now_ns(self) -> int:
        """The moment of this tick on the tree's clock; the same for all nodes."""
        now_ns: int = self._me[NOW_NS]
        return now_ns


class StatefulLeaf(Node):
    """Base of leaves that begin, run on and may be stopped; extend it in other packages.

    ===============  ==========================  ==================================
    the leaf         is ticked                   is halted
    ===============  ==========================  ==================================
    is not running   ``on_start``                nothing happens
    is RUNNING       ``on_running``              ``on_halted``, once
    ===============  ==========================  ==================================

    Both ticking hooks answer SUCCESS, FAILURE or RUNNING. A subclass is a frozen dataclass that
    holds settings; what one run needs goes on the context's ``handle`` (live, not saved) or the
    blackboard (saved). A leaf that was RUNNING when the game was saved is RUNNING after loading:
    ``on_running`` comes next and finds ``handle`` None, its cue to begin its work again, unless
    ``on_save`` and ``on_load`` bring the handle back.

    If a hook raises, the tree is halted (``on_halted`` of this leaf included, if it was RUNNING)
    and ``Tree.tick`` raises a ``TreeError`` from it.
    """

    __slots__ = ()

    @abstractmethod
    def on_start(self, ctx: Context) -> Status:
        """The first tick of a run."""

    @abstractmethod
    def on_running(self, ctx: Context) -> Status:
        """Each further tick of a run."""

    def on_halted(self, ctx: Context) -> None:
        """The run was stopped: clean up. Does nothing by default."""
        return

    def on_save(self, ctx: Context) -> object:
        """Called when the game is saved while a run has a ``handle``.

        Returns plain data by which ``on_load`` finds the handle again, or None, the default, if the
        work is to begin again.
        """
        return None

    def on_load(self, ctx: Context, data: object) -> None:
        """Called when the game was loaded: sets ``ctx.handle`` by what ``on_save`` gave.

        ``data`` comes from a file, so check it before you trust it.
        """
        return

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        running = site.slot()
        site.read_time()
        own = site.live(lambda me: Context(site.path, me, self))
        on_start, on_running, on_halted = self.on_start, self.on_running, self.on_halted

        def tick(me: State) -> Status:
            context = me[own]
            try:
                status = on_running(context) if me[running] == 1 else on_start(context)
            except HandlerError:  # tells more than an error of this leaf could
                raise
            except Exception as error:
                raise site.raised(error) from error
            if status is RUNNING:
                me[running] = 1
            elif status is SUCCESS or status is FAILURE:
                me[running] = 0
                context.handle = None
            else:
                rule = "be Status.SUCCESS, FAILURE or RUNNING"
                raise site.refused(status, rule, "True and None are for Task")
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            context, was_running = me[own], me[running]
            me[running] = 0  # first, so that a hook that raises is not called twice
            try:
                if was_running == 1:
                    on_halted(context)
            except Exception as error:
                raise site.raised(error) from error
            finally:
                context.handle = None

        return Compiled(tick, halt)
