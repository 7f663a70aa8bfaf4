"""The clocks from which all time in npcbrain comes.

Invariant: time is an integer count of nanoseconds that never goes back.
The clock that tests drive by hand is ``npcbrain.testing.ManualClock``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["NS_PER_MS", "NS_PER_S", "Clock", "PlayClock", "SystemClock", "busy_time_of"]

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
PAUSE_NS = 250 * NS_PER_MS  # without a budget; the worst hitch of a running game is shorter


class Clock(Protocol):
    """Anything that tells the time in nanoseconds."""

    def now_ns(self) -> int:
        """Nanoseconds since some fixed moment; never less than the answer before."""
        ...


class SystemClock:
    """The machine's monotonic clock (wall time, not CPU time: a game's frame is wall time)."""

    __slots__ = ()

    now_ns = staticmethod(time.perf_counter_ns)
    # Windows counts a thread's time in ticks of 15.6 ms, which tells nothing about a step.
    if hasattr(time, "thread_time_ns") and os.name != "nt":
        busy_ns = staticmethod(time.thread_time_ns)


def busy_time_of(clock: Clock) -> Callable[[], int] | None:
    """A counter of the time for which the calling thread had a core, if the clock can tell.

    A step that took longer was interrupted: by other programs, by other threads of the game, by
    the system. It does not notice time that a hypervisor takes, or a core that has slowed down.
    """
    busy_ns: Callable[[], int] | None = getattr(clock, "busy_ns", None)
    return busy_ns


class PlayClock:
    """The time that players feel: it stands still while the game pauses.

    A pause is more than ``PAUSE_NS`` without an update that has a budget: a menu, a loading screen,
    a debugger. NPCs do not wait meanwhile, so their questions are not out of time when the game
    goes on. Within an update time runs as usual.
    """

    __slots__ = ("_clock", "_paid_ns", "_seen_ns", "_skipped_ns", "busy_ns")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.busy_ns = busy_time_of(clock)
        self._skipped_ns = 0
        self._seen_ns = clock.now_ns()  # the last answer
        self._paid_ns: int | None = None  # when an update with a budget last began, by ``clock``

    def now_ns(self) -> int:
        """Nanoseconds of play; never less than the answer before."""
        self._seen_ns = self._clock.now_ns() - self._skipped_ns
        return self._seen_ns

    def begin(self, *, pays: bool) -> None:
        """Notes that an update begins; after a pause, play goes on from where it stood.

        Args:
            pays: Whether the update has a budget.
        """
        now_ns = self._clock.now_ns()
        if self._paid_ns is not None and now_ns - self._paid_ns > PAUSE_NS:
            self._skipped_ns = now_ns - self._seen_ns
        if pays:
            self._paid_ns = now_ns
