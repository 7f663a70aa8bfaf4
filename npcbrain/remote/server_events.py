"""Server-sent events, as OpenAI-compatible servers stream answers in.

Bytes in, texts out; no connection. Invariant: memory is bounded whatever arrives, and nothing but a
``Trouble`` is raised for it.
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
    """What one event adds.

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
            Trouble: It is no such stream, the server reports an error in it, or it is too long.
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
        return Delta("", "")  # the reason came before it
    try:
        event = json.loads(payload)
        if isinstance(event, dict) and (error := event.get("error")) is not None:
            told = error.get("message") if isinstance(error, dict) else error
            raise Trouble("broken", f"it reported an error in its stream: {str(told)[:200]}")
        choices = event["choices"]
        if not choices:
            return Delta("", "")  # counts of tokens
        choice = choices[0]
        text = (choice.get("delta") or {}).get("content") or ""
        finish = choice.get("finish_reason") or ""
        if isinstance(text, str) and isinstance(finish, str):
            return Delta(text, finish)
    except (ValueError, RecursionError, KeyError, IndexError, TypeError, AttributeError):
        pass
    raise Trouble("garbage", f"it sent an event that is no chunk of an answer: {payload[:60]!r}")
