"""``ServerLike``: the settings of a server that are needed to talk to it; a ``Remote`` is one."""

from __future__ import annotations

from typing import Protocol

from npcbrain.remote.key import Key

__all__ = ["ServerLike"]


class ServerLike(Protocol):
    """A server's address and settings; see ``Remote`` for each."""

    url: str
    model: str | None
    limit: int
    max_tokens: int
    silence_s: float
    ca_file: str | None
    key: Key
