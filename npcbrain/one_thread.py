"""``OneThread``: lets in one thread at a time; a second one gets an error instead of waiting.

Invariant: no thread ever waits here, so no frame does, and a forked process cannot hang.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from npcbrain.errors import UsageError, fault

__all__ = ["OneThread", "alone", "alone_at"]

P = ParamSpec("P")
R = TypeVar("R")


class OneThread:
    """A lock that one thread may enter again and again, and for which no thread waits."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.RLock()  # an interrupted thread that did not leave may enter again

    def enter(self, where: str) -> None:
        """Goes in.

        Raises:
            UsageError: Another thread is inside.
        """
        if not self._lock.acquire(blocking=False):
            rule = "be used by one thread at a time"
            advice = (
                "call it from the game loop's; hear(), notice() and remember() may come from any"
            )
            raise UsageError(fault("runtime", rule, "two at once", where, advice))

    def leave(self) -> None:
        """Goes out."""
        self._lock.release()

    def check(self, where: str) -> None:
        """For what is done in one stroke.

        Raises:
            UsageError: Another thread is inside.
        """
        self.enter(where)
        self.leave()


class Guarded(Protocol):
    """An object with a ``OneThread``."""

    _alone: OneThread


G = TypeVar("G", bound=Guarded)


def alone(method: Callable[Concatenate[G, P], R]) -> Callable[Concatenate[G, P], R]:
    """A method of a runtime that one thread at a time may be in; of all such methods together."""
    return _guarded(method, f"Runtime.{method.__name__}()")


def alone_at(
    where: str,
) -> Callable[[Callable[Concatenate[G, P], R]], Callable[Concatenate[G, P], R]]:
    """The same for what belongs to a runtime; ``where`` is what a game calls it."""

    def guard(method: Callable[Concatenate[G, P], R]) -> Callable[Concatenate[G, P], R]:
        return _guarded(method, where)

    return guard


def _guarded(method: Callable[Concatenate[G, P], R], where: str) -> Callable[Concatenate[G, P], R]:
    @wraps(method)
    def guarded(self: G, /, *args: P.args, **given: P.kwargs) -> R:
        self._alone.enter(where)
        try:
            return method(self, *args, **given)
        finally:
            self._alone.leave()

    return guarded
