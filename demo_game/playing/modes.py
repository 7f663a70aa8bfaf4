"""How the game runs now: the budget, and switches that show what a budget is worth.

Invariant: a frame never gives more time to thinking than the budget, except in naive mode, and
never none: without any, no question would run out of time, and no tree would answer.
"""

from __future__ import annotations

import npcbrain as nb
from demo_game.playing.settings import RATES, Settings
from npcbrain.clock import NS_PER_MS

__all__ = ["BUDGETS_MS", "LEAST_MS", "NAIVE_MS", "STRESS_LEFT_MS", "Modes", "burn"]

BUDGETS_MS = (0.0, 0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0)
STRESS_LEFT_MS = 0.3  # left of a frame under stress; less than any step of a model takes
NAIVE_MS = 1000.0  # "as long as it takes", as in a game without a budget
LEAST_MS = 0.001  # no step of a model fits into this


class Modes:
    """The switches.

    Attributes:
        settings: The player's choices, the budget among them.
        is_stressed: Whether game time is burnt on purpose.
        is_naive: Whether answers are written in one go.
        is_model_off: Whether the model has no time at all.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.is_stressed = self.is_naive = self.is_model_off = False

    def given_ms(self, left_ms: float) -> float:
        """The time that a frame gives to thinking.

        Args:
            left_ms: The time that the frame has left.
        """
        if self.is_model_off:
            return LEAST_MS
        if self.is_naive:
            return NAIVE_MS
        return max(LEAST_MS, min(self.settings.budget_ms, left_ms))

    @property
    def provokes(self) -> bool:
        """Whether late frames were asked for, to see what they look like."""
        return self.is_naive or self.is_stressed

    def less(self) -> None:
        """The next smaller budget."""
        now = self.settings.budget_ms
        self.settings.budget_ms = max((b for b in BUDGETS_MS if b < now), default=0.0)

    def more(self) -> None:
        """The next larger budget."""
        now = self.settings.budget_ms
        self.settings.budget_ms = min((b for b in BUDGETS_MS if b > now), default=BUDGETS_MS[-1])

    def stress(self) -> str:
        """Burns game time, or stops; returns a note for the player."""
        self.is_stressed = not self.is_stressed
        if self.is_stressed:
            return "Stress: the game burns its whole frame, so the trees have to answer."
        return "No stress: what the frame has left is the model's again."

    def naive(self) -> str:
        """Has answers written in one piece, or in slices again; returns a note for the player."""
        self.is_naive = not self.is_naive
        if self.is_naive:
            return "Naive: answers are written in one piece. Talk to somebody, and see it stop."
        return "In slices again: no frame waits for the model."

    def model(self) -> str:
        """Takes all time from the model, or gives it back; returns a note for the player."""
        self.is_model_off = not self.is_model_off
        if self.is_model_off:
            return "Model off: the trees answer everybody, and the story still ends."
        return "Model on."

    def rate(self) -> None:
        """The next number of frames a second."""
        self.settings.rate = RATES[(RATES.index(self.settings.rate) + 1) % len(RATES)]


def burn(milliseconds: float, clock: nb.Clock) -> None:
    """Keeps the processor busy, as physics or scripts of a larger game would."""
    end_ns = clock.now_ns() + int(milliseconds * NS_PER_MS)
    while clock.now_ns() < end_ns:
        pass
