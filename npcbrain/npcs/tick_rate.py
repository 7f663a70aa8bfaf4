"""Who is due in which frame: everybody, or those far away in turns.

It counts frames and ticks nobody. Invariant: a member that is due in one of n frames is
due in exactly one of any n in a row, and frames share members of one n evenly.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
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

    def due(self, frame: int) -> Iterator[tuple[M, ...]]:
        """Lines of those who are due in a frame; members may not change while they are read."""
        for num_frames, lane in self._lanes.items():
            yield lane.line(frame % num_frames)


class _Lane(Generic[M]):
    """Members of one cadence, spread over its turns."""

    __slots__ = ("_lines", "_next_turn", "_turns", "num_members")

    def __init__(self, num_turns: int) -> None:
        self._turns: list[dict[M, None]] = [{} for _ in range(num_turns)]
        self._lines: list[tuple[M, ...] | None] = [None] * num_turns
        self._next_turn = 0
        self.num_members = 0

    def add(self, member: M) -> int:
        """Gives a member a turn: of the next two in order, the one with fewer members."""
        turns, num_turns = self._turns, len(self._turns)
        first = self._next_turn
        second = (first + 1) % num_turns
        turn = second if len(turns[second]) < len(turns[first]) else first
        self._next_turn = (turn + 1) % num_turns
        turns[turn][member] = None
        self._lines[turn] = None
        self.num_members += 1
        return turn

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
