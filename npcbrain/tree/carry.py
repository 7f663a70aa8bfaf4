"""What a running tree takes along when its definition is edited.

Used by ``Tree.adopt`` and for saved games. Invariant: everything that is carried fits: every int
is within the limits of its new place, and no node is RUNNING that its parent does not know of.
"""

from __future__ import annotations

from typing import Protocol

from npcbrain.tree.node import FIRST, NodeInfo, Program, Slot, State

__all__ = ["Layout", "carried", "kept_nodes", "signatures", "slots_of"]

Signature = tuple[object, ...]


class Layout(Protocol):
    """Which nodes there are, and what they remember; a ``Program`` is one."""

    @property
    def infos(self) -> tuple[NodeInfo, ...]:
        """Where each node stands, parents before children."""
        ...

    @property
    def slots(self) -> tuple[Slot, ...]:
        """What nodes remember."""
        ...


def kept_nodes(old: Layout, new: Layout) -> set[int]:
    """The nodes that go on as if nothing had happened, by their numbers in the old program."""
    before, after = signatures(old), signatures(new)
    kept_paths: set[str] = set()
    kept: set[int] = set()
    for number, info in enumerate(old.infos):
        parent = info.path.rpartition("/")[0]
        if (not parent or parent in kept_paths) and before[info.path] == after.get(info.path):
            kept.add(number)
            kept_paths.add(info.path)
    return kept


def carried(old: Program, new: Program, me: State, kept: set[int]) -> State:
    """The state of the new program; the old tree must have halted every node that is not kept."""
    after = new.start(me[0], me[1])
    after[2] = me[2]
    before, now = signatures(old), signatures(new)
    slots = slots_of(old)
    numbers = {info.path: number for number, info in enumerate(new.infos)}
    for path, places in slots_of(new).items():
        if before.get(path) == now[path]:
            for source, target in zip(slots[path], places, strict=True):
                after[target.at] = me[source.at]
    lives: dict[str, list[object]] = {}
    for at, _, path in old.live:
        lives.setdefault(path, []).append(me[at])
    for number in kept:
        path = old.infos[number].path
        after[FIRST + numbers[path]] = me[FIRST + number]
    kept_paths = {old.infos[number].path for number in kept}
    for at, _, path in new.live:
        if path in kept_paths and hasattr(after[at], "carry"):
            for earlier in lives.get(path, []):
                if type(earlier) is type(after[at]):
                    after[at].carry(earlier)
    return after


def signatures(program: Layout) -> dict[str, Signature]:
    """By path, all that must be equal for a node's memory to mean the same."""
    children: dict[str, list[tuple[str, str]]] = {info.path: [] for info in program.infos}
    for info in program.infos[1:]:
        children[info.path.rpartition("/")[0]].append((info.kind, info.name))
    slots = slots_of(program)
    return {
        info.path: (
            info.kind,
            info.name,
            tuple(children[info.path]),
            tuple(
                (slot.low, slot.high, slot.is_moment, slot.watched)
                for slot in slots.get(info.path, [])
            ),
        )
        for info in program.infos
    }


def slots_of(program: Layout) -> dict[str, list[Slot]]:
    """What nodes remember, by path."""
    slots: dict[str, list[Slot]] = {}
    for slot in program.slots:
        slots.setdefault(slot.path, []).append(slot)
    return slots
