"""Server-sent events, in which OpenAI-compatible servers stream answers.

Bytes in, texts out; no connection. Invariant: whatever arrives, memory is bounded, and only a
``Trouble`` is raised.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from npcbrain.remote.trouble import Trouble

__all__ = ["Delta", "EventReader"]

MAX_BYTES = 1 << 20  # of a whole stream; each token comes in some 250 bytes of JSON
MAX_LINE = 1 << 16
OVER = "[DONE]"


class Delta(NamedTuple):
    """The part of an answer that one event adds.

    Attributes:
        text: More of the answer; may be empty.
        finish: How the answer ended (``stop``, ``length``, ...); empty if it goes on.
    """

    text: str
    finish: str


class EventReader:
    """Takes a stream apart."""

    __slots__ = ("_num_bytes", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._num_bytes = 0

    def feed(self, data: bytes) -> Delta:
        """Takes the next bytes; returns all that the complete events in them add.

        Raises:
            Trouble: It is not such a stream, reports an error of the server, or is too long.
        """
        self._num_bytes += len(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if self._num_bytes > MAX_BYTES or len(self._rest) > MAX_LINE:
            raise Trouble("garbage", f"it sent more than {MAX_BYTES} bytes, or an endless line")
        text, finish = [], ""
        for line in lines:
            name, colon, value = line.rstrip(b"\r").partition(b":")
            if name == b"data" and colon:
                delta = _delta(value.strip())
                text.append(delta.text)
                finish = finish or delta.finish
            elif name not in (b"", b"data", b"event", b"id", b"retry") or (name and not colon):
                raise Trouble("garbage", f"it sent {line[:40]!r} where events should come")
        return Delta("".join(text), finish)


def _delta(payload: bytes) -> Delta:
    if payload == OVER.encode():
        return Delta("", "")  # the reason to finish came before it
    try:
        event = json.loads(payload)
        if isinstance(event, dict) and (error := event.get("error")) is not None:
            told = error.get("message") if isinstance(error, dict) else error
            raise Trouble("broken", f"it reported an error in its stream: {str(told)[:200]}")
        choices = event["choices"]
        if not choices:
            return Delta("", "")  # an event that only counts tokens
        choice = choices[0]
        text = (choice.get("delta") or {}).get("content") or ""
        finish = choice.get("finish_reason") or ""
        if isinstance(text, str) and isinstance(finish, str):
            return Delta(text, finish)
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        pass
    raise Trouble("garbage", f"it sent an event that is no chunk of an answer: {payload[:60]!r}")
