"""``FramePacer``: until when an update may think, for games that do not know it themselves.

What the game leaves of a frame differs from frame to frame, and what comes after the update, the
flip and the wait for the display, is not the game's to measure. So the pacer watches when frames
begin, and keeps back a reserve that grows when one came late and shrinks while none does.
Invariant: a frame that was late before the update began teaches nothing: that was the game.
"""

from __future__ import annotations

from npcbrain.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from npcbrain.errors import UsageError, fault

__all__ = ["FramePacer"]

LATE_NS = NS_PER_MS // 2  # a frame that begins so much later than it should was missed
LEAST_RESERVE_NS = NS_PER_MS // 2  # a flip without waiting takes a tenth of that
FIRST_RESERVE_NS = 2 * NS_PER_MS
MOST_SHARE = 2  # the reserve is at most a frame divided by this
DECAY_SHIFT = 8  # each frame in time gives back a 256th of the reserve: half in three seconds


class FramePacer:
    """Tells ``Runtime.update(until_ns=...)`` when to stop.

        pacer = nb.FramePacer(fps=60)
        while playing:
            pacer.begin_frame()
            ...  # the game's own work, and drawing
            runtime.update(until_ns=pacer.until_ns)
            pygame.display.flip()
            clock.tick(60)

    Attributes:
        reserve_ns: What is kept back at a frame's end, learnt from when frames begin.
    """

    __slots__ = ("_asked_ns", "_began_ns", "_clock", "_frame_ns", "reserve_ns")

    def __init__(self, fps: float = 60.0, *, clock: Clock | None = None) -> None:
        """Knows the display's rate.

        Args:
            fps: Frames a second that the game aims at, 1 to 1000.
            clock: The runtime's, if it was given one.

        Raises:
            UsageError: ``fps`` is out of range.
        """
        number = isinstance(fps, int | float) and not isinstance(fps, bool)
        if not number or not 1 <= fps <= 1000:
            raise UsageError(fault("fps", "be a number from 1 to 1000", fps, "FramePacer()"))
        self._clock: Clock = SystemClock() if clock is None else clock
        self._frame_ns = round(NS_PER_S / fps)
        self._began_ns: int | None = None
        self._asked_ns: int | None = None  # when this frame's update was to begin
        self.reserve_ns = min(FIRST_RESERVE_NS, self._frame_ns // MOST_SHARE)

    def begin_frame(self) -> None:
        """A frame begins; call it first in the loop."""
        now_ns, began_ns, asked_ns = self._clock.now_ns(), self._began_ns, self._asked_ns
        self._began_ns, self._asked_ns = now_ns, None
        if began_ns is None or asked_ns is None:
            return
        late_ns = now_ns - began_ns - self._frame_ns
        if asked_ns - began_ns > self._frame_ns - self.reserve_ns:
            return  # the update had no time left: the game's own work was too long
        if late_ns <= LATE_NS:
            self.reserve_ns -= (self.reserve_ns - LEAST_RESERVE_NS) >> DECAY_SHIFT
        elif late_ns < self._frame_ns:  # a longer one was the operating system's, or a breakpoint
            most_ns = self._frame_ns // MOST_SHARE
            self.reserve_ns = min(self.reserve_ns + late_ns, most_ns)

    @property
    def until_ns(self) -> int:
        """Until when this frame's update may run, by the runtime's clock.

        Raises:
            UsageError: No frame has begun.
        """
        if self._began_ns is None:
            advice = "call begin_frame() first in the loop"
            raise UsageError(fault("frame", "have begun", None, "FramePacer.until_ns", advice))
        self._asked_ns = self._clock.now_ns()
        return self._began_ns + self._frame_ns - self.reserve_ns
