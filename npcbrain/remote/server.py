"""``ServerLike``: what those who talk to a server must know of it; a ``Remote`` is one."""

from __future__ import annotations

from typing import Protocol

from npcbrain.remote.key import Key

__all__ = ["ServerLike"]


class ServerLike(Protocol):
    """A server's address and how to treat it; see ``Remote`` for each."""

    url: str
    model: str | None
    limit: int
    max_tokens: int
    silence_s: float
    ca_file: str | None
    key: Key
