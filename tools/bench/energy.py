"""What an answer costs the processor: its time, and joules where the machine counts them.

    python -m tools.bench.energy      -> bench_results/levers/energy.json

A village is played without pauses. Counted is the thread's processor time inside ``update``, for
frames in which somebody is answered and for frames in which nobody asks; joules are those of whole
packages (``/sys/class/powercap``), so nothing else should run. Invariant: what is divided by the
answers was spent on them or on the frames they came in.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from npcbrain.commands.bench.workload import CAST, Village, without_chooser
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.lm.model import Model
from tools.bench.record import RESULTS, load_average, surroundings

__all__ = ["joules", "spent"]

POWERCAP = Path("/sys/class/powercap")
CROWDS = (1, 4, 16)
NUM_FRAMES = 800  # and on, until all have answered
NUM_IDLE = 300
BUDGET_MS = 4.0


def joules(folder: Path = POWERCAP) -> float | None:
    """What all packages have used since some moment; None where none can be read."""
    counters = sorted(folder.glob("*-rapl:[0-9]/energy_uj")) if folder.exists() else []
    try:
        microjoules = [int(path.read_text(encoding="utf-8")) for path in counters]
    except OSError:
        return None
    return sum(microjoules) / 1e6 if microjoules else None


def spent(
    model: Model,
    num_npcs: int,
    people: Sequence[dict[str, Any]] = CAST,
    num_frames: int = NUM_FRAMES,
    num_idle: int = NUM_IDLE,
) -> dict[str, Any]:
    """A row: processor milliseconds of an answer, of a frame with work and of one without."""
    clock = FrameClock()
    village = Village(model, num_npcs, clock, people)
    busy_ns = num_answers = num_tokens = played = 0
    before = joules()
    while played < num_frames or not village.is_idle:
        played += 1
        if village.is_idle:
            village.ask()
        started_ns = time.thread_time_ns()
        report = village.update(BUDGET_MS)
        busy_ns += time.thread_time_ns() - started_ns
        num_answers += sum(decision.source == "model" for _, decision in report.decisions)
        num_tokens += report.num_tokens
        clock.next_frame()
    after = joules()
    started_ns = time.thread_time_ns()
    for _ in range(num_idle):
        village.update(BUDGET_MS)
        clock.next_frame()
    idle_ns = time.thread_time_ns() - started_ns
    used = None if before is None or after is None else after - before
    answers = max(1, num_answers)
    return {
        "npcs": num_npcs,
        "answers": num_answers,
        "tokens": num_tokens,
        "answer_ms": round(busy_ns / 1e6 / answers, 2),
        "frame_ms": round(busy_ns / 1e6 / played, 3),
        "idle_frame_ms": round(idle_ns / 1e6 / num_idle, 4),
        "answer_joules": None if used is None else round(used / answers, 3),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULTS / "levers" / "energy.json")
    options = parser.parse_args(argv)
    model = Model.load()
    alone = without_chooser(model)  # every answer is then written token by token
    ways = {"as it ships": model, "language model alone": alone}
    rows = [
        {"way": way, **spent(one, num_npcs)} for way, one in ways.items() for num_npcs in CROWDS
    ]
    record = {
        **surroundings(),
        "load_average": load_average(),
        "budget_ms": BUDGET_MS,
        "joules": "counted" if joules() is not None else f"no counter to be read in {POWERCAP}",
        "rows": rows,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
