"""llama.cpp's own server, from the ``xllamacpp`` wheel, in a process that can be killed.

``python -m tools.bench.llama_http MODEL.gguf --port 8080`` serves a model; ``LlamaHttp`` starts
this for tests and benches. Invariant: after the ``with`` block no process is left.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from npcbrain.errors import UsageError, fault

__all__ = ["LlamaHttp", "free_port"]

ROOT = Path(__file__).resolve().parents[2]
START_S = 120.0
LOOK_S = 0.05


class LlamaHttp:
    """A server that runs until it is killed.

    Attributes:
        url: Its address; the same after another ``start``.
    """

    def __init__(
        self, model: Path, *, slots: int = 4, context: int = 1024, threads: int = 1, key: str = ""
    ) -> None:
        """Starts nothing yet.

        Args:
            model: A GGUF file.
            slots: How many answers are written at once.
            context: Tokens of each.
            threads: Threads of the model.
            key: The key that it asks for; empty for none.
        """
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._command = [
            sys.executable, "-m", "tools.bench.llama_http", str(model), "--port", str(self._port),
            "--slots", str(slots), "--context", str(context), "--threads", str(threads),
        ]  # fmt: skip
        self._environment = {**os.environ, "LLAMA_KEY": key}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> LlamaHttp:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self, *, wait: bool = True) -> None:
        """Starts it, and waits until it has loaded its model.

        Raises:
            UsageError: It ended instead, or took two minutes.
        """
        self.kill()
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + START_S
        while wait and not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > end:
                self.kill()
                advice = "run python -m tools.bench.llama_http by hand to see why"
                raise UsageError(fault("llama.cpp's server", "start", None, self.url, advice))
            time.sleep(LOOK_S)

    def kill(self) -> None:
        """Kills it, in the middle of whatever it is writing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1.0) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def free_port() -> int:
    """A port that is not in use."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.llama_http")
    parser.add_argument("model", type=Path)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(options.model)
    params.n_ctx = options.context * options.slots
    params.n_parallel = options.slots
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options.threads
    params.port = options.port
    params.warmup = False
    params.verbosity = -1
    if key := os.environ.get("LLAMA_KEY"):
        params.api_keys = [key]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
