"""A server that stands in for the real ones, and misbehaves on demand.

It speaks as llama.cpp's server, vLLM or trtllm-serve do, as far as a client can tell: by whom their
models are owned, which fields they refuse and in which form they follow a schema. TensorRT-LLM's
part is written from its documentation (trtllm-serve 1.2 to 1.4) and a report of how 1.2.1 treats
schemas; nothing of it was run.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMON = {
    "model", "messages", "max_tokens", "temperature", "top_p", "seed", "stream", "response_format",
}  # fmt: skip
SAID = "Well met, traveller."


def schema_of(body: dict[str, Any], flavour: str) -> dict[str, Any] | None:
    """The schema that a server of this kind would follow; None if it would follow none."""
    wanted = body.get("response_format", {})
    if flavour == "trtllm":  # 1.2.1 takes the wrapper for the schema, which then means nothing
        if wanted.get("type") == "json":
            return wanted["schema"]
        inner = wanted.get("json_schema", {})
        return inner if "properties" in inner else None
    if flavour == "none" or wanted.get("type") != "json_schema":
        return None
    return wanted.get("json_schema", {}).get("schema") or (
        wanted.get("schema") if flavour == "llamacpp" else None
    )


def follow(schema: dict[str, Any]) -> Any:
    """The first answer that a schema allows."""
    if "anyOf" in schema:
        return follow(schema["anyOf"][0])
    if schema["type"] == "object":
        return {key: follow(part) for key, part in schema["properties"].items()}
    return schema["enum"][0] if "enum" in schema else SAID


class StandIn:
    """Listens on a port of this machine; every request is answered by ``behave``.

    Attributes:
        behave: Called with the handler and the request's body; a method of ``Handler`` does.
        asked: Bodies of all chats but the probes.
        num_hung_up: Answers whose reader went away before their end.
    """

    def __init__(
        self, flavour: str = "llamacpp", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.flavour = flavour
        self.behave: Callable[[Handler, dict[str, Any]], None] = Handler.answer
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.num_hung_up = 0
        self.models = ["tiny"]
        self.page: bytes | None = None  # of everything, where this is no such server at all
        self.key = ""
        self._sockets: set[socket.socket] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self._http.stand_in = self  # type: ignore[attr-defined]
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
            self.url = f"https://localhost:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def kill(self) -> None:
        """Ends at once, all connections with it, as a process that is killed."""
        self._http.shutdown()
        self._http.server_close()
        for connection in tuple(self._sockets):
            reset(connection)

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def reset(connection: socket.socket) -> None:
    """Closes a connection without a goodbye."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
    except OSError:
        pass


class Handler(BaseHTTPRequestHandler):
    """One connection; its methods after ``do_POST`` are ways to behave."""

    protocol_version = "HTTP/1.1"

    @property
    def stand_in(self) -> StandIn:
        return self.server.stand_in  # type: ignore[attr-defined, no-any-return]

    def setup(self) -> None:
        super().setup()
        self.stand_in._sockets.add(self.connection)

    def log_message(self, format: str, *args: Any) -> None: ...

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.stand_in.num_hung_up += 1

    def do_GET(self) -> None:
        stand_in = self.stand_in
        if stand_in.page is not None:
            self.send(200, stand_in.page, "text/html")
        elif stand_in.key and self.headers.get("authorization") != f"Bearer {stand_in.key}":
            self.complain(401, f"no such key: {self.headers.get('authorization')}")
        elif self.path == "/v1/models":
            owner = {"trtllm": "tensorrt_llm", "none": "somebody"}.get(
                stand_in.flavour, stand_in.flavour
            )
            models = [{"id": name, "owned_by": owner} for name in stand_in.models]
            self.tell(200, {"object": "list", "data": models})
        elif self.path == "/version" and stand_in.flavour in ("vllm", "trtllm"):
            self.tell(200, {"version": "1.2.3"})
        elif self.path == "/props" and stand_in.flavour == "llamacpp":
            self.tell(200, {"build_info": "b7", "total_slots": 4})
        else:
            self.complain(404, "not found")

    def do_POST(self) -> None:
        stand_in = self.stand_in
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        stand_in.headers.append(dict(self.headers))
        odd = (
            body.keys()
            - COMMON
            - ({"chat_template_kwargs"} if stand_in.flavour != "none" else set())
        )
        if odd and stand_in.flavour in ("trtllm", "none"):
            self.complain(400, f"extra inputs are not permitted: {odd}")
            return
        if "quay" in json.dumps(body):
            self.answer(body)
            return
        stand_in.asked.append(body)
        stand_in.behave(self, body)

    # Ways to behave.

    def answer(self, body: dict[str, Any], pause_s: float = 0.0) -> None:
        """As asked, in pieces."""
        schema = schema_of(body, self.stand_in.flavour)
        said = {"word": "tree"} if schema is None else follow(schema)
        self.stream(json.dumps(said), pause_s)

    def drip(self, body: dict[str, Any]) -> None:
        """A letter now and then: never silent, and never done."""
        self.answer(body, pause_s=0.15)

    def stall(self, body: dict[str, Any]) -> None:
        """Takes the question and says nothing."""
        self.connection.settimeout(30)
        try:
            if not self.connection.recv(1):
                self.stand_in.num_hung_up += 1
        except OSError:
            self.stand_in.num_hung_up += 1
        self.close_connection = True

    def break_off(self, body: dict[str, Any]) -> None:
        """Dies in the middle of a sentence."""
        self.begin()
        self.piece('{"deed": {"act')
        reset(self.connection)
        self.close_connection = True

    def half_close(self, body: dict[str, Any]) -> None:
        """Ends the stream politely, before the answer's end."""
        self.begin()
        self.piece('{"deed": {"act')
        self.chunk(b"")
        self.close_connection = True

    def garble(self, body: dict[str, Any]) -> None:
        """Something that is no HTTP."""
        self.wfile.write(b"\x00\xff\x17garbage\r\n\r\n" * 20)
        self.close_connection = True

    def mumble(self, body: dict[str, Any]) -> None:
        """A stream of events that are no chunks."""
        self.begin()
        self.chunk(b'data: {"hello": [[[1]]]}\n\ndata: \xff\xfe\n\n')
        self.chunk(b"")

    def lie(self, body: dict[str, Any]) -> None:
        """A well-formed answer that is not legal."""
        self.stream(
            '{"deed": {"action": "give", "args": {"item": "the crown"}}, "say": "Take it!"}'
        )

    def chat(self, body: dict[str, Any]) -> None:
        """Wrong JSON: words instead."""
        self.stream("Sure! I would be happy to help you with that.")

    def fail(self, body: dict[str, Any]) -> None:
        """500."""
        self.complain(500, "out of memory")

    def refuse(self, body: dict[str, Any]) -> None:
        """429."""
        self.complain(429, "slow down", {"retry-after": "0.2"})

    def web_page(self, body: dict[str, Any]) -> None:
        """What a proxy shows."""
        self.send(200, b"<html>Welcome!</html>", "text/html")

    # The means.

    def stream(self, text: str, pause_s: float = 0.0) -> None:
        """Answers with a text, a few letters at a time."""
        self.begin()
        size = 1 if pause_s else 5
        for at in range(0, len(text), size):
            time.sleep(pause_s)
            self.piece(text[at : at + size])
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.chunk(b"data: [DONE]\n\n")
        self.chunk(b"")

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

    def piece(self, text: str) -> None:
        self.event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})

    def event(self, data: object) -> None:
        self.chunk(f"data: {json.dumps(data)}\n\n".encode())

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def tell(self, status: int, data: object, headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(data).encode(), "application/json", headers)

    def complain(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.tell(status, {"error": {"message": text, "code": status}}, headers)

    def send(
        self, status: int, data: bytes, kind: str, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


WAYS_TO_FAIL = (
    Handler.stall, Handler.drip, Handler.break_off, Handler.half_close, Handler.garble,
    Handler.mumble, Handler.lie, Handler.chat, Handler.fail, Handler.refuse, Handler.web_page,
)  # fmt: skip


def patiently(seconds: float = 20.0) -> Iterator[None]:
    """Tries again and again, for as long as a slow machine may need."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.01)
