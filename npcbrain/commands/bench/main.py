"""The commands that measure: ``bench frames``, ``overlap`` and ``peers``, not ``bench trees``.

Arguments in, results out; the measuring is in ``bench`` and, for peers, in the checkout's
``tools/bench``. Invariant: nothing that runs the model is imported before a command runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npcbrain.commands.bench.limits import Limits, broken_limits
from npcbrain.commands.options import (
    add_model_options,
    check_budget,
    check_range,
    check_writable,
    load,
    progress,
    write_text,
)
from npcbrain.commands.tree import add_tree_bench
from npcbrain.errors import UsageError, fault

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_benches"]

PEERS = "tools.bench.peers"  # in a checkout only, where the importer of weights lies too


def add_benches(commands: Commands) -> None:
    """Adds ``bench`` and what it measures."""
    bench = commands.add_parser("bench", help="measure")
    benches = bench.add_subparsers(required=True, metavar="WHAT")
    _add_frames(benches.add_parser("frames", help="what thinking costs a game's frames"))
    _add_overlap(benches.add_parser("overlap", help="the model in update, and on a worker thread"))
    _add_peers(benches.add_parser("peers", help="this engine and llama.cpp on the same weights"))
    add_tree_bench(benches)


def _add_game(bench: argparse.ArgumentParser, num_frames: int, what: str) -> None:
    """Adds what every bench that plays a game asks for; ``_play`` reads it."""
    bench.add_argument("--npcs", type=int, default=16, metavar="N", help="how many think (16)")
    bench.add_argument(
        "--frames", type=int, default=num_frames, metavar="N", help=f"{what} ({num_frames})"
    )
    bench.add_argument(
        "--game-ms", type=float, default=6.0, metavar="MS", help="the game's own work a frame (6)"
    )
    bench.add_argument(
        "--without-chooser",
        action="store_true",
        help="let the language model decide and speak alone: more and longer steps",
    )
    bench.add_argument("--out", type=Path, metavar="FILE.json", help="write the result as well")


def _play(options: argparse.Namespace, bench: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Checks the options of ``_add_game``, loads the model and plays."""
    check_budget(options)
    check_range("--npcs", options.npcs, 1, 500)
    check_range("--frames", options.frames, 1, 1_000_000)
    check_range("--game-ms", options.game_ms, 0, 1000)
    check_writable("--out", options.out)
    from npcbrain.commands.bench.workload import without_chooser  # not above: it runs the model

    model = load(options)
    if options.without_chooser:
        model = without_chooser(model)
    with progress("playing", options.frames) as advance:
        return bench(
            model,
            num_npcs=options.npcs,
            num_frames=options.frames,
            budget_ms=options.budget_ms,
            game_ms=options.game_ms,
            on_progress=advance,
        )


def _add_frames(frames: argparse.ArgumentParser) -> None:
    limits = Limits()
    _add_game(frames, 3600, "frames")
    frames.add_argument("--csv", type=Path, metavar="FILE.csv", help="write every frame's times")
    frames.add_argument(
        "--assert",
        action="store_true",
        dest="must_hold",
        help="exit code 1 unless the limits below hold, for a game's own tests",
    )
    frames.add_argument(
        "--max-over-p99-ms",
        type=float,
        default=limits.over_p99_ms,
        metavar="MS",
        help=f"most that 99 %% of updates may exceed their budget by ({limits.over_p99_ms:g})",
    )
    frames.add_argument(
        "--max-extra-hitches",
        type=float,
        default=limits.extra_hitches,
        metavar="PERCENT",
        help="most frames, in percent of all, that may take over 16.67 ms more often than without "
        f"npcbrain ({limits.extra_hitches:g})",
    )
    add_model_options(frames)
    frames.set_defaults(command=_frames, failed=lambda result: bool(result.get("broken")))


def _frames(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.commands.bench.frame_log import FrameLog
    from npcbrain.commands.bench.frames import bench_frames

    limits = Limits(options.max_over_p99_ms, options.max_extra_hitches)
    check_writable("--csv", options.csv)
    log = FrameLog()
    result = _play(options, partial(bench_frames, log=log))
    if options.must_hold:
        result["broken"] = broken_limits(result, limits)
        for message in result["broken"]:
            print(f"npcbrain: {message}", file=sys.stderr)
    if options.csv is not None:
        write_text("--csv", options.csv, log.to_csv())
    if options.out is not None:
        write_text("--out", options.out, json.dumps(result, indent=1) + "\n")
    return result


def _add_overlap(overlap: argparse.ArgumentParser) -> None:
    _add_game(overlap, 1200, "frames each way")
    add_model_options(overlap)
    overlap.set_defaults(command=_overlap)


def _overlap(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.commands.bench.overlap import bench_overlap

    result = _play(options, bench_overlap)
    if options.out is not None:
        write_text("--out", options.out, json.dumps(result, indent=1) + "\n")
    return result


def _add_peers(peers: argparse.ArgumentParser) -> None:
    peers.add_argument(
        "--gguf",
        type=Path,
        required=True,
        dest="model",  # whose faults are the input's, for the exit code
        metavar="FILE",
        help="the weights, a Llama, such as SmolLM2-135M-Instruct.Q4_1.gguf",
    )
    peers.add_argument("--rounds", type=int, default=9, metavar="N", help="that count (9)")
    peers.add_argument(
        "--segments", type=int, default=5, metavar="N", help="this engine's steps a token (5)"
    )
    peers.add_argument("--out", type=Path, metavar="FILE.json", help="write the result as well")
    peers.add_argument("--json", action="store_true", help="print one JSON object")
    peers.set_defaults(command=_peers)


def _peers(options: argparse.Namespace) -> dict[str, Any]:
    check_range("--rounds", options.rounds, 1, 1000)
    check_range("--segments", options.segments, 1, 64)
    check_writable("--out", options.out)
    bench = _checkout_module(PEERS)
    with progress("comparing", options.rounds) as advance:
        result: dict[str, Any] = bench.bench_peers(
            options.model,
            num_rounds=options.rounds,
            num_segments=options.segments,
            on_progress=advance,
        )
    if options.out is not None:
        write_text("--out", options.out, json.dumps(result, indent=1) + "\n")
    return result


def _checkout_module(name: str) -> Any:
    """A module of the checkout's tools.

    Raises:
        UsageError: This npcbrain was installed without them, or what they need is not installed.
    """
    root = Path(__file__).resolve().parents[3]
    if not (root / Path(*name.split("."))).with_suffix(".py").is_file():
        rule = "run from a checkout, which can import weights"
        advice = "clone npcbrain and run pip install --editable .[bench] in it"
        raise UsageError(fault("npcbrain", rule, "an installed one", str(root), advice))
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        advice = "pip install --editable .[bench] in the checkout"
        what = error.name or "a package"
        raise UsageError(
            fault(what, "be installed", None, "npcbrain bench peers", advice)
        ) from error
