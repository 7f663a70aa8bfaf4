"""``RemoteMind``: how NPCs ask a server, and their deadlines.

All of this is on the game's thread: it puts questions into a queue and marks those whose time has
run out; it waits for nothing. Invariant: asking never raises, and sends nothing itself.
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
LETTERS_A_TOKEN = 4  # roughly, in all vocabularies
MAX_ENDED = 16  # thoughts that end in one frame: then trees act, and hundreds at once would hitch
MAX_SEED = (1 << 31) - 1  # every server takes seeds up to here


class RemoteMind:
    """Puts questions onto a ``Desk``."""

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
        """None: a server's tokens are not counted."""
        return None

    def ask(self, inquiry: Inquiry) -> RemoteThought | LostThought:
        """Begins a thought, which is over at once if the server is known to be away.

        The inquiry's ``grammar`` and ``lines`` are for our own model; a server is told the legal
        actions, and its answer is checked against them here.
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
            # The order of ``policy.urgency_ns``: all grow older alike, so their order stays.
            rank=now_ns + int(min(ttl_ns, HORIZON_NS) / inquiry.priority),
            number=self._number,
            deadline_ns=now_ns + ttl_ns,
        )
        thought = RemoteThought(job, self._desk)
        heapq.heappush(self._deadlines, (self._clock.now_ns() + ttl_ns, self._number, thought))
        self._desk.asked.append(job)
        return thought

    def collect(self) -> None:
        """Notes which NPCs have news, and gives up questions whose time has run out.

        Where very many thoughts end at once, some are left to the frames that follow.
        """
        desk, askers, deadlines = self._desk, self._askers, self._deadlines
        told, num_ended = desk.told, 0
        while told and num_ended < MAX_ENDED:
            job = told.popleft()
            num_ended += job.news.is_done and job.name not in askers  # it may be told often
            askers[job.name] = None
        if not deadlines:
            return
        now_ns = self._clock.now_ns()
        while deadlines and deadlines[0][0] <= now_ns and num_ended < MAX_ENDED:
            job = heapq.heappop(deadlines)[2].job
            if not job.is_over:
                job.is_over = job.is_late = True
                desk.given_up.append(job)
                askers[job.name] = None
                num_ended += 1

    def take_askers(self) -> tuple[str, ...]:
        """Names of the NPCs that have news; the others need not be listened to."""
        if not self._askers:
            return ()
        names = tuple(self._askers)
        self._askers.clear()
        return names

    def forget(self, name: str) -> None:
        """Forgets the NPC of that name, which is gone."""
        self._num_asked.pop(name, None)


def _num_tokens(text: str) -> int:
    """Roughly how many tokens a text has, since each server has a vocabulary of its own."""
    return 1 + len(text) // LETTERS_A_TOKEN


def _seed(seed: int, name: str, number: int) -> int:
    digest = blake2b(f"{seed}\0{number}\0{name}".encode("utf-8", "replace"), digest_size=8)
    return int.from_bytes(digest.digest(), "little") & MAX_SEED
