"""The model's share of a frame on a thread of its own, between two updates.

For machines with a core to spare: ONNX Runtime lets go of the interpreter while a kernel runs, so
the game draws while the model thinks. The work is the same as inline, step by step, and so are the
answers; only who waits for it differs. Invariant: the two threads take turns. The worker
touches the model's requests only between ``go`` and the end of its turn, everybody else only
outside; ``pause`` ends a turn, and waits for one step at most.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from npcbrain.clock import NS_PER_MS, Clock
from npcbrain.errors import UsageError, fault, warn_game
from npcbrain.report import NO_LIMIT_NS, FrameReport

__all__ = ["Overlap", "Work", "turn_ns"]

LEAST_TURN_NS = 3 * NS_PER_MS  # that a step fits into on any machine we have seen
NOTHING = -1  # a turn without work
RESERVE_NS = 3 * NS_PER_MS // 10  # before the next update, lest it wait for the rest of a step

Work = Callable[[int, FrameReport], None]  # work(deadline_ns, report)


class Interruptible(Protocol):
    """What stops at the next step when told to; a ``Scheduler``."""

    interrupted: bool
    before_change: Callable[[], None]
    tell: Callable[[str], None]


class Overlap:
    """Runs turns on a worker thread; the thread ends with this object."""

    __slots__ = ("__weakref__", "_desk", "_finish", "_process", "_scheduler", "_thread")

    def __init__(self, work: Work, scheduler: Interruptible, clock: Clock) -> None:
        """Starts the thread, and has the scheduler pause it before its requests change.

        Args:
            work: One turn; called on the worker only.
            scheduler: Told to stop when a turn is to end early.
            clock: Turns are timed by it.
        """
        self._desk = _Desk(work, clock)
        self._scheduler = scheduler
        self._thread = threading.Thread(
            target=_serve, args=(self._desk,), name="npcbrain overlap", daemon=True
        )
        self._thread.start()
        # Asked in place of the thread itself: an interrupt in is_alive() has it taken for dead.
        self._process = os.getpid()
        pause = weakref.WeakMethod(self.pause)  # the scheduler must not keep its worker alive

        def pause_if_alive() -> None:
            if (alive := pause()) is not None:
                alive()

        scheduler.before_change = pause_if_alive
        scheduler.tell = self._desk.notices.append
        # At exit too, so that no daemon is killed in the middle of a kernel.
        self._finish = weakref.finalize(self, _end, self._desk, scheduler, self._thread)

    def go(self, budget_ns: int) -> None:
        """Begins a turn of so many nanoseconds, or less if it is paused.

        They count from when the worker gets to run: the interpreter may keep it waiting for as long
        as ``sys.getswitchinterval()`` while the game computes in Python.
        """
        if self._process != os.getpid():
            rule, advice = "have its worker", "make the Runtime after the fork"
            raise UsageError(
                fault("overlap", rule, "none in a forked process", "Runtime.update()", advice)
            )
        desk = self._desk
        self._scheduler.interrupted = False
        desk.is_put = False
        desk.idle.clear()
        desk.turns.put(budget_ns)
        desk.is_put = True

    def pause(self) -> None:
        """Ends the turn: returns at once if it is over, else after one step.

        Called by the worker itself it does nothing.
        """
        desk = self._desk
        if desk.idle.is_set() or threading.current_thread() is self._thread:
            return
        if self._process != os.getpid():
            return  # a forked process: nobody is at work in it
        if not desk.is_put:  # an interrupt came in the midst of go(): there may be nothing to end
            desk.turns.put(NOTHING)
            desk.is_put = True
        self._scheduler.interrupted = True
        try:
            desk.idle.wait()
        finally:
            self._scheduler.interrupted = False

    def close(self) -> BaseException | None:
        """Ends the turn and the thread; returns what the last turn raised. Idempotent."""
        self.pause()
        self._finish()
        return self._desk.error

    def collect(self, report: FrameReport) -> BaseException | None:
        """Ends the turn and adds what it did to a frame's report; returns what it raised."""
        self.pause()
        desk = self._desk
        report.absorb(desk.report)
        desk.report = FrameReport()
        while desk.notices:
            warn_game(desk.notices.popleft())
        error, desk.error = desk.error, None
        return error


def turn_ns(budget_ns: int, period_ns: int, spent_ns: int) -> int:
    """How long a turn lasts: as long as the game grants, or to just before the next update.

    Where updates follow each other so fast that nothing would fit between, it has no end, and the
    next update waits for a step.

    Args:
        budget_ns: What the game grants; ``NO_LIMIT_NS`` for all there is.
        period_ns: From one update to the next, of late.
        spent_ns: Since this update began.
    """
    if budget_ns < NO_LIMIT_NS:
        return budget_ns
    left_ns = period_ns - spent_ns - RESERVE_NS
    return left_ns if left_ns >= LEAST_TURN_NS else budget_ns


class _Desk:
    """What the two threads share; the worker holds nothing else of npcbrain but its work."""

    __slots__ = ("clock", "error", "idle", "is_put", "notices", "report", "turns", "work")

    def __init__(self, work: Work, clock: Clock) -> None:
        self.work = work
        self.clock = clock
        self.turns: SimpleQueue[int | None] = SimpleQueue()  # budgets; None ends the thread
        self.idle = threading.Event()
        self.idle.set()
        self.is_put = True  # whether the turn that is not idle is in ``turns``, or was
        self.report = FrameReport()
        self.error: BaseException | None = None
        self.notices: deque[str] = deque()  # to be said aloud on the game's thread


def _serve(desk: _Desk) -> None:
    while (budget_ns := desk.turns.get()) is not None:
        if budget_ns == NOTHING:
            desk.idle.set()
            continue
        try:
            desk.work(desk.clock.now_ns() + budget_ns, desk.report)
        except BaseException as error:  # whatever it is, nobody must wait for this turn for ever
            desk.error = error  # raised by the game's next update, where it would have been inline
        finally:
            desk.idle.set()


def _end(desk: _Desk, scheduler: Interruptible, thread: threading.Thread) -> None:
    scheduler.interrupted = True
    desk.turns.put(None)
    if thread is not threading.current_thread():
        # Not for ever: the garbage collector may call this while a lock is held that it needs.
        thread.join(timeout=1.0)
