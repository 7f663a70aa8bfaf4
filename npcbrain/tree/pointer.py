"""``Pointer``: an argument that is read from the blackboard when it is needed.

In tree files it is written ``{entry}``. ``ports`` says what a port may hold. Invariant: a value
that was read is of the port's type and within the node's limits, or a ``TreeError`` names the node
and the entry.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from npcbrain.errors import TreeError, fault
from npcbrain.tree.node import BLACKBOARD, State

if TYPE_CHECKING:
    from npcbrain.tree.node import Site

__all__ = ["Pointer", "reader"]


class Taker(Protocol):
    """Checks and converts a value: a ``Port``."""

    def take(self, value: Any, where: str) -> Any:
        """The value as the port's type; raises ``TreeError`` if it cannot be one."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Stands for the value of an entry of the blackboard.

    >>> from npcbrain.clock import SystemClock
    >>> from npcbrain.tree import Blackboard, Repeat, Succeed, compile
    >>> board = Blackboard(rounds=3)
    >>> compile(Repeat(Succeed(), Pointer("rounds")), None, SystemClock(), board).tick()
    <Status.SUCCESS: 1>

    Args:
        key: The entry.

    Raises:
        TreeError: ``key`` is not a string with something in it.
    """

    key: str

    def __post_init__(self) -> None:
        if not isinstance(self.key, str) or not self.key:
            raise TreeError(fault("key", "be a string, not empty", self.key, "Pointer()"))

    def __str__(self) -> str:
        """As files write it."""
        return f"{{{self.key}}}"

    def read(self, board: Mapping[str, Any], port: Taker, where: str, what: str) -> Any:
        """The value, as the port's type.

        Args:
            board: The blackboard.
            port: What is asked for.
            where: The node's path, for messages.
            what: The node, for messages.

        Raises:
            TreeError: There is no such entry, or it is of another type.
        """
        key = self.key
        if key not in board:
            near = difflib.get_close_matches(key, list(board), n=1)
            advice = f"something must write it before {what} runs"
            if near:
                advice = f"did you mean {near[0]!r}? {advice}"
            raise TreeError(fault("entry", "be on the blackboard", key, where, advice))
        return port.take(board[key], where)


def reader(
    value: Any,
    port: Taker,
    site: Site,
    check: Callable[[Any, str], object] | None = None,
    turn: Callable[[Any], Any] | None = None,
) -> Callable[[State], Any]:
    """A function that gives an argument: the value itself, or what its entry holds when asked.

    Args:
        value: A value that is known to be right, or a pointer.
        port: What the argument must be.
        site: The node's place.
        check: Called with the value read and the node's path; raises if it is out of limits.
        turn: Makes of the value what the node needs; None to take the value itself.
    """
    if not isinstance(value, Pointer):
        fixed = value if turn is None else turn(value)
        return lambda me: fixed
    pointer, where, what = value, f"{site.path} ({site.what})", site.what

    def read(me: State) -> Any:
        found = pointer.read(me[BLACKBOARD], port, where, what)
        if check is not None:
            check(found, f"{where}, entry {pointer.key!r}")
        return found if turn is None else turn(found)

    return read
