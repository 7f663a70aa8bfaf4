"""Sweeps for the plots: one run of the bench for every budget, or for every number of NPCs.

    python -m tools.bench.sweep budget      -> bench_results/sweep-budget.json
    python -m tools.bench.sweep npcs        -> bench_results/sweep-npcs.json
    python -m tools.bench.sweep together    -> bench_results/sweep-together.json

``budget`` plays ``bench frames`` under growing budgets, with ``--without-chooser`` by the language
model alone. ``npcs`` plays crowds of 1 to 1000, of sixteen personas, of whom each is spoken to
every 20 seconds, never twice in the same words, and waits 5 seconds for the model before its tree
answers: what an answer's wait and a frame cost as the crowd grows. Then nobody talks to the largest
crowd. ``together`` asks 1 to 16 at once and waits for all of them: what thinking side by side does
to each one's wait. Invariant: a row comes from one run, and all rows of a file from one machine and
one commit.
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
from npcbrain.clock import NS_PER_S
from npcbrain.commands.bench.frame_log import ms, quantile
from npcbrain.commands.bench.frames import CpuClock, GameWork, bench_frames
from npcbrain.commands.bench.workload import CAST, QUESTIONS, Village, without_chooser
from npcbrain.commands.frame_clock import FRAME_NS, FrameClock
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.persona import Persona
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.situation import Scene
from tools.bench.record import RESULTS, surroundings

__all__ = [
    "crowd",
    "main",
    "strangers",
    "sweep_budgets",
    "sweep_npcs",
    "sweep_together",
    "together",
]

BUDGETS_MS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
GROUPS = (1, 2, 4, 6, 8, 12, 16)
GAME_MS = 6.0  # of ``together``, as in ``bench frames``: it empties the caches between two frames
PLACES = ("Ashby", "Brill", "Crome", "Dunmere", "Elstow", "Farley", "Garth", "Hale")
PLACES += ("Ilkley", "Jarrow", "Kirby", "Leigh", "Mere", "Naseby", "Oxley", "Pyle")
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
    *,
    is_spoken_to: bool = True,
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
    waits = _Waits(runtime)
    due, asked = 1.0, 0
    used_ns: list[int] = []
    trees_ns: list[int] = []
    over_ns: list[int] = []
    for frame in range(num_frames):
        while is_spoken_to and due >= 1.0:
            due -= 1.0
            npc = npcs[asked % num_npcs]
            # A number in each, so that no answer is known from the same question.
            npc.hear(f"{QUESTIONS[asked % len(QUESTIONS)]} I have {asked} coppers.")
            waits.asked(npc.name, frame)
            asked += 1
        due += num_npcs / (EVERY_S * FRAMES_PER_S)
        report = runtime.update(budget_ms)
        clock.next_frame()
        used_ns.append(report.used_ns)
        trees_ns.append(report.trees_ns)
        over_ns.append(report.over_budget_ns)
        waits.look(report, frame)
    runtime.close()
    for times in (used_ns, trees_ns, over_ns):
        times.sort()
    return {
        "npcs": num_npcs,
        "budget_ms": budget_ms,
        "frames": num_frames,
        "asked": asked,
        "by_model": len(waits.wholes),
        "by_tree": waits.by_tree,
        "first_word_p50_ms": _quantile_ms(waits.first_words, 0.5),
        "first_word_p90_ms": _quantile_ms(waits.first_words, 0.9),
        "whole_p50_ms": _quantile_ms(waits.wholes, 0.5),
        "whole_p90_ms": _quantile_ms(waits.wholes, 0.9),
        "used_mean_ms": ms(round(fmean(used_ns))),
        "used_p99_ms": ms(quantile(used_ns, 0.99)),
        "trees_p50_ms": ms(quantile(trees_ns, 0.5)),
        "over_budget_p99_ms": ms(quantile(over_ns, 0.99)),
    }


def strangers() -> list[dict[str, Any]]:
    """Sixteen personas: those of the bench, from different places."""
    cast = []
    for index, place in enumerate(PLACES):
        base = CAST[index % len(CAST)]
        name = f"{base['name']} of {place}"
        facts = [*base["facts"], f"I was born in {place}."]
        cast.append({**base, "name": name, "facts": facts})
    return cast


def sweep_together(
    model: Model,
    groups: Sequence[int],
    *,
    num_rounds: int,
    budget_ms: float,
    people: Sequence[dict[str, Any]] = CAST,
) -> list[dict[str, Any]]:
    """A row for each group that is asked at once."""
    return [together(model, num_npcs, num_rounds, budget_ms, people) for num_npcs in groups]


def together(
    model: Model,
    num_npcs: int,
    num_rounds: int,
    budget_ms: float,
    people: Sequence[dict[str, Any]] = CAST,
) -> dict[str, Any]:
    """One group's waits: everybody is asked in the same frame, and again when all have answered.

    Returns:
        ``first_word_*_frames`` and ``whole_*_frames``, from being spoken to until an answer begins
        to be heard, and until it is whole; ``soonest_frames`` and ``all_frames``, means over the
        rounds of the first word of all and of the last whole answer; ``tokens_per_s`` of the
        model's own time.
    """
    clock = FrameClock()
    work = GameWork(GAME_MS, CpuClock())
    village = Village(model, num_npcs, clock, people)
    waits = _Waits(village.runtime)
    soonest: list[int] = []
    lengths: list[int] = []
    num_tokens = model_ns = frame = 0
    for number in range(num_rounds + 1):
        if number == 1:  # the first one has read the personas
            waits.forget()
        village.ask()
        for name in village.runtime.npcs:
            waits.asked(name, frame)
        begun, num_heard = frame, len(waits.first_words)
        while not village.is_idle:
            work.run()
            report = village.update(budget_ms)
            clock.next_frame()
            waits.look(report, frame)
            frame += 1
        if number:
            soonest += sorted(waits.first_words[num_heard:])[:1]  # none where trees answered all
            lengths.append(frame - begun)
            num_tokens += village.round.num_tokens
            model_ns += village.round.model_ns
    village.runtime.close()
    return {
        "npcs": num_npcs,
        "budget_ms": budget_ms,
        "rounds": num_rounds,
        "by_tree": waits.by_tree,
        "soonest_frames": round(fmean(soonest), 1) if soonest else None,
        "all_frames": round(fmean(lengths), 1),
        "first_word_p50_frames": _quantile(waits.first_words, 0.5),
        "first_word_p90_frames": _quantile(waits.first_words, 0.9),
        "whole_p50_frames": _quantile(waits.wholes, 0.5),
        "whole_p90_frames": _quantile(waits.wholes, 0.9),
        "tokens_per_s": round(num_tokens * NS_PER_S / max(1, model_ns), 1),
    }


class _Waits:
    """From being spoken to until an answer is heard, in frames.

    Attributes:
        first_words: Until the model's answer began.
        wholes: Until it was whole.
        by_tree: Answers that were not the model's.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._silent: dict[str, int] = {}  # since which frame they have said nothing
        self._unanswered: dict[str, int] = {}
        self.forget()

    def forget(self) -> None:
        """Begins anew."""
        self.first_words: list[int] = []
        self.wholes: list[int] = []
        self.by_tree = 0

    def asked(self, name: str, frame: int) -> None:
        """Somebody is spoken to before the update of this frame."""
        self._silent[name] = self._unanswered[name] = frame

    def look(self, report: FrameReport, frame: int) -> None:
        """Counts what the update of this frame has brought."""
        for name, decision in report.decisions:
            since = self._unanswered.pop(name, frame)
            if decision.source == "model":
                self.wholes.append(frame + 1 - since)
            else:
                self.by_tree += 1
                self._silent.pop(name, None)
        npcs = self._runtime.npcs
        for name in [*self._silent]:
            # Who has not turned to the question still shows what it said before.
            if npcs[name].speech and (npcs[name].is_busy or not npcs[name].num_waiting):
                self.first_words.append(frame + 1 - self._silent.pop(name))


def _quantile(frames: Sequence[int], share: float) -> int | None:
    return quantile(sorted(frames), share) if frames else None


def _quantile_ms(frames: Sequence[int], share: float) -> float | None:
    found = _quantile(frames, share)
    return None if found is None else ms(found * FRAME_NS)


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
    parser.add_argument("what", choices=("budget", "npcs", "together"))
    parser.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    parser.add_argument("--frames", type=int, metavar="N", help="1200 for budget, 1800 for npcs")
    parser.add_argument("--rounds", type=int, default=12, metavar="N", help="of together (12)")
    parser.add_argument(
        "--budget-ms", type=float, default=4.0, metavar="MS", help="of npcs and together (4)"
    )
    parser.add_argument(
        "--without-chooser", action="store_true", help="the language model decides and speaks alone"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.json")
    options = parser.parse_args(arguments)
    model = Model.load(options.model)
    name = options.what
    if options.without_chooser:
        model, name = without_chooser(model), f"{name}-alone"
    budget_ms = options.budget_ms
    length: dict[str, Any]
    if options.what == "together":
        length = {"rounds": options.rounds}
        rows = sweep_together(model, GROUPS, num_rounds=options.rounds, budget_ms=budget_ms)
    elif options.what == "npcs":
        length = {"frames": options.frames or 1800}
        rows = sweep_npcs(
            model, CROWDS, num_frames=length["frames"], budget_ms=budget_ms, people=strangers()
        )
        idle = crowd(model, CROWDS[-1], length["frames"], budget_ms, is_spoken_to=False)
        length["idle"] = idle
    else:
        length = {"frames": options.frames or 1200}
        rows = sweep_budgets(model, BUDGETS_MS, num_frames=length["frames"])
    out = options.out or RESULTS / f"sweep-{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    record = {**surroundings(), **length, "rows": rows}
    out.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
