"""``plan_cut``: cuts a model into steps, so that none takes longer than allowed on this machine.

It goes by measurements of one layer and of a piece of the head. Invariant: a cut holds every layer
and every token exactly once, in order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from npcbrain.graphs.decoder import Part, head_graph, part_graph
from npcbrain.graphs.shape import LlamaConfig
from npcbrain.importing.agreement import BoundRun, load_graph

__all__ = ["Cut", "StepTimes", "measure_steps", "plan_cut", "steady_ms"]

NUM_RUNS = 25
STEADY = 0.2  # the share of runs that count as undisturbed, since others may use the machine
SWEPT_BYTES = 64 << 20  # read between runs, because in a game a step finds caches without its data
CROWD = 8  # answers that are written side by side
HEAD_ROWS = 8192  # rows of the head that are measured
COLUMNS = 32  # the width of a slice is a multiple of this: the block size of kernels with blocks
MAX_SLICES = 16  # of a layer
MAX_HEADS = 32


class StepTimes(NamedTuple):
    """Milliseconds on one thread.

    Attributes:
        attention: A layer's attention, for one token.
        feed_forward: A layer's feed-forward part, for one token.
        crowd: A whole layer, for one token each of ``CROWD`` answers.
        head: The whole head, for one token.
    """

    attention: float
    feed_forward: float
    crowd: float
    head: float


class Cut(NamedTuple):
    """How a model is cut.

    Attributes:
        segments: The parts of each segment.
        heads: First and end of the tokens of each part of the head.
    """

    segments: tuple[tuple[Part, ...], ...]
    heads: tuple[tuple[int, int], ...]

    @property
    def is_wide(self) -> bool:
        """Whether some segment is a slice; see ``graphs.decoder``."""
        return any(part.columns is not None for segment in self.segments for part in segment)

    def largest_ms(self, times: StepTimes, config: LlamaConfig) -> float:
        """The longest step of one token, by these times."""
        steps = [times.head * (stop - start) / config.vocab for start, stop in self.heads]
        for segment in self.segments:
            steps.append(0.0)
            for part in segment:
                start, stop = part.columns or (0, config.ffn)
                share = times.feed_forward * (stop - start) / config.ffn
                steps[-1] += times.attention if part.attends else share
        return max(steps)


def plan_cut(config: LlamaConfig, times: StepTimes, step_ms: float) -> Cut:
    """Cuts a model.

    Layers are joined as long as a step of eight answers fits. If a layer does not fit even for one
    answer, it is cut into attention and feed-forward part, and the latter, like the head, into
    slices.

    >>> from types import SimpleNamespace
    >>> small = SimpleNamespace(layers=5, vocab=100, ffn=64)
    >>> cut = plan_cut(small, StepTimes(0.1, 0.1, 0.9, 0.5), 2.0)
    >>> [[part.layer for part in segment if part.attends] for segment in cut.segments], cut.heads
    ([[0, 1], [2, 3], [4]], ((0, 100),))
    """
    num_heads = min(MAX_HEADS, max(1, math.ceil(times.head / step_ms)))
    heads = tuple(pairwise(_even(config.vocab, num_heads, 1)))
    if times.attention + times.feed_forward <= step_ms:
        size = min(config.layers, max(1, int(step_ms / times.crowd)))
        starts = range(0, config.layers, size)
        segments = tuple(
            tuple(
                Part(layer, attends)
                for layer in range(start, min(start + size, config.layers))
                for attends in (True, False)
            )
            for start in starts
        )
        return Cut(segments, heads)
    num_slices = min(MAX_SLICES, max(1, math.ceil(times.feed_forward / step_ms)))
    columns = list(pairwise(_even(config.ffn, num_slices, COLUMNS)))
    pieces = [Part(0, False, each) for each in columns] if len(columns) > 1 else [Part(0, False)]
    parts = [Part(0, True), *pieces]
    every = range(config.layers)
    return Cut(tuple((part._replace(layer=layer),) for layer in every for part in parts), heads)


def measure_steps(
    config: LlamaConfig,
    weights: Mapping[str, np.ndarray],
    kernels: Mapping[str, str],
    folder: Path,
) -> StepTimes:
    """Measures a layer and a piece of the head (seconds).

    Args:
        config: Shapes.
        weights: The model's; those of one layer and of the head are read.
        kernels: From ``kernel_plan``.
        folder: For temporary graphs.
    """
    layer = min(1, config.layers - 1)  # not the first, which embeds tokens as well
    file = folder / "measured.onnx"
    random = np.random.RandomState(0)

    def graph(content: bytes) -> Any:
        file.write_bytes(content)
        loaded = load_graph(file)
        file.unlink()
        return loaded

    def time_of(parts: list[Part], layers: list[int], rows: int) -> float:
        loaded = graph(part_graph(config, weights, parts, kernels))
        first = parts[0]
        shape = (rows, 1, config.hidden)
        x = random.standard_normal(shape).astype(np.float32)
        if first.layer == 0 and first.attends:
            x = np.zeros((rows, 1), np.int64)
        return steady_ms(BoundRun(loaded, config, layers, x, config.max_context // 2))

    attention = time_of([Part(layer, True)], [layer], 1)
    feed_forward = time_of([Part(layer, False)], [], 1)
    crowd = time_of([Part(layer, True), Part(layer, False)], [layer], CROWD)
    rows = min(HEAD_ROWS, config.vocab)
    head = graph(head_graph(config, weights, kernels, (0, rows)))
    fed = {"hidden_in": random.standard_normal((1, config.hidden)).astype(np.float32)}
    per_row = steady_ms(lambda: head.run(None, fed)) / rows
    return StepTimes(attention, feed_forward, crowd, per_row * config.vocab)


def steady_ms(run: Callable[[], object]) -> float:
    """Milliseconds of an undisturbed run, with caches swept before it."""
    swept = np.zeros(SWEPT_BYTES, np.uint8)
    run()
    times = []
    for _ in range(NUM_RUNS):
        swept += 1
        start = time.perf_counter_ns()
        run()
        times.append(time.perf_counter_ns() - start)
    return float(np.quantile(times, STEADY)) / 1e6


def _even(total: int, count: int, multiple: int) -> list[int]:
    """``count`` + 1 borders: the first is 0, the last ``total``, those between are multiples."""
    borders = [round(total * index / count / multiple) * multiple for index in range(count)]
    return sorted({*borders, total})
