"""The decision model behind Ray Serve: replicas, autoscaling, batching.

``python -m deploy.app --replicas 2`` serves on port 8000 until it is ended; ``serve run
deploy.app:autoscaled`` is the same with replicas that come and go. A game points ``nb.Remote`` at
it. Invariant: a replica holds one engine, and takes no more questions at once than it can batch,
now or soon.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import ray
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from ray import serve

import npcbrain
from deploy.service import Asked, Piece, Service
from npcbrain.errors import SituationError
from npcbrain.lm.model import Model
from npcbrain.situation import Situation

__all__ = ["autoscaled"]

SLOTS = 8  # answers in one batch
ONGOING = (
    3 * SLOTS
)  # questions at one replica; more wait in the proxy, where any replica can take them
MAX_QUEUED = 2000  # questions that wait in the proxy; beyond it, 503
MAX_TTL_MS = 600_000.0
MODEL = os.environ.get("NPCBRAIN_MODEL")  # a folder; the model that ships if absent
NAME = "hearth" if MODEL is None else Path(MODEL).name

api = FastAPI()


# ``serve.ingress`` copies the class below by value, with the names that it finds at that moment. So
# what it calls stands above it, and annotations are not postponed in this file: FastAPI reads them.


async def _stream(asked: Asked, piece: Piece, pieces: asyncio.Queue[Piece]) -> AsyncIterator[str]:
    try:
        while True:
            if piece.text:
                yield _event({"content": piece.text}, None)
            if piece.is_last:
                break
            piece = await pieces.get()
        yield _event({}, "length" if piece.reason else "stop")
        yield "data: [DONE]\n\n"
    finally:
        asked.is_gone = True


def _event(delta: dict[str, str], finish: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice]})}\n\n"


def _complaint(status: int, text: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": {"message": text}}, status, headers)


@serve.deployment(max_ongoing_requests=ONGOING, max_queued_requests=MAX_QUEUED)
@serve.ingress(api)
class Decisions:
    """One replica."""

    def __init__(self) -> None:
        self._service = Service(Model.load(MODEL, num_slots=SLOTS))

    @api.get("/v1/models")
    def models(self) -> Any:
        """The model's owner and name, by which ``Remote`` recognises the server."""
        return {"object": "list", "data": [{"id": NAME, "owned_by": "npcbrain"}]}

    @api.get("/version")
    def version(self) -> Any:
        """The version of npcbrain."""
        return {"version": npcbrain.__version__}

    @api.post("/v1/chat/completions")
    async def decide(self, request: Request) -> Any:
        """Takes a situation in place of messages; streams the answer."""
        try:
            body = json.loads(await request.body())
            situation = Situation.from_dict(body["situation"])
            words, ttl_ms = bool(body["words"]), float(body["ttl_ms"])
        except (ValueError, KeyError, TypeError, RecursionError, SituationError) as error:
            return _complaint(400, str(error)[:200])
        if not 0.0 < ttl_ms <= MAX_TTL_MS:
            return _complaint(400, f"ttl_ms must be above 0 and at most {MAX_TTL_MS:g}")
        pieces: asyncio.Queue[Piece] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def on_piece(piece: Piece) -> None:
            loop.call_soon_threadsafe(pieces.put_nowait, piece)

        asked = Asked(situation, words=words, ttl_ms=ttl_ms, on_piece=on_piece)
        self._service.ask(asked)
        try:
            first = await pieces.get()
        except asyncio.CancelledError:
            asked.is_gone = True
            raise
        if first.reason:
            # No word has been said yet, so the game may ask again, or let its tree answer.
            return _complaint(429, first.reason, {"retry-after": "0.1"})
        return StreamingResponse(_stream(asked, first, pieces), media_type="text/event-stream")


autoscaled = Decisions.options(
    ray_actor_options={"num_cpus": 1},
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 8,
        "target_ongoing_requests": SLOTS,  # a full batch each; waiting adds replicas, not delay
    },
).bind()


def main() -> None:
    """Serves a fixed number of replicas until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m deploy.app")
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--cpus", type=float, default=1.0, help="of each replica")
    options = parser.parse_args()
    if not ray.is_initialized():
        ray.init(include_dashboard=False)  # it takes seconds of a core, and nobody looks at it
    serve.start(http_options={"host": "127.0.0.1", "port": options.port})
    serve.run(
        Decisions.options(
            num_replicas=options.replicas, ray_actor_options={"num_cpus": options.cpus}
        ).bind()
    )
    print(f"serving {NAME} on port {options.port} with {options.replicas} replicas", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
