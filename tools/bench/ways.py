"""The field's ways to run a language model in a game, at the same load: frames, misses, answers.

    python -m tools.bench.ways --frames 1800 --out bench_results/ways.json

NPCs are asked in rounds, all at once, and again when all have answered (``game_load``). Every way
plays the same number of frames, in blocks that take turns so that the machine's noise hits all.
Frames come in real time: the rest of a frame is slept, because a background thread works in it.

| way | whose |
|---|---|
| no model | the game alone |
| npcbrain | steps priced before they start, a budget in milliseconds |
| npcbrain beside the game | the same on a thread, all the time between two updates |
| npcbrain as it ships, and so beside the game | the same two with the chooser before the model |
| llama.cpp in a background thread | engine plugins; once with one thread, once with all cores |
| one whole token a frame | an ONNX session, or onnxruntime-genai, called once a frame |
| fixed layers a frame | Unity's inference in slices |
| tokens per second | NVIGI's ``max(1, tokens per second x frame time)`` |
| onnxruntime-genai | its own loop, a token a frame (``genai``) |

The first two answer with the language model alone, as all others do. Those run npcbrain's sessions,
batches and prefix cache under another rule (``rules``); llama.cpp runs the same weights in its own
format, onnxruntime-genai the same graphs in one piece. The latter needs plain onnxruntime, which
must not be installed beside onnxruntime-gpu: measure it in a virtual environment with it and
npcbrain (``pip install --no-deps``), or it is left out. Invariant: a way's frame is the game's work
and the work of the game's thread for the way, nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from npcbrain.clock import NS_PER_S
from npcbrain.commands.bench.frame_log import ms, quantile
from npcbrain.commands.bench.frames import CpuClock, GameWork
from npcbrain.commands.bench.workload import without_chooser
from npcbrain.commands.frame_clock import FRAME_NS
from npcbrain.engine.engine import Engine
from npcbrain.errors import UsageError
from npcbrain.lm.model import Model
from npcbrain.lm.package import default_model_path
from tools.bench.game_load import (
    EngineWay,
    Load,
    NoModel,
    Npcbrain,
    NpcbrainBeside,
    Way,
    typical_answer,
)
from tools.bench.genai import Genai
from tools.bench.record import surroundings
from tools.bench.rules import LayersPerFrame, TokenRate, WholeToken, fair_layers

__all__ = ["compare_ways", "engine_ways", "llama_ways", "main", "play"]

NUM_BLOCKS = 4
MIN_ROUND_FRAMES = 30  # no NPC is asked twice in half a second
READING_SPEED = 15.0  # tokens per second and person: as fast as people read
GENAI = (
    "it is not installed here; it brings plain onnxruntime and needs a virtual environment of its "
    "own, see tools/bench/ways.py"
)


class Frames:
    """The results of one way's frames."""

    def __init__(self) -> None:
        self.took_ns: list[int] = []
        self.asked = 0  # the frame of the last round
        self.drained_ns = 0  # time in which a background finished its answers

    def to_dict(self, way: Way) -> dict[str, Any]:
        """A row of the table."""
        ordered = sorted(self.took_ns)
        # A late frame makes the minute longer, and so does the time in which a background finishes.
        played_ns = sum(max(took_ns, FRAME_NS) for took_ns in ordered) + self.drained_ns
        minutes = played_ns / NS_PER_S / 60
        missed = sum(took_ns > FRAME_NS for took_ns in ordered)
        return {
            "way": way.name,
            "rule": way.words,
            "frames": len(ordered),
            "frame_p50_ms": ms(quantile(ordered, 0.5)),
            "frame_p99_ms": ms(quantile(ordered, 0.99)),
            "frame_max_ms": ms(ordered[-1]),
            "missed_frames": missed,
            "missed_percent": round(100 * missed / len(ordered), 2),
            "answers_per_minute": round(way.num_answers / minutes, 1),
        }


def compare_ways(
    ways: Sequence[Way], num_frames: int, work: Callable[[], None], *, paced: bool = True
) -> list[dict[str, Any]]:
    """Plays all ways in turns; a row for each.

    Args:
        ways: The ways, each at rest.
        num_frames: Frames of each way.
        work: The game's own work.
        paced: Whether frames come sixty times a second; else one right after the other.
    """
    frames = {way.name: Frames() for way in ways}
    for block in range(NUM_BLOCKS):
        num = (num_frames * (block + 1)) // NUM_BLOCKS - (num_frames * block) // NUM_BLOCKS
        for way in ways if block % 2 == 0 else reversed(ways):
            play(way, num, work, frames[way.name], paced=paced)
    return [frames[way.name].to_dict(way) for way in ways]


def play(
    way: Way, num_frames: int, work: Callable[[], None], frames: Frames, *, paced: bool
) -> None:
    """Plays one block of one way's frames."""
    way.go()
    beat_ns = time.perf_counter_ns()
    for _ in range(num_frames):
        number = len(frames.took_ns)
        if way.is_idle and (not number or number >= frames.asked + MIN_ROUND_FRAMES):
            way.ask()
            frames.asked = number
        started_ns = time.perf_counter_ns()
        work()
        way.update()
        ended_ns = time.perf_counter_ns()
        frames.took_ns.append(ended_ns - started_ns)
        beat_ns = max(beat_ns + FRAME_NS, ended_ns)
        if paced:
            time.sleep((beat_ns - ended_ns) / 1e9)
    ended_ns = time.perf_counter_ns()
    way.stop()
    frames.drained_ns += time.perf_counter_ns() - ended_ns


def engine_ways(model: Model, load: Load, budget_ms: float) -> list[Way]:
    """The ways that run on npcbrain's own sessions."""
    layers = fair_layers(Engine(model), budget_ms)
    rate = TokenRate(READING_SPEED * load.num_npcs, FRAME_NS / 1e6)
    rules = (WholeToken(), LayersPerFrame(layers), rate)
    alone = without_chooser(model)  # for the same weights are compared
    ways: list[Way] = [
        NoModel(),
        Npcbrain(alone, load, budget_ms),
        NpcbrainBeside(alone, load),
        Npcbrain(model, load, budget_ms, "npcbrain as it ships"),
        NpcbrainBeside(model, load, "npcbrain as it ships, beside the game"),
    ]
    return ways + [EngineWay(model, load, rule) for rule in rules]


def llama_ways(
    model: Model, load: Load, folder: Path, scratch: Path, answer: int
) -> tuple[list[Any], str]:
    """llama.cpp with one thread and with all cores, and a note about its build.

    Args:
        model: For its tokenizer.
        load: The questions.
        folder: The model's.
        scratch: Where to write it in llama.cpp's format.
        answer: Tokens of each answer.

    Raises:
        UsageError: No package of llama.cpp is installed.
    """
    from tools.bench.gguf_files import from_package
    from tools.bench.llama import find_binding
    from tools.bench.llama_background import LlamaBackground

    binding = find_binding()
    path = scratch / "model.gguf"
    from_package(folder, "Q8_0", path)
    ways = [
        LlamaBackground(binding, path, model, load, answer, threads)
        for threads in sorted({1, os.cpu_count() or 1})
    ]
    return ways, binding.note


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints the table, keeps it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    parser.add_argument("--npcs", type=int, default=16, metavar="N")
    parser.add_argument("--frames", type=int, default=1800, metavar="N", help="of each way (1800)")
    parser.add_argument("--budget-ms", type=float, default=4.0, metavar="MS")
    parser.add_argument("--game-ms", type=float, default=6.0, metavar="MS")
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    options = parser.parse_args(arguments)
    folder = options.model or default_model_path()
    model, load = Model.load(folder, providers="cpu"), Load(options.npcs)
    skipped = {}
    note = ""
    answer = typical_answer(model, load)
    with tempfile.TemporaryDirectory() as scratch:
        ways, backgrounds = engine_ways(model, load, options.budget_ms), []
        try:
            ways.append(Genai(folder, Path(scratch), model, load, answer))
        except ImportError:
            skipped["onnxruntime-genai"] = GENAI
        try:
            backgrounds, note = llama_ways(model, load, folder, Path(scratch), answer)
        except (UsageError, ImportError) as error:
            skipped["llama.cpp in the background"] = str(error)
        work = GameWork(options.game_ms, CpuClock())
        rows = compare_ways([*ways, *backgrounds], options.frames, work.run)
        for each in backgrounds:
            each.close()
    result = {
        **surroundings(),
        "npcs": options.npcs,
        "budget_ms": options.budget_ms,
        "game_ms": options.game_ms,
        "ways": rows,
        "skipped": skipped,
        "llama_cpp_note": note,
    }
    _show(result)
    if options.out is not None:
        options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _show(result: dict[str, Any]) -> None:
    table = Table("", "p99", "worst", "missed", "answers a minute", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in result["ways"]:
        table.add_row(
            row["way"],
            f"{row['frame_p99_ms']:.1f} ms",
            f"{row['frame_max_ms']:.1f} ms",
            f"{row['missed_percent']:.1f} %",
            f"{row['answers_per_minute']:.0f}",
        )
    console = Console(width=100)
    console.print(table)
    for name, reason in result["skipped"].items():
        console.print(f"{name}: left out, {reason}", markup=False)
    if result["llama_cpp_note"]:
        console.print(result["llama_cpp_note"], markup=False)


if __name__ == "__main__":
    raise SystemExit(main())
