"""The answers a node can give.

Invariant: the numbers never change, because save files hold them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Literal

__all__ = ["FAILURE", "IDLE", "RUNNING", "SKIPPED", "SUCCESS", "Status"]


class Status(IntEnum):
    """What a node answered when it was last ticked.

    A tick answers SUCCESS, FAILURE or RUNNING, never IDLE; SKIPPED only where a node is told to be
    skipped, by ``Conditioned`` or ``RunOnce(then_skip=True)``. Compare by identity (``is``): the
    members are singletons, and the number 1 is not an answer.
    """

    IDLE = 0  # not ticked, or halted
    SUCCESS = 1
    FAILURE = 2
    RUNNING = 3  # not done: tick me again, or halt me
    SKIPPED = 4  # as if I were not there


# Module names, because a tick compares them a dozen times: reaching through the class costs twice.
IDLE: Final[Literal[Status.IDLE]] = Status.IDLE
SUCCESS: Final[Literal[Status.SUCCESS]] = Status.SUCCESS
FAILURE: Final[Literal[Status.FAILURE]] = Status.FAILURE
RUNNING: Final[Literal[Status.RUNNING]] = Status.RUNNING
SKIPPED: Final[Literal[Status.SKIPPED]] = Status.SKIPPED
