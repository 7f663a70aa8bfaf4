"""One answer somebody waits for, and where it is in its life.

Data only: the scheduler changes it, ``policy`` ranks it.
Invariant: a request ends once, DONE without a reason or FAILED with one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from npcbrain.engine.contract import GenerationLike
from npcbrain.errors import EngineError

__all__ = ["Extent", "Request", "State"]


class State(Enum):
    """Where a request is in its life."""

    WAITING = "waiting"  # for a slot
    THINKING = "thinking"
    DONE = "done"
    FAILED = "failed"


class Extent(Enum):
    """How much of an answer somebody waits for."""

    DEED = "deed"  # an action and its arguments; nothing more is written
    DECIDED = "decided"  # these in time; the words may come later
    WHOLE = "whole"  # the last word in time


@dataclass(slots=True, eq=False)
class Request:
    """One answer somebody waits for.

    Attributes:
        name: Who asks.
        generation: The answer being written.
        created_ns: When it was submitted.
        deadline_ns: From when on the answer is worth nothing.
        priority: Above 0; twice as much halves the time it seems to have left.
        number: Counts submissions; breaks ties.
        extent: How much of the answer must be there by the deadline.
        decided: Whether its action is known, as far as the scheduler was told.
        state: Where it is in its life.
        reason: Why it failed, a ``Reason`` or a canceller's own word. Empty otherwise.
        error: What the engine raised, with reason ``engine_error``.
        urgency_ns: Its rank in this frame, see ``policy.urgency_ns``.
        on_trial: Let through against the prediction, to learn whether that still holds.
    """

    name: str
    generation: GenerationLike
    created_ns: int
    deadline_ns: int
    priority: float
    number: int
    extent: Extent = Extent.WHOLE
    decided: bool = False
    state: State = State.WAITING
    reason: str = ""
    error: EngineError | None = None
    urgency_ns: int = 0
    on_trial: bool = False

    @property
    def served(self) -> bool:
        """Whether what is waited for is there, though the rest is still being written."""
        return self.decided and self.extent is not Extent.WHOLE

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state is State.DONE or self.state is State.FAILED
