"""``Requests``: all that live, and which of them hold a slot.

Bookkeeping: who is served and who must go is the scheduler's to say. Invariant: for as long as it
lives, a request is in the one list that its state names; it ends once, and its slot is free then.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from operator import attrgetter

from npcbrain.engine.contract import EngineLike, GenerationLike
from npcbrain.errors import EngineError
from npcbrain.reasons import Reason
from npcbrain.scheduling.policy import SERVED_NS, urgency_ns
from npcbrain.scheduling.request import Request, State

__all__ = ["Requests"]

RANK = attrgetter("urgency_ns", "number")


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
        """It waits for a slot."""
        self._by_generation[id(request.generation)] = request
        self.waiting.append(request)

    def begin(self, request: Request) -> None:
        """It waited, and its generation has been given a slot."""
        self.waiting.remove(request)
        request.state = State.THINKING
        insort(self.thinking, request, key=RANK)

    def finish(self, request: Request) -> None:
        """Its answer is there."""
        self._end(request, State.DONE)

    def fail(self, request: Request, reason: str, error: EngineError | None = None) -> None:
        """It ends without its answer, for this reason."""
        request.reason, request.error = reason, error
        self._end(request, State.FAILED)

    def rank(self, now_ns: int) -> None:
        """Sorts both lists; whoever has what is waited for ranks behind the others."""
        for request in self:
            request.urgency_ns = urgency_ns(
                now_ns, request.created_ns, request.deadline_ns, request.priority
            )
            if request.served:
                request.urgency_ns += SERVED_NS
        self.thinking.sort(key=RANK)
        self.waiting.sort(key=RANK)

    def abandon(self) -> None:
        """Ends all, though an interrupt may have left any list half changed."""
        for request in {id(one): one for one in (*self, *self.thinking)}.values():
            request.reason, request.state = request.reason or Reason.CANCELLED, State.FAILED
            self._engine.close(request.generation)
        self.thinking.clear()
        self.waiting.clear()
        self._by_generation.clear()

    def _end(self, request: Request, state: State) -> None:
        if request.state is State.THINKING:
            self.thinking.remove(request)
            self._engine.close(request.generation)
        else:
            self.waiting.remove(request)
        request.state = state
        del self._by_generation[id(request.generation)]
