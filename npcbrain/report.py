"""What one call of ``Runtime.update`` did: the times, the steps, the decisions.

Plain numbers for a HUD, a log or a test; nothing is decided here. Invariant: running over budget,
out of time or out of room is reported here and never raised.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from npcbrain.clock import NS_PER_MS
from npcbrain.situation import Decision

__all__ = ["NO_LIMIT_NS", "FrameReport"]

NO_LIMIT_NS = 1 << 62  # an unlimited budget (146 years), small enough to be added to a clock's time


@dataclass(slots=True)
class FrameReport:
    """One frame, in numbers.

    Attributes:
        frame: Counts calls of ``Runtime.update`` from 0.
        budget_ns: The time that the game granted; ``NO_LIMIT_NS`` if it set no limit.
        used_ns: The wall time that the call took.
        stolen_ns: The part of it in which this thread had no core, because other programs, other
            threads of the game or the system used it; None if the platform cannot tell.
        trees_ns: The part of it spent in behaviour trees.
        prompts_ns: The part of it spent on choosing, and on making prompts and grammars.
        choosing_ns: The part of ``prompts_ns`` spent in steps of the model's chooser.
        warming_ns: The part of it spent on work that nobody waits for; see ``Runtime.warm``.
        scheduling_ns: The part of it spent on ranking, pricing and refusing requests.
        reading_ns: The part of ``model_ns`` in which prompts were read.
        model_ns: The part of it spent in steps of the language model. With ``overlap``, this and
            the five before it tell of the worker's time since the last call, which is no part of
            it.
        num_steps: Steps of the language model.
        largest_step_ns: The longest of them and of the chooser's; what a frame risks at the very
            least.
        braked: Steps that took so long that they were stopped, to be run again; in ``num_steps``.
        num_tokens: Answer tokens sampled (those that the grammar forced are not sampled).
        num_recalled: Answers that were known from the same question, and cost nothing.
        num_thinking: Requests that held a slot when the frame ended.
        num_waiting: Requests that waited for one.
        decisions: ``(npc name, decision)`` for each answer that landed in this frame.
        fallbacks: ``(npc name, reason)`` for each request that was left to its tree.
        faults: A sentence for each failure in the model's steps: for requests that failed with
            ``engine_error``, and for choices that were left to the language model.
    """

    frame: int = 0
    budget_ns: int = 0
    used_ns: int = 0
    stolen_ns: int | None = None
    trees_ns: int = 0
    prompts_ns: int = 0
    choosing_ns: int = 0
    warming_ns: int = 0
    scheduling_ns: int = 0
    reading_ns: int = 0
    model_ns: int = 0
    num_steps: int = 0
    largest_step_ns: int = 0
    braked: int = 0
    num_tokens: int = 0
    num_recalled: int = 0
    num_thinking: int = 0
    num_waiting: int = 0
    decisions: list[tuple[str, Decision]] = field(default_factory=list)
    fallbacks: list[tuple[str, str]] = field(default_factory=list)
    faults: tuple[str, ...] = ()  # nearly always empty, so a frame makes no list

    @property
    def over_budget_ns(self) -> int:
        """How far the call ran past its budget; 0 if it did not."""
        return max(0, self.used_ns - max(0, self.budget_ns))

    @property
    def over_by_us_ns(self) -> int:
        """The part of ``over_budget_ns`` that is npcbrain's own fault, not stolen time."""
        return max(0, self.over_budget_ns - (self.stolen_ns or 0))

    @property
    def writing_ns(self) -> int:
        """The part of ``model_ns`` in which answers were written."""
        return self.model_ns - self.reading_ns

    def add_step(self, took_ns: int, num_tokens: int, *, reads: bool = False) -> None:
        """Counts one step of the model.

        Args:
            took_ns: Wall time.
            num_tokens: Answer tokens that it sampled.
            reads: Whether it read a prompt, rather than wrote an answer.
        """
        self.num_steps += 1
        self.model_ns += took_ns
        if reads:
            self.reading_ns += took_ns
        self.num_tokens += num_tokens
        if took_ns > self.largest_step_ns:
            self.largest_step_ns = took_ns

    def add_choosing(self, took_ns: int, largest_ns: int) -> None:
        """Counts steps of the chooser.

        Args:
            took_ns: Wall time of all.
            largest_ns: Of the longest.
        """
        self.choosing_ns += took_ns
        if largest_ns > self.largest_step_ns:
            self.largest_step_ns = largest_ns

    def absorb(self, other: FrameReport) -> None:
        """Adds another report's steps and counts: what the model did on another thread."""
        self.prompts_ns += other.prompts_ns
        self.choosing_ns += other.choosing_ns
        self.warming_ns += other.warming_ns
        self.scheduling_ns += other.scheduling_ns
        self.reading_ns += other.reading_ns
        self.model_ns += other.model_ns
        self.num_steps += other.num_steps
        self.largest_step_ns = max(self.largest_step_ns, other.largest_step_ns)
        self.braked += other.braked
        self.num_tokens += other.num_tokens
        self.num_recalled += other.num_recalled
        self.faults += other.faults
        self.num_thinking, self.num_waiting = other.num_thinking, other.num_waiting

    def __str__(self) -> str:
        """One line for a log.

        >>> print(FrameReport(frame=7, budget_ns=4_000_000, used_ns=3_100_000, num_waiting=2))
        frame 7: 3.10 of 4.00 ms, model 0.00 in 0 steps, 0 tokens, 0 thinking, 2 waiting
        """
        budget = "no limit" if self.budget_ns >= NO_LIMIT_NS else f"{_ms(self.budget_ns)} ms"
        line = (
            f"frame {self.frame}: {_ms(self.used_ns)} of {budget}, "
            f"model {_ms(self.model_ns)} in {self.num_steps} steps, {self.num_tokens} tokens, "
            f"{self.num_thinking} thinking, {self.num_waiting} waiting"
        )
        if self.braked:
            line += f", {self.braked} braked"
        if self.over_budget_ns:
            line += f", over by {_ms(self.over_budget_ns)} ms"
        return line


def _ms(time_ns: int) -> str:
    return f"{time_ns / NS_PER_MS:.2f}"
