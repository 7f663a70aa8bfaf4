"""``ManualClock``: a clock that a test drives.

Invariant: time passes only when it is told to.
"""

from __future__ import annotations

from npcbrain.errors import UsageError, fault

__all__ = ["ManualClock"]


class ManualClock:
    """A clock that stands still until it is advanced.

    >>> clock = ManualClock()
    >>> clock.advance_ns(16_666_667)
    >>> clock.now_ns()
    16666667
    """

    __slots__ = ("_now_ns", "_stolen_ns")

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns
        self._stolen_ns = 0

    def now_ns(self) -> int:
        """The time it was set to."""
        return self._now_ns

    def busy_ns(self) -> int:
        """The part of it in which the program had a core."""
        return self._now_ns - self._stolen_ns

    def steal_ns(self, step_ns: int) -> None:
        """Lets time pass in which other programs have the core.

        Raises:
            UsageError: ``step_ns`` is negative.
        """
        self.advance_ns(step_ns)
        self._stolen_ns += step_ns

    def advance_ns(self, step_ns: int) -> None:
        """Lets time pass.

        Raises:
            UsageError: ``step_ns`` is negative: time never goes back.
        """
        if step_ns < 0:
            raise UsageError(fault("step_ns", "be 0 or more", step_ns, "ManualClock.advance_ns()"))
        self._now_ns += step_ns
