"""Scores a model, or a way to answer without one, and keeps the result.

    python -m tools.distil.score hearth --model models/hearth --about "what ships" \
        --set dev2=DEV2.jsonl --set characters=tools/distil/sheets/held_out.jsonl
    python -m tools.distil.score keyword --baseline keyword --about "shared words" --set ...

A set is a file of scenarios; only those count for much that no training saw and no generator
wrote: situations by hand in worlds of their own (``dev2``), and written exchanges of characters
that were held out (``characters``). The result is ``bench_results/models/NAME.json``;
``tools.distil.ladder`` makes the table and the chart of all that are there. Scores are the same on
any machine, times are not: ``NAME --model DIR --speed-only`` times a model again. Invariant: a
model is given no credit for what a tree had to answer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.progress import Progress

from npcbrain.clock import SystemClock
from npcbrain.commands.decide import Decider
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.commands.scenarios import Scenario, read_scenarios, scores
from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Decision
from tools.bench.record import RESULTS, surroundings
from tools.distil.baselines import BASELINES

MODELS = RESULTS / "models"
NUM_SAMPLES = 30  # answers of a set kept for people to read, evenly spaced
REPETITIONS = 40  # of each step that is timed

Answer = Callable[[Sequence[Scenario]], list[Decision | None]]


def answer_with(decider: Decider) -> Answer:
    """Answers by a model; None where it gave none."""

    def answer(scenarios: Sequence[Scenario]) -> list[Decision | None]:
        with Progress() as progress:
            task = progress.add_task("answering", total=len(scenarios))
            outcomes = decider.decide_all(
                [scenario.situation for scenario in scenarios],
                lambda done: progress.update(task, completed=done),
            )
        decisions = [outcome.decision for outcome in outcomes]
        return [d if d.source == "model" else None for d in decisions]

    return answer


def speed(model: Model) -> dict[str, float]:
    """Milliseconds, on one thread, of one token for one NPC and of reading 32 tokens."""
    engine, prices = Engine(model), CostModel()
    Scheduler(engine, prices, SystemClock()).warm_up(REPETITIONS)
    context = model.config.max_context // 2

    def whole_ms(kind: Kind, rows: int) -> float:
        steps = range(engine.num_segments)
        return sum(prices.price_ns(kind, step, rows, context) for step in steps) / 1e6

    return {
        "decode_ms": round(whole_ms(Kind.DECODE, 1), 2),
        "read_32_ms": round(whole_ms(Kind.PREFILL, 32), 2),
    }


def sample_of(scenario: Scenario, decision: Decision | None) -> dict[str, Any]:
    """One answer as a reader wants to see it."""
    situation = scenario.situation
    return {
        "id": scenario.id,
        "npc": f"{situation.npc.name}, {situation.npc.role}",
        "event": f"{situation.event.source}: {situation.event.text}",
        "answer": decision.to_dict() if decision else None,
        "accepted": decision is not None
        and scenario.expect.accepts(decision)
        and (not scenario.expect.say_any or scenario.expect.is_grounded(decision.say)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path, help="a model folder")
    what.add_argument("--baseline", choices=sorted(BASELINES))
    parser.add_argument("--about", help="one line for the table")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=SCENARIOS.jsonl")
    parser.add_argument("--without-reader", action="store_true", help="the model alone")
    parser.add_argument("--without-chooser", action="store_true", help="the language model decides")
    parser.add_argument("--words", choices=("any", "own", "quotes"), default="any")
    parser.add_argument(
        "--answers", type=Path, metavar="FOLDER", help="keep all answers, for judges"
    )
    parser.add_argument(
        "--speed-only", action="store_true", help="time the model anew, keep the scores it has"
    )
    args = parser.parse_args()
    path = MODELS / f"{args.name}.json"
    if args.speed_only and args.model:
        if not path.exists():
            parser.error(f"{args.name} has no scores yet; leave out --speed-only")
        return time_again(path, args.model)
    sets = dict(text.split("=", 1) for text in args.set if "=" in text)
    if args.speed_only or not args.about or len(sets) != len(args.set) or not sets:
        parser.error("give --about and --set NAME=FILE, or --model and --speed-only")

    facts: dict[str, Any] = {}
    if args.model:
        model = Model.load(args.model)
        facts = {
            "megabytes": round(model.package.num_bytes / 1e6, 1),
            "layers": model.config.layers,
            "vocab": model.config.vocab,
            **speed(model),
        }
        options = {
            "reader": not args.without_reader,
            "words": args.words,
            "chooser": not args.without_chooser,
        }
        answer = answer_with(Decider(model, Engine(model), FrameClock(), **options))
    else:
        decide = BASELINES[args.baseline]

        def answer(scenarios: Sequence[Scenario]) -> list[Decision | None]:
            return [decide(scenario.situation) for scenario in scenarios]

    record: dict[str, Any] = {"about": args.about, **surroundings(), **facts, "sets": {}}
    for name, file in sets.items():
        scenarios = read_scenarios(Path(file))
        decisions = answer(scenarios)
        pairs = list(zip(scenarios, decisions, strict=True))
        spacing = max(1, len(pairs) // NUM_SAMPLES)
        record["sets"][name] = {
            **scores(scenarios, decisions),
            "samples": [sample_of(*pair) for pair in pairs[::spacing][:NUM_SAMPLES]],
        }
        if args.answers:
            write_answers(args.answers / f"{args.name}-{name}.jsonl", scenarios, decisions)
        told = ("num", "action_accuracy", "action_accuracy_act", "grounded", "clean", "valid")
        print(name, {key: record["sets"][name][key] for key in told})
    write(path, record)
    return 0


def time_again(path: Path, folder: Path) -> int:
    """Scores are the same on any machine, and times are not: all models' must be of one hour."""
    record = json.loads(path.read_text(encoding="utf-8"))
    write(path, record | speed(Model.load(folder)) | {"timed": surroundings()})
    return 0


def write_answers(
    path: Path, scenarios: Sequence[Scenario], decisions: Sequence[Decision | None]
) -> None:
    """Writes one JSON line an answer, as ``tools.distil.judge`` reads them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"id": scenario.id, **decision.to_dict()}, ensure_ascii=False)
        for scenario, decision in zip(scenarios, decisions, strict=True)
        if decision is not None
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def write(path: Path, record: dict[str, Any]) -> None:
    """Writes the record of a model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
