"""Step times as they were measured on a machine, for replays by a virtual clock.

    python -m tools.bench.step_times --frames 1200 --out bench_results/steps-quiet.json

Kept is what a forecast stands or falls with: the median of each kind and size of step, how much
slower or faster than that all steps of a frame were, one frame after the other (slow spells last,
and independent draws would average them away), and how far single steps stray from their frame.
Invariant: the same seed draws the same times.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from npcbrain.clock import NS_PER_S, SystemClock
from npcbrain.commands.bench.workload import CAST, Village
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.engine.contract import GenerationLike, Kind, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from tools.bench.record import surroundings

__all__ = ["StepTimes", "record"]

NUM_QUANTILES = 21
BUDGET_MS = 4.0
NUM_NPCS = 8
FRAME_NS = NS_PER_S // 60


class WatchedEngine(Engine):
    """Notes how long each step took."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.took: list[tuple[str, int]] = []

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        """See ``EngineLike``."""
        shape = shape_of(wave.kind, wave.segment, wave.rows, self.num_segments)
        now_ns = SystemClock.now_ns
        started_ns = now_ns()
        gained = super().run(wave)
        self.took.append((shape, now_ns() - started_ns))
        return gained


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
        strays: Quantiles of how single steps compare with that.
    """

    num_segments: int
    num_slots: int
    chunk_sizes: tuple[int, ...]
    medians: dict[str, int]
    factors: tuple[float, ...]
    strays: tuple[float, ...]

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
        )

    def draw_ns(
        self, kind: Kind, segment: int, rows: int, now_ns: int, rng: random.Random, offset: int
    ) -> int:
        """How long a step takes that begins now."""
        usual_ns = self._usual_ns(kind, segment, rows)
        factor = self.factors[(offset + now_ns // FRAME_NS) % len(self.factors)]
        place = rng.random() * (len(self.strays) - 1)
        low = int(place)
        stray = self.strays[low] + (place - low) * (self.strays[low + 1] - self.strays[low])
        return max(1, round(usual_ns * factor * stray))

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


def record(
    model: Model, num_frames: int, people: Sequence[dict[str, Any]] = CAST
) -> dict[str, Any]:
    """Plays a village of eight for so many frames, and keeps what its steps took."""
    clock, engine = FrameClock(), WatchedEngine(model)
    village = Village(model, NUM_NPCS, clock, people, engine=engine)
    frames: list[list[tuple[str, int]]] = []
    for _ in range(num_frames):
        if village.is_idle:
            village.ask()
        engine.took = []
        village.update(BUDGET_MS)
        if engine.took:
            frames.append(engine.took)
    by_shape = defaultdict(list)
    for shape, took_ns in (step for frame in frames for step in frame):
        by_shape[shape].append(took_ns)
    medians = {shape: round(median(took)) for shape, took in sorted(by_shape.items())}
    factors = [median(took / medians[shape] for shape, took in frame) for frame in frames]
    strays = sorted(
        took / medians[shape] / factor
        for frame, factor in zip(frames, factors, strict=True)
        for shape, took in frame
    )
    last = len(strays) - 1
    kept = [strays[round(last * i / (NUM_QUANTILES - 1))] for i in range(NUM_QUANTILES)]
    return {
        "num_segments": engine.num_segments,
        "num_slots": engine.num_slots,
        "chunk_sizes": list(engine.chunk_sizes),
        "medians": medians,
        "factors": [round(factor, 3) for factor in factors],
        "strays": [round(stray, 4) for stray in kept],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=1200, metavar="N")
    parser.add_argument("--about", default="", help="a line on how busy the machine was")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    args = parser.parse_args()
    kept = {**surroundings(), "about": args.about, **record(Model.load(), args.frames)}
    args.out.write_text(json.dumps(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
