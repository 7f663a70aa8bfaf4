"""Nodes that ask whether an entry of the blackboard was written: ``WasEntryUpdated`` and its like.

Every write counts, by a node or by the game, even of the same value. Each node asks about the time
since it last looked; at its first look, an entry that is there counts as written. Invariant: as in
``composites``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_name
from npcbrain.tree.decorators import Decorator, answering
from npcbrain.tree.node import BLACKBOARD, Compiled, Node, Site, State
from npcbrain.tree.status import IDLE, RUNNING, SKIPPED, Status

__all__ = ["SkipUnlessUpdated", "WaitValueUpdate", "WasEntryUpdated"]


@dataclass(frozen=True, slots=True)
class WasEntryUpdated(Node):
    """SUCCESS if the entry was written since this node looked, else FAILURE.

    Args:
        key: The entry.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: ``key`` is not a string with something in it.
    """

    key: str
    name: str = ""

    def __post_init__(self) -> None:
        _check_key(self.key, "WasEntryUpdated()")
        check_name(self.name, "WasEntryUpdated()")

    @property
    def detail(self) -> str:
        """The entry."""
        return self.key

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return answering(_asking(self.key, site), site)


@dataclass(frozen=True, slots=True)
class _UnlessUpdated(Decorator):
    """Begins the child if the entry was written since this node looked."""

    otherwise: ClassVar[Status]

    key: str
    name: str = ""

    def __post_init__(self) -> None:
        Decorator.__post_init__(self)
        _check_key(self.key, f"{type(self).__name__}()")

    @property
    def detail(self) -> str:
        """The entry."""
        return self.key

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, was_written, otherwise = site.index, _asking(self.key, site), self.otherwise
        running = site.slot()
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            if me[running] == 1 or was_written(me):
                status = tick_child(me)
                me[running] = 1 if status is RUNNING else 0
            else:
                status = otherwise
            me[index] = status
            return status

        def halt(me: State) -> None:
            me[running] = 0
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        return Compiled(tick, halt, may_skip or otherwise is SKIPPED)


@dataclass(frozen=True, slots=True)
class SkipUnlessUpdated(_UnlessUpdated):
    """Ticks its child if the entry was written since this node looked, else SKIPPED.

    While the child is RUNNING it is ticked without asking. Answers what the child answers. Halted:
    halts the child; writes that the node has seen do not count again.

    Args:
        child: What to do after a write.
        key: The entry.
        name: For displays and errors; may be empty.

    Raises:
        TreeError: ``key`` is not a string with something in it.
    """

    otherwise: ClassVar[Status] = SKIPPED


@dataclass(frozen=True, slots=True)
class WaitValueUpdate(_UnlessUpdated):
    """As ``SkipUnlessUpdated``, but RUNNING as long as the entry was not written."""

    otherwise: ClassVar[Status] = RUNNING


def _check_key(key: object, where: str) -> None:
    if not isinstance(key, str) or not key:
        raise TreeError(fault("key", "be a string, not empty", key, where))


def _asking(key: str, site: Site) -> Callable[[State], bool]:
    """A function that tells whether the entry was written since it was called before."""
    seen = site.watch(key)

    def was_written(me: State) -> bool:
        board = me[BLACKBOARD]
        if key not in board:
            return False
        count = board.writes.get(key, 0)
        if count == me[seen]:
            return False
        me[seen] = count
        return True

    return was_written
