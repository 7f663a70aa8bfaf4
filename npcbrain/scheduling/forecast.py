"""What an answer will still take, from prices and from how answers have been.

Sums and averages; who fails for it is the scheduler's decision.
Invariant: it rests on prices that were true within the last ``FORECAST_FRAMES`` frames and
``FORECAST_NS``.
"""

from __future__ import annotations

from collections.abc import Collection

from npcbrain.clock import NS_PER_S
from npcbrain.engine.contract import EngineLike, GenerationLike, Kind
from npcbrain.pricing.budget_history import BudgetHistory
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling import policy
from npcbrain.scheduling.request import Extent, Request

__all__ = ["Forecast"]

# Between two looks at the prices, whichever is first; a look takes 50-200 us, and with what the
# scheduler makes of it half a millisecond on a slow core whose caches the game has just used.
FORECAST_FRAMES = 8
FORECAST_NS = NS_PER_S // 4
FIRST_TYPICAL = 16  # answer tokens, before the first answer is known; hearth's have 14 on average
FIRST_TYPICAL_DEED = 4  # the same, until the action and its arguments are known
TYPICAL_OF = 8  # answers, about so many of the last, tell what is typical
# Before so many answers have ended, a verdict would rest on guesses: at prices of one run, how full
# frames get, how long answers are. Only what would be late at best is refused until then.
MIN_ENDED = 4


class Forecast:
    """Predicts how long reading and speaking take.

    Attributes:
        typical: Tokens of a typical answer.
        typical_deed: Of these, tokens until its action is decided.
        least_ns: The smallest budget that would do, at best.
    """

    __slots__ = (
        "_age",
        "_best_round_ns",
        "_best_token_ns",
        "_cost",
        "_engine",
        "_found_ns",
        "_history",
        "_looked_ns",
        "_num_decided",
        "_num_ended",
        "_round_ns",
        "_token_ns",
        "least_ns",
        "typical",
        "typical_deed",
    )

    def __init__(self, engine: EngineLike, cost: CostModel, history: BudgetHistory) -> None:
        self.typical = float(FIRST_TYPICAL)
        self.typical_deed = float(FIRST_TYPICAL_DEED)
        self.least_ns = 0
        self._engine = engine
        self._cost = cost
        self._history = history
        self._age = FORECAST_FRAMES
        self._looked_ns = 0
        self._num_decided = 0
        self._num_ended = 0
        self._found_ns = 0  # what an opened request had to read, on average
        self._token_ns = 0  # price of a prompt token
        self._round_ns = 0  # price of an answer token for everybody
        self._best_token_ns = 0  # the same two at their best, with nobody else
        self._best_round_ns = 0

    @property
    def is_fresh(self) -> bool:
        """Whether the prices were looked at in this frame."""
        return self._age == 1

    def outdate(self) -> None:
        """Somebody came whom the sums do not count: they are made anew in the next frame."""
        self._age = FORECAST_FRAMES

    def look(self, live: Collection[Request], now_ns: int) -> bool:
        """A frame begins, with these requests. Returns whether the prices were looked at.

        They drift slowly: summed up in every eighth frame.
        """
        is_due = self._age >= FORECAST_FRAMES or now_ns - self._looked_ns > FORECAST_NS
        if is_due:
            self._age = 0
            self._looked_ns = now_ns
            self._sum_up([request.generation for request in live])
        self._age += 1
        return is_due

    def reading_ns(self, generation: GenerationLike) -> int:
        """What it costs to bring an answer to its first token."""
        return policy.reading_ns(generation, self._token_ns, self._cost.price_ns)

    def unopened_reading_ns(self, generation: GenerationLike) -> int:
        """The same for one without a slot.

        Opening may find most of a prompt in a cache: as much as it has found for others.
        """
        return min(self.reading_ns(generation), self._found_ns)

    def opened(self, reading_ns: int) -> None:
        """A request was given a slot, and has so much to read."""
        self._found_ns += (reading_ns - self._found_ns) // 8

    def decided(self, num_tokens: int) -> None:
        """An answer's action was known after so many tokens."""
        self._num_decided += 1
        share = min(self._num_decided + 1, TYPICAL_OF)
        self.typical_deed += (num_tokens - self.typical_deed) / share

    def ended(self, request: Request) -> None:
        """An answer ended; one that is nothing but a deed tells no length."""
        self._num_ended += 1
        if request.extent is not Extent.DEED:
            num_tokens = request.generation.num_generated
            self.typical += (num_tokens - self.typical) / min(self._num_ended + 1, TYPICAL_OF)

    def rounds_before(self, place: int) -> int:
        """Tokens that others speak before the one in this place of the queue gets a slot."""
        return place // self._engine.num_slots * round(self.typical)

    def is_late(self, request: Request, now_ns: int, reading_ns: int, num_before: int = 0) -> bool:
        """Whether one that has not begun will be late, after so much reading and so many tokens.

        Late is only what somebody waits for, see ``Request.extent``.
        """
        if self._num_ended < MIN_ENDED:
            return self.is_hopeless(request, now_ns, num_before)
        num_rounds = num_before + self._num_tokens(request)
        time_ns = self._history.time_ns(reading_ns + num_rounds * self._round_ns)
        return policy.would_exceed(now_ns, request.deadline_ns, time_ns)

    def is_hopeless(self, request: Request, now_ns: int, num_before: int = 0) -> bool:
        """Whether it would be late even if all went as well as ever, with every frame its own.

        Nothing is, before some frames have told what the game grants; and what is decided is only
        waiting for its words.
        """
        if not self._history.known or request.served:
            return False
        reading_ns = policy.reading_ns(request.generation, self._best_token_ns, self._cost.best_ns)
        num_rounds = num_before + self._num_tokens(request)
        time_ns = self._history.least_time_ns(reading_ns + num_rounds * self._best_round_ns)
        return policy.would_exceed(now_ns, request.deadline_ns, time_ns)

    def is_crowded_out(self, now_ns: int, deadline_ns: int, num_ahead: int) -> bool:
        """Whether one still being prepared, behind so many others, would come too late."""
        num_rounds = self.rounds_before(num_ahead + self._engine.num_slots)
        if not self._history.known:
            return False
        if self._num_ended < MIN_ENDED:
            time_ns = self._history.least_time_ns(num_rounds * self._best_round_ns)
        else:
            time_ns = self._history.time_ns(num_rounds * self._round_ns)
        return policy.would_exceed(now_ns, deadline_ns, time_ns)

    def _num_tokens(self, request: Request) -> int:
        """Tokens until there is what somebody waits for."""
        generation = request.generation
        typical = self.typical if request.extent is Extent.WHOLE else self.typical_deed
        return policy.tokens_left(generation.num_generated, generation.max_new_tokens, typical)

    def _sum_up(self, live: Collection[GenerationLike]) -> None:
        engine, price, best = self._engine, self._cost.price_ns, self._cost.best_ns
        steps, usual_ns = engine.num_segments, self._history.usual_ns
        context = max(generation.context + generation.num_pending for generation in live)
        rows = min(len(live), engine.num_slots)
        self.least_ns = policy.least_ns(engine, best)
        self._token_ns = policy.token_ns(engine, price, usual_ns, context)
        self._round_ns = policy.quote(price, Kind.DECODE, rows, context, steps).total_ns
        self._best_token_ns = policy.token_ns(engine, best, usual_ns, 0)
        self._best_round_ns = policy.quote(best, Kind.DECODE, 1, 0, steps).total_ns
        for rows in engine.draft_sizes:  # at best all of it is right
            asked = policy.quote(best, Kind.VERIFY, rows, 0, steps)
            self._best_round_ns = min(self._best_round_ns, asked.total_ns // rows)
