"""Behaviour trees in a save: states by person, and once each what the definitions looked like.

Invariant: a state that is read has an answer for each node and a number in range for each slot of
its definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from npcbrain.saves.plain import Hook, plain, restored
from npcbrain.saves.reader import Reader
from npcbrain.tree.node import MAX_DEPTH, NEVER_NS, NodeInfo, Program, Slot
from npcbrain.tree.saved import Capture, SavedLayout
from npcbrain.tree.status import Status

__all__ = ["SavedTree", "layout_data", "live_data", "read_layout", "read_tree", "tree_data"]

RENAMED = {"Action": "Task"}  # kinds of nodes, as saves of before still call them


@dataclass(frozen=True, slots=True)
class SavedTree:
    """One person's tree.

    Attributes:
        layout: Of its definition.
        statuses: The answer of each node at the last tick.
        numbers: What nodes remember.
        live: What leaves save of their own, by path.
    """

    layout: SavedLayout
    statuses: list[Status]
    numbers: list[int]
    live: dict[str, object]


def layout_data(program: Program) -> list[Any]:
    """What a definition looks like."""
    places = {info.path: number for number, info in enumerate(program.infos)}
    slots = [
        [places[slot.path], slot.low, slot.high, slot.is_moment, slot.watched]
        for slot in program.slots
    ]
    return [[[info.path, info.kind, info.name] for info in program.infos], slots]


def read_layout(reader: Reader) -> SavedLayout:
    """The layout that ``layout_data`` made lists of."""
    nodes, slots = reader.items(2)
    infos: dict[str, NodeInfo] = {}
    for node in nodes.items():
        path, kind, name = node.items(3)
        where = path.text()
        parent, _, number = where.rpartition("/")
        is_root = where == "root" and not infos
        if where in infos or not (is_root or (parent in infos and number.isdecimal())):
            raise path.wrong("be a new node's, below one that is known")
        depth = 0 if is_root else infos[parent].depth + 1
        if depth > MAX_DEPTH:
            raise path.wrong(f"be at most {MAX_DEPTH} deep")
        infos[where] = NodeInfo(where, depth, name.text(), RENAMED.get(kind.text(), kind.text()))
    if not infos:
        raise nodes.wrong("have a root")
    paths = [*infos]
    return SavedLayout(tuple(infos.values()), tuple(_read_slot(s, paths) for s in slots.items()))


def _read_slot(reader: Reader, paths: list[str]) -> Slot:
    place, low, high, is_moment, watched = reader.items(5)
    path = paths[place.whole(0, len(paths) - 1)]
    least = low.whole(-NEVER_NS, NEVER_NS)
    most = high.whole(least, NEVER_NS)
    return Slot(-1, path, 0, least, most, is_moment.flag(), watched.text())


def tree_data(taken: Capture, number: int, live: dict[str, object]) -> list[Any]:
    """One person's tree.

    Args:
        taken: Its state.
        number: Of its definition.
        live: What leaves save of their own, by path, as ``live_data`` made it plain.
    """
    return [number, taken.statuses(), taken.numbers(), live]


def live_data(taken: Capture, where: str, hook: Hook | None) -> dict[str, object]:
    """What leaves save of their own, as plain data; in the frame, as it may change later."""
    return {path: plain(data, f"{where}.{path}", hook) for path, data in taken.live}


def read_tree(reader: Reader, layouts: list[SavedLayout], hook: Hook | None) -> SavedTree:
    """The tree that ``tree_data`` made a list of."""
    number, statuses, numbers, live = reader.items(4)
    layout = layouts[number.whole(0, len(layouts) - 1)]
    answers = statuses.data()
    if len(answers) != len(layout.infos) or any(answer >= len(Status) for answer in answers):
        raise statuses.wrong(f"be {len(layout.infos)} answers of nodes")
    slots = layout.slots
    return SavedTree(
        layout,
        [Status(answer) for answer in answers],
        [
            number.whole(slot.low, slot.high)
            for number, slot in zip(numbers.items(len(slots)), slots, strict=True)
        ],
        {path: restored(data, hook) for path, data in live.entries().items()},
    )
