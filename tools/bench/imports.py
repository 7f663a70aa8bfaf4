"""Measures how well an imported model decides, and how long one of its tokens takes.

    npcbrain import-model MODEL.gguf --out DIR --json > IMPORTED.json
    python -m tools.bench.imports smollm2-135m --model DIR --imported IMPORTED.json \
        --scenarios DEV2.jsonl --minutes 40

The result is ``bench_results/imports/NAME.json``: the import's own figures, the scores with their
95 % intervals, and milliseconds. A model that is too slow for all scenarios answers as many as it
can in ``--minutes`` of a core's time, evenly drawn from all categories. Invariant: a model gets no
credit for a tree's answers.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from npcbrain.commands.decide import Decider
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.commands.scenarios import Scenario, read_scenarios, scores
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.situation import Decision
from tools.bench.record import RESULTS, load_average, surroundings
from tools.distil.score import sample_of, speed

__all__ = ["evenly", "record_of"]

IMPORTS = RESULTS / "imports"
NUM_SAMPLES = 8  # answers kept for people to read
GOLDEN = (math.sqrt(5) - 1) / 2  # steps of this share of a circle fill it evenly at any time


def evenly(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The scenarios in such an order that every beginning is an even sample of all categories.

    >>> from types import SimpleNamespace
    >>> cases = [SimpleNamespace(category=name) for name in "aaaabbbb"]
    >>> "".join(case.category for case in evenly(cases))
    'ababbaba'
    """
    ordered = sorted(scenarios, key=lambda scenario: scenario.category)
    num = len(ordered)
    stride = max(1, round(num * GOLDEN))
    while math.gcd(stride, num) != 1:
        stride -= 1
    return [ordered[index * stride % num] for index in range(num)]


def record_of(model: Model, scenarios: Sequence[Scenario], minutes: float) -> dict[str, Any]:
    """Has the model answer for ``minutes``, or until it has answered all, and then times it."""
    facts: dict[str, Any] = {
        "megabytes": round(model.package.num_bytes / 1e6, 1),
        "layers": model.config.layers,
        "vocab": model.config.vocab,
    }
    decider = Decider(model, Engine(model), FrameClock())
    asked, decisions = evenly(scenarios), list[Decision | None]()
    tokens, start = 0, time.process_time()
    while not decisions or (
        len(decisions) < len(asked) and time.process_time() - start < 60 * minutes
    ):
        group = asked[len(decisions) : len(decisions) + model.num_slots]
        outcomes = decider.decide_all([one.situation for one in group], lambda done: None)
        tokens += sum(outcome.tokens for outcome in outcomes)
        made = [outcome.decision for outcome in outcomes]
        decisions += [one if one.source == "model" else None for one in made]
        print(f"{len(decisions)} of {len(asked)}, {time.process_time() - start:.0f} s", flush=True)
    answered = asked[: len(decisions)]
    facts["answering_s"] = round(time.process_time() - start, 1)
    facts["tokens_per_answer"] = round(tokens / len(answered), 1)
    facts |= speed(model)
    spacing = max(1, len(answered) // NUM_SAMPLES)
    pairs = list(zip(answered, decisions, strict=True))
    samples = [sample_of(*pair) for pair in pairs[::spacing][:NUM_SAMPLES]]
    return {**facts, "of": len(asked), **scores(answered, decisions), "samples": samples}


def main() -> None:
    """Writes one file, and prints the main results."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.imports")
    parser.add_argument("name")
    parser.add_argument("--model", type=Path, required=True, help="a model folder")
    parser.add_argument("--imported", type=Path, help="what import-model --json printed")
    parser.add_argument("--scenarios", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=40.0, help="of a core")
    options = parser.parse_args()
    imported = json.loads(options.imported.read_text(encoding="utf-8")) if options.imported else {}
    result = record_of(
        Model.load(options.model), read_scenarios(options.scenarios), options.minutes
    )
    record = {**surroundings(), "load_average": load_average(), "imported": imported, **result}
    IMPORTS.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (IMPORTS / f"{options.name}.json").write_text(text, encoding="utf-8", newline="\n")
    told = ("decode_ms", "num", "action_accuracy", "action_accuracy_act", "grounded", "clean")
    print({key: record[key] for key in told})


if __name__ == "__main__":
    main()
