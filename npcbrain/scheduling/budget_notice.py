"""Says once that the game's budget is too small for the model, with the figures.

Whether it is, others decide. Invariant: it is said at most once.
"""

from __future__ import annotations

from collections.abc import Callable

from npcbrain.clock import NS_PER_MS
from npcbrain.errors import fault

__all__ = ["BudgetNotice"]


class BudgetNotice:
    """One runtime's."""

    __slots__ = ("_is_given",)

    def __init__(self) -> None:
        self._is_given = False

    def give(self, tell: Callable[[str], None], least_ns: Callable[[], int], most_ns: int) -> None:
        """Tells it, unless it was told before.

        Args:
            tell: Says something aloud.
            least_ns: What the model's smallest steps may take; asked only if it is told.
            most_ns: The largest budget of late.
        """
        if self._is_given:
            return
        self._is_given = True
        advice = (
            f"the model's smallest steps cost up to {least_ns() / NS_PER_MS:.2f} ms on this "
            "machine, so trees answer everything; raise budget_ms or load a smaller model"
        )
        rule, left_ms = "leave room for one step of the model", round(most_ns / NS_PER_MS, 2)
        tell(fault("budget_ms", rule, left_ms, "Runtime.update()", advice))
