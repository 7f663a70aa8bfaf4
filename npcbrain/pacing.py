"""A clock that beats in frames, for commands that play a game loop without a screen.

Floor 5. Invariant: inside a frame time is real; between two frames it moves to the next beat.
"""

from __future__ import annotations

import time

from npcbrain.clock import NS_PER_S, Clock, SystemClock

__all__ = ["FRAME_NS", "FrameClock"]

FRAME_NS = NS_PER_S // 60


class FrameClock:
    """A real clock whose idle time can be skipped.

    A frame's idle rest holds nothing to measure: whether it is slept through or skipped, the work
    before it takes as long. Skipping makes a minute of play take as long as its work does, and
    everything that reads this clock (deadlines, cooldowns) still sees sixty frames a second.

    Args:
        sleeps: Whether to sleep through the rest of a frame instead of skipping it.
        clock: The real one.
    """

    __slots__ = ("_clock", "_frame_ns", "_skipped_ns", "_sleeps")

    def __init__(self, *, sleeps: bool = False, clock: Clock | None = None) -> None:
        self._clock: Clock = SystemClock() if clock is None else clock
        self._sleeps = sleeps
        self._skipped_ns = 0
        self._frame_ns = self._clock.now_ns()

    def now_ns(self) -> int:
        """Real time plus all that was skipped."""
        return self._clock.now_ns() + self._skipped_ns

    def next_frame(self) -> None:
        """Moves on to the next beat; at once if this frame has overrun it."""
        self._frame_ns += FRAME_NS
        rest_ns = self._frame_ns - self.now_ns()
        if rest_ns <= 0:
            self._frame_ns -= rest_ns
        elif self._sleeps:
            time.sleep(rest_ns / NS_PER_S)
        else:
            self._skipped_ns += rest_ns
