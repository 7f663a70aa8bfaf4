"""Who is due in which frame: everybody, or those far away in turns.

It counts frames and ticks nobody. Invariant: a member that is due in one of n frames is
due in exactly one of any n in a row, and frames share members of one n evenly.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

__all__ = ["Cadence"]

M = TypeVar("M", bound=Hashable)


class Cadence(Generic[M]):
    """Members, each due in one of so many frames.

    A frame costs nothing for those who are not due. ``put`` and ``remove`` take microseconds, and
    the next frame in which that turn comes builds its line anew.

    >>> cadence = Cadence[str]()
    >>> for name, num_frames in [("near", 1), ("far", 2), ("farther", 2)]:
    ...     cadence.put(name, num_frames)
    >>> [[name for line in cadence.due(frame) for name in line] for frame in range(3)]
    [['near', 'far'], ['near', 'farther'], ['near', 'far']]
    """

    __slots__ = ("_lanes", "_places")

    def __init__(self) -> None:
        self._lanes: dict[int, _Lane[M]] = {}
        self._places: dict[M, tuple[int, int]] = {}

    def put(self, member: M, num_frames: int) -> None:
        """Makes a member, new or not, due in one of ``num_frames`` frames, 1 or more."""
        place = self._places.get(member)
        if place is not None and place[0] == num_frames:
            return
        self.remove(member)
        lane = self._lanes.get(num_frames)
        if lane is None:
            lane = self._lanes[num_frames] = _Lane(num_frames)
        self._places[member] = num_frames, lane.add(member)

    def remove(self, member: M) -> None:
        """Makes a member due no more; nothing happens if it is none."""
        place = self._places.pop(member, None)
        if place is not None:
            lane = self._lanes[place[0]]
            lane.drop(member, place[1])
            if not lane.num_members:
                del self._lanes[place[0]]

    def lanes(self) -> list[tuple[int, int, list[tuple[M, int]]]]:
        """All there is: of each number of frames, which turn is next, and who has which turn."""
        return [
            (num_frames, lane.next_turn, lane.turns()) for num_frames, lane in self._lanes.items()
        ]

    def restore(self, lanes: Iterable[tuple[int, int, Iterable[tuple[M, int]]]]) -> None:
        """Begins anew with what ``lanes`` gave; whoever stands in it twice is due once."""
        self._lanes.clear()
        self._places.clear()
        for num_frames, next_turn, turns in lanes:
            lane = _Lane[M](num_frames)
            for member, turn in turns:
                if member not in self._places:
                    lane.put(member, turn)
                    self._places[member] = num_frames, turn
            lane.next_turn = next_turn
            if lane.num_members:
                self._lanes[num_frames] = lane

    def due(self, frame: int) -> Iterator[tuple[M, ...]]:
        """Lines of those who are due in a frame; members may not change while they are read."""
        for num_frames, lane in self._lanes.items():
            yield lane.line(frame % num_frames)


class _Lane(Generic[M]):
    """Members of one cadence, spread over its turns."""

    __slots__ = ("_lines", "_turns", "next_turn", "num_members")

    def __init__(self, num_turns: int) -> None:
        self._turns: list[dict[M, None]] = [{} for _ in range(num_turns)]
        self._lines: list[tuple[M, ...] | None] = [None] * num_turns
        self.next_turn = 0
        self.num_members = 0

    def add(self, member: M) -> int:
        """Gives a member a turn: of the next two in order, the one with fewer members."""
        turns, num_turns = self._turns, len(self._turns)
        first = self.next_turn
        second = (first + 1) % num_turns
        turn = second if len(turns[second]) < len(turns[first]) else first
        self.next_turn = (turn + 1) % num_turns
        self.put(member, turn)
        return turn

    def put(self, member: M, turn: int) -> None:
        """Gives a member a certain turn."""
        self._turns[turn][member] = None
        self._lines[turn] = None
        self.num_members += 1

    def turns(self) -> list[tuple[M, int]]:
        """Who has which turn; of one turn, in the order in which they came."""
        return [(member, turn) for turn, line in enumerate(self._turns) for member in line]

    def drop(self, member: M, turn: int) -> None:
        """Takes a member out."""
        del self._turns[turn][member]
        self._lines[turn] = None
        self.num_members -= 1

    def line(self, turn: int) -> tuple[M, ...]:
        """The members of a turn in the order in which they came."""
        line = self._lines[turn]
        if line is None:
            line = self._lines[turn] = tuple(self._turns[turn])
        return line
