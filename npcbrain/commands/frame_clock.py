"""A clock that beats in frames, for commands that play a game loop without a screen.

Invariant: inside a frame time is real; between two frames it moves to the next beat.
"""

from __future__ import annotations

from npcbrain.clock import NS_PER_S, Clock, SystemClock, busy_time_of

__all__ = ["FRAME_NS", "FrameClock"]

FRAME_NS = NS_PER_S // 60


class FrameClock:
    """A real clock whose idle time is skipped.

    The idle rest of a frame holds nothing to measure: skipping it instead of sleeping does not
    change how long the work takes. So a minute of play takes only as long as its work does, and
    everything that reads this clock (deadlines, cooldowns) still sees sixty frames a second.

    Args:
        clock: The real one; ``SystemClock()`` if None.
    """

    __slots__ = ("_beat_ns", "_clock", "_skipped_ns", "_stopped_ns", "busy_ns")

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = SystemClock() if clock is None else clock
        self.busy_ns = busy_time_of(self._clock)
        self._skipped_ns = 0
        self._stopped_ns: int | None = None
        self._beat_ns = self._clock.now_ns()

    def now_ns(self) -> int:
        """Real time, plus all skipped time, less the time during which it was stopped."""
        if self._stopped_ns is not None:
            return self._stopped_ns
        return self._clock.now_ns() + self._skipped_ns

    def next_frame(self) -> None:
        """Moves on to the next beat; at once if this frame has overrun it."""
        self._beat_ns += FRAME_NS
        rest_ns = self._beat_ns - self.now_ns()
        if rest_ns > 0:
            self._skipped_ns += rest_ns
        else:
            self._beat_ns -= rest_ns

    def stop(self) -> None:
        """Stands still, for work that is not the game's."""
        self._stopped_ns = self.now_ns()

    def go(self) -> None:
        """Goes on from where it stopped."""
        if self._stopped_ns is not None:
            self._skipped_ns = self._stopped_ns - self._clock.now_ns()
            self._stopped_ns = None
