"""``Request``: one answer that somebody waits for, from asking to its end.

Data and the way from one state to the next: whoever prepares it and the scheduler move it on,
``verdicts`` fails it for want of time, ``policy`` ranks it. Invariant: a request goes the ways of
``NEXT`` only; so it ends once, DONE without a reason or FAILED with one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

from npcbrain.engine.contract import GenerationLike
from npcbrain.errors import EngineError, fault

__all__ = ["UNWRITTEN", "Extent", "Request", "State", "Unwritten"]


class State(StrEnum):
    """Where a request is in its life."""

    PREPARING = "preparing"  # what to do is being chosen, or the prompt is still to be made
    WAITING = "waiting"  # for a slot
    THINKING = "thinking"
    DONE = "done"
    FAILED = "failed"


NEXT = {
    State.PREPARING: (State.WAITING, State.DONE, State.FAILED),  # done: the answer was known
    State.WAITING: (State.THINKING, State.DONE, State.FAILED),
    State.THINKING: (State.DONE, State.FAILED),
    State.DONE: (),
    State.FAILED: (),
}


class Extent(Enum):
    """How much of an answer somebody waits for."""

    DEED = "deed"  # an action and its arguments; nothing more is written
    DECIDED = "decided"  # these in time; the words may come later
    WHOLE = "whole"  # the last word in time


class Unwritten:
    """An answer that no engine is to write: none yet, or one that is known.

    Attributes:
        text: What is known of it.
        finished: Whether that is all.
        finish_reason: As an engine's answer has it.
    """

    __slots__ = ("finish_reason", "finished", "text")
    num_to_copy = 0
    num_pending = 0
    draft: Sequence[int] = ()
    context = 0
    num_generated = 0
    max_new_tokens = 0
    in_wave = False

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.finished = bool(text)
        self.finish_reason = "stop" if text else ""


UNWRITTEN = Unwritten()


@dataclass(slots=True, eq=False)
class Request:
    """One answer somebody waits for.

    Attributes:
        name: Who asks.
        generation: The answer being written; ``UNWRITTEN`` before its prompt is made.
        created_ns: When it was asked.
        deadline_ns: From when on the answer is worth nothing.
        priority: Above 0; twice as much halves the time it seems to have left.
        number: Counts those that were prepared; breaks ties. 0 before.
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
    number: int = 0
    extent: Extent = Extent.WHOLE
    decided: bool = False
    state: State = State.PREPARING
    reason: str = ""
    error: EngineError | None = None
    urgency_ns: int = 0
    on_trial: bool = False

    @property
    def in_preparation(self) -> bool:
        """Whether it is not yet in the scheduler's hands."""
        return self.state is State.PREPARING

    @property
    def served(self) -> bool:
        """Whether what is waited for is there, though the rest is still being written."""
        return self.decided and self.extent is not Extent.WHOLE

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state is State.DONE or self.state is State.FAILED

    def move(self, state: State) -> None:
        """It goes on to another state; to FAILED by ``fail`` alone."""
        assert state in NEXT[self.state], self._no_way_to(state)
        self.state = state

    def fail(self, reason: str, error: EngineError | None = None) -> None:
        """It ends without its answer, for this reason."""
        assert State.FAILED in NEXT[self.state], self._no_way_to(State.FAILED)
        # In one line: between two an interrupt may come.
        self.state, self.reason, self.error = State.FAILED, reason, error

    def _no_way_to(self, state: State) -> str:
        ways = " or ".join(NEXT[self.state])
        rule = f"be {ways} after {self.state}" if ways else f"stay {self.state}"
        return fault("state", rule, str(state), f"the request of {self.name!r}")
