"""Whether the model's steps come to anything: what fails again and again is left alone for a while.

A driver that is gone, a card without memory or a graph that gives no numbers fails every answer,
after much work for each. Trees carry on at once instead, and the engine is tried again later.
Invariant: while it rests nothing is tried; the rest doubles, up to a minute, until something works.
"""

from __future__ import annotations

from npcbrain.clock import NS_PER_S
from npcbrain.errors import warn_game

__all__ = ["Health"]

MAX_FAILURES = 3  # in a row; a single one may be a hiccup
FIRST_REST_NS = NS_PER_S
LONGEST_REST_NS = 60 * NS_PER_S


class Health:
    """Counts what fails in a row.

    Attributes:
        num_failures: In a row, since something worked.
    """

    __slots__ = ("_has_told", "_rest_ns", "_retry_ns", "_what", "num_failures")

    def __init__(self, what: str) -> None:
        """All is well.

        Args:
            what: It is called in the warning.
        """
        self._what = what
        self._has_told = False
        self._rest_ns = FIRST_REST_NS
        self._retry_ns = 0
        self.num_failures = 0

    @property
    def is_well(self) -> bool:
        """Whether it has not failed too often since it worked last."""
        return self.num_failures < MAX_FAILURES

    def may_try(self, now_ns: int) -> bool:
        """Whether it is worth a try now."""
        return self.num_failures < MAX_FAILURES or now_ns >= self._retry_ns

    def worked(self) -> None:
        """Something came of it."""
        self.num_failures = 0
        self._rest_ns = FIRST_REST_NS

    def ended(self, answer: object, now_ns: int) -> None:
        """An answer has ended by itself: whole, or for want of numbers to choose a word by."""
        if getattr(answer, "finish_reason", "") == "error":
            self.failed(now_ns, getattr(answer, "error", ""))
        else:
            self.worked()

    def failed(self, now_ns: int, error: object) -> None:
        """Nothing came of it; once, when that is one time too many, the game is told."""
        self.num_failures += 1
        if self.is_well:
            return
        self._retry_ns = now_ns + self._rest_ns
        self._rest_ns = min(2 * self._rest_ns, LONGEST_REST_NS)
        if not self._has_told:
            self._has_told = True
            message = (
                f"{self._what} failed {self.num_failures} times in a row, the last time with: "
                f"{error}; trees answer, and it is tried again every now and then"
            )
            warn_game(message)
