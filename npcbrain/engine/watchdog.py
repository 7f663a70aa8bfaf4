"""Stops a step that takes far longer than it may: a thread that looks at the clock.

An emergency brake, never a means to keep the budget: ``step_runner`` decides when to pull it, and
the engine what becomes of the step. Invariant: the flag is up only for an armed step that is past
its time; no later step finds it up.

What it costs. Arming and releasing are some stores and a lock: a microsecond, nothing allocated
(except that the first time starts the thread, a tenth of a millisecond). While no steps run, the
thread sleeps without end. While frames have steps, it wakes about once a frame, after the steps,
for some ten microseconds (``REST_NS``); no step has to wake it, because it expects the next frame's
steps about as late as the last one's. If frames are shorter, arming wakes it now and then, which
takes some five microseconds.

A brake that acts late or not at all does no harm: the step ends by itself.
"""

from __future__ import annotations

import threading
import weakref
from typing import Protocol

from npcbrain.clock import NS_PER_MS, NS_PER_S, Clock

__all__ = ["Brake", "Flag"]

REST_NS = 16 * NS_PER_MS  # the thread's sleep after steps have ended: about a frame at 60 a second
LATE_NS = 2 * NS_PER_MS  # a brake may act so much too late; the thread is not woken for less
LEAST_NS = NS_PER_MS // 2  # of sleep, so that a clock that stands still keeps no core busy
MOST_NS = NS_PER_S  # of sleep; longer than any frame, and allowed on every platform
NEVER_NS = 1 << 62


class Flag(Protocol):
    """Stops a run when it is raised, from any thread; ``onnxruntime.RunOptions`` is one."""

    terminate: bool


class Brake:
    """Raises a flag when a step is past its time.

    One thread arms and releases it, around each step. The watching thread starts with the first
    step, ends with this object, and keeps no program from ending.
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
        """Notes that a step begins, to be stopped when ``clock`` says ``stop_ns``."""
        watch = self._watch
        if not watch.is_running:
            self._begin()
        if clock is not watch.clock:
            watch.clock = clock
            watch.wake_ns = NEVER_NS  # it was by another clock, so wake the thread
        # First written, then read; the thread does it the other way round. So at least one of the
        # two sees what the other wrote, and the thread never sleeps through a new step.
        watch.stop_ns = stop_ns
        watch.is_busy = True
        if stop_ns + LATE_NS < watch.wake_ns:
            watch.ring()

    def release(self) -> None:
        """Notes that the step has ended, by itself or stopped."""
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
            return  # no threads here, or no more of them: then every step ends by itself
        # Also at exit, so that the thread is not killed in the middle of something.
        weakref.finalize(self, watch.end)


class _Watch:
    """The state that two threads share; the watching one keeps nothing else of npcbrain alive."""

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
        self.is_busy = False  # whether a step was armed since the thread last looked
        self.is_running = False
        self.is_over = False
        self.has_stopped = False
        self.lock = threading.Lock()  # held to raise or lower the flag
        self.bell = threading.Lock()  # held unless rung; the thread sleeps on it
        self.bell.acquire()

    def ring(self) -> None:
        """Wakes the thread."""
        if self.bell.locked():  # not rung already; only the arming thread releases it
            self.bell.release()

    def end(self) -> None:
        """Lets the thread end."""
        self.is_over = True
        self.ring()

    def look(self) -> int:
        """Stops the step if it is past its time. Returns how long to sleep; 0 for ever."""
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
                # Unless it has ended meanwhile. A next step, begun later, cannot be past its time.
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
            continue  # a step was armed during the look
        watch.bell.acquire(timeout=sleep_ns / NS_PER_S if sleep_ns else -1)
