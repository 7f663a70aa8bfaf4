"""Work that is best done before anybody asks: measuring steps, and reading personas.

It fills frames in which nobody thinks. Invariant: in a frame it starts no step whose price
exceeds what is left, and it takes nothing from a thought: it measures only while nobody thinks, and
reads one persona at a time, behind everybody else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from npcbrain.asking.pending_answer import AnswerLike
from npcbrain.clock import Clock
from npcbrain.engine.contract import EngineLike, Probing
from npcbrain.errors import EngineError
from npcbrain.npcs.npc import Npc
from npcbrain.pricing.cost import CostModel
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.scheduling.scheduler import Request, Scheduler
from npcbrain.situation import Situation

__all__ = ["Warming", "read_at_once", "think"]

NUM_ROUNDS = 3  # measured, of each shape of step, after one that only warms caches
LAST_PRIORITY = 0.001  # of a persona that is read in advance


class Learning(Protocol):
    """What makes an answer whose prompt is a persona's; a ``LanguageMind``."""

    def learn(self, situation: Situation, grammar: str) -> AnswerLike | None:
        """A short answer to nobody, or None."""
        ...


class Preparing(Protocol):
    """What makes prompts of questions; a ``LanguageMind``."""

    @property
    def num_queued(self) -> int:
        """Questions that wait for it."""
        ...

    def prepare(self, deadline_ns: int) -> None:
        """Makes as many as fit until ``deadline_ns``."""
        ...

    def take_num_recalled(self) -> int:
        """How many needed none, since the last call: their answers were known."""
        ...

    def take_faults(self) -> tuple[str, ...]:
        """What went wrong since the last call."""
        ...

    def tell_choosing(self, report: FrameReport) -> None:
        """Adds what choosing took since the last call."""
        ...


class Warming:
    """What is still to be measured and read for one runtime."""

    __slots__ = (
        "_clock",
        "_context",
        "_known",
        "_mind",
        "_npcs",
        "_num_slots",
        "_prices",
        "_probing",
        "_request",
        "_scheduler",
        "_shapes",
    )

    def __init__(
        self,
        engine: EngineLike,
        prices: CostModel,
        clock: Clock,
        scheduler: Scheduler,
        mind: Learning,
        *,
        known: bool,
    ) -> None:
        """Measures nothing yet.

        Args:
            engine: What runs steps; without probes nothing is measured.
            prices: Learns what they take.
            clock: Tells how long that was.
            scheduler: The runtime's, which reads personas.
            mind: Makes their prompts.
            known: Whether ``prices`` were remembered. Each shape is then run but once, to warm
                caches; its time, a slow one, counts only if it is the best ever: then those that
                were remembered are from a busy machine.
        """
        self._probing = engine if isinstance(engine, Probing) else None
        self._num_slots = engine.num_slots
        self._prices = prices
        self._clock = clock
        self._scheduler = scheduler
        self._mind = mind
        self._known = known
        self._context = 0  # of the last probe, and so, nearly, of the next
        shapes = [] if self._probing is None else list(self._probing.probes())
        # Round by round, so that one hiccup of the machine does not hit all runs of one shape.
        rounds = range(1 if known else 1 + NUM_ROUNDS)
        self._shapes = deque((number > 0, shape) for number in rounds for shape in shapes)
        self._npcs: dict[Npc, None] = {}
        self._request: Request | None = None

    @property
    def done(self) -> bool:
        """Whether nothing is left to measure or to read."""
        return not self._shapes and not self._npcs and self._request is None

    def read(self, npc: Npc) -> None:
        """Has a persona read when there is time."""
        self._npcs[npc] = None

    def forget(self, npc: Npc) -> None:
        """It need not be read any more."""
        self._npcs.pop(npc, None)

    def measure_all(self) -> None:
        """Measures all shapes now: a quarter of a second to a second.

        Raises:
            EngineError: A step failed.
        """
        while self._shapes:
            self._measure()

    def run(self, deadline_ns: int) -> None:
        """Uses a frame up to ``deadline_ns``, if nobody thinks.

        A step that fails ends the measuring; if steps fail in play too, requests will tell.
        """
        if self.done:
            return
        self._watch_reading()
        scheduler = self._scheduler
        num_busy = scheduler.num_thinking + scheduler.num_waiting
        if not num_busy:
            self._measure_until(deadline_ns)
        if self._shapes or self._request is not None or not self._npcs:
            return
        if not scheduler.num_waiting and num_busy < max(1, self._num_slots - 1):
            npc = next(iter(self._npcs))
            self._request = _submit(npc, self._mind, scheduler)
            del self._npcs[npc]  # only now: ``done`` may be asked from another thread

    def _measure_until(self, deadline_ns: int) -> None:
        shapes, prices = self._shapes, self._prices
        is_fresh = True
        while shapes and (is_fresh or not self._scheduler.interrupted):
            kind, segment, rows = shapes[0][1]
            now_ns = self._clock.now_ns()
            # What was only remembered may be wrong; it is tried once, if in a frame of its own.
            is_tried = self._known and is_fresh and now_ns < deadline_ns
            price_ns = prices.price_ns(kind, segment, rows, self._context)
            if is_tried or now_ns + price_ns <= deadline_ns:
                try:
                    self._measure()
                except EngineError:
                    shapes.clear()
                is_fresh = False
            elif is_fresh and now_ns < deadline_ns:
                shapes.popleft()  # more than a whole frame has: play will not run it either
            else:
                return

    def _measure(self) -> None:
        counts, (kind, segment, rows) = self._shapes.popleft()
        probing, clock, prices = self._probing, self._clock, self._prices
        assert probing is not None
        started_ns = clock.now_ns()
        context = self._context = probing.probe(kind, segment, rows)
        took_ns = clock.now_ns() - started_ns
        if counts:
            prices.observe(kind, segment, rows, context, took_ns)
        elif self._known:
            prices.correct(kind, segment, rows, context, took_ns)

    def _watch_reading(self) -> None:
        """Ends a reading whose prefix is kept: its answer is for nobody."""
        request = self._request
        if request is None:
            return
        generation = request.generation
        if not request.done and generation.num_generated and not generation.num_to_copy:
            self._scheduler.cancel(request)
        if request.done:
            self._request = None


def think(
    mind: Preparing,
    warming: Warming,
    scheduler: Scheduler,
    clock: Clock,
    deadline_ns: int,
    report: FrameReport,
) -> None:
    """The model's share of a frame: prompts are made, gaps filled, steps run."""
    report.prompts_ns += _timed(mind.prepare, deadline_ns, clock)
    report.num_recalled += mind.take_num_recalled()
    report.faults += mind.take_faults()
    mind.tell_choosing(report)
    if not (warming.done or mind.num_queued):
        report.warming_ns += _timed(warming.run, deadline_ns, clock)
    scheduler.run_frame(deadline_ns, report)


def _timed(work: Callable[[int], None], deadline_ns: int, clock: Clock) -> int:
    """Runs one part of a frame; returns how long it took."""
    started_ns = clock.now_ns()
    work(deadline_ns)
    return clock.now_ns() - started_ns


def read_at_once(
    npcs: Iterable[Npc], mind: Learning, engine: EngineLike, prices: CostModel, clock: Clock
) -> None:
    """Reads personas outside of frames: tens of milliseconds each.

    Where thoughts hold every slot, there is no room to read in, and it does nothing.
    """
    # A scheduler of its own: these are no frames to learn the game's rhythm from.
    scheduler = Scheduler(engine, prices, clock)
    try:
        for npc in npcs:
            _submit(npc, mind, scheduler)
        while scheduler.num_waiting or scheduler.num_thinking:
            report = FrameReport(budget_ns=NO_LIMIT_NS)
            scheduler.run_frame(clock.now_ns() + NO_LIMIT_NS, report)
            if not report.num_steps:
                return  # every slot is taken by somebody who thinks, and stays so
    finally:
        scheduler.abandon()  # whatever interrupts it, no slot stays with nobody


def _submit(npc: Npc, mind: Learning, scheduler: Scheduler) -> Request | None:
    generation = mind.learn(*npc.introduction())
    if generation is None:
        return None
    return scheduler.submit(generation, name=npc.name, ttl_ns=NO_LIMIT_NS, priority=LAST_PRIORITY)
