"""``Requests``: all that are prepared and live, and which of them hold a slot.

Bookkeeping: who is served and who must go is the scheduler's to say. Invariant: for as long as it
lives, a request is in the one list that its state names; when it ends, its slot is free. One that
is still being prepared is in no list here, but in the line of whoever prepares it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from operator import attrgetter
from typing import TypeVar

from npcbrain.engine.contract import EngineLike, GenerationLike
from npcbrain.errors import EngineError
from npcbrain.reasons import Reason
from npcbrain.scheduling.policy import SERVED_NS, urgency_ns
from npcbrain.scheduling.request import Request, State

__all__ = ["Requests", "rank"]

RANK = attrgetter("urgency_ns", "number")

AnyRequest = TypeVar("AnyRequest", bound=Request)


class Requests:
    """The requests of one engine, in the order in which they came.

    Attributes:
        thinking: Those that hold a slot, most urgent first.
        waiting: Those that wait for one, most urgent first.
    """

    def __init__(self, engine: EngineLike) -> None:
        self.thinking: list[Request] = []
        self.waiting: list[Request] = []
        self._by_generation: dict[int, Request] = {}
        self._engine = engine

    def __len__(self) -> int:
        return len(self._by_generation)

    def __contains__(self, request: object) -> bool:
        return request in self._by_generation.values()

    def __iter__(self) -> Iterator[Request]:
        return iter(self._by_generation.values())

    def find(self, generation: GenerationLike) -> Request | None:
        """The request whose answer this is, while it lives."""
        return self._by_generation.get(id(generation))

    def add(self, request: Request) -> None:
        """It is prepared, and waits for a slot."""
        self._by_generation[id(request.generation)] = request
        self.waiting.append(request)
        request.move(State.WAITING)

    def begin(self, request: Request) -> None:
        """It waited, and its generation has been given a slot."""
        self.waiting.remove(request)
        request.move(State.THINKING)
        insort(self.thinking, request, key=RANK)

    def finish(self, request: Request) -> None:
        """Its answer is there."""
        self._take_out(request)
        request.move(State.DONE)
        del self._by_generation[id(request.generation)]

    def fail(self, request: Request, reason: str, error: EngineError | None = None) -> None:
        """It ends without its answer, for this reason."""
        is_here = not request.in_preparation
        if is_here:
            self._take_out(request)
        request.fail(reason, error)
        if is_here:
            del self._by_generation[id(request.generation)]

    def rank(self, now_ns: int) -> None:
        """Sorts both lists, see ``rank``."""
        rank(self.thinking, now_ns)
        rank(self.waiting, now_ns)

    def abandon(self) -> None:
        """Ends all, though an interrupt may have left any list half changed."""
        for request in {id(one): one for one in (*self, *self.thinking)}.values():
            if not request.done:
                request.fail(Reason.CANCELLED)
            self._engine.close(request.generation)
        self.thinking.clear()
        self.waiting.clear()
        self._by_generation.clear()

    def _take_out(self, request: Request) -> None:
        """It ends, and its slot is given back."""
        if request.state is State.THINKING:
            self.thinking.remove(request)
            self._engine.close(request.generation)
        else:
            self.waiting.remove(request)


def rank(line: list[AnyRequest], now_ns: int) -> None:
    """Sorts a line, most urgent first; whoever has what is waited for ranks behind the others."""
    for request in line:
        request.urgency_ns = urgency_ns(
            now_ns, request.created_ns, request.deadline_ns, request.priority
        )
        if request.served:
            request.urgency_ns += SERVED_NS
    line.sort(key=RANK)
