"""Stops a step that takes far longer than it may: a thread that looks at the clock.

An emergency brake and never the budget: when to pull it is ``step_runner``'s business, what then
becomes of the step the engine's. Invariant: the flag is up only for a step that was armed
and is past its time; nobody who comes after it finds it up.

What it costs. Arming and releasing are some stores and a lock: a microsecond, nothing allocated
(but the first time starts the thread, a tenth of a millisecond). The thread sleeps without end
while no step runs. While frames have steps it wakes about once a frame, after the steps, for some
ten microseconds (``REST_NS``); it need not be woken for each, since it expects the next frame's
steps about as late as the last one's. Where frames are shorter, arming rings it awake now and then,
which takes some five microseconds.

A brake that comes late or not at all does no harm: the step ends by itself.
"""

from __future__ import annotations

import threading
import weakref
from typing import Protocol

from npcbrain.clock import NS_PER_MS, NS_PER_S, Clock

__all__ = ["Brake", "Flag"]

REST_NS = 16 * NS_PER_MS  # of the thread after steps have ended: a frame at 60 a second, nearly
LATE_NS = 2 * NS_PER_MS  # that a brake may come too late, rather than ring the thread for less
LEAST_NS = NS_PER_MS // 2  # of sleep; a clock that stands still must not keep a core busy
MOST_NS = NS_PER_S  # of sleep; more than any frame, and no platform finds it too long
NEVER_NS = 1 << 62


class Flag(Protocol):
    """What stops a run, from any thread; ``onnxruntime.RunOptions`` is one."""

    terminate: bool


class Brake:
    """Raises a flag when a step is past its time.

    One thread arms and releases it, around each step. The thread that watches begins with the first
    step, dies with this object, and keeps no program from ending.
    """

    __slots__ = ("__weakref__", "_watch")

    def __init__(self, flag: Flag) -> None:
        """Watches nothing yet.

        Args:
            flag: Raised to stop the run that has it; lowered again by ``release``.
        """
        self._watch = _Watch(flag)

    @property
    def has_stopped(self) -> bool:
        """Whether the flag was raised since the step was armed."""
        return self._watch.has_stopped

    def arm(self, stop_ns: int, clock: Clock) -> None:
        """A step begins; it is to be stopped when ``clock`` says ``stop_ns``."""
        watch = self._watch
        if not watch.is_running:
            self._begin()
        if clock is not watch.clock:
            watch.clock = clock
            watch.wake_ns = NEVER_NS  # by a clock that no longer counts: ring
        # In this order; the thread writes and reads the other way round. So one of the two sees
        # what the other wrote, and no step begins behind the back of a sleeper.
        watch.stop_ns = stop_ns
        watch.is_busy = True
        if stop_ns + LATE_NS < watch.wake_ns:
            watch.ring()

    def release(self) -> None:
        """The step has ended, one way or the other."""
        watch = self._watch
        with watch.lock:
            watch.stop_ns = 0
            if watch.has_stopped:
                watch.has_stopped = watch.flag.terminate = False

    def _begin(self) -> None:
        watch = self._watch
        watch.is_running = True
        thread = threading.Thread(target=_patrol, args=(watch,), name="npcbrain brake", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return  # there are no threads here, or no more: every step ends by itself
        # At exit too, so that no daemon is left to be killed in the middle of something.
        weakref.finalize(self, watch.end)


class _Watch:
    """What the two threads share. The one that watches holds nothing else of npcbrain alive."""

    __slots__ = (
        "bell",
        "clock",
        "flag",
        "has_stopped",
        "is_busy",
        "is_over",
        "is_running",
        "lock",
        "stop_ns",
        "wake_ns",
    )

    def __init__(self, flag: Flag) -> None:
        self.flag = flag
        self.clock: Clock | None = None
        self.stop_ns = 0  # of the step that runs; 0 for none
        self.wake_ns = NEVER_NS  # when the thread looks next
        self.is_busy = False  # whether a step was armed since the thread looked last
        self.is_running = False
        self.is_over = False
        self.has_stopped = False
        self.lock = threading.Lock()  # held to raise or lower the flag
        self.bell = threading.Lock()  # held unless rung; the thread sleeps on it
        self.bell.acquire()

    def ring(self) -> None:
        """Wakes the thread."""
        if self.bell.locked():  # and not rung already: only the arming thread lets go of it
            self.bell.release()

    def end(self) -> None:
        """Lets the thread end."""
        self.is_over = True
        self.ring()

    def look(self) -> int:
        """Stops the step if it is past its time. Returns for how long to sleep; 0 is for ever."""
        stop_ns, clock = self.stop_ns, self.clock
        if clock is None:
            return 0
        now_ns = clock.now_ns()
        if not stop_ns:
            sleep_ns = REST_NS if self.is_busy else 0
            self.is_busy = False
        elif now_ns < stop_ns:
            sleep_ns = min(max(stop_ns - now_ns, LEAST_NS), MOST_NS)
        else:
            with self.lock:
                # It may have ended meanwhile. The next one's time cannot be up: it began later.
                if self.stop_ns == stop_ns:
                    self.has_stopped = self.flag.terminate = True
                    self.stop_ns = 0
            sleep_ns = REST_NS
        self.wake_ns = now_ns + sleep_ns if sleep_ns else NEVER_NS
        return sleep_ns


def _patrol(watch: _Watch) -> None:
    while not watch.is_over:
        stop_ns = watch.stop_ns
        sleep_ns = watch.look()
        if watch.stop_ns not in (stop_ns, 0):
            continue  # armed while looking
        watch.bell.acquire(timeout=sleep_ns / NS_PER_S if sleep_ns else -1)
