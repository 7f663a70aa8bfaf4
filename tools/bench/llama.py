"""llama.cpp as a contender, through either of its Python packages.

* ``llama-cpp-python`` compiles llama.cpp for the processor it is installed on; its C functions are
  called directly, so that only their work is timed.
* ``xllamacpp`` is a wheel that runs on any processor, and so does not use the instructions of newer
  ones. It is a whole server inside this process; the times are the server's own.

The first is taken if it is installed, because it is the faster one. Invariant: one thread, no GPU,
each prompt read anew, and always the likeliest token.
"""

from __future__ import annotations

import ctypes
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npcbrain.errors import ModelError, UsageError, fault
from tools.bench.contenders import NS_PER_MS, NUM_CONVERSATIONS, Alone
from tools.bench.gguf_files import weight_bytes

__all__ = ["Binding", "find_binding"]

Decode = Callable[[Sequence[int]], str]

BATCH = 512  # tokens of one run, llama.cpp's own default

COMPILED = "llama-cpp-python"  # when installed, for the processor of this machine

# Instructions of newer processors, which a build for all processors does not use.
WIDE_INSTRUCTIONS = ("avx512f", "avx512_vnni", "avx_vnni", "amx_int8")


class Binding(NamedTuple):
    """An installed package of llama.cpp.

    Attributes:
        name: The package and its version.
        instructions: The instructions that its build of llama.cpp says it uses.
        open: Makes a contender of a name, a GGUF file, a function that turns ids into text, the
            tokens of a conversation and the threads of a run.
    """

    name: str
    instructions: str
    open: Callable[[str, Path, Decode, int, int], LlamaCpp | LlamaServer]

    @property
    def note(self) -> str:
        """The instructions of this processor that it does not use, in words; empty if none."""
        used = self.instructions.lower().replace("_", "")
        unused = [
            name
            for name in _processor_flags()
            if name in WIDE_INSTRUCTIONS and name.replace("_", "").removesuffix("f") not in used
        ]
        if not unused:
            return ""
        left = f"this build of llama.cpp leaves {', '.join(unused)} unused"
        if self.name.startswith(COMPILED):
            return left
        return f"{left}; pip install {COMPILED} compiles one that does not"


def find_binding() -> Binding:
    """The package to use.

    Raises:
        UsageError: None is installed.
    """
    for module, package, contender in (
        ("llama_cpp", COMPILED, LlamaCpp),
        ("xllamacpp", "xllamacpp", LlamaServer),
    ):
        try:
            library = import_module(module)
        except (ImportError, OSError, RuntimeError):  # not there, or a library that does not load
            continue
        told = getattr(library, "llama_print_system_info", None)
        instructions = told().decode() if told else library.get_system_info()

        name = f"{package} {metadata.version(package)}"
        return Binding(name, " ".join(instructions.split()), partial(contender, library))
    advice = (
        "pip install llama-cpp-python, which compiles it for this processor (some minutes, needs a "
        "C++ compiler), or pip install xllamacpp, a slower wheel for any processor"
    )
    raise UsageError(
        fault("llama.cpp's package", "be installed", None, "npcbrain bench peers", advice)
    )


class LlamaCpp:
    """llama.cpp by its C functions."""

    def __init__(
        self, library: Any, name: str, path: Path, text: Decode, context: int, threads: int
    ) -> None:
        self.name = name
        self.weight_bytes = weight_bytes(path)
        self._text = text
        self._library = library
        self._quiet = library.llama_log_callback(lambda level, line, data: None)
        library.llama_log_set(self._quiet, ctypes.c_void_p(0))
        library.llama_backend_init()
        params = library.llama_model_default_params()
        params.n_gpu_layers = 0
        self._model = library.llama_model_load_from_file(str(path).encode(), params)
        if not self._model:
            raise ModelError(fault("weights", "be a GGUF file llama.cpp loads", None, str(path)))
        params = library.llama_context_default_params()
        params.n_ctx = context * NUM_CONVERSATIONS
        params.n_batch = params.n_ubatch = BATCH
        params.n_seq_max = NUM_CONVERSATIONS
        params.n_threads = params.n_threads_batch = threads
        self._context = library.llama_init_from_model(self._model, params)
        self._memory = library.llama_get_memory(self._context)
        self._batch = library.llama_batch_init(BATCH, 0, 1)
        self._vocab = library.llama_vocab_n_tokens(library.llama_model_get_vocab(self._model))

    def alone(self, prompt: Sequence[int], num_tokens: int) -> Alone:
        """See ``Contender``."""
        self._library.llama_memory_clear(self._memory, True)
        said = []
        started_ns = time.perf_counter_ns()
        token = self.read(0, prompt)
        read_ns = time.perf_counter_ns()
        for position in range(len(prompt), len(prompt) + num_tokens):
            said.append(token)
            (token,) = self.speak([(token, position, 0)])
        spoke_ns = time.perf_counter_ns()
        decode_ms = (spoke_ns - read_ns) / num_tokens / NS_PER_MS
        text = self._text([*said, token])
        return Alone((read_ns - started_ns) / NS_PER_MS, decode_ms, text)

    def together(self, prompts: Sequence[Sequence[int]], num_tokens: int) -> float:
        """See ``Contender``."""
        self._library.llama_memory_clear(self._memory, True)
        tokens = [self.read(number, prompt) for number, prompt in enumerate(prompts)]
        started_ns = time.perf_counter_ns()
        for step in range(num_tokens):
            tokens = self.speak(
                [(token, len(prompts[n]) + step, n) for n, token in enumerate(tokens)]
            )
        return len(prompts) * num_tokens / (time.perf_counter_ns() - started_ns) * 1e9

    def close(self) -> None:
        """Frees the memory that C has allocated."""
        self._library.llama_batch_free(self._batch)
        self._library.llama_free(self._context)
        self._library.llama_model_free(self._model)

    def forget(self, conversation: int, keep: int) -> None:
        """Drops all but the first ``keep`` tokens of a conversation."""
        self._library.llama_memory_seq_rm(self._memory, conversation, keep, -1)

    def read(self, conversation: int, prompt: Sequence[int], known: int = 0) -> int:
        """Reads a prompt, of which ``known`` tokens are known; returns the likeliest next token."""
        last = len(prompt) - 1
        rows = [(prompt[at], at, conversation, at == last) for at in range(known, len(prompt))]
        (token,) = self._run(rows)
        return token

    def speak(self, rows: Sequence[tuple[int, int, int]]) -> list[int]:
        """Runs a token of each of several conversations; returns the likeliest next tokens."""
        return self._run([(*row, True) for row in rows])

    def _run(self, rows: Sequence[tuple[int, int, int, bool]]) -> list[int]:
        """Runs tokens at positions in conversations; returns the likeliest next tokens."""
        batch = self._batch
        batch.n_tokens = len(rows)
        for row, (token, position, conversation, wanted) in enumerate(rows):
            batch.token[row] = token
            batch.pos[row] = position
            batch.n_seq_id[row] = 1
            batch.seq_id[row][0] = conversation
            batch.logits[row] = wanted
        if code := self._library.llama_decode(self._context, batch):
            raise ModelError(fault("llama_decode", "return 0", code, self.name))
        return [self._likeliest(row) for row, (_, _, _, wanted) in enumerate(rows) if wanted]

    def _likeliest(self, row: int) -> int:
        logits = self._library.llama_get_logits_ith(self._context, row)
        return int(np.ctypeslib.as_array(logits, (self._vocab,)).argmax())


class LlamaServer:
    """llama.cpp as the server inside ``xllamacpp``, without its HTTP."""

    def __init__(
        self, library: Any, name: str, path: Path, text: Decode, context: int, threads: int
    ) -> None:
        self.name = name
        self.weight_bytes = weight_bytes(path)
        params = library.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context * NUM_CONVERSATIONS
        params.n_batch = params.n_ubatch = BATCH
        params.n_parallel = NUM_CONVERSATIONS
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.n_threads_http = 1
        params.port = 0
        params.verbosity = -1
        params.warmup = False
        self._server = library.Server(params)
        self._crowd = ThreadPoolExecutor(NUM_CONVERSATIONS)

    def alone(self, prompt: Sequence[int], num_tokens: int) -> Alone:
        """See ``Contender``."""
        told = self.ask(prompt, num_tokens + 1)
        timings = told["timings"]
        # The first token belongs to the prompt; the server counts it, but not its time.
        decode_ms = timings["predicted_ms"] / num_tokens
        return Alone(timings["prompt_ms"], decode_ms, told["choices"][0]["text"])

    def together(self, prompts: Sequence[Sequence[int]], num_tokens: int) -> float:
        """See ``Contender``.

        Each prompt is read once beforehand and kept, so that all begin to speak at the same time.
        """
        numbers = range(len(prompts))

        def answers(num_tokens: int) -> list[Any]:
            def ask(number: int) -> Any:
                return self.ask(prompts[number], num_tokens, number, keep=True)

            return list(self._crowd.map(ask, numbers))

        answers(1)
        told = answers(num_tokens + 1)
        return sum(num_tokens / answer["timings"]["predicted_ms"] * 1e3 for answer in told)

    def close(self) -> None:
        """Ends its threads."""
        self._crowd.shutdown()
        del self._server

    def ask(
        self, prompt: Sequence[int], num_tokens: int, slot: int = -1, *, keep: bool = False
    ) -> Any:
        """The answer to a prompt, and the server's own times.

        Args:
            prompt: Token ids.
            num_tokens: The exact length of the answer.
            slot: The conversation that it continues; -1 lets the server choose.
            keep: Whether the server may use tokens of the prompt that it knows already.
        """
        return self._server.handle_completions(
            {
                "prompt": list(prompt),
                "n_predict": num_tokens,
                "temperature": 0.0,
                "samplers": ["top_k"],
                "top_k": 1,
                "ignore_eos": True,
                "cache_prompt": keep,
                "id_slot": slot,
            }
        )


def _processor_flags() -> list[str]:
    """The instructions that this processor knows, if the system tells them."""
    info = Path("/proc/cpuinfo")
    if platform.system() != "Linux" or not info.exists():
        return []
    for line in info.read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            return line.partition(":")[2].split()
    return []
