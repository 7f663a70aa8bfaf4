"""The three verdicts about time, passed here alone: ``expired``, ``would_exceed``, ``no_budget``.

What an answer will take is ``forecast``'s to say, and the scheduler says when a verdict is due.
Invariant: for want of time a request fails here and nowhere else, and not on guesses: before enough
frames were seen, only its deadline can fail it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from npcbrain.clock import NS_PER_S
from npcbrain.engine.contract import EngineLike, Kind
from npcbrain.errors import warn_game
from npcbrain.pricing.budget_history import BudgetHistory
from npcbrain.pricing.cost import CostModel
from npcbrain.reasons import Reason
from npcbrain.scheduling import policy
from npcbrain.scheduling.budget_notice import BudgetNotice
from npcbrain.scheduling.forecast import Forecast
from npcbrain.scheduling.request import Request
from npcbrain.scheduling.requests import Requests

__all__ = ["Verdicts"]

TRIAL_NS = 2 * NS_PER_S  # without a step, after which a prediction is put to the test
KEPT_CALLS = 8  # in which a sum of best prices is used, see ``Verdicts._fits``
BOLD_TRIAL_NS = 10 * NS_PER_S  # the same for one that rests on the best times ever measured

Needed = Callable[[policy.Price], int]
"""``needed(price)``: the smallest budget that will do, at such prices of steps."""


class Verdicts:
    """Fails requests that cannot be answered in time.

    - ``expired``: the deadline is there.
    - ``would_exceed``: the work predicted for a request and for those ahead of it, at the share of
      time that the model has been getting, ends after the deadline. Once it thinks, a request fails
      so only if it would be late at the best times ever measured: what is half done is not thrown
      away for a cautious price. A prediction that fails everybody is never corrected, so after two
      seconds without a step one request is let through that is in time by those best times; after
      ten one that is not, since all of them may have been measured while the machine was busy.
    - ``no_budget``: the smallest step that a request needs took longer than any budget of the last
      64 frames, even at its best. Frames without a budget do not count, so a paused game kills
      nobody, and at least 8 others must have been seen. That is also said aloud, once.

    Attributes:
        last_step_ns: When the last step ended, or somebody was last let through on trial.
        tell: Says aloud what the game's maker should know.
    """

    __slots__ = (
        "_cost",
        "_forecast",
        "_history",
        "_least",
        "_least_kept",
        "_notice",
        "_requests",
        "last_step_ns",
        "tell",
    )

    def __init__(
        self,
        engine: EngineLike,
        cost: CostModel,
        history: BudgetHistory,
        forecast: Forecast,
        requests: Requests,
        now_ns: int,
    ) -> None:
        self.last_step_ns = now_ns
        self.tell: Callable[[str], None] = warn_game
        self._cost = cost
        self._history = history
        self._forecast = forecast
        self._requests = requests
        self._notice = BudgetNotice()
        self._least: Needed = partial(policy.least_ns, engine)
        self._least_kept = 0, 0, 0  # its answer, how much was learnt by then, how often it was used

    def expire(self, request: Request, now_ns: int) -> bool:
        """Fails a request whose deadline is there; returns whether it is."""
        if now_ns < request.deadline_ns:
            return False
        self._requests.fail(request, Reason.EXPIRED)
        return True

    def judge(self, now_ns: int) -> None:
        """Fails those who cannot be served, or not in time, before anything is spent on them."""
        forecast, requests, best = self._forecast, self._requests, self._cost.best_ns
        known, most_ns = self._history.known, self._history.most_ns
        if forecast.least_ns > most_ns:
            if known:
                self._refuse(tuple(requests), self._least)
            return
        ahead_ns = 0
        for request in tuple(requests.thinking):
            generation = request.generation
            num_to_copy, at = generation.num_to_copy, generation.context
            if not request.on_trial and forecast.is_hopeless(request, now_ns):
                requests.fail(request, Reason.WOULD_EXCEED)
            elif num_to_copy and known and best(Kind.COPY, 0, num_to_copy, at) > most_ns:
                # The one step whose size nobody can choose.
                requests.fail(request, Reason.NO_BUDGET)
            else:
                ahead_ns += forecast.reading_ns(generation)
        place = len(requests.thinking)
        for request in tuple(requests.waiting):
            reading_ns = ahead_ns + forecast.unopened_reading_ns(request.generation)
            if not self.turn_away(request, now_ns, reading_ns, forecast.rounds_before(place)):
                ahead_ns, place = reading_ns, place + 1

    def turn_away(
        self, request: Request, now_ns: int, reading_ns: int, num_before: int = 0
    ) -> bool:
        """Fails a request that has not begun, if its answer would be late; returns whether it did.

        Args:
            request: The one.
            now_ns: The time.
            reading_ns: What reading takes, its own and that of those ahead of it.
            num_before: Tokens that others speak before it gets a slot.
        """
        is_late = self._is_late(request, now_ns, reading_ns, num_before)
        if is_late:
            self._requests.fail(request, Reason.WOULD_EXCEED)
        return is_late

    def crowd_out(self, request: Request, now_ns: int, num_ahead: int) -> bool:
        """Fails a request still being prepared that, behind so many others, would be too late.

        Returns:
            Whether it did.
        """
        is_late = self._forecast.is_crowded_out(now_ns, request.deadline_ns, num_ahead)
        if is_late:
            self._requests.fail(request, Reason.WOULD_EXCEED)
        return is_late

    def is_too_much(self, request: Request, now_ns: int, granted_ns: int, work: Needed) -> bool:
        """Fails a request whose choice cannot end in time though its steps fit; whether it did.

        Args:
            request: One still being prepared.
            now_ns: The time.
            granted_ns: What this frame had; it counts as budgets of late do.
            work: What is left to do, by a price; at best prices, and in frames that are all used.
        """
        history = self._history
        most_ns = max(history.most_ns, granted_ns)
        if not history.known or most_ns <= 0 or request.done:
            return False
        num_frames = work(self._cost.best_ns) / most_ns
        if num_frames <= 1 or now_ns + num_frames * history.period_ns <= request.deadline_ns:
            return False
        self._requests.fail(request, Reason.WOULD_EXCEED)
        return True

    def refuse(
        self, requests: Iterable[Request], granted_ns: int, needed: Needed | None = None
    ) -> bool:
        """Fails requests still being prepared, if no frame has room for what they need.

        Args:
            requests: Those; whoever has ended is left as it is.
            granted_ns: What this frame has left; it counts as budgets of late do.
            needed: The smallest budget that will do; None for that of the model's smallest steps.

        Returns:
            Whether no frame has.
        """
        history = self._history
        most_ns = max(history.most_ns, granted_ns)
        if not history.known or self._fits(needed, most_ns):
            return False
        needed = needed or self._least
        self._forecast.outdate()  # those who wait or think are judged in this frame, too
        self._refuse([one for one in requests if one.in_preparation], needed)
        return True

    def _fits(self, needed: Needed | None, most_ns: int) -> bool:
        """Whether a budget has room for what is needed, at best.

        The model's smallest steps are dozens of prices, and this is asked in each frame in which
        somebody is prepared. So a sum is kept until a price was learnt, and one that fits for
        ``KEPT_CALLS`` more: nobody is refused by an old sum.
        """
        if needed is not None:
            return needed(self._cost.best_ns) <= most_ns
        kept_ns, learnt, age = self._least_kept
        is_old = learnt != self._cost.num_observed and (kept_ns > most_ns or age >= KEPT_CALLS)
        if is_old or not kept_ns:
            kept_ns, learnt, age = self._least(self._cost.best_ns), self._cost.num_observed, 0
        self._least_kept = kept_ns, learnt, age + 1
        return kept_ns <= most_ns

    def _is_late(self, request: Request, now_ns: int, reading_ns: int, num_before: int) -> bool:
        """Whether it would end after its deadline, and is not let through on trial."""
        if request.on_trial:
            return False
        if not self._forecast.is_late(request, now_ns, reading_ns, num_before):
            return False
        is_hopeless = self._forecast.is_hopeless(request, now_ns)
        if now_ns - self.last_step_ns >= (BOLD_TRIAL_NS if is_hopeless else TRIAL_NS):
            request.on_trial = True
            self.last_step_ns = now_ns  # one at a time
        return not request.on_trial

    def _refuse(self, requests: Collection[Request], needed: Needed) -> None:
        for request in requests:
            self._requests.fail(request, Reason.NO_BUDGET)
        if requests:
            least_ns = partial(needed, self._cost.price_ns)
            self._notice.give(self.tell, least_ns, self._history.most_ns)
