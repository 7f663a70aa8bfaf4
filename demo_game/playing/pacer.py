"""The game's clock, and the wait between two frames: 60 a second, or another rate.

Invariant: within a frame time is the machine's; between two frames it moves to the next beat. The
wait is slept for people, and skipped if nobody watches.
"""

from __future__ import annotations

import time

import npcbrain as nb
from npcbrain.clock import NS_PER_S

__all__ = ["FRAME_NS", "Pacer"]

FRAME_NS = NS_PER_S // 60


class Pacer:
    """A clock for the whole game, the runtime included.

    Args:
        sleeps: Whether to sleep for the rest of a frame; otherwise it is skipped, and everything
            that reads this clock still sees as many frames a second.
        rate: Frames a second.

    Attributes:
        rate: Frames a second; may be changed.
    """

    def __init__(self, *, sleeps: bool, rate: int = 60) -> None:
        self.rate = rate
        self._clock = nb.SystemClock()
        self._sleeps = sleeps
        self._skipped_ns = 0
        self._beat_ns = self._clock.now_ns()

    def now_ns(self) -> int:
        """The machine's time plus all that was skipped."""
        return self._clock.now_ns() + self._skipped_ns

    def next_frame(self) -> None:
        """Moves to the next beat; a frame that overran it moves the beat, so none is hurried."""
        self._beat_ns += NS_PER_S // self.rate
        rest_ns = self._beat_ns - self.now_ns()
        if rest_ns <= 0:
            self._beat_ns -= rest_ns
        elif self._sleeps:
            time.sleep(rest_ns / NS_PER_S)
        else:
            self._skipped_ns += rest_ns
