"""``npcbrain bench peers``: this engine and llama.cpp on the same weights, in one run.

One thread each, on the weights of one GGUF file: for npcbrain rounded to int8 as in the model that
ships, for llama.cpp as the file has them and as Q8_0 and Q4_0. There are three figures. Each is the
median over rounds in which all take their turn, forwards in one round and backwards in the next, so
that the machine's noise hits all:

* ``decode``: a token of one conversation, after a prompt of 128;
* ``prefill_128``: a prompt of 128 tokens up to the first token of its answer;
* ``aggregate_8``: tokens per second of eight conversations that speak at once.

A ratio above 1 says that npcbrain is faster than llama.cpp with the kind of weights that is best at
that figure. Invariant: a ratio compares two measurements of the same round.

Neither side has a grammar here, and neither is sliced by a budget: this is the cost of the
arithmetic alone. The physical limit is given beside it: a token of one conversation reads all
weights once, so it cannot take less than their bytes over the measured speed of memory, unless they
fit into the processor's cache.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from npcbrain.commands.bench.frames import busy_note
from npcbrain.errors import UsageError, fault
from tools.bench.contenders import (
    CONTEXT,
    NUM_CONVERSATIONS,
    Contender,
    Npcbrain,
    open_npcbrain,
)
from tools.bench.gguf_files import KINDS, requantise
from tools.bench.llama import Binding, find_binding

__all__ = ["TARGETS", "Round", "bench_peers", "compare", "measure"]

PROMPT_TOKENS = 128
CONVERSATION_TOKENS = 16  # of each of the eight prompts
SPOKEN_TOKENS = 24
WARM_UP = 1  # rounds that do not count
TARGETS = {"decode": 1.0, "prefill_128": 2.0, "aggregate_8": 1.8}
BANDWIDTH_BYTES = 256 << 20  # beyond any cache
NUM_READS = 3

# The text of the prompts: plain English, so that rounding errors meet what models are made for.
TEXT = (
    "The miller came down to the river before sunrise and found the wheel standing still. "
    "Somebody had tied a rope around the axle, and on the rope hung a small bell that rang "
    "whenever the water moved. He looked along the bank, where the reeds were bent and the mud "
    "was full of footprints, and called for his daughter. She said that the soldiers had been "
    "there in the night, that they had asked for bread and for the road to the northern pass, "
    "and that one of them had paid with a coin nobody in the village had ever seen. "
)


class Round(NamedTuple):
    """What one contender did in one round."""

    decode_ms: float
    prefill_ms: float
    tokens_per_s: float
    text: str


def bench_peers(
    gguf_file: Path,
    *,
    num_rounds: int,
    num_segments: int,
    on_progress: Callable[[int], object],
) -> dict[str, Any]:
    """Imports, opens, measures and compares (some 10 seconds and 8 more for each round).

    Args:
        gguf_file: The weights.
        num_rounds: Rounds that count.
        num_segments: Steps in which npcbrain runs a token, without the head.
        on_progress: Called with the rounds done.

    Returns:
        The three ratios; ``best_kind``, the kind of llama.cpp's weights that each is against;
        ``targets``; a table ``contenders`` of absolute figures, each with its physical limit; and
        the conditions of the measurement.

    Raises:
        UsageError: The file is missing, or no package of llama.cpp is installed.
        ModelError: The weights are not a Llama's.
    """
    if not gguf_file.is_file():
        advice = "a Llama, such as the teacher's, see tools/distil/teacher.py"
        raise UsageError(fault("--gguf", "be a file", gguf_file.name, str(gguf_file), advice))
    binding = find_binding()
    with tempfile.TemporaryDirectory() as scratch:
        ours = open_npcbrain(gguf_file, num_segments, Path(scratch) / "model")
        theirs = _open_llamas(binding, gguf_file, Path(scratch), ours)
        try:
            return {
                **measure(ours, theirs, num_rounds, on_progress),
                "segments": num_segments,
                "llama_cpp": binding.name,
                "llama_cpp_instructions": binding.instructions,
                "llama_cpp_note": binding.note,
                "weights": gguf_file.name,
            }
        finally:
            for each in theirs:
                each.close()


def measure(
    ours: Npcbrain,
    theirs: Sequence[Contender],
    num_rounds: int,
    on_progress: Callable[[int], object] = lambda done: None,
) -> dict[str, Any]:
    """Plays the rounds and compares them."""
    everybody: list[Contender] = [ours, *theirs]
    prompts = _Prompts(ours.ids(TEXT))
    rounds: dict[str, list[Round]] = {each.name: [] for each in everybody}
    speeds: list[float] = []
    started_ns, cpu_started_ns = time.perf_counter_ns(), time.process_time_ns()
    for number in range(num_rounds + WARM_UP):
        long = prompts.next(PROMPT_TOKENS)
        short = [prompts.next(CONVERSATION_TOKENS) for _ in range(NUM_CONVERSATIONS)]
        for each in everybody if number % 2 else reversed(everybody):
            alone = each.alone(long, SPOKEN_TOKENS)
            tokens_per_s = each.together(short, SPOKEN_TOKENS)
            if number >= WARM_UP:
                done = Round(alone.decode_ms, alone.prefill_ms, tokens_per_s, alone.text)
                rounds[each.name].append(done)
        speeds.append(_bandwidth())
        on_progress(max(0, number + 1 - WARM_UP))
    cpu_share = (time.process_time_ns() - cpu_started_ns) / (time.perf_counter_ns() - started_ns)
    return {
        **compare(rounds[ours.name], {each.name: rounds[each.name] for each in theirs}),
        "targets": TARGETS,
        "bandwidth_gb_s": round(max(speeds) / 1e9, 1),
        "contenders": [_figures(each, rounds[each.name], max(speeds)) for each in everybody],
        "rounds": num_rounds,
        "threads": 1,
        "cpu_share": round(cpu_share, 4),
        "note": busy_note(cpu_share),
    }


def compare(ours: Sequence[Round], theirs: dict[str, Sequence[Round]]) -> dict[str, Any]:
    """The three ratios, each against the best of the others, and whether all say the same.

    ``same_first_word`` is the share of prompts after which npcbrain and the first of the others
    begin with the same word; it would be small if the weights were imported wrongly.
    """
    ratios: dict[str, dict[str, float]] = {figure: {} for figure in TARGETS}
    for name, rounds in theirs.items():
        pairs = list(zip(ours, rounds, strict=True))
        ratios["decode"][name] = median(b.decode_ms / a.decode_ms for a, b in pairs)
        ratios["prefill_128"][name] = median(b.prefill_ms / a.prefill_ms for a, b in pairs)
        ratios["aggregate_8"][name] = median(a.tokens_per_s / b.tokens_per_s for a, b in pairs)
    best = {figure: min(found, key=found.__getitem__) for figure, found in ratios.items()}
    first = next(iter(theirs.values()))
    agreed = [_first_word(a.text) == _first_word(b.text) for a, b in zip(ours, first, strict=True)]
    return {
        **{figure: round(ratios[figure][name], 3) for figure, name in best.items()},
        "best_kind": best,
        "ratios": {
            figure: {name: round(ratio, 3) for name, ratio in found.items()}
            for figure, found in ratios.items()
        },
        "same_first_word": round(sum(agreed) / len(agreed), 3),
    }


class _Prompts:
    """Prompts that share no beginning, so that no cache helps."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = ids
        self._number = 0

    def next(self, num_tokens: int) -> list[int]:
        """The next prompt."""
        self._number += 1
        start = 7 * self._number
        text = [self._ids[(start + at) % len(self._ids)] for at in range(num_tokens - 1)]
        return [20 + self._number % 300, *text]  # a token without meaning, another each time


def _open_llamas(
    binding: Binding, gguf_file: Path, scratch: Path, ours: Npcbrain
) -> list[Contender]:
    files = {"llama.cpp, as shipped": gguf_file}
    for kind in KINDS:
        path = files[f"llama.cpp {kind}"] = scratch / f"{kind}.gguf"
        requantise(gguf_file, kind, path)
    return [binding.open(name, path, ours.text, CONTEXT, 1) for name, path in files.items()]


def _figures(contender: Contender, rounds: Sequence[Round], bytes_per_s: float) -> dict[str, Any]:
    return {
        "name": contender.name,
        "decode_ms": round(median(each.decode_ms for each in rounds), 3),
        "prefill_128_ms": round(median(each.prefill_ms for each in rounds), 2),
        "aggregate_8_tokens_per_s": round(median(each.tokens_per_s for each in rounds), 1),
        "weight_mb": round(contender.weight_bytes / 1e6, 1),
        "decode_limit_ms": round(contender.weight_bytes / bytes_per_s * 1e3, 3),
    }


def _bandwidth() -> float:
    """Bytes per second that one thread reads from memory, the best of a few tries."""
    field = np.ones(BANDWIDTH_BYTES, dtype=np.uint8)
    best_ns = 0
    for _ in range(NUM_READS):
        started_ns = time.perf_counter_ns()
        field.max()
        took_ns = time.perf_counter_ns() - started_ns
        best_ns = min(best_ns or took_ns, took_ns)
    return BANDWIDTH_BYTES / best_ns * 1e9


def _first_word(text: str) -> str:
    return next(iter(text.split()), "")
