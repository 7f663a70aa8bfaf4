"""What a saved game keeps of a tree, and how a tree goes on from it, edited or not.

``Tree.state`` and ``restore`` are for a tree that has not changed; a saved game outlives edits, so
it keeps names along with numbers. Invariant: everything that is taken on fits: every int is within
the limits of its place, and no node is RUNNING that its parent does not know of.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from npcbrain.errors import TreeError
from npcbrain.tree.blackboard import WatchedBlackboard
from npcbrain.tree.carry import kept_nodes, signatures, slots_of
from npcbrain.tree.node import FIRST, NEVER_NS, NodeInfo, Program, Slot
from npcbrain.tree.stateful import Context
from npcbrain.tree.status import Status
from npcbrain.tree.tree import Tree

__all__ = ["Capture", "SavedLayout", "capture", "go_on", "program_at_work"]


class SavedLayout(NamedTuple):
    """Which nodes a saved tree had, and what they remembered; see ``Layout``."""

    infos: tuple[NodeInfo, ...]
    slots: tuple[Slot, ...]


class Capture(NamedTuple):
    """A tree between two ticks, taken in microseconds.

    Attributes:
        program: What it runs; shared by all trees of its definition.
        me: A copy of all it remembers.
        now_ns: When, by the tree's clock.
        writes: How often each watched entry had been written.
        live: What leaves and loops save of their own, by path.
        dropped: Paths of leaves and branches that have a handle and save nothing of it.
    """

    program: Program
    me: list[Any]
    now_ns: int
    writes: dict[str, int]
    live: list[tuple[str, object]]
    dropped: list[str]

    def statuses(self) -> bytes:
        """The answer of each node at the last tick."""
        return bytes(self.me[FIRST : FIRST + len(self.program.infos)])

    def numbers(self) -> list[int]:
        """What nodes remember; moments relative to now, so that they mean the same elsewhere."""
        return [self._number(slot) for slot in self.program.slots]

    def _number(self, slot: Slot) -> int:
        value: int = self.me[slot.at]
        if slot.watched:
            return int(value != self.writes.get(slot.watched, 0))
        return value - self.now_ns if slot.is_moment and value != NEVER_NS else int(value)


def program_at_work(tree: Tree) -> Program:
    """What a tree runs."""
    return tree._program


def capture(tree: Tree, now_ns: int) -> Capture:
    """A tree between two ticks.

    Raises:
        TreeError: A game's ``on_save`` raised; it is the cause.
    """
    program, me = tree._program, tree._me
    live: list[tuple[str, object]] = []
    dropped: list[str] = []
    for at, _, path in program.live:
        one = me[at]
        # Most leaves are not at work, and have no handle to save.
        if getattr(one, "handle", one) is not None and hasattr(one, "saved"):
            try:
                data = one.saved()
            except Exception as error:
                raise TreeError(f"on_save must not raise, got {error!r} - at {path}") from error
            if data is not None:
                live.append((path, data))
            elif isinstance(one, Context):
                dropped.append(path)
    # Only a blackboard that nodes watch counts how often it is written.
    board = tree.blackboard
    writes = dict(board.writes) if isinstance(board, WatchedBlackboard) else {}
    return Capture(program, me[:], now_ns, writes, live, dropped)


def go_on(
    tree: Tree,
    layout: SavedLayout,
    statuses: list[Status],
    numbers: list[int],
    live: dict[str, object],
    now_ns: int,
) -> tuple[int, Exception | None]:
    """Makes a tree, halted before, go on from where a saved one was.

    Nodes are matched as in ``Tree.adopt``: by path, kind and name, and by those of their children.
    Nodes without a match begin anew. The blackboard must have been restored before.

    Args:
        tree: The tree that is to go on.
        layout: The layout of the saved tree.
        statuses: One for each node of the saved tree.
        numbers: One for each of its slots, within the slot's limits.
        live: What leaves and loops saved of their own, by path.
        now_ns: By the tree's clock.

    Returns:
        How many of the tree's nodes begin anew, and the first error of the game's code.
    """
    program, me = tree._program, tree._me
    for key, value in program.entries.items():
        tree.blackboard.setdefault(key, value)
    kept = {layout.infos[number].path: number for number in kept_nodes(layout, program)}
    before, now = signatures(layout), signatures(program)
    alike = {path for path, signature in now.items() if before.get(path) == signature}
    saved: dict[str, list[int]] = {}
    for slot, number in zip(layout.slots, numbers, strict=True):
        saved.setdefault(slot.path, []).append(number)
    for path, slots in slots_of(program).items():
        if path in alike:
            for slot, number in zip(slots, saved[path], strict=True):
                me[slot.at] = _restored(slot, number, tree, now_ns)
    first: Exception | None = None
    for number, info in enumerate(program.infos):
        if info.path in kept:
            me[FIRST + number] = statuses[kept[info.path]]
        elif info.path in alike:  # keeps only what outlasts a halt, such as cooldowns
            try:
                program.halts[number](me)
            except Exception as error:
                first = first or error
    for at, _, path in program.live:
        if path in kept and path in live and hasattr(me[at], "load"):
            try:
                me[at].load(live[path])
            except Exception as error:
                error.add_note(f"in on_load at {path}")
                first = first or error
    return len(program.infos) - len(kept), first


def _restored(slot: Slot, number: int, tree: Tree, now_ns: int) -> int:
    if slot.watched:
        return -1 if number else tree.blackboard.writes.get(slot.watched, 0)
    return number + now_ns if slot.is_moment and number != NEVER_NS else number
