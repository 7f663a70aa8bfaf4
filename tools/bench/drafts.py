"""Measures what drafts gain: for an NPC that speaks alone, and for several that speak at once.

    python -m tools.bench.drafts HELD_OUT.jsonl     -> bench_results/drafts.json

A model answers every situation with drafts and without, in turns, alone and without a budget; the
time of speaking counts, after the first token. Then groups of 1 to 8 are asked at once and answer
under a budget, as in ``tools.bench.sweep together``. Invariant: a ratio compares answers that were
made in the same minute.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.progress import track

from npcbrain.commands.bench.workload import CAST
from npcbrain.commands.scenarios import read_scenarios
from npcbrain.engine.engine import Engine
from npcbrain.lm.drafts import DRAFT_SIZES
from npcbrain.lm.model import Model
from npcbrain.prompting.prompt import grammar as grammar_of
from npcbrain.prompting.prompt import render
from npcbrain.situation import Situation
from tools.bench.game_load import advance
from tools.bench.record import RESULTS, surroundings
from tools.bench.sweep import together

__all__ = ["Spoken", "compare", "compare_groups", "main", "speak"]

MAX_NEW_TOKENS = 96
GROUPS = (1, 2, 4, 8)
BUDGET_MS = 4.0
WAITS = ("whole_p50_frames", "all_frames", "tokens_per_s", "by_tree")


@dataclass(frozen=True, slots=True)
class Spoken:
    """An answer and its cost.

    Attributes:
        ids: Its tokens.
        took_ns: Time of its runs, after the one that read the prompt.
        num_runs: The number of these runs.
        num_guesses: How many of them read a draft.
        num_guessed: Tokens of all drafts.
        num_right: Drafted tokens that were kept.
    """

    ids: Sequence[int]
    took_ns: int
    num_runs: int
    num_guesses: int
    num_guessed: int
    num_right: int


def speak(model: Model, engine: Engine, situation: Situation) -> Spoken:
    """Makes an answer, always of the likeliest tokens."""
    prompt = render(situation, marks=model.has_marks)
    one = model.generation(
        prompt.prefix,
        prompt.news,
        grammar=grammar_of(situation, "any" if model.has_marks else "own"),
        action_prior=prompt.action_prior,
        seed=0,
        temperature=0.0,
        top_p=1.0,
        max_new_tokens=MAX_NEW_TOKENS,
    )
    engine.open(one)
    while not one.num_generated:
        advance(engine, one)
    took_ns = num_runs = num_guesses = num_guessed = num_right = 0
    while not one.finished:
        num_drafted, context = len(one.draft), one.context
        started_ns = time.perf_counter_ns()
        advance(engine, one)
        took_ns += time.perf_counter_ns() - started_ns
        num_runs += 1
        if num_drafted:
            num_guesses += 1
            num_guessed += num_drafted
            num_right += one.context - context - 1
    engine.close(one)
    said = tuple(one.ids[one.num_prompt :])
    return Spoken(said, took_ns, num_runs, num_guesses, num_guessed, num_right)


def compare(plain: Model, drafting: Model, situations: Sequence[Situation]) -> dict[str, Any]:
    """Answers all of them both ways, alone.

    Returns:
        ``answers``, and how many were the ``same`` both ways; ``runs_without`` and ``runs_with``;
        ``guesses``, and the share of their tokens that was right (``acceptance``); ``speedup``,
        time without drafts over time with them, of the answers that are the same.
    """
    engines = [(model, Engine(model)) for model in (plain, drafting)]
    pairs = []
    for number, situation in enumerate(track(situations, description="answering", transient=True)):
        turn = engines if number % 2 else engines[::-1]
        spoken = [speak(model, engine, situation) for model, engine in turn]
        pairs.append(spoken if number % 2 else spoken[::-1])
    same = [(without, with_) for without, with_ in pairs if without.ids == with_.ids]
    guessed = sum(with_.num_guessed for _, with_ in pairs)
    times = [sum(one.took_ns for one in side) for side in zip(*same, strict=True)] or [0, 0]
    return {
        "answers": len(pairs),
        "same": len(same),
        "runs_without": sum(without.num_runs for without, _ in pairs),
        "runs_with": sum(with_.num_runs for _, with_ in pairs),
        "guesses": sum(with_.num_guesses for _, with_ in pairs),
        "acceptance": round(sum(with_.num_right for _, with_ in pairs) / max(1, guessed), 3),
        "speedup": round(times[0] / max(1, times[1]), 3),
    }


def compare_groups(
    plain: Model,
    drafting: Model,
    groups: Sequence[int],
    *,
    num_turns: int,
    num_rounds: int,
    people: Sequence[dict[str, Any]] = CAST,
) -> list[dict[str, Any]]:
    """A row for each group: its waits and its speed, medians over turns, both ways."""
    rows = []
    for num_npcs in groups:
        runs: dict[str, list[dict[str, Any]]] = {"without": [], "with": []}
        for turn in range(num_turns):
            sides = [("without", plain), ("with", drafting)]
            for name, model in sides if turn % 2 else sides[::-1]:
                runs[name].append(together(model, num_npcs, num_rounds, BUDGET_MS, people))
        medians = {
            name: {
                wait: median(run[wait] for run in side if run[wait] is not None) for wait in WAITS
            }
            for name, side in runs.items()
        }
        rows.append({"npcs": num_npcs, **medians})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", type=Path)
    parser.add_argument("--model", type=Path, help="a model folder instead of the one that ships")
    parser.add_argument("--turns", type=int, default=3, help="of each group (3)")
    args = parser.parse_args()
    plain, drafting = Model.load(args.model), Model.load(args.model, drafts=True)
    situations = [scenario.situation for scenario in read_scenarios(args.scenarios)]
    alone = compare(plain, drafting, situations)
    print(json.dumps(alone))
    groups = compare_groups(plain, drafting, GROUPS, num_turns=args.turns, num_rounds=12)
    for row in groups:
        print(json.dumps(row))
    record = {
        "command": ["python", "-m", "tools.bench.drafts", args.scenarios.name],
        **surroundings(),
        "result": {
            "model": plain.package.name,
            "most_guessed_tokens": DRAFT_SIZES[-1] - 1,
            "alone": alone,
            "budget_ms": BUDGET_MS,
            "groups": groups,
        },
    }
    path = RESULTS / "drafts.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
