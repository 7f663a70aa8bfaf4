"""``Remote``: where a server is and how it is to be used.

Settings only, checked; there is no connection and no thread before a runtime asks for a thinker.
Invariant: every ``Remote`` names a server to which a key may be sent.
"""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from npcbrain.errors import UsageError, fault
from npcbrain.remote.key import Key

if TYPE_CHECKING:
    from npcbrain.remote.dialect import Dialect
    from npcbrain.remote.thinker import RemoteThinker
    from npcbrain.thinker import ThinkerSettings

__all__ = ["Remote"]

KEY_VARIABLE = "NPCBRAIN_API_KEY"
MAX_LIMIT = 1024  # connections at once; a server batches tens, and a process has about 1000 files
MAX_TOKENS = 160  # of an answer; enough for a deed with three values and two sentences, as JSON
MIN_TOKENS = 16


class Remote:
    """A server that thinks for NPCs, in place of ``Model.load()``.

    Attributes:
        url: The server's, without ``/v1``.
        model: Which of its models; None for the first that it names.
        limit: How many questions it is asked at once; others wait here, the most urgent first.
        max_tokens: An answer is cut off at this many.
        silence_s: A connection is given up after so many seconds without a byte.
        ca_file: Certificates to trust instead of the system's; None for the system's.
        key: The key to it.
    """

    __slots__ = ("ca_file", "key", "limit", "max_tokens", "model", "silence_s", "url")

    def __init__(
        self,
        url: str,
        *,
        model: str | None = None,
        key_env: str = KEY_VARIABLE,
        limit: int = 16,
        max_tokens: int = MAX_TOKENS,
        silence_s: float = 10.0,
        ca_file: str | os.PathLike[str] | None = None,
        allow_plain: bool = False,
    ) -> None:
        """Checks the settings only; ``check`` or the first frames tell whether the server answers.

        Args:
            url: As ``https://npcs.example.com`` or ``http://127.0.0.1:8080``, with ``/v1`` or not.
            model: Which of its models; None for the first that it names.
            key_env: The environment variable that holds the key; leave it unset if there is none.
            limit: How many questions it is asked at once, 1 to 1024; fewer if it tells, as
                llama.cpp does, that it writes fewer answers at once.
            max_tokens: An answer is cut off at this many; 16 to 4096.
            silence_s: A connection is given up after so many seconds without a byte; 0.1 to 600.
            ca_file: A file of certificates to trust, for a server that signs its own.
            allow_plain: Whether plain HTTP to another machine is allowed: anybody on the way can
                read the key and change the answers.

        Raises:
            UsageError: An argument is out of range, or the URL holds a key, or is plain HTTP to
                another machine.
        """
        self.url = _checked_url(url, allow_plain)
        if model is not None and (not isinstance(model, str) or not model):
            raise UsageError(fault("model", "be a name or None", model, "Remote()"))
        if ca_file is not None and not Path(ca_file).is_file():
            raise UsageError(fault("ca_file", "be a file", str(ca_file), "Remote()"))
        self.model = model
        self.limit = _whole("limit", limit, 1, MAX_LIMIT)
        self.max_tokens = _whole("max_tokens", max_tokens, MIN_TOKENS, 4096)
        number = isinstance(silence_s, int | float) and not isinstance(silence_s, bool)
        if not number or not 0.1 <= silence_s <= 600.0:
            raise UsageError(fault("silence_s", "be 0.1 to 600", silence_s, "Remote()"))
        self.silence_s = float(silence_s)
        self.ca_file = None if ca_file is None else str(ca_file)
        self.key = Key.from_environment(key_env)

    def __repr__(self) -> str:
        return f"<Remote {self.url}>"

    def check(self) -> Dialect:
        """Asks the server who it is and what it can do; for a title screen, takes seconds.

        Returns:
            Its kind and version, the model, and how its answers are kept to the legal ones.

        Raises:
            RemoteError: It cannot be reached, answers something else (a web page, say), refuses the
                key, or has no such model.
        """
        from npcbrain.remote.client import check

        return check(self)

    def thinker(self, settings: ThinkerSettings) -> RemoteThinker:
        """The thinker of one runtime; it starts to get to know the server at once."""
        from npcbrain.remote.thinker import RemoteThinker

        return RemoteThinker(self, settings)


def _checked_url(url: object, allow_plain: bool) -> str:
    where, advice = "Remote()", 'pass "https://host" or "http://127.0.0.1:8080"'
    if not isinstance(url, str):
        raise UsageError(fault("url", "be a string", url, where, advice))
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(fault("url", "be a URL", str(error), where, advice)) from error
    if "@" in parts.netloc or parts.query or parts.fragment:
        # Hidden, because it may be a key.
        advice = "put a key into the environment, see key_env"
        rule = "hold no user, key, query or fragment"
        raise UsageError(fault("url", rule, f"{parts.scheme}://...", where, advice))
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(fault("url", "begin with https:// and a host", url, where, advice))
    if parts.scheme == "http" and not allow_plain and not _is_here(host):
        advice = "use https, or allow_plain=True where nobody else is on the way"
        raise UsageError(fault("url", "be https for another machine", url, where, advice))
    host = f"[{host}]" if ":" in host else host
    path = parts.path.rstrip("/").removesuffix("/v1")
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _whole(name: str, value: int, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(fault(name, f"be an integer of {low} to {high}", value, "Remote()"))
    return value
