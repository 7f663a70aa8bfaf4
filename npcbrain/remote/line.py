"""The queue in front of a server: which question is next, and which would be answered too late.

Numbers in, decisions out: no clock, no connection. Invariant: a question is refused before it is
sent, never after; and after a whole search none waits whose answer would come too late, as far as
is known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

__all__ = ["Line"]

MIN_ANSWERS = 4  # that must be known before any question is refused
MAX_SEARCHED = 64  # questions in one call of ``crowded_out``
SHARE = 0.2  # the weight of each new answer in the typical time


class Waiting(Protocol):
    """A question in the queue.

    Attributes:
        rank: The smallest is the next.
        number: Breaks ties.
        deadline_ns: From then on the answer is worth nothing.
        is_over: Whether nobody waits for the answer any more.
    """

    rank: int
    number: int
    deadline_ns: int
    is_over: bool


W = TypeVar("W", bound=Waiting)


class Line(Generic[W]):
    """The waiting questions, the most urgent first.

    They stand in order, so that coming and going take few comparisons however many wait, and nobody
    has to rank them all.

    Attributes:
        limit: How many are asked at once.
        is_half_searched: Whether ``crowded_out`` has more to do.
    """

    __slots__ = ("_at", "_entries", "_num_answers", "_typical_ns", "is_half_searched", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.is_half_searched = False
        self._entries: list[tuple[int, int, W]] = []
        self._at = 0  # where the search for late questions goes on
        self._num_answers = 0
        self._typical_ns = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def typical_ns(self) -> int:
        """How long an answer takes once the server is asked; 0 as long as that is not known."""
        return round(self._typical_ns) if self._num_answers >= MIN_ANSWERS else 0

    def learn(self, took_ns: int) -> None:
        """Learns how long an answer took, from the request to the part that was waited for."""
        share = max(SHARE, 1.0 / (1 + self._num_answers))
        self._typical_ns += share * (took_ns - self._typical_ns)
        self._num_answers += 1

    def join(self, waiting: W) -> None:
        """Puts a question into the queue."""
        at = bisect_left(self._entries, (waiting.rank, waiting.number))
        self._entries.insert(at, (waiting.rank, waiting.number, waiting))
        self._at += at < self._at

    def leave(self, waiting: W) -> None:
        """Takes a question out, if it is in the queue."""
        # A pair sorts before the triple that begins with it, so this is where it would stand.
        at = bisect_left(self._entries, (waiting.rank, waiting.number))
        if at < len(self._entries) and self._entries[at][2] is waiting:
            del self._entries[at]
            self._at -= at < self._at

    def next(self, now_ns: int, num_running: int) -> tuple[W | None, list[W]]:
        """The question to send now, and the ones to refuse because they would be late.

        If the server is idle, one question is sent even if it looks late: otherwise a slow server
        would never be tried, and so never measured, again.
        """
        late: list[W] = []
        while self._entries and num_running < self.limit:
            waiting = self._entries.pop(0)[2]
            self._at = max(0, self._at - 1)
            if waiting.is_over:
                continue
            if not num_running or now_ns + self.typical_ns <= waiting.deadline_ns:
                return waiting, late
            late.append(waiting)
        return None, late

    def crowded_out(self, now_ns: int, num_running: int) -> list[W]:
        """Takes out and returns questions that would be late, by an answer's typical time.

        A call looks at ``MAX_SEARCHED`` questions and the next one goes on behind them, so that no
        call takes long; a search is over when ``is_half_searched`` is False.
        """
        typical_ns, at = self.typical_ns, self._at
        if not typical_ns or num_running + len(self._entries) <= self.limit:
            self._at, self.is_half_searched = 0, False
            return []
        late: list[W] = []
        stay: list[tuple[int, int, W]] = []
        end = at + MAX_SEARCHED
        for entry in self._entries[at:end]:
            waiting = entry[2]
            if waiting.is_over:
                continue
            num_before = max(0, num_running + at + len(stay) + 1 - self.limit)
            wait_ns = typical_ns * num_before // self.limit
            if now_ns + wait_ns + typical_ns > waiting.deadline_ns:
                late.append(waiting)
            else:
                stay.append(entry)
        self.is_half_searched = end < len(self._entries)
        self._entries[at:end] = stay
        self._at = at + len(stay) if self.is_half_searched else 0
        return late

    def clear(self) -> Iterator[W]:
        """Takes out all questions."""
        entries, self._entries = self._entries, []
        self._at, self.is_half_searched = 0, False
        return (entry[2] for entry in entries if not entry[2].is_over)
