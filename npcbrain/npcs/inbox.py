"""``Inbox``: the events that wait until an NPC turns to them.

Any thread may put something in; only the game's own takes it out. Invariant: it never holds more
than ``MAX_WAITING`` events, and those it drops are the oldest.
"""

from __future__ import annotations

from collections import deque
from threading import Lock

from npcbrain.situation import Event

__all__ = ["MAX_WAITING", "Inbox"]

MAX_WAITING = 4  # events not yet dealt with; older ones are no longer worth an answer


class Inbox:
    """What one NPC has not yet turned to.

    Attributes:
        waiting: The events, oldest first.
        rests: Whether the next one waits for the next frame.
        num_missed: How many were dropped because newer ones kept coming.
        lock: Held by whoever puts something in.
    """

    __slots__ = ("lock", "num_missed", "rests", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[Event] = deque()
        self.rests = False
        self.num_missed = 0
        self.lock = Lock()

    @property
    def oldest(self) -> Event | None:
        """What is next; None if nothing waits."""
        return self.waiting[0] if self.waiting else None

    def put(self, event: Event) -> Event | None:
        """Adds an event; returns the one that was dropped for it, if one was."""
        missed = None
        if len(self.waiting) == MAX_WAITING:
            missed = self.waiting.popleft()
            self.num_missed += 1
        self.waiting.append(event)
        return missed

    def take(self) -> Event | None:
        """The oldest event, which is in here no more; None if none is, or it rests."""
        return self.waiting.popleft() if self.waiting and not self.rests else None
