"""Sweeps for the plots: one run of the bench for every budget, or for every number of NPCs.

    python -m tools.bench.sweep budget      -> bench_results/sweep-budget.json
    python -m tools.bench.sweep npcs        -> bench_results/sweep-npcs.json

``budget`` plays ``bench frames`` under growing budgets. ``npcs`` plays crowds of 1 to 1000, of whom
each is spoken to every 20 seconds and waits 5 seconds for the model before its tree answers: what
an answer's wait and a frame cost as the crowd grows. Invariant: a row comes from one run, and all
rows of a file from one machine and one commit.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from npcbrain import tree
from npcbrain.bench import bench_frames
from npcbrain.frame_log import ms, quantile
from npcbrain.leaves import Act, CannedReply, Decide, Heard
from npcbrain.lm.model import Model
from npcbrain.pacing import FRAME_NS, FrameClock
from npcbrain.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.situation import Scene
from npcbrain.village import CAST, QUESTIONS
from tools.bench.record import RESULTS, surroundings

__all__ = ["crowd", "main", "sweep_budgets", "sweep_npcs"]

BUDGETS_MS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
CROWDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)
EVERY_S = 20.0  # seconds between two questions to the same NPC
TTL_MS = 5000.0
MIN_QUESTIONS = 6
FRAMES_PER_S = 60
FROM_FRAMES = (
    "budget_ms",
    "over_budget_p99_ms",
    "over_budget_max_ms",
    "largest_step_ms",
    "budget_used",
    "decisions",
    "fallbacks",
    "slicing_efficiency",
    "tokens_per_s_sliced",
    "tokens_per_s_unsliced",
    "warm_action_frames",
    "warm_first_word_frames",
    "warm_20_tokens_frames",
    "cpu_share",
)


def sweep_budgets(
    model: Model,
    budgets_ms: Sequence[float],
    *,
    num_frames: int,
    people: Sequence[dict[str, Any]] = CAST,
) -> list[dict[str, Any]]:
    """A row for each budget: 16 NPCs asked without end, 2 ms of game work."""
    rows = []
    for budget_ms in budgets_ms:
        result = bench_frames(
            model,
            num_npcs=16,
            num_frames=num_frames,
            budget_ms=budget_ms,
            game_ms=2.0,
            on_progress=lambda done: None,
            people=people,
        )
        per_s = result["tokens"] * FRAMES_PER_S / num_frames
        rows.append(
            {"tokens_per_s": round(per_s, 1), **{name: result[name] for name in FROM_FRAMES}}
        )
    return rows


def sweep_npcs(
    model: Model,
    crowds: Sequence[int],
    *,
    num_frames: int,
    budget_ms: float,
    people: Sequence[dict[str, Any]] = CAST,
) -> list[dict[str, Any]]:
    """A row for each crowd; small ones play longer, so that some questions are asked at all."""
    rows = []
    for num_npcs in crowds:
        needed = math.ceil(MIN_QUESTIONS * EVERY_S * FRAMES_PER_S / num_npcs)
        rows.append(crowd(model, num_npcs, max(num_frames, needed), budget_ms, people))
    return rows


def crowd(
    model: Model,
    num_npcs: int,
    num_frames: int,
    budget_ms: float,
    people: Sequence[dict[str, Any]] = CAST,
) -> dict[str, Any]:
    """One crowd's frames and waits.

    Returns:
        ``first_word_*_ms`` and ``whole_*_ms``, from being spoken to until the model's answer begins
        to be heard, and until it is whole, in game time; None without any. ``by_model`` and
        ``by_tree``, who answered how often. The update's ``used_*_ms``, and the part of it in
        trees.
    """
    clock = FrameClock()
    runtime = Runtime(model, clock=clock, price_file=None)
    _fill(runtime, num_npcs, people)
    npcs = list(runtime.npcs.values())
    due, asked = 1.0, 0
    silent: dict[str, int] = {}  # since which frame they have been asked and have said nothing
    unanswered: dict[str, int] = {}
    first_words: list[int] = []
    wholes: list[int] = []
    by_tree = 0
    used_ns: list[int] = []
    trees_ns: list[int] = []
    over_ns: list[int] = []
    for frame in range(num_frames):
        while due >= 1.0:
            due -= 1.0
            npc = npcs[asked % num_npcs]
            npc.hear(QUESTIONS[asked % len(QUESTIONS)])
            silent[npc.name] = unanswered[npc.name] = frame
            asked += 1
        due += num_npcs / (EVERY_S * FRAMES_PER_S)
        report = runtime.update(budget_ms)
        clock.next_frame()
        used_ns.append(report.used_ns)
        trees_ns.append(report.trees_ns)
        over_ns.append(report.over_budget_ns)
        for name, decision in report.decisions:
            since = unanswered.pop(name, frame)
            if decision.source == "model":
                wholes.append((frame + 1 - since) * FRAME_NS)
            else:
                by_tree += 1
                silent.pop(name, None)
        for name in [name for name in silent if runtime.npcs[name].speech]:
            first_words.append((frame + 1 - silent.pop(name)) * FRAME_NS)
    runtime.close()
    for times in (used_ns, trees_ns, over_ns, first_words, wholes):
        times.sort()
    return {
        "npcs": num_npcs,
        "budget_ms": budget_ms,
        "frames": num_frames,
        "asked": asked,
        "by_model": len(wholes),
        "by_tree": by_tree,
        "first_word_p50_ms": _quantile_ms(first_words, 0.5),
        "first_word_p90_ms": _quantile_ms(first_words, 0.9),
        "whole_p50_ms": _quantile_ms(wholes, 0.5),
        "whole_p90_ms": _quantile_ms(wholes, 0.9),
        "used_mean_ms": ms(round(fmean(used_ns))),
        "used_p99_ms": ms(quantile(used_ns, 0.99)),
        "trees_p50_ms": ms(quantile(trees_ns, 0.5)),
        "over_budget_p99_ms": ms(quantile(over_ns, 0.99)),
    }


def _quantile_ms(ordered: Sequence[int], share: float) -> float | None:
    return ms(quantile(ordered, share)) if ordered else None


def _fill(runtime: Runtime, num_npcs: int, people: Sequence[dict[str, Any]]) -> None:
    """Adds a crowd, its personas read beforehand: each is read once, however many share it."""
    mind = tree.Selector(
        tree.Sequence(Heard(), Decide(ttl_ms=TTL_MS), Act()),
        tree.Sequence(Heard(), CannedReply()),
        tree.Succeed(),
    )
    cast = [Persona.from_dict(data) for data in people]
    for action in {action.name for persona in cast for action in persona.actions}:
        runtime.on_action(action, lambda npc, **args: None)
    for index in range(num_npcs):
        if index == len(cast):
            runtime.warm_up()
        npc = runtime.add_npc(f"npc {index}", persona=cast[index % len(cast)], tree=mind)
        npc.scene = Scene("the village", "evening", ("player",))
    if num_npcs <= len(cast):
        runtime.warm_up()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one sweep and keeps it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("budget", "npcs"))
    parser.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    parser.add_argument("--frames", type=int, metavar="N", help="1200 for budget, 1800 for npcs")
    parser.add_argument("--budget-ms", type=float, default=4.0, metavar="MS", help="of npcs (4)")
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    options = parser.parse_args(arguments)
    model = Model.load(options.model)
    if options.what == "budget":
        frames = options.frames or 1200
        rows = sweep_budgets(model, BUDGETS_MS, num_frames=frames)
    else:
        frames, budget_ms = options.frames or 1800, options.budget_ms
        rows = sweep_npcs(model, CROWDS, num_frames=frames, budget_ms=budget_ms)
    out = options.out or RESULTS / f"sweep-{options.what}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    record = {**surroundings(), "frames": frames, "rows": rows}
    out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
