"""``Desk``: the queues of questions and of answers that the game's thread and the worker share.

Invariant: each attribute is written by only one of the two threads, and a ``News`` never changes.
Deques and attributes suffice, because the interpreter's lock makes each of their operations atomic.
"""

from __future__ import annotations

from collections import deque
from queue import SimpleQueue
from typing import NamedTuple

from npcbrain.scheduling.request import Extent
from npcbrain.situation import Decision, Situation

__all__ = ["Desk", "Job", "News"]


class News(NamedTuple):
    """How far an answer is.

    Attributes:
        choice: The deed, once it is complete and legal.
        emotion: ``"neutral"`` until it is known.
        say: The words so far.
        is_done: Whether no more will come.
        is_whole: Whether the server ended it itself.
        reason: Why it was cut off, or never came; empty if it is whole.
    """

    choice: Decision | None = None
    emotion: str = "neutral"
    say: str = ""
    is_done: bool = False
    is_whole: bool = False
    reason: str = ""


class Job:
    """A question on its way.

    Attributes:
        name: The NPC that asks.
        situation: With the memories to tell.
        extent: How much of the answer is waited for.
        seed: The answer's seed.
        rank: The smallest goes first.
        number: The number of the question.
        deadline_ns: From then on the answer is worth nothing, by the system's clock. When the game
            pauses, the true deadline moves; the game's thread keeps that one.
        is_over: Written by the game's thread: nobody waits for the answer any more.
        is_late: Written by the game's thread: it is over because its time ran out.
        has_begun: Written by the worker: whether any of the answer has come.
        sent_ns: Written by the worker: when the server was first asked; 0 until then.
        news: Written by the worker.
    """

    __slots__ = (
        "deadline_ns",
        "extent",
        "has_begun",
        "is_late",
        "is_over",
        "name",
        "news",
        "number",
        "rank",
        "seed",
        "sent_ns",
        "situation",
    )

    def __init__(
        self,
        name: str,
        situation: Situation,
        extent: Extent,
        *,
        seed: int,
        rank: int,
        number: int,
        deadline_ns: int,
    ) -> None:
        self.name = name
        self.situation = situation
        self.extent = extent
        self.seed = seed
        self.rank = rank
        self.number = number
        self.deadline_ns = deadline_ns
        self.is_over = False
        self.is_late = False
        self.has_begun = False
        self.sent_ns = 0
        self.news = News()


class Desk:
    """The two queues, and the worker's state.

    Attributes:
        asked: Questions, put by the game's thread.
        given_up: Jobs that are over, put by the game's thread.
        told: Jobs that have news, put by the worker.
        calls: True wakes the worker; False ends the thread that waits for calls.
        refusal: The reason for which every question is refused just now; empty if none is.
        fault: What is wrong with the server, for people; empty if nothing is.
        num_running: Questions that the server is answering.
        num_waiting: Questions that wait for it.
        is_watched: Written by the worker: whether it looks at the queues soon without a call.
        is_closed: Whether the worker is to end.
    """

    __slots__ = (
        "asked",
        "calls",
        "fault",
        "given_up",
        "is_closed",
        "is_watched",
        "num_running",
        "num_waiting",
        "refusal",
        "told",
    )

    def __init__(self) -> None:
        self.asked: deque[Job] = deque()
        self.given_up: deque[Job] = deque()
        self.told: deque[Job] = deque()
        self.refusal = ""
        self.fault = ""
        self.num_running = 0
        self.num_waiting = 0
        self.is_watched = False
        self.is_closed = False
        self.calls: SimpleQueue[bool] = SimpleQueue()

    def ring(self) -> None:
        """Wakes the worker when the queues have something for it.

        That is cheap, but not free: where all cores are taken, a thread that wakes may get the
        frame's core, and then the system may give it to another program for some milliseconds. So
        a worker that has questions looks at the queues by itself, and is called out of rest alone.

        It does not call the event loop: that would write to a socket and so release the
        interpreter, which the worker would then hold while the frame waits.
        """
        self.calls.put(True)
