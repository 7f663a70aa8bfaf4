"""The model's share of a frame on a thread of its own, between two updates.

For machines with a core to spare: ONNX Runtime lets go of the interpreter while a kernel runs, so
the game draws while the model thinks. The work is the same as inline, step by step, and so are the
answers; only who waits for it differs. Floor 3. Invariant: the two threads take turns. The worker
touches the model's requests only between ``go`` and the end of its turn, everybody else only
outside; ``pause`` ends a turn, and waits for one step at most.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from npcbrain.report import FrameReport

__all__ = ["Overlap", "Work"]

Work = Callable[[int, FrameReport], None]  # work(deadline_ns, report)


class Interruptible(Protocol):
    """What stops at the next step when told to; a ``Scheduler``."""

    interrupted: bool
    before_change: Callable[[], None]


class Overlap:
    """Runs turns on a worker thread; the thread ends with this object."""

    __slots__ = ("__weakref__", "_desk", "_scheduler", "_thread")

    def __init__(self, work: Work, scheduler: Interruptible) -> None:
        """Starts the thread, and has the scheduler pause it before its requests change.

        Args:
            work: One turn; called on the worker only.
            scheduler: Told to stop when a turn is to end early.
        """
        self._desk = _Desk(work)
        self._scheduler = scheduler
        self._thread = threading.Thread(
            target=_serve, args=(self._desk,), name="npcbrain overlap", daemon=True
        )
        self._thread.start()
        pause = weakref.WeakMethod(self.pause)  # the scheduler must not keep its worker alive

        def pause_if_alive() -> None:
            if (alive := pause()) is not None:
                alive()

        scheduler.before_change = pause_if_alive
        # At exit too, so that no daemon is killed in the middle of a kernel.
        weakref.finalize(self, _end, self._desk, scheduler, self._thread)

    def go(self, deadline_ns: int) -> None:
        """Begins a turn that ends at ``deadline_ns``, or earlier by ``pause``."""
        self._desk.idle.clear()
        self._desk.turns.put(deadline_ns)

    def pause(self) -> None:
        """Ends the turn: returns at once if it is over, else after one step.

        Called by the worker itself it does nothing.
        """
        if self._desk.idle.is_set() or threading.current_thread() is self._thread:
            return
        self._scheduler.interrupted = True
        self._desk.idle.wait()
        self._scheduler.interrupted = False

    def collect(self, report: FrameReport) -> Exception | None:
        """Ends the turn and adds what it did to a frame's report; returns what it raised."""
        self.pause()
        desk = self._desk
        report.absorb(desk.report)
        desk.report = FrameReport()
        error, desk.error = desk.error, None
        return error


class _Desk:
    """What the two threads share; the worker holds nothing else of npcbrain but its work."""

    __slots__ = ("error", "idle", "report", "turns", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.turns: SimpleQueue[int | None] = SimpleQueue()  # deadlines; None ends the thread
        self.idle = threading.Event()
        self.idle.set()
        self.report = FrameReport()
        self.error: Exception | None = None


def _serve(desk: _Desk) -> None:
    while (deadline_ns := desk.turns.get()) is not None:
        try:
            desk.work(deadline_ns, desk.report)
        except Exception as error:
            desk.error = error  # raised by the game's next update, where it would have been inline
        desk.idle.set()


def _end(desk: _Desk, scheduler: Interruptible, thread: threading.Thread) -> None:
    scheduler.interrupted = True
    desk.turns.put(None)
    if thread is not threading.current_thread():
        thread.join()
