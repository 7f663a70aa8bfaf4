"""What a runtime keeps in memory: after each stage, for two runtimes, and for two processes.

    python -m tools.bench.memory      -> bench_results/levers/memory.json

Linux only: ``/proc`` tells what is resident, and what of it belongs to a process alone. Each way to
load is tried in a process of its own, so that nothing an earlier one let go of is counted. *Mapped*
puts the weights into files of their own, which ONNX Runtime then maps instead of copying; the
product does not load such graphs, since a file of a mod must not name other files. Invariant: all
ways run the same frames.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import onnx

from npcbrain.commands.bench.workload import CAST, Village
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.lm import encoder, sessions
from npcbrain.lm.model import Model
from tools.bench.record import RESULTS, load_average, surroundings

__all__ = ["WAYS", "resident", "stages"]

NUM_NPCS = 16
NUM_FRAMES = 150
BUDGET_MS = 4.0
KEPT_INSIDE = 1024  # bytes; smaller constants stay in the graph
WAYS: dict[str, tuple[str, ...]] = {
    "as it is": (),
    "no arena": ("no arena",),
    "weights outside the arena": ("weights outside the arena",),
    "not packed": ("not packed",),
    "mapped": ("mapped",),
    "mapped and not packed": ("mapped", "not packed"),
}


def resident(process: str = "self") -> dict[str, float]:
    """Megabytes: resident, its own share of that, and what nobody else has."""
    path = Path("/proc") / process / "smaps_rollup"
    kilobytes: dict[str, int] = {}
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        name, _, value = line.partition(":")
        kilobytes[name] = int(value.split()[0])
    alone = kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]
    values = {"resident": kilobytes["Rss"], "share": kilobytes["Pss"], "alone": alone}
    return {name: round(value / 1000 * 1.024, 1) for name, value in values.items()}


@contextmanager
def loading(settings: Sequence[str]) -> Iterator[None]:
    """Has models loaded in another way meanwhile."""
    made, opened = sessions.session_options, sessions.open_session

    def options_of(ort: Any, threads: int) -> Any:
        options = made(ort, threads)
        if "no arena" in settings:
            options.enable_cpu_mem_arena = False
        if "weights outside the arena" in settings:
            options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
        if "not packed" in settings:
            options.add_session_config_entry("session.disable_prepacking", "1")
        return options

    def open_mapped(ort: Any, package: Any, name: str, options: Any, providers: Any) -> Any:
        if "mapped" not in settings:
            return opened(ort, package, name, options, providers)
        path = Path(folder) / name
        if not path.exists():
            onnx.save_model(
                onnx.load_from_string(package.read(name)),
                str(path),
                save_as_external_data=True,
                location=f"{name}.weights",
                size_threshold=KEPT_INSIDE,
            )
        return ort.InferenceSession(str(path), options, providers=[*providers])

    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        for module in (sessions, encoder):
            stack.enter_context(mock.patch.object(module, "session_options", options_of))
            stack.enter_context(mock.patch.object(module, "open_session", open_mapped))
        yield


def stages(
    settings: Sequence[str] = (),
    folder: Path | None = None,
    people: Sequence[dict[str, Any]] = CAST,
    num_frames: int = NUM_FRAMES,
) -> dict[str, Any]:
    """Megabytes after each stage of a game's life."""
    found: dict[str, Any] = {"imported": resident()}
    with loading(settings):
        model = Model.load(folder)
        found["loaded"] = resident()
        village = _play(model, people, num_frames)
        found["in play"] = resident()
        second = _play(model, people, num_frames)
        found["second runtime, same model"] = resident()
        again = _play(Model.load(folder), people, num_frames)
        found["third, with a model of its own"] = resident()
        del village, second, again
    return found


def _play(model: Model, people: Sequence[dict[str, Any]], num_frames: int) -> Village:
    clock = FrameClock()
    village = Village(model, NUM_NPCS, clock, people)
    for _ in range(num_frames):
        if village.is_idle:
            village.ask()
        village.update(BUDGET_MS)
        clock.next_frame()
    return village


def _child(*words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tools.bench.memory", *words]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


def two_processes(settings: Sequence[str]) -> dict[str, float]:
    """What each of two games that play side by side has in memory, megabytes."""
    both = [_child("--hold", *settings) for _ in "ab"]
    try:
        for child in both:
            assert child.stdout is not None
            child.stdout.readline()  # it is in play
        return resident(str(both[0].pid))
    finally:
        for child in both:
            child.communicate("\n")


def hold(settings: Sequence[str], say: Callable[[str], None] = print) -> None:
    """Plays a little, says so, and keeps everything until told to end."""
    with loading(settings):
        village = _play(Model.load(), CAST, NUM_FRAMES // 4)
        say("in play")
        sys.stdout.flush()
        sys.stdin.readline()
        del village


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and keeps; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stages", nargs="*", metavar="SETTING", help=argparse.SUPPRESS)
    parser.add_argument("--hold", nargs="*", metavar="SETTING", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=RESULTS / "levers" / "memory.json")
    options = parser.parse_args(argv)
    if options.hold is not None:
        hold(options.hold)
        return 0
    if options.stages is not None:
        print(json.dumps(stages(options.stages)))
        return 0
    if not Path("/proc/self/smaps_rollup").exists():
        parser.error("this system has no /proc/self/smaps_rollup; measure on Linux")
    record: dict[str, Any] = {**surroundings(), "load_average": load_average(), "ways": {}}
    for name, settings in WAYS.items():
        told, _ = _child("--stages", *settings).communicate()
        record["ways"][name] = json.loads(told.splitlines()[-1])
        if "mapped" not in settings:  # each would map files of its own
            record["ways"][name]["two processes"] = two_processes(settings)
        print(name, json.dumps(record["ways"][name]), flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
