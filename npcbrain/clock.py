"""The one door through which time enters npcbrain.

Floor 0. Invariant: time is an integer count of nanoseconds that never goes back.
The manual clock that tests drive by hand is ``npcbrain.testing.ManualClock``.
"""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["NS_PER_MS", "NS_PER_S", "Clock", "SystemClock"]

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Anything that tells the time in nanoseconds."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed moment; never less than the answer before."""
        ...


class SystemClock:
    """The machine's monotonic clock (wall time, not CPU time: a game's frame is wall time)."""

    __slots__ = ()

    now_ns = staticmethod(time.perf_counter_ns)
