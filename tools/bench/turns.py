"""Times of a few runs that take turns, each with caches that were swept before it.

Between two steps lies a game's frame, so a kernel that reads less gains more than it would in a
loop of its own. Invariant: whatever disturbs the machine for a while disturbs all runs alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from npcbrain.importing.sizing import SWEPT_BYTES
from npcbrain.lm.sessions import import_runtime, session_options

__all__ = ["session_of", "turns_us"]

NUM_TURNS = 30
STEADY = 0.2  # of the turns are taken for undisturbed: others may be using the machine


def turns_us(
    runs: Mapping[str, Callable[[], object]],
    *,
    num_turns: int = NUM_TURNS,
    swept_bytes: int = SWEPT_BYTES,
) -> dict[str, float]:
    """Microseconds of each run."""
    swept = np.zeros(swept_bytes, np.uint8)
    times: dict[str, list[int]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(num_turns):
        for name, run in runs.items():
            swept += 1
            started_ns = time.perf_counter_ns()
            run()
            times[name].append(time.perf_counter_ns() - started_ns)
    return {name: round(float(np.quantile(ns, STEADY)) / 1e3, 1) for name, ns in times.items()}


def session_of(graph: bytes) -> Any:
    """A session as the product makes one, on one thread."""
    ort = import_runtime()
    options = session_options(ort, threads=1)
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
