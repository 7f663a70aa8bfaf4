"""The thread that talks to a server: it takes questions from a desk and puts answers onto it.

Invariant: every job that is taken ends exactly once, with an answer or a reason; and whatever the
server does, the thread goes on until it is told to end.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from contextlib import aclosing, suppress
from queue import SimpleQueue

from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.reasons import Reason
from npcbrain.remote.breaker import Breaker
from npcbrain.remote.client import Client, complaint
from npcbrain.remote.desk import Desk, Job, News
from npcbrain.remote.dialect import Dialect, Question
from npcbrain.remote.instruct import messages
from npcbrain.remote.line import Line
from npcbrain.remote.schema import answer_schema
from npcbrain.remote.server import ServerLike
from npcbrain.remote.transcript import Transcript
from npcbrain.remote.trouble import Trouble
from npcbrain.scheduling.request import Extent

__all__ = ["Manner", "end", "start"]

MAX_TRIES = 3  # of one question
FIRST_DELAY_S = 0.05  # before the second; four times as long before the third
JUDGE_NS = 100 * NS_PER_MS  # between two searches of the line for late questions
LOOK_NS = 25 * NS_PER_MS  # between two looks at the desk while there are questions
LINGER_NS = NS_PER_S  # after the last question; from then on the worker has to be called
MAX_MOVED = 64  # questions that are taken from the desk in one go
DEED_TOKENS = 64  # of an answer without words


class Manner:
    """How answers are sampled."""

    __slots__ = ("temperature", "top_p")

    def __init__(self, temperature: float, top_p: float) -> None:
        self.temperature = temperature
        self.top_p = top_p


def start(desk: Desk, remote: ServerLike, manner: Manner) -> threading.Thread:
    """Starts a worker."""
    thread = threading.Thread(
        target=_run, args=(desk, remote, manner), name="npcbrain remote", daemon=True
    )
    thread.start()
    return thread


def end(desk: Desk, thread: threading.Thread) -> None:
    """Ends a worker, and waits a moment for it to close its connections. Idempotent."""
    desk.is_closed = True
    desk.ring()
    desk.calls.put(False)
    if thread is not threading.current_thread():
        thread.join(timeout=2.0)


def _run(desk: Desk, remote: ServerLike, manner: Manner) -> None:
    try:
        asyncio.run(_Worker(desk, remote, manner).serve())
    except Exception as error:  # even a bug of ours must not leave NPCs waiting for ever
        desk.refusal = Reason.ENGINE_ERROR
        desk.fault = f"the worker for {remote.url} ended: {type(error).__name__} {error}"


def _pass_on(
    calls: SimpleQueue[bool], loop: asyncio.AbstractEventLoop, bell: asyncio.Event
) -> None:
    """Waits for calls, on a thread where waiting holds up nothing, and wakes the event loop."""
    while calls.get():
        try:
            loop.call_soon_threadsafe(bell.set)
        except RuntimeError:  # the loop has ended
            return


class _Worker:
    def __init__(self, desk: Desk, remote: ServerLike, manner: Manner) -> None:
        self._desk = desk
        self._remote = remote
        self._manner = manner
        self._client = Client(remote)
        self._chance = random.Random()  # of delays only: no answer depends on it
        self._breaker = Breaker(self._chance)
        self._line = Line[Job](remote.limit)
        self._bell = asyncio.Event()
        self._dialect: Dialect | None = None
        self._meeting: asyncio.Task[None] | None = None
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._busy_until_ns = 0
        self._judged_ns = 0
        self._moved_ns = -LINGER_NS  # when a question was last taken from the desk

    async def serve(self) -> None:
        """Works until the desk is closed."""
        threading.Thread(
            target=_pass_on,
            args=(self._desk.calls, asyncio.get_running_loop(), self._bell),
            name="npcbrain remote bell",
            daemon=True,
        ).start()
        try:
            while not self._desk.is_closed:
                self._bell.clear()
                self._desk.is_watched = False  # before the queues are emptied, so none is missed
                self._work()
                await self._rest()
        finally:
            tasks = [*self._running.values(), *([self._meeting] if self._meeting else [])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._client.close()

    def _work(self) -> None:
        """Does what can be done at this moment, but goes through no long queue in one piece."""
        desk, now_ns = self._desk, time.perf_counter_ns()
        for _ in range(min(len(desk.given_up), MAX_MOVED)):
            self._give_up(desk.given_up.popleft(), now_ns)
        for _ in range(min(len(desk.asked), MAX_MOVED)):
            job = desk.asked.popleft()
            self._moved_ns = now_ns
            if desk.refusal:
                self._tell(job, News(is_done=True, reason=desk.refusal))
            elif not job.is_over:
                self._line.join(job)
        if self._dialect is None:
            if self._meeting is None and not (self._breaker.is_open and self._rests(now_ns)):
                self._meeting = asyncio.create_task(self._meet())
        elif now_ns >= self._busy_until_ns:
            self._begin(now_ns)
        desk.num_running, desk.num_waiting = len(self._running), len(self._line)

    def _rests(self, now_ns: int) -> bool:
        return now_ns < self._breaker.retry_ns

    async def _rest(self) -> None:
        """Waits for a call, or until it is time to look at the desk or try the server again."""
        desk, now_ns, until_ns = self._desk, time.perf_counter_ns(), 0
        is_busy = now_ns < self._busy_until_ns
        if self._dialect is None:
            if self._meeting is None:
                until_ns = self._breaker.retry_ns
        elif self._line.is_half_searched and not is_busy:
            until_ns = now_ns
        elif self._running or len(self._line) or now_ns - self._moved_ns < LINGER_NS:
            until_ns = now_ns + LOOK_NS
            desk.is_watched = True
        if until_ns == now_ns or desk.asked or desk.given_up:
            await asyncio.sleep(0)  # answers come first, and the game's thread may have its turn
            return
        wait_s = max(0, until_ns - now_ns) / NS_PER_S if until_ns else None
        with suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), wait_s)

    async def _meet(self) -> None:
        """Gets to know the server, at the start and after it has failed."""
        desk = self._desk
        try:
            dialect = await self._client.meet()
        except Trouble as trouble:
            desk.fault = complaint(self._remote, trouble)
            self._leave_alone(Reason.UNREACHABLE if trouble.may_pass else Reason.REFUSED)
        except Exception as error:  # a bug of ours; trying again at once would never end
            desk.fault = f"{self._remote.url} cannot be met: {type(error).__name__} {error}"
            self._leave_alone(Reason.ENGINE_ERROR)
        else:
            self._breaker.close()
            self._dialect = dialect
            self._line.limit = min(self._remote.limit, dialect.slots or self._remote.limit)
            desk.fault = desk.refusal = ""
        finally:
            self._meeting = None
            self._bell.set()

    def _leave_alone(self, reason: str) -> None:
        """Refuses everything until the server has been met again."""
        self._breaker.open(time.perf_counter_ns())
        self._dialect = None
        self._desk.refusal = reason
        news = News(is_done=True, reason=reason)
        for job in self._line.clear():
            self._tell(job, news)

    def _begin(self, now_ns: int) -> None:
        """Sends as many questions as the limit allows, and refuses those that would be late."""
        line = self._line
        if line.is_half_searched or now_ns - self._judged_ns >= JUDGE_NS:
            self._judged_ns = now_ns
            for other in line.crowded_out(now_ns, len(self._running)):
                self._tell(other, News(is_done=True, reason=Reason.WOULD_EXCEED))
        while True:
            job, late = line.next(now_ns, len(self._running))
            for other in late:
                self._tell(other, News(is_done=True, reason=Reason.WOULD_EXCEED))
            if job is None:
                return
            assert self._dialect is not None
            job.sent_ns = now_ns
            self._running[job] = asyncio.create_task(self._answer(job, self._dialect))

    def _give_up(self, job: Job, now_ns: int) -> None:
        task = self._running.get(job)
        if task is None:
            self._line.leave(job)
            return
        task.cancel()
        if job.is_late and job.news.choice is None:
            # An answer takes at least so long. So a server that is overloaded or hangs is asked one
            # question at a time until it answers again, and all others are refused at once.
            self._line.learn(now_ns - job.sent_ns)

    def _failed(self, now_ns: int, trouble: Trouble) -> None:
        if self._breaker.failed(now_ns):
            self._desk.fault = complaint(self._remote, trouble)
            self._leave_alone(Reason.UNREACHABLE)

    async def _answer(self, job: Job, dialect: Dialect) -> None:
        """Asks one question; asks again if that may help and no word of an answer has come."""
        try:
            for number in range(MAX_TRIES):
                try:
                    await self._ask(job, dialect)
                    return
                except Trouble as trouble:
                    delay_s = self._after(trouble, number)
                    deadline_ns = time.perf_counter_ns() + round(delay_s * NS_PER_S)
                    has_time = deadline_ns + self._line.typical_ns < job.deadline_ns
                    may_try = trouble.may_pass and number + 1 < MAX_TRIES and has_time
                    if job.news.is_done:
                        return
                    if job.has_begun or not may_try or self._desk.refusal:
                        self._tell(job, self._cut(job, trouble))
                        return
                await asyncio.sleep(delay_s)
        except Exception as error:  # a bug of ours: the tree answers, and people are told
            self._desk.fault = f"a question could not be asked: {type(error).__name__} {error}"
            self._tell(job, News(is_done=True, reason=Reason.ENGINE_ERROR))
        finally:
            del self._running[job]
            self._bell.set()

    def _after(self, trouble: Trouble, number: int) -> float:
        """Learns from a failure; returns how long to wait before the next try."""
        now_ns = time.perf_counter_ns()
        if trouble.kind == "busy":
            self._busy_until_ns = now_ns + round(trouble.wait_s * NS_PER_S)
        elif trouble.kind == "denied":
            self._desk.fault = complaint(self._remote, trouble)
            self._leave_alone(Reason.REFUSED)
        else:
            self._failed(now_ns, trouble)
        delay_s: float = FIRST_DELAY_S * 4**number * self._chance.uniform(0.5, 1.5)
        return max(trouble.wait_s, delay_s)

    async def _ask(self, job: Job, dialect: Dialect) -> None:
        words = job.extent is not Extent.DEED
        actions = job.situation.actions
        started_ns = time.perf_counter_ns()
        question = Question(
            messages(job.situation, words=words),
            answer_schema(actions, words=words),
            self._remote.max_tokens if words else DEED_TOKENS,
            self._manner.temperature,
            self._manner.top_p,
            job.seed,
            job.situation,
            max(1.0, (job.deadline_ns - started_ns) / NS_PER_MS),
        )
        transcript = Transcript(actions, started_ns)
        try:
            async with aclosing(self._client.ask(dialect.body(question))) as deltas:
                async for delta in deltas:
                    now_ns = time.perf_counter_ns()
                    job.has_begun = True
                    news = transcript.add(delta, now_ns)
                    if news is not None:
                        self._hear(job, news, now_ns - started_ns)
                        if news.reason:
                            return  # not a legal answer: the rest need not be written
        except Trouble:
            news = transcript.rest()
            if news is not None and not job.news.is_done:
                self._tell(job, news)
            raise

    def _hear(self, job: Job, news: News, took_ns: int) -> None:
        """Tells the game, and learns how long the part that is waited for has taken."""
        is_served = news.is_done if job.extent is Extent.WHOLE else news.choice is not None
        if is_served and (job.extent is Extent.WHOLE or job.news.choice is None):
            self._line.learn(took_ns)
        if news.is_done:
            self._breaker.answered()
        self._tell(job, news)

    @staticmethod
    def _cut(job: Job, trouble: Trouble) -> News:
        """The part that has come of an answer that broke off, with the reason."""
        reason = {
            "unreachable": Reason.UNREACHABLE,
            "busy": Reason.UNREACHABLE,
            "broken": Reason.ENGINE_ERROR,
        }
        return job.news._replace(is_done=True, reason=reason.get(trouble.kind, Reason.REFUSED))

    def _tell(self, job: Job, news: News) -> None:
        job.news = news
        self._desk.told.append(job)
