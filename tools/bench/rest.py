"""Measures what a step costs after a rest: the loss of slices to the processor's caches.

    python -m tools.bench.rest      -> bench_results/rest.json

Between two slices lies a game's frame. Meanwhile the model's weights leave the processor's caches:
the game pushes them out, and on a shared machine other programs do, even while this one does
nothing. Here ten steps run in a row, as in a frame, after a pause in which nothing at all is done;
before each pause the whole model runs several times. Invariant: all pauses take turns in one run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from tools.bench.record import RESULTS, surroundings

__all__ = ["main", "rested"]

RESTS_MS = (0.0, 4.0, 12.0, 50.0)
SHAPES = ((Kind.DECODE, 1), (Kind.DECODE, 8), (Kind.PREFILL, 32))
WARM_RUNS = 8  # because a cache may not keep data that was used only once
BURST = 10  # steps of a 4 ms frame, about


def rested(
    model: Model,
    *,
    shapes: Sequence[tuple[Kind, int]] = SHAPES,
    rests_ms: Sequence[float] = RESTS_MS,
    num_bursts: int = 40,
) -> list[dict[str, Any]]:
    """A row for each shape: the median microseconds of a segment's step after each pause."""
    engine = Engine(model)
    num_segments = engine.num_segments - 1  # without the head, which is another size
    rows = []
    for kind, num_rows in shapes:
        times: dict[float, list[int]] = {rest_ms: [] for rest_ms in rests_ms}
        segment = 0
        for _ in range(num_bursts):
            for rest_ms in rests_ms:
                for warm in range(WARM_RUNS * num_segments):
                    engine.probe(kind, warm % num_segments, num_rows)
                time.sleep(rest_ms / 1000)
                for _ in range(BURST):
                    started_ns = time.perf_counter_ns()
                    engine.probe(kind, segment, num_rows)
                    times[rest_ms].append(time.perf_counter_ns() - started_ns)
                    segment = (segment + 1) % num_segments
        took_us = {f"{rest:g}": round(median(ns) / 1000, 1) for rest, ns in times.items()}
        rows.append({"kind": kind.name.lower(), "rows": num_rows, "us_after_rest_ms": took_us})
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    parser.add_argument("--out", type=Path, default=RESULTS / "rest.json", metavar="FILE.json")
    options = parser.parse_args(arguments)
    rows = rested(Model.load(options.model))
    record = {**surroundings(), "rows": rows}
    options.out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
