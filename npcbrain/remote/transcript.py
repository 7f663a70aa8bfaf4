"""An answer as it comes in: pieces of text in, news out.

It keeps the text and touches nothing else. Invariant: a deed that was told is never taken back, and
no news follow those that say that the answer is done.
"""

from __future__ import annotations

from collections.abc import Sequence

from npcbrain.clock import NS_PER_MS
from npcbrain.reasons import Reason
from npcbrain.remote.answer import NOTHING_YET, Reading, read_answer
from npcbrain.remote.desk import News
from npcbrain.remote.server_events import Delta
from npcbrain.situation import Action

__all__ = ["Transcript"]

READ_NS = 30 * NS_PER_MS  # between two readings: a game does not show words more often
WHOLE = "stop"  # the finish of an answer that the model ended itself


class Transcript:
    """The text of one answer, as it comes."""

    __slots__ = ("_actions", "_read_ns", "_reading", "_text")

    def __init__(self, actions: Sequence[Action], now_ns: int) -> None:
        self._actions = actions
        self._read_ns = now_ns
        self._reading: Reading = NOTHING_YET
        self._text: list[str] = []

    def add(self, delta: Delta, now_ns: int) -> News | None:
        """Takes the next piece; returns news of the answer if there are any to tell."""
        self._text.append(delta.text)
        if not delta.finish and now_ns - self._read_ns < READ_NS:
            return None
        self._read_ns = now_ns
        return self._news(delta.finish)

    def rest(self) -> News | None:
        """The last news before the answer broke off; they do not say that it is done."""
        return self._news("")

    def _news(self, finish: str) -> News | None:
        had = self._reading
        reading = read_answer("".join(self._text), self._actions, whole=bool(finish))
        self._reading = reading
        if not reading.is_legal:
            return News(is_done=True, reason=Reason.REFUSED)
        if reading == had and not finish:
            return None
        choice, emotion, say, _ = reading
        return News(choice, emotion, say, bool(finish), finish == WHOLE)
