"""Talks to a server over HTTP: finds out who it is, and asks one question at a time.

Everything that a server or a network can do becomes text or a ``Trouble``. Invariant: the key goes
only to the server's own address (redirects are not followed, proxies and ``.netrc`` of the
environment are not used) and into no message.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from types import ModuleType
from typing import Any

from npcbrain.errors import RemoteError, UsageError, fault
from npcbrain.remote.dialect import OURS, Dialect, obeys, probe, server_of, tries
from npcbrain.remote.server import ServerLike
from npcbrain.remote.server_events import Delta, EventReader
from npcbrain.remote.trouble import Trouble

__all__ = ["Client", "check", "http_library"]

CONNECT_S = 5.0
DRAIN_S = 0.5  # to read the rest of a response after an answer's end
KEEP_S = 20.0  # an idle connection is kept; servers close theirs after 5 to 60 seconds
MAX_TOLD = 1 << 20  # bytes of a response that is not a stream
MAX_WAIT_S = 30.0  # for which a busy server may ask
WAIT_S = 1.0  # if a busy server does not say for how long
MAX_SHOWN = 200


def http_library() -> ModuleType:
    """The HTTP client's package, imported only when there is a server to talk to.

    Raises:
        UsageError: It is not installed.
    """
    try:
        import httpx2
    except ModuleNotFoundError as error:
        advice = "pip install npcbrain[remote]"
        raise UsageError(fault("httpx2", "be installed", None, "Remote()", advice)) from error
    return httpx2


class Client:
    """Connections to one server; lives in one event loop."""

    __slots__ = ("_http", "_library", "_remote")

    def __init__(self, remote: ServerLike) -> None:
        library = self._library = http_library()
        self._remote = remote
        timeouts = library.Timeout(remote.silence_s, connect=min(CONNECT_S, remote.silence_s))
        # Not the library's default: questions that wait at its limit know no deadlines.
        limits = library.Limits(
            max_connections=remote.limit + 2,
            max_keepalive_connections=None,
            keepalive_expiry=KEEP_S,
        )
        # Reading the system's certificates takes a tenth of a second, and only TLS needs them.
        trusted: bool | ssl.SSLContext = remote.url.startswith("https:")
        if remote.ca_file is not None:
            trusted = ssl.create_default_context(cafile=remote.ca_file)
        headers = {"accept-encoding": "identity", "user-agent": "npcbrain", **remote.key.header()}
        self._http: Any = library.AsyncClient(
            headers=headers,
            timeout=timeouts,
            limits=limits,
            verify=trusted,
            trust_env=False,
            follow_redirects=False,
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._http.aclose()

    async def meet(self) -> Dialect:
        """Finds out who the server is and how it can be kept to legal answers; a second or two.

        Raises:
            Trouble: There is no server, or it has another API, refuses the key, or lacks the model.
        """
        known = await self._who()
        if known.server == OURS:
            return replace(known, form="situation")  # its own grammar keeps its answers legal
        last: Trouble | None = None
        for dialect in tries(known):
            try:
                answer = [delta.text async for delta in self.ask(dialect.body(probe()))]
            except Trouble as trouble:
                if trouble.kind != "unfit" and trouble.status != 500:
                    raise
                last = trouble
                continue
            if dialect.form == "asked" or obeys("".join(answer)):
                return dialect
        raise last or Trouble("unfit", "it took no question")

    async def ask(self, body: dict[str, Any]) -> AsyncGenerator[Delta, None]:
        """Asks one question; yields the answer as it comes.

        Leaving the iteration early closes the connection, and then servers stop writing.

        Raises:
            Trouble: It was not answered to the end.
        """
        url, reader, is_over = f"{self._remote.url}/v1/chat/completions", EventReader(), False
        try:
            async with self._http.stream("POST", url, json=body) as response:
                if response.status_code != 200:
                    raise self._complaint(response, await _told(response))
                kind = response.headers.get("content-type", "")
                if not kind.startswith("text/event-stream"):
                    told = self._shown(await _told(response))
                    raise Trouble("garbage", f"it answered with {kind or 'something'}: {told}")
                stream = response.aiter_raw()
                async for data in stream:
                    delta = reader.feed(data)
                    if delta.text or delta.finish:
                        yield delta
                    if delta.finish:
                        is_over = True
                        break
                # Read to the end, so that the connection can be used again; but not for ever.
                with suppress(TimeoutError):
                    async with asyncio.timeout(DRAIN_S):
                        async for data in stream:
                            reader.feed(data)
        except self._library.HTTPError as error:
            if not is_over:
                raise self._trouble(error) from None
        if not is_over:
            raise Trouble("broken", "it ended the connection before the answer's end")

    async def _who(self) -> Dialect:
        """The server and its model, as it presents itself."""
        listed, header = await self._get("/v1/models")
        models = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(models, list) or not all(isinstance(model, dict) for model in models):
            raise Trouble("garbage", "its /v1/models is no list of models")
        names = [str(model.get("id")) for model in models]
        wanted = self._remote.model
        if not names or (wanted is not None and wanted not in names):
            have = ", ".join(names[:8]) or "none"
            raise Trouble("unfit", f"it serves no model {wanted or 'at all'}, but: {have}")
        at = 0 if wanted is None else names.index(wanted)
        server = server_of(models[at].get("owned_by"), header)
        version, slots = "", 0
        path = {
            "llama.cpp": "/props",
            "vLLM": "/version",
            "TensorRT-LLM": "/version",
            OURS: "/version",
        }.get(server)
        if path is not None:
            try:
                told, _ = await self._get(path)
            except Trouble:
                told = {}  # nice to know, but not needed
            if isinstance(told, dict):
                version = str(told.get("version") or told.get("build_info") or "")[:40]
                total = told.get("total_slots")
                slots = total if isinstance(total, int) and 0 < total < 10_000 else 0
        return Dialect(server, version, names[at], slots=slots)

    async def _get(self, path: str) -> tuple[object, str]:
        """A JSON document, and the ``Server`` header."""
        try:
            async with self._http.stream("GET", f"{self._remote.url}{path}") as response:
                told = await _told(response)
        except self._library.HTTPError as error:
            raise self._trouble(error) from None
        if response.status_code != 200:
            raise self._complaint(response, told)
        try:
            return json.loads(told), response.headers.get("server", "")
        except (ValueError, RecursionError):
            kind = response.headers.get("content-type", "something")
            shown = self._shown(told)
            text = f"{path} answered with {kind}, which is no JSON: {shown}"
            raise Trouble("garbage", text) from None

    def _complaint(self, response: Any, told: bytes) -> Trouble:
        """The trouble that a status other than 200 means."""
        status, shown = response.status_code, self._shown(told)
        text = f"it answered {status}: {shown}"
        if status in (401, 403):
            return Trouble("denied", f"it refuses the key with {status}")
        if status in (429, 503):
            return Trouble("busy", text, wait_s=_wait_s(response.headers.get("retry-after", "")))
        if status >= 500:
            return Trouble("broken", text, status=status)
        if status in (400, 413, 422):
            return Trouble("unfit", text)
        return Trouble("garbage", text)

    def _trouble(self, error: Exception) -> Trouble:
        """The trouble that an exception of the HTTP client means."""
        text = self._remote.key.hide_in(f"{type(error).__name__} {error}".strip())[:MAX_SHOWN]
        library = self._library
        if isinstance(error, library.ConnectError | library.ConnectTimeout | library.PoolTimeout):
            return Trouble("unreachable", text)
        if isinstance(error, library.UnsupportedProtocol | library.DecodingError):
            return Trouble("garbage", text)
        return Trouble("broken", text)

    def _shown(self, told: bytes) -> str:
        text = " ".join(told[: 4 * MAX_SHOWN].decode("utf-8", "replace").split())
        return self._remote.key.hide_in(text)[:MAX_SHOWN]


def check(remote: ServerLike) -> Dialect:
    """Meets a server once, then closes the connection.

    Raises:
        RemoteError: It cannot think for NPCs.
    """

    async def meet() -> Dialect:
        client = Client(remote)
        try:
            return await client.meet()
        finally:
            await client.close()

    try:
        return asyncio.run(meet())
    except Trouble as trouble:
        raise RemoteError(complaint(remote, trouble)) from None


def complaint(remote: ServerLike, trouble: Trouble) -> str:
    """A message for people about what is wrong with a server."""
    advice = {
        "unreachable": "start it, or correct the URL",
        "broken": "see its own log",
        "busy": "wait until it has loaded its model, or raise what it allows",
        "garbage": "check that the URL is that of an OpenAI-compatible server",
        "unfit": "check the model's name, and that the server takes chats",
        "denied": "put the right key into the environment variable that key_env names",
    }[trouble.kind]
    # Not ``fault``, which would cut the server's words short.
    return f"server must answer as OpenAI's API does, got: {trouble} - at {remote.url}; {advice}"


async def _told(response: Any) -> bytes:
    """A response's body, which may not be too long."""
    told = b""
    async for data in response.aiter_raw():
        told += data
        if len(told) > MAX_TOLD:
            raise Trouble("garbage", f"it sent more than {MAX_TOLD} bytes where a page was due")
    return told


def _wait_s(header: str) -> float:
    """How long to wait, by a ``Retry-After`` header in seconds; one with a date is not read."""
    try:
        return min(max(0.0, float(header)), MAX_WAIT_S)
    except ValueError:
        return WAIT_S
