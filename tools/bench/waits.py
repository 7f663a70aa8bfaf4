r"""How long a player waits: with the chooser, and with the language model alone, in turns.

    python -m tools.bench.waits --scenarios DEV2.jsonl --out bench_results/waits.json

Every situation is asked of both in one run, one after the other, the persona read before. What is
counted are frames until the action, the first word and the last word are there. Frames in which
nothing else happens: a game's own work makes them longer, not more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import track

from npcbrain.commands.bench.frame_log import quantile
from npcbrain.commands.decide import Decider, Outcome
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.commands.scenarios import Scenario, read_scenarios
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.report import NO_LIMIT_NS
from tools.bench.imports import evenly
from tools.bench.record import load_average, surroundings

__all__ = ["waits"]

READ_MS = NO_LIMIT_NS / 1e6  # a frame without a limit, in which a persona is read


def waits(model: Model, scenarios: Sequence[Scenario], budget_ms: float) -> dict[str, Any]:
    """Asks every situation of the model with its chooser and without.

    Args:
        model: One with a chooser.
        scenarios: What is asked.
        budget_ms: Of each frame.

    Returns:
        For ``with chooser`` and ``without``: how many answers came and how many of their lines were
        quotes, and frames until ``action``, ``first_word`` and ``last_word``, as the median and the
        90th percentile.
    """
    engine, clock = Engine(model), FrameClock()
    deciders = {
        "with chooser": Decider(model, engine, clock),
        "without": Decider(model, engine, clock, chooser=False),
    }
    found: dict[str, list[Outcome]] = {name: [] for name in deciders}
    for index, scenario in enumerate(track(scenarios, "Asking")):
        names = list(deciders)
        for name in names if index % 2 else reversed(names):
            deciders[name].decide(scenario.situation, READ_MS)
            found[name].append(deciders[name].decide(scenario.situation, budget_ms))
    return {name: _summary(outcomes) for name, outcomes in found.items()}


def _summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    answered = [outcome for outcome in outcomes if outcome.decision.source == "model"]
    frames = {
        "action": [outcome.action_frames for outcome in answered],
        "first_word": [outcome.first_word_frames for outcome in answered],
        "last_word": [outcome.frames for outcome in answered],
    }
    counted = {name: sorted(value for value in values if value) for name, values in frames.items()}
    return {
        "asked": len(outcomes),
        "answered": len(answered),
        "quoted": sum(bool(outcome.decision.quoted) for outcome in answered),
        **{
            name: [quantile(values, 0.5), quantile(values, 0.9)] if values else None
            for name, values in counted.items()
        },
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="the one that ships if absent")
    parser.add_argument("--scenarios", type=Path, required=True)
    parser.add_argument("--count", type=int, default=80, help="situations, evenly drawn (80)")
    parser.add_argument("--budget-ms", type=float, default=4.0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    model = Model.load(options.model)
    scenarios = evenly(read_scenarios(options.scenarios))[: options.count]
    record = {
        **surroundings(),
        "load_average": load_average(),
        "model": model.package.name,
        "scenarios": options.scenarios.name,
        "budget_ms": options.budget_ms,
        "waits": waits(model, scenarios, options.budget_ms),
    }
    options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(record["waits"], indent=1))


if __name__ == "__main__":
    main()
