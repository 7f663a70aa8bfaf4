"""A circuit breaker: a server that fails is left alone for a while, then tried again.

Numbers in, decisions out: no clock, no connection. Invariant: at least three quarters of the rest
that is due lie between two tries; the rest doubles, up to half a minute, until an answer comes.
"""

from __future__ import annotations

import random

from npcbrain.clock import NS_PER_S

__all__ = ["Breaker"]

MAX_FAILURES = 3  # in a row; one alone may be an old connection that was closed
FIRST_REST_NS = NS_PER_S // 2
LONGEST_REST_NS = 30 * NS_PER_S
JITTER = 0.25  # either way, so that not all games of a fleet come back at the same moment


class Breaker:
    """Counts failures in a row.

    Attributes:
        is_open: Whether the server is left alone.
        retry_ns: When it may be tried again.
    """

    __slots__ = ("_chance", "_num_failures", "_rest_ns", "is_open", "retry_ns")

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._num_failures = 0
        self._rest_ns = FIRST_REST_NS
        self.is_open = False
        self.retry_ns = 0

    def answered(self) -> None:
        """Notes that a question was answered, and forgets the failures."""
        self._num_failures = 0
        self._rest_ns = FIRST_REST_NS

    def failed(self, now_ns: int) -> bool:
        """Notes that a question was not answered; returns whether this opened the breaker."""
        self._num_failures += 1
        if self._num_failures < MAX_FAILURES or self.is_open:
            return False
        self.open(now_ns)
        return True

    def open(self, now_ns: int) -> None:
        """Leaves the server alone from now on, each time for twice as long as before."""
        self.is_open = True
        self.retry_ns = now_ns + round(self._rest_ns * self._chance.uniform(1 - JITTER, 1 + JITTER))
        self._rest_ns = min(2 * self._rest_ns, LONGEST_REST_NS)

    def close(self) -> None:
        """Lets the server be asked again. The rest shrinks only when an answer comes."""
        self.is_open = False
        self._num_failures = 0
