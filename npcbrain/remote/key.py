"""The key to a server, which no log, save, trace or message must ever hold.

Invariant: only ``Key.header`` returns it, and only the HTTP client calls that.
"""

from __future__ import annotations

import os
from typing import NoReturn

from npcbrain.errors import UsageError, fault

__all__ = ["Key"]

HIDDEN = "***"


class Key:
    """A secret from the environment; empty if the server needs none."""

    __slots__ = ("_secret",)

    def __init__(self, secret: str = "") -> None:
        self._secret = secret

    @classmethod
    def from_environment(cls, variable: str) -> Key:
        """Reads a key; none if the variable is not set.

        Raises:
            UsageError: The variable's name is not a name, or its value cannot stand in a header.
        """
        where = "Remote()"
        if not isinstance(variable, str) or not variable.isidentifier():
            advice = "pass the name of an environment variable, never the key itself"
            # Hidden: if somebody passes the key itself by mistake, it must not get into a log.
            raise UsageError(fault("key_env", "be a variable's name", HIDDEN, where, advice))
        secret = os.environ.get(variable, "").strip()
        if not all(" " < char <= "~" for char in secret):
            rule = "hold printable letters without spaces"
            raise UsageError(fault(f"the key in {variable}", rule, HIDDEN, where))
        return cls(secret)

    def __bool__(self) -> bool:
        return bool(self._secret)

    def __repr__(self) -> str:
        return f"<Key {HIDDEN}>" if self else "<Key none>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is never saved; it is read from the environment at each start")

    def header(self) -> dict[str, str]:
        """The header that shows it to the server."""
        return {"authorization": f"Bearer {self._secret}"} if self else {}

    def hide_in(self, text: str) -> str:
        """``text`` without the key, because servers repeat a key that they refuse."""
        return text.replace(self._secret, HIDDEN) if self else text
