"""Scores a model, or a way to answer without one, and keeps the result.

    python -m tools.distil.score student-int8 --model models/hearth --about "what ships" \
        --public SCENARIOS.jsonl --held-out HELD_OUT.jsonl
    python -m tools.distil.score keyword --baseline keyword --about "no model" ...

Three sets: public scenarios; situations that ``tools.distil.generate --split val`` draws from
worlds training never sees; and ``by_hand.jsonl``, written by hand in the manner of games, which
owes the generator nothing and is never trained on. The result is
``bench_results/models/NAME.json``; ``tools.distil.ladder`` makes the table and the chart of all
that are there. Scores are the same on any machine, times are not: ``NAME --model DIR --speed-only``
times a model again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rich.progress import Progress

from npcbrain.clock import SystemClock
from npcbrain.cost import CostModel
from npcbrain.decide import Decider
from npcbrain.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.pacing import FrameClock
from npcbrain.scenarios import Scenario, read_scenarios, scores
from npcbrain.scheduler import Scheduler
from npcbrain.situation import Decision
from npcbrain.steps import Kind
from tools.bench.record import RESULTS, surroundings
from tools.distil.baselines import BASELINES

MODELS = RESULTS / "models"
BY_HAND = Path(__file__).with_name("by_hand.jsonl")
NUM_SAMPLES = 30  # answers kept for people to read, evenly spaced
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


def digest_of(decision: Decision | None) -> str:
    """Eight letters that differ where answers do: models are compared answer by answer."""
    text = "" if decision is None else json.dumps(decision.to_dict(), sort_keys=True)
    return blake2b(text.encode(), digest_size=4).hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path, help="a model folder")
    what.add_argument("--baseline", choices=sorted(BASELINES))
    parser.add_argument("--about", help="one line for the table")
    parser.add_argument("--public", type=Path, metavar="SCENARIOS.jsonl")
    parser.add_argument("--held-out", type=Path, metavar="SCENARIOS.jsonl")
    parser.add_argument("--by-hand", type=Path, default=BY_HAND, metavar="SCENARIOS.jsonl")
    parser.add_argument(
        "--speed-only", action="store_true", help="time the model anew, keep the scores it has"
    )
    args = parser.parse_args()
    if args.speed_only and args.model:
        if not (MODELS / f"{args.name}.json").exists():
            parser.error(f"{args.name} has no scores yet; leave out --speed-only")
        return time_again(MODELS / f"{args.name}.json", args.model)
    if args.speed_only or not (args.about and args.public and args.held_out):
        parser.error("give --about, --public and --held-out, or --model and --speed-only")

    facts: dict[str, Any] = {}
    if args.model:
        model = Model.load(args.model)
        facts = {
            "megabytes": round(model.package.num_bytes / 1e6, 1),
            "layers": model.config.layers,
            "vocab": model.config.vocab,
            **speed(model),
        }
        answer = answer_with(Decider(model, Engine(model), FrameClock()))
    else:
        decide = BASELINES[args.baseline]

        def answer(scenarios: Sequence[Scenario]) -> list[Decision | None]:
            return [decide(scenario.situation) for scenario in scenarios]

    record: dict[str, Any] = {"about": args.about, **surroundings(), **facts}
    sets = {"public": args.public, "held_out": args.held_out, "by_hand": args.by_hand}
    for name, path in sets.items():
        scenarios = read_scenarios(path)
        decisions = answer(scenarios)
        record[name] = scores(scenarios, decisions)
        pairs = list(zip(scenarios, decisions, strict=True))
        spacing = max(1, len(pairs) // NUM_SAMPLES)
        record[f"{name}_samples"] = [sample_of(*pair) for pair in pairs[::spacing][:NUM_SAMPLES]]
        record[f"{name}_digests"] = " ".join(map(digest_of, decisions))
        print(name, {k: v for k, v in record[name].items() if k != "categories"})
    write(MODELS / f"{args.name}.json", record)
    return 0


def time_again(path: Path, folder: Path) -> int:
    """Scores are the same on any machine, and times are not: all models' must be of one hour."""
    record = json.loads(path.read_text(encoding="utf-8"))
    write(path, record | speed(Model.load(folder)) | {"timed": surroundings()})
    return 0


def write(path: Path, record: dict[str, Any]) -> None:
    """Writes the record of a model."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
