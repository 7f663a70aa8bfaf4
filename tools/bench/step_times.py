"""Step times as they were measured on a machine, for replays by a virtual clock.

    python -m tools.bench.step_times --frames 800 --out bench_results/steps-quiet.json

Kept is what a forecast stands or falls with: the median of each kind and size of step, how much
slower or faster than that all steps of a frame were, one frame after the other (slow spells last,
and independent draws would average them away), and how far single steps stray from their frame.
All of that is time for which a step had a core; how often others took the core away in a step's
midst, and for how long, is kept apart. With ``--load`` each core also has another program to run;
with ``--own`` what others took is left out, which is as near as a machine that is never quiet comes
to a quiet one: its caches are still shared.
Invariant: the same seed draws the same times.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from npcbrain.clock import NS_PER_MS, NS_PER_S, SystemClock, busy_time_of
from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from tools.bench.record import load_average, surroundings

__all__ = ["SHARES", "Drawn", "StepTimes", "record"]

# Of the sorted strays that are kept: the last few in a thousand decide what overshoots.
SHARES = (*(i / 20 for i in range(20)), 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 1.0)
NUM_TAKEN = 21  # quantiles kept of how long the core was away
TAKEN_NS = NS_PER_MS // 20  # less is what two clocks differ by
FRAME_STEPS = 6  # about what 4 ms hold
SWEPT_BYTES = 16 << 20
FRAME_NS = NS_PER_S // 60
BUSY_NS = busy_time_of(SystemClock())


class Took(NamedTuple):
    """What one step took, in nanoseconds."""

    shape: str
    own_ns: int  # for which it had a core
    taken_ns: int  # for which others had it


class Drawn(NamedTuple):
    """What one step takes, in nanoseconds."""

    own_ns: int
    taken_ns: int


def timed(work: Callable[[], object]) -> Drawn:
    """Runs a piece of work; how long it had a core, and how long others had it."""
    now_ns, busy_ns = SystemClock.now_ns, BUSY_NS
    busy_started_ns = 0 if busy_ns is None else busy_ns()
    started_ns = now_ns()
    work()
    took_ns = now_ns() - started_ns
    own_ns = took_ns if busy_ns is None else min(took_ns, busy_ns() - busy_started_ns)
    if took_ns - own_ns < TAKEN_NS:
        own_ns = took_ns
    return Drawn(max(1, own_ns), took_ns - own_ns)


def shape_of(kind: Kind, segment: int, rows: int, num_segments: int) -> str:
    """What a step's time depends on: segments between the first and the head are alike."""
    place = "first" if segment == 0 else "head" if segment == num_segments - 1 else "middle"
    return f"{kind.name.lower()} {rows} {place}"


@dataclass(frozen=True)
class StepTimes:
    """What was kept of one machine.

    Attributes:
        num_segments: Steps of a decode.
        num_slots: Of the engine.
        chunk_sizes: Of a prefill.
        medians: Nanoseconds by shape.
        factors: Of each frame in turn: how its steps compare with the medians.
        strays: How single steps compare with that: the quantiles of ``SHARES``.
        taken_share: Of the steps that others took the core from.
        taken: Evenly spaced quantiles of how long they did, in nanoseconds.
    """

    num_segments: int
    num_slots: int
    chunk_sizes: tuple[int, ...]
    medians: dict[str, int]
    factors: tuple[float, ...]
    strays: tuple[float, ...]
    taken_share: float = 0.0
    taken: tuple[int, ...] = ()

    @classmethod
    def of(cls, data: dict[str, Any]) -> StepTimes:
        """From what ``record`` returned."""
        return cls(
            data["num_segments"],
            data["num_slots"],
            tuple(data["chunk_sizes"]),
            data["medians"],
            tuple(data["factors"]),
            tuple(data["strays"]),
            data["taken_share"],
            tuple(data["taken"]),
        )

    def draw(
        self, kind: Kind, segment: int, rows: int, now_ns: int, rng: random.Random, offset: int
    ) -> Drawn:
        """How long a step takes that begins now."""
        usual_ns = self._usual_ns(kind, segment, rows)
        factor = self.factors[(offset + now_ns // FRAME_NS) % len(self.factors)]
        share = rng.random()
        low = bisect_right(SHARES, share) - 1
        place = (share - SHARES[low]) / (SHARES[low + 1] - SHARES[low])
        stray = self.strays[low] + place * (self.strays[low + 1] - self.strays[low])
        own_ns = max(1, round(usual_ns * factor * stray))
        if rng.random() >= self.taken_share:
            return Drawn(own_ns, 0)
        return Drawn(own_ns, rng.choice(self.taken))

    def _usual_ns(self, kind: Kind, segment: int, rows: int) -> int:
        """Of the nearest size that was measured."""
        *_, place = shape_of(kind, segment, rows, self.num_segments).split()
        found = self.medians.get(f"{kind.name.lower()} {rows} {place}")
        if found is not None:
            return found
        names = (name.split() for name in self.medians)
        sizes = [
            int(size)
            for known, size, where in names
            if (known, where) == (kind.name.lower(), place)
        ]
        if not sizes:
            return min(self.medians.values())
        nearest = min(sizes, key=lambda size: abs(size - rows))
        return round(
            self.medians[f"{kind.name.lower()} {nearest} {place}"] * max(1.0, rows / nearest)
        )


def record(model: Model, num_frames: int) -> dict[str, Any]:
    """Runs steps of all shapes, a few a frame in random order, and keeps what they took.

    Args:
        model: Whose steps.
        num_frames: Before each of them caches are swept, as a game's own work does.
    """
    engine, rng = Engine(model), random.Random(0)
    shapes, swept = list(engine.probes()), np.zeros(SWEPT_BYTES, np.uint8)
    frames: list[list[Took]] = []
    for _ in range(num_frames):
        swept += 1
        frames.append([])
        for kind, segment, rows in rng.choices(shapes, k=FRAME_STEPS):
            shape = shape_of(kind, segment, rows, engine.num_segments)
            frames[-1].append(Took(shape, *timed(partial(engine.probe, kind, segment, rows))))
    steps = [step for frame in frames for step in frame]
    by_shape = defaultdict(list)
    for step in steps:
        by_shape[step.shape].append(step.own_ns)
    medians = {shape: round(median(took)) for shape, took in by_shape.items()}
    factors = [median(step.own_ns / medians[step.shape] for step in frame) for frame in frames]
    strays = sorted(
        step.own_ns / medians[step.shape] / factor
        for frame, factor in zip(frames, factors, strict=True)
        for step in frame
    )
    taken = sorted(step.taken_ns for step in steps if step.taken_ns)
    places = [i / (NUM_TAKEN - 1) for i in range(NUM_TAKEN)] if taken else []
    return {
        "num_segments": engine.num_segments,
        "num_slots": engine.num_slots,
        "chunk_sizes": list(engine.chunk_sizes),
        "medians": dict(sorted(medians.items())),
        "factors": [round(factor, 3) for factor in factors],
        "strays": [round(_quantile(strays, share), 4) for share in SHARES],
        "num_steps": len(steps),
        "taken_share": round(len(taken) / max(1, len(steps)), 5),
        "taken": [round(_quantile(taken, place)) for place in places],
    }


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[round((len(ordered) - 1) * share)]


@contextmanager
def loaded(*, is_on: bool) -> Iterator[None]:
    """Has each core run another program meanwhile, that wants all of its time."""
    command = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(command) for _ in range(os.cpu_count() or 1)] if is_on else []
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=800, metavar="N")
    parser.add_argument("--load", action="store_true", help="beside a busy program on each core")
    parser.add_argument("--about", default="", help="a line on what else the machine did")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--own", action="store_true", help="leave out what others took")
    args = parser.parse_args()
    with loaded(is_on=args.load):
        times = record(Model.load(), args.frames)
    if args.own:
        times |= {"taken_share": 0.0, "taken": []}
    about = {"about": args.about, "load": args.load, "load_average": load_average()}
    args.out.write_text(json.dumps({**surroundings(), **about, **times}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
