"""Runs the model's steps inside a frame's budget: pick, price, run, learn.

Decisions are ``npcbrain.scheduling.policy``'s, prices ``npcbrain.pricing.cost``'s, the work is the
engine's; here they meet the clock. Invariant: every request ends exactly once, DONE before its
deadline or FAILED with a reason, and no step starts whose price exceeds what is left of the frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from npcbrain.clock import Clock
from npcbrain.engine.contract import EngineLike, GenerationLike, Kind, Probing, WaveLike
from npcbrain.errors import EngineError, UsageError, fault
from npcbrain.pricing.budget_history import BudgetHistory
from npcbrain.pricing.cost import CostModel
from npcbrain.reasons import Reason
from npcbrain.report import FrameReport
from npcbrain.scheduling import policy
from npcbrain.scheduling.forecast import Forecast
from npcbrain.scheduling.health import Health
from npcbrain.scheduling.request import Extent, Request, State
from npcbrain.scheduling.requests import Requests
from npcbrain.scheduling.step_runner import StepRunner
from npcbrain.scheduling.verdicts import Verdicts

__all__ = ["Extent", "Request", "Scheduler", "State"]


class Scheduler:
    """Spends budgets on requests.

    Who cannot be answered in time is failed by ``verdicts``, before anything is spent on it.

    Attributes:
        cost: The prices.
        budget_history: What the game grants.
        health: Whether answers come of it; while it rests, requests fail with ``engine_error``.
        interrupted: Set from another thread to end the frame after a step.
        before_change: Called before requests come or go; ends a frame that runs elsewhere.
        verdicts: Fails requests for want of time.
    """

    def __init__(self, engine: EngineLike, cost: CostModel, clock: Clock) -> None:
        self.cost = cost
        self.budget_history = BudgetHistory()
        self.health = Health("the model's engine")
        self.interrupted = False
        self.before_change: Callable[[], None] = lambda: None  # no other thread to pause
        self._forecast = Forecast(engine, cost, self.budget_history)
        self._runner = StepRunner(engine, cost, clock)
        self._engine = engine
        self._clock = clock
        self._requests = Requests(engine)
        self._num_taken = 0
        self._last_start = Kind.PREFILL
        self._frame_ns = 0  # when the frame began
        self._lost_ns = 0  # from then until the last frame's first step could start
        self.verdicts = Verdicts(
            engine, cost, self.budget_history, self._forecast, self._requests, clock.now_ns()
        )

    @property
    def tell(self) -> Callable[[str], None]:
        """Says aloud what the game's maker should know."""
        return self.verdicts.tell

    @tell.setter
    def tell(self, tell: Callable[[str], None]) -> None:
        self.verdicts.tell = tell

    @property
    def num_thinking(self) -> int:
        """Requests that hold a slot."""
        return len(self._requests.thinking)

    @property
    def num_waiting(self) -> int:
        """Requests that wait for one."""
        return len(self._requests.waiting)

    @property
    def typical(self) -> float:
        """Tokens of a typical answer."""
        return self._forecast.typical

    def submit(
        self,
        generation: GenerationLike,
        *,
        name: str,
        ttl_ns: int,
        priority: float = 1.0,
        extent: Extent = Extent.WHOLE,
    ) -> Request:
        """Takes on an answer that nobody has to prepare; work begins with the next frame.

        Args:
            generation: A new one.
            name: Who asks.
            ttl_ns: For how long from now the answer is worth something.
            priority: Above 0.
            extent: How much of it must be there by then, or it is refused beforehand.

        Raises:
            UsageError: An argument is out of range, or the generation is finished or known.
        """
        where = "Scheduler.submit()"
        if isinstance(ttl_ns, bool) or not isinstance(ttl_ns, int) or ttl_ns < 0:
            raise UsageError(fault("ttl_ns", "be an integer of 0 or more", ttl_ns, where))
        if not (math.isfinite(priority) and priority > 0.0):
            raise UsageError(fault("priority", "be finite and above 0", priority, where))
        now_ns = self._clock.now_ns()
        request = Request(name, generation, now_ns, now_ns + ttl_ns, priority, extent=extent)
        self.take(request, generation)
        return request

    def take(self, request: Request, generation: GenerationLike) -> None:
        """Takes on a request that is prepared; work begins with the next frame.

        Args:
            request: The one.
            generation: Its answer, a new one.

        Raises:
            UsageError: The generation is finished or known.
        """
        self.before_change()
        if generation.finished or self._requests.find(generation) is not None:
            where, advice = "Scheduler.take()", "make one per request"
            raise UsageError(fault("generation", "be new", request.name, where, advice))
        self._num_taken += 1
        request.number, request.generation = self._num_taken, generation
        self._requests.add(request)
        self._forecast.outdate()

    def resume(self, request: Request) -> None:
        """Has a request, taken on just now, hold the slot that its generation was given before."""
        self._requests.begin(request)

    def decided(self, request: Request) -> None:
        """Tells that the action of an answer is known; whoever reads the answer sees it first."""
        if not request.decided:
            request.decided = True
            self._forecast.decided(request.generation.num_generated)

    def cancel(self, request: Request, reason: str = Reason.CANCELLED) -> bool:
        """Ends a request at any moment between two steps; False when it has ended already."""
        self.before_change()
        is_here = self._requests.find(request.generation) is request
        if not (is_here or request.in_preparation):
            return False
        self._requests.fail(request, reason)
        return True

    def warm_up(self, repetitions: int = 3) -> None:
        """Measures every shape of step, so that the first frame knows its prices.

        Well under a second. Does nothing when the engine offers no probes.

        Raises:
            EngineError: A step failed.
        """
        engine = self._engine
        if not isinstance(engine, Probing):
            return
        shapes = list(engine.probes())
        # Round by round, so that one hiccup of the machine does not hit all runs of one shape; the
        # first round only warms up caches.
        for repetition in range(repetitions + 1):
            for kind, segment, rows in shapes:
                started_ns = self._clock.now_ns()
                context = engine.probe(kind, segment, rows)
                if repetition:
                    took_ns = self._clock.now_ns() - started_ns
                    self.cost.observe(kind, segment, rows, context, took_ns)

    def run_frame(self, deadline_ns: int, report: FrameReport) -> None:
        """Spends what is left until ``deadline_ns`` of this frame.

        Args:
            deadline_ns: By the scheduler's clock. One that has passed runs no step; requests
                expire all the same.
            report: Gets the frame's steps, tokens and model time.
        """
        now_ns = self._frame_ns = self._clock.now_ns()
        budget_ns = deadline_ns - now_ns - self._lost_ns
        model_ns = -report.model_ns
        self.budget_history.begin(now_ns, budget_ns, report.prompts_ns)
        self._expire(now_ns)
        if self._requests and not self.health.may_try(now_ns):
            self._fail_all([one.generation for one in self._requests], None)
        if self._requests:
            # Who comes first and who comes too late changes no faster than the forecast.
            if self._forecast.look(self._requests, now_ns):
                self._requests.rank(now_ns)
                self.verdicts.judge(now_ns)
            priced_ns = 0
            # A step cannot be paused once begun, so its price is asked before, never after.
            while (wave := self._pick(deadline_ns, fresh=priced_ns == 0)) is not None:
                priced_ns += self._run(wave, deadline_ns, report)
            is_cut_off = self.interrupted and priced_ns  # then it tells no share
            if self._requests.thinking and not is_cut_off:
                self._learn_from_leftovers(budget_ns, priced_ns)
        report.num_thinking = len(self._requests.thinking)
        report.num_waiting = len(self._requests.waiting)
        model_ns += report.model_ns
        report.scheduling_ns += max(0, self._clock.now_ns() - now_ns - model_ns)

    def _pick(self, deadline_ns: int, *, fresh: bool) -> WaveLike | None:
        """The wave whose next step is to run now, started if need be."""
        if self.interrupted and not fresh:  # the first one runs, or a hasty game starved its minds
            return None
        if self._requests.waiting and len(self._requests.thinking) < self._engine.num_slots:
            self._admit(self._clock.now_ns())
        if not self._requests.thinking:
            return None
        history, price = self.budget_history, self.cost.price_ns
        remaining_ns = deadline_ns - self._clock.now_ns()
        if fresh:
            self._lost_ns = deadline_ns - remaining_ns - self._frame_ns
        budget = policy.FrameBudget(remaining_ns, history.usual_ns, history.most_ns)
        plan = policy.next_step(
            self._engine,
            self._requests.thinking,
            price,
            budget,
            fresh=fresh,
            last_start=self._last_start,
        )
        if plan is None or plan.wave is not None:
            return None if plan is None else plan.wave
        wave = self._start(plan)
        # An engine may round rows up; the wave then waits in flight for a frame that has room.
        fits = price(wave.kind, wave.segment, wave.rows, wave.context) <= remaining_ns
        return wave if fits else None

    def _start(self, plan: policy.Plan) -> WaveLike:
        self._last_start = plan.kind
        if plan.kind is Kind.DECODE:
            return self._engine.start_decode(plan.generations)
        if plan.kind is Kind.PREFILL:
            return self._engine.start_prefill(plan.generations[0], plan.rows)
        if plan.kind is Kind.VERIFY:
            return self._engine.start_verify(plan.generations[0])
        return self._engine.start_copy(plan.generations[0])

    def _run(self, wave: WaveLike, deadline_ns: int, report: FrameReport) -> int:
        """Runs one step; returns the price it was started at."""
        price_ns = self.cost.price_ns(wave.kind, wave.segment, wave.rows, wave.context)
        generations = tuple(wave.generations)
        try:
            gained = self._runner.run(wave, price_ns, deadline_ns, report)
        except EngineError as error:
            self._fail_all(generations, error)
            self.health.failed(self._runner.ended_ns, error)
            report.faults += (str(error),)
            return price_ns
        ended_ns = self.verdicts.last_step_ns = self._runner.ended_ns
        for generation in gained:
            request = self._requests.find(generation)
            if generation.finished and request is not None:
                self._finish(request, ended_ns)
        return price_ns

    def _fail_all(self, generations: Sequence[GenerationLike], error: EngineError | None) -> None:
        for generation in generations:  # not in _run(): its frame, in a traceback, is a cycle
            if (request := self._requests.find(generation)) is not None:
                self._requests.fail(request, Reason.ENGINE_ERROR, error)

    def _expire(self, now_ns: int) -> None:
        for request in self._requests:
            if now_ns >= request.deadline_ns or request.generation.finished:
                break
        else:
            return  # as in nearly every frame
        for requests in (self._requests.thinking, self._requests.waiting):
            for request in tuple(requests):
                if self.verdicts.expire(request, now_ns):
                    continue
                if request.generation.finished:  # by another scheduler of the same engine
                    self._finish(request, now_ns)

    def _admit(self, now_ns: int) -> None:
        """Gives out free slots, most urgent first, to those who will be in time."""
        forecast, requests = self._forecast, self._requests
        if forecast.least_ns > self.budget_history.most_ns:
            return  # the verdict on all of them waits for more frames
        for request in tuple(requests.waiting):
            if not self._engine.open(request.generation):
                return
            ahead_ns = sum(forecast.reading_ns(other.generation) for other in requests.thinking)
            # Only now is it known what the slot and the prefix cache spare it.
            reading_ns = forecast.reading_ns(request.generation)
            forecast.opened(reading_ns)
            requests.begin(request)
            self.verdicts.turn_away(request, now_ns, ahead_ns + reading_ns)

    def _learn_from_leftovers(self, budget_ns: int, priced_ns: int) -> None:
        """A frame ended with work to do: that tells the share, and which prices are in the way."""
        self.budget_history.end(budget_ns, priced_ns)
        if not self.budget_history.known or (priced_ns and not self._forecast.is_fresh):
            return
        price, most_ns = self.cost.price_ns, self.budget_history.most_ns
        for shape in policy.unaffordable(self._engine, self._requests.thinking, price, most_ns):
            self.cost.doubt(*shape)

    def _finish(self, request: Request, now_ns: int) -> None:
        self.health.ended(request.generation, now_ns)
        if not self.verdicts.expire(request, now_ns):
            self._forecast.ended(request)
            self._requests.finish(request)

    def abandon(self) -> None:
        """Ends all requests, though an interrupt may have left any list half changed."""
        self.before_change()
        self._requests.abandon()
