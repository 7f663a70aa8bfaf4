"""``LineFilter``: a game's say on what its characters say, before anybody sees it.

It knows neither trees nor the model. Invariant: a line passes only if the game answered True to it;
what the game's function raised is kept for the end of the frame, and stops nobody else's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from npcbrain.errors import TreeError, UsageError, fault

__all__ = ["LineCheck", "LineFilter"]


LineCheck = Callable[..., bool]  # check(npc, line): whether it may be said


class Named(Protocol):
    """An NPC."""

    name: str


class LineFilter:
    """Asks the game about lines."""

    __slots__ = ("_check", "_error")

    def __init__(self, check: LineCheck) -> None:
        """Asks nothing yet.

        Args:
            check: Called as ``check(npc, line)`` with all that the model would have an NPC say to
                one event; True lets it be said.

        Raises:
            UsageError: It cannot be called.
        """
        if not callable(check):
            raise UsageError(fault("line_filter", "be callable", check, "Runtime()"))
        self._check = check
        self._error: TreeError | None = None

    def passes(self, npc: Named, line: str) -> bool:
        """Whether an NPC may say this; silence always passes."""
        if not line:
            return True
        where = f"npc {npc.name!r}, line_filter"
        try:
            answer: object = self._check(npc, line)
        except Exception as error:
            self._keep(fault("line_filter", "not raise", error, where), error)
            return False
        if not isinstance(answer, bool):
            self._keep(fault("line_filter", "return True or False", answer, where), None)
            return False
        return answer

    def take_error(self) -> TreeError | None:
        """What went wrong since the last call, if anything did."""
        error, self._error = self._error, None
        return error

    def _keep(self, message: str, cause: Exception | None) -> None:
        if self._error is None:
            self._error = TreeError(message)
            self._error.__cause__ = cause
