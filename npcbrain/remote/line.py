"""The queue in front of a server: which question is next, and which would be answered too late.

Numbers in, decisions out: no clock, no connection. Invariant: as far as is known, no question waits
whose answer would come too late, and a question is refused before it is sent, never after.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

__all__ = ["Line"]

MIN_ANSWERS = 4  # that must be known before any question is refused
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

    Attributes:
        limit: How many are asked at once.
    """

    __slots__ = ("_heap", "_num_answers", "_typical_ns", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._heap: list[tuple[int, int, W]] = []
        self._num_answers = 0
        self._typical_ns = 0.0

    def __len__(self) -> int:
        return len(self._heap)

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
        heapq.heappush(self._heap, (waiting.rank, waiting.number, waiting))

    def next(self, now_ns: int, num_running: int) -> tuple[W | None, list[W]]:
        """The question to send now, and the ones to refuse because they would be late.

        If the server is idle, one question is sent even if it looks late: otherwise a slow server
        would never be tried, and so never measured, again.
        """
        late: list[W] = []
        while self._heap and num_running < self.limit:
            waiting = heapq.heappop(self._heap)[2]
            if waiting.is_over:
                continue
            if not num_running or now_ns + self.typical_ns <= waiting.deadline_ns:
                return waiting, late
            late.append(waiting)
        return None, late

    def crowded_out(self, now_ns: int, num_running: int) -> list[W]:
        """Takes out and returns the questions that would be late, by an answer's typical time."""
        if not self.typical_ns or num_running + len(self._heap) <= self.limit:
            return []
        late: list[W] = []
        stay: list[W] = []
        for _, _, waiting in sorted(self._heap):
            if waiting.is_over:
                continue
            num_before = max(0, num_running + len(stay) + 1 - self.limit)
            wait_ns = self.typical_ns * num_before // self.limit
            is_late = now_ns + wait_ns + self.typical_ns > waiting.deadline_ns
            (late if is_late else stay).append(waiting)
        self._heap = [(waiting.rank, waiting.number, waiting) for waiting in stay]
        return late

    def clear(self) -> Iterator[W]:
        """Takes out all questions."""
        heap, self._heap = self._heap, []
        return (entry[2] for entry in heap if not entry[2].is_over)
