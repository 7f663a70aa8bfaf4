"""Asks a server: what NPCs see of it, and their deadlines.

All of this is on the game's thread: it puts questions into a queue and marks those whose time has
run out; it waits for nothing. Invariant: asking never raises and sends nothing by itself.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import replace
from hashlib import blake2b

from npcbrain.asking.pending_answer import LostThought
from npcbrain.clock import NS_PER_MS, Clock
from npcbrain.npcs.contracts import Inquiry
from npcbrain.remote.desk import Desk, Job
from npcbrain.remote.thought import RemoteThought
from npcbrain.scheduling.policy import HORIZON_NS
from npcbrain.situation import Situation

__all__ = ["RemoteMind"]

MEMORY_TOKENS = 200  # of a prompt; a server has more room than a frame
LETTERS_A_TOKEN = 4  # more or less, in all vocabularies
MAX_SEED = (1 << 31) - 1  # that every server takes


class RemoteMind:
    """Puts questions onto a desk."""

    __slots__ = ("_askers", "_clock", "_deadlines", "_desk", "_num_asked", "_number", "_seed")
    may_quote = False

    def __init__(self, desk: Desk, clock: Clock, seed: int) -> None:
        self._desk = desk
        self._clock = clock
        self._seed = seed
        self._askers: dict[str, None] = {}
        self._num_asked: dict[str, int] = {}
        self._number = 0
        self._deadlines: list[tuple[int, int, RemoteThought]] = []

    def num_tokens_left(self, situation: Situation) -> int | None:
        """Nobody counts."""
        return None

    def ask(self, inquiry: Inquiry) -> RemoteThought | LostThought:
        """Begins a thought; over at once where the server is known to be away.

        Its ``grammar`` and ``lines`` are our own model's; a server is told the legal actions, and
        its answer is held against them here.
        """
        if self._desk.refusal:
            return LostThought(self._desk.refusal)
        situation, memory, name = inquiry.situation, inquiry.memory, inquiry.name
        number = self._num_asked.get(name, 0)
        self._num_asked[name] = number + 1
        self._number += 1
        if memory is not None:
            situation = replace(situation, memory=memory.select(MEMORY_TOKENS, _num_tokens))
        ttl_ns = round(inquiry.ttl_ms * NS_PER_MS)
        now_ns = time.perf_counter_ns()
        job = Job(
            name,
            situation,
            inquiry.extent,
            seed=_seed(self._seed, name, number),
            # As ``policy.urgency_ns`` ranks; that all grow older alike changes no order.
            rank=now_ns + int(min(ttl_ns, HORIZON_NS) / inquiry.priority),
            number=self._number,
            deadline_ns=now_ns + ttl_ns,
        )
        thought = RemoteThought(job, self._desk)
        heapq.heappush(self._deadlines, (self._clock.now_ns() + ttl_ns, self._number, thought))
        self._desk.asked.append(job)
        return thought

    def collect(self) -> None:
        """Notes of whom there is news, and whose time has run out."""
        desk, askers, deadlines = self._desk, self._askers, self._deadlines
        told = desk.told
        while told:
            askers[told.popleft().name] = None
        if not deadlines:
            return
        now_ns = self._clock.now_ns()
        while deadlines and deadlines[0][0] <= now_ns:
            job = heapq.heappop(deadlines)[2].job
            if not job.is_over:
                job.is_over = job.is_late = True
                desk.given_up.append(job)
                askers[job.name] = None

    def take_askers(self) -> tuple[str, ...]:
        """Names of those who are to be listened to: not all who wait, but all who have news."""
        if not self._askers:
            return ()
        names = tuple(self._askers)
        self._askers.clear()
        return names

    def forget(self, name: str) -> None:
        """The NPC of that name is gone."""
        self._num_asked.pop(name, None)


def _num_tokens(text: str) -> int:
    """About how many tokens a text has: each server has a vocabulary of its own."""
    return 1 + len(text) // LETTERS_A_TOKEN


def _seed(seed: int, name: str, number: int) -> int:
    digest = blake2b(f"{seed}\0{number}\0{name}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "little") & MAX_SEED
