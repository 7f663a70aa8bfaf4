"""Keeps account of requests: each that was taken on ends once."""

from __future__ import annotations

from collections import Counter

from npcbrain.engine.contract import GenerationLike
from npcbrain.scheduling.request import Request
from npcbrain.scheduling.scheduler import Scheduler

__all__ = ["Ledger"]


class Ledger:
    """Watches one scheduler.

    Attributes:
        num_submitted: Requests so far.
        ended: How often each of those that ended more than once, or unknown, did.
        num_ended: Requests that ended.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.num_submitted = 0
        self.num_ended = 0
        self.ended: Counter[int] = Counter()
        self._live: set[int] = set()
        self._scheduler = scheduler
        requests = scheduler._requests
        take, take_out = scheduler.take, requests._take_out

        def counted_take(request: Request, generation: GenerationLike) -> None:
            take(request, generation)
            self.num_submitted += 1
            self._live.add(request.number)

        def counted_take_out(request: Request) -> None:
            if request.number in self._live:
                self._live.remove(request.number)
                self.num_ended += 1
            else:
                self.ended[request.number] += 1
            take_out(request)

        scheduler.take = counted_take  # type: ignore[method-assign]
        requests._take_out = counted_take_out  # type: ignore[method-assign]

    @property
    def is_right(self) -> bool:
        """Whether nothing ended twice, and what has not ended is still there."""
        alive = self._scheduler.num_thinking + self._scheduler.num_waiting
        return not self.ended and len(self._live) == alive
