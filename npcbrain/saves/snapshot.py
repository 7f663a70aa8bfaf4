"""All of a runtime between two frames: captured in the frame, packed on a thread, read again.

Invariant: a capture shares nothing with the game that may change; a ``Save`` that was read is valid
from end to end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from npcbrain.errors import SaveError, fault
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.roster import Lanes, Turns
from npcbrain.saves.container import Header, Packing, opened
from npcbrain.saves.migrations import migrated
from npcbrain.saves.people import NpcCapture, SavedNpc, read_npc
from npcbrain.saves.reader import LONGEST, Reader
from npcbrain.saves.trees import layout_data, read_layout
from npcbrain.tree.node import Program
from npcbrain.tree.saved import SavedLayout
from npcbrain.version import RELEASE

__all__ = ["Save", "SavedLane", "Snapshot", "read"]

MAX_TURNS = 3600  # of a lane: frames between two ticks
MAX_SEED_DIGITS = 400
MAX_NAMED = 3  # of those about whom a note is


class Snapshot(NamedTuple):
    """A runtime between two frames.

    Attributes:
        frame: Updates so far.
        seed: Where all randomness comes from.
        model: The model's digest; empty without one.
        people: Everybody, in order.
        npcs: The same, as those whom ``turns`` names.
        turns: Who is due when.
        with_data: Names of those who have ``npc.data``, which is the game's and not saved.
    """

    frame: int
    seed: int
    model: str
    people: list[NpcCapture]
    npcs: list[Npc]
    turns: Turns
    with_data: list[str]

    def notes(self) -> list[str]:
        """What is not in it, a sentence each."""
        notes = [
            f"leaf {path} of npc {one.name!r} begins anew: its on_save saves nothing of its handle"
            for one in self.people
            for path in one.tree.dropped
        ]
        if self.with_data:
            names = ", ".join(map(repr, self.with_data[:MAX_NAMED]))
            more = "" if len(self.with_data) <= MAX_NAMED else ", ..."
            notes.append(f"npc.data of {len(self.with_data)} is not saved: {names}{more}")
        return notes

    def packed(self, rest: Callable[[], object]) -> bytes:
        """The bytes of a save.

        Args:
            rest: Called after each NPC: the game's thread may want the interpreter.
        """
        layouts: dict[int, int] = {}
        programs: list[Program] = []
        for one in self.people:
            if id(one.program) not in layouts:
                layouts[id(one.program)] = len(programs)
                programs.append(one.program)
        numbers = {npc: number for number, npc in enumerate(self.npcs)}
        packing = Packing()
        packing.begin_map(6)
        for key, value in (
            ("npcbrain", RELEASE),
            ("frame", self.frame),
            ("seed", str(self.seed)),
            ("turns", _turns_data(self.turns, numbers)),
            ("layouts", [layout_data(program) for program in programs]),
        ):
            packing.add(key)
            packing.add(value)
        packing.add("npcs")
        packing.begin_list(len(self.people))
        for one in self.people:
            packing.add(one.data(layouts))
            rest()
        return packing.sealed(self.model)


def _turns_data(turns: Turns, numbers: dict[Npc, int]) -> list[Any]:
    def lanes(lanes: Lanes) -> list[Any]:
        return [
            [num_frames, next_turn, [[numbers[npc], turn] for npc, turn in line]]
            for num_frames, next_turn, line in lanes
        ]

    return [lanes(turns.due), lanes(turns.sweep), [numbers[npc] for npc in turns.listening]]


class SavedLane(NamedTuple):
    """Those who are due in one of so many frames; see ``Cadence.lanes``."""

    num_frames: int
    next_turn: int
    members: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Save:
    """What a file holds, checked.

    Attributes:
        header: Its first bytes.
        npcbrain: The version that wrote it.
        frame: Updates until then.
        seed: Where all randomness comes from.
        due: Who is ticked when, by number.
        sweep: Who is listened to when, whatever happens, by number.
        listening: Who is listened to now, by number.
        layouts: Of the definitions of trees.
        npcs: Everybody, in order.
    """

    header: Header
    npcbrain: str
    frame: int
    seed: int
    due: list[SavedLane]
    sweep: list[SavedLane]
    listening: list[int]
    layouts: list[SavedLayout]
    npcs: list[SavedNpc]


def read(content: bytes, where: str) -> Save:
    """What the bytes of a save hold.

    Args:
        content: The file.
        where: Its path, for messages.

    Raises:
        SaveError: It is damaged, is no save, or holds what a save cannot.
    """
    header, data = opened(content, where)
    try:
        data = migrated(data, header.version)
        return _read(header, Reader(data))
    except SaveError as error:
        raise SaveError(f"{where}: {error}") from error


def _read(header: Header, root: Reader) -> Save:
    seed = root.field("seed").text()
    digits = seed.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > MAX_SEED_DIGITS:
        raise root.field("seed").wrong("be digits")
    npcs = [read_npc(item) for item in root.field("npcs").items()]
    names: set[str] = set()
    for npc in npcs:
        if npc.name in names:
            raise SaveError(fault("name", "be one person's", npc.name, "$.npcs"))
        names.add(npc.name)
    due, sweep, listening = root.field("turns").items(3)
    last = len(npcs) - 1
    return Save(
        header,
        root.field("npcbrain").text(),
        root.field("frame").whole(0, LONGEST),
        int(seed),
        _read_lanes(due, last),
        _read_lanes(sweep, last),
        [number.whole(0, last) for number in listening.items()],
        [read_layout(layout) for layout in root.field("layouts").items()],
        npcs,
    )


def _read_lanes(reader: Reader, last: int) -> list[SavedLane]:
    lanes: list[SavedLane] = []
    known: set[int] = set()
    for item in reader.items():
        frames, turn, members = item.items(3)
        num_frames = frames.whole(1, MAX_TURNS)
        if num_frames in {lane.num_frames for lane in lanes}:
            raise frames.wrong("be another than before")
        pairs = []
        for member in members.items():
            number, its_turn = member.items(2)
            pairs.append((number.whole(0, last), its_turn.whole(0, num_frames - 1)))
            if pairs[-1][0] in known:
                raise number.wrong("be of somebody without a turn")
            known.add(pairs[-1][0])
        lanes.append(SavedLane(num_frames, turn.whole(0, num_frames - 1), pairs))
    return lanes
