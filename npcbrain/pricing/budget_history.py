"""``BudgetHistory``: what the game has granted of late, and how much of that became work.

No clock of its own: it is told times. Invariant: a frame without a budget changes nothing.
"""

from __future__ import annotations

from collections import deque

from npcbrain.clock import NS_PER_S

__all__ = ["BudgetHistory"]

NUM_FRAMES = 64  # with a budget, about a second: what "the last frames" means
MIN_FRAMES = 8  # of these before anything is said to be impossible
MAX_PERIOD_NS = NS_PER_S // 4  # a longer gap between two frames is a pause, not a frame rate
MAX_BUDGET_NS = NS_PER_S  # "no limit" as a number that averages can digest
MAX_PERIODS = 4  # that one frame's budget counts for in an average: a loading screen is no promise
SMALL_SHARE = 8  # of a frame's budget, below which choosing and prompts took nothing to speak of
FIRST_PERIOD_NS = NS_PER_S // 60
FIRST_EFFICIENCY = 0.75  # steps never fill a frame to the last nanosecond


class BudgetHistory:
    """Learns what the game has granted of late: how much a frame, how often, and with what yield.

    A frame without budget teaches nothing: a paused game, a loading screen or a frame whose trees
    ate everything says nothing about the frames to come, and must not cost a request its life.

    Attributes:
        usual_ns: The budget of a frame, averaged over about eight of them; 0 before the first.
            It sizes the next steps.
        most_ns: The largest of the last 64, what choosing and prompts had of it included; what
            never fits it, never fits.
        period_ns: From one frame with a budget to the next, averaged alike.
        efficiency: Priced nanoseconds run per granted nanosecond, in frames that had more to do.
    """

    __slots__ = (
        "_last_ns",
        "_mean_ns",
        "_recent",
        "efficiency",
        "most_ns",
        "period_ns",
        "usual_ns",
    )

    def __init__(self) -> None:
        self.usual_ns = 0
        self._mean_ns = 0  # as usual_ns, over about 64 frames
        self.most_ns = 0
        self.period_ns = FIRST_PERIOD_NS
        self.efficiency = FIRST_EFFICIENCY
        self._recent: deque[int] = deque(maxlen=NUM_FRAMES)
        self._last_ns: int | None = None

    @property
    def lasting_ns(self) -> int:
        """What a frame of the seconds to come may grant: an answer takes many.

        Of the usual and of a second's mean the larger: the few frames in which the trees of a whole
        village start to think leave a model little, and say nothing of those to come.
        """
        return max(self.usual_ns, self._mean_ns)

    @property
    def known(self) -> bool:
        """Whether enough frames were seen to call a step impossible."""
        return len(self._recent) >= MIN_FRAMES

    def begin(self, now_ns: int, budget_ns: int, chosen_ns: int = 0) -> None:
        """A frame begins with so much to spend, after choosing and prompts have had so much.

        A little of that is had by every frame, and a step can never have it; only much of it is
        work that other frames will not have.
        """
        if budget_ns <= 0:
            return
        if chosen_ns < budget_ns // SMALL_SHARE:
            chosen_ns = 0
        budget_ns = min(budget_ns, MAX_BUDGET_NS)
        if self._last_ns is not None and 0 < now_ns - self._last_ns <= MAX_PERIOD_NS:
            self.period_ns += (now_ns - self._last_ns - self.period_ns) // 8
        self._last_ns = now_ns
        worth_ns = min(budget_ns, MAX_PERIODS * self.period_ns)
        self.usual_ns += (worth_ns - self.usual_ns) // 8 if self._recent else worth_ns
        self._recent.append(budget_ns + min(chosen_ns, MAX_BUDGET_NS))
        self._mean_ns += (worth_ns - self._mean_ns) // len(self._recent)
        self.most_ns = max(self._recent)

    def end(self, budget_ns: int, priced_ns: int) -> None:
        """A frame ended with work left over, after steps of so much in prices.

        Prices and not times are counted, since prices are also what work is predicted in.
        """
        if budget_ns > 0:
            share = min(priced_ns / min(budget_ns, MAX_BUDGET_NS), 2.0)
            self.efficiency += (share - self.efficiency) / 16

    def least_time_ns(self, work_ns: int) -> int:
        """The wall time of so much work if no frame had anything left over."""
        return max(work_ns, work_ns * self.period_ns // max(1, self.lasting_ns))

    def time_ns(self, work_ns: int) -> int:
        """The wall time in which so much priced work gets done, if it has every frame to itself."""
        granted = self.efficiency * self.lasting_ns / max(1, self.period_ns)
        if granted <= 0.0:
            return work_ns
        return int(work_ns / min(1.0, granted))
