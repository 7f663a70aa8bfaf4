"""``BudgetHistory``: the budgets of the last frames, and how much of them became work.

It has no clock: it is given times. Invariant: a frame without a budget changes nothing.
"""

from __future__ import annotations

from collections import deque

from npcbrain.clock import NS_PER_S

__all__ = ["BudgetHistory"]

NUM_FRAMES = 64  # with a budget; these are "the last frames", about a second
MIN_FRAMES = 8  # that must be known before a step is called impossible
MAX_PERIOD_NS = NS_PER_S // 4  # a longer gap between two frames is a pause, not a frame rate
MAX_BUDGET_NS = NS_PER_S  # "no limit", as a number that does not spoil averages
MAX_PERIODS = 4  # a budget counts as at most so many periods in averages: loading screens end
SMALL_SHARE = 8  # choosing and prompts that took less than budget / 8 do not count
FIRST_PERIOD_NS = NS_PER_S // 60
FIRST_EFFICIENCY = 0.75  # steps never fill a frame to the last nanosecond


class BudgetHistory:
    """Learns what the game has granted of late: how much a frame, how often, and with what yield.

    Frames without a budget teach nothing: a paused game, a loading screen or a frame that the trees
    used up says nothing about the frames to come, and no request may be refused because of it.

    Attributes:
        usual_ns: The budget of a frame, averaged over about eight of them; 0 before the first.
            It sizes the next steps.
        most_ns: The largest of the last 64, with the time of choosing and prompts; a step that does
            not fit it will never fit.
        period_ns: From one frame with a budget to the next, averaged in the same way.
        efficiency: Nanoseconds of priced steps that ran for each granted nanosecond, in frames with
            work left over.
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
        """The budget to expect of the many frames that an answer takes.

        The larger of the usual budget and of a second's mean: when the trees of a whole village
        start to think, a few frames leave the model little; that says nothing of later frames.
        """
        return max(self.usual_ns, self._mean_ns)

    @property
    def known(self) -> bool:
        """Whether enough frames were seen to call a step impossible."""
        return len(self._recent) >= MIN_FRAMES

    def begin(self, now_ns: int, budget_ns: int, chosen_ns: int = 0) -> None:
        """Notes that a frame begins, with ``budget_ns`` left after choosing and prompts.

        If these took little (``chosen_ns``), they will take it in every frame, and steps can never
        have it. If they took much, it was work that later frames do not have.
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
        """Notes that a frame ended with work left over, after steps of ``priced_ns`` together.

        It counts prices and not times, because work is predicted in prices, too.
        """
        if budget_ns > 0:
            share = min(priced_ns / min(budget_ns, MAX_BUDGET_NS), 2.0)
            self.efficiency += (share - self.efficiency) / 16

    def least_time_ns(self, work_ns: int) -> int:
        """The wall time of some work if every frame's whole budget went into it."""
        return max(work_ns, work_ns * self.period_ns // max(1, self.lasting_ns))

    def time_ns(self, work_ns: int) -> int:
        """The wall time of some priced work if no other work shares the frames."""
        granted = self.efficiency * self.lasting_ns / max(1, self.period_ns)
        if granted <= 0.0:
            return work_ns
        return int(work_ns / min(1.0, granted))
