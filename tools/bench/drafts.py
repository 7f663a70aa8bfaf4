"""What speculative decoding would buy, without building it: how often drafts hit, what they cost.

    python -m tools.bench.drafts HELD_OUT.jsonl     -> bench_results/drafts.json

A draft is what followed the last few tokens where they stood in the prompt: facts get copied. The
answers are made as ever; then it is counted how many of the model's runs a draft would have
spared, had the sampled token and its draft been read in one chunk. The time of a lone token and of
such chunks is measured here and now, so the gain is that of this machine. Invariant: drafts look at
the tokens before them only, so the count is what a real run would have seen.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

from rich.progress import track

from npcbrain.clock import SystemClock
from npcbrain.cost import CostModel
from npcbrain.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.policy import quote
from npcbrain.prompt import answer_grammar, render
from npcbrain.scenarios import read_scenarios
from npcbrain.scheduler import Scheduler
from npcbrain.situation import Situation
from npcbrain.steps import Kind, WaveLike
from tools.bench.record import RESULTS, surroundings

__all__ = ["Answer", "Tally", "draft", "main", "tally"]

MAX_NEW_TOKENS = 96
MAX_MATCH = 6  # tokens; the longest that must have stood in the prompt before
SIZES = ((1, 2), (3, 2), (3, 3), (7, 2), (7, 3))  # tokens of a draft, tokens that must match
CONTEXT = 256  # at which the prices are compared


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's tokens and how they came.

    Attributes:
        ids: Prompt and answer.
        num_prompt: Tokens of the prompt.
        ends: How many tokens were known after each run of the model: one sampled, others forced.
    """

    ids: Sequence[int]
    num_prompt: int
    ends: Sequence[int]


@dataclass(slots=True)
class Tally:
    """Runs of the model by the tokens they read, without drafts and with them.

    Attributes:
        without: One token if it was sampled alone, more where the grammar forced some.
        drafted_runs: The same with drafts.
        chunks: How many of those read a draft.
        drafted: Tokens.
        accepted: Tokens.
    """

    without: Counter[int] = field(default_factory=Counter)
    drafted_runs: Counter[int] = field(default_factory=Counter)
    chunks: int = 0
    drafted: int = 0
    accepted: int = 0

    def speedup(self, costs: Mapping[int, float]) -> float:
        """Time without over time with drafts.

        Args:
            costs: Of a run of so many tokens or fewer, in lone tokens.
        """
        return _time(self.without, costs) / _time(self.drafted_runs, costs)


def draft(
    ids: Sequence[int], num_prompt: int, size: int, match: int, stops: Collection[int]
) -> Sequence[int]:
    """What may come next: what followed the longest, latest like sequence of the prompt.

    Args:
        ids: All tokens known.
        num_prompt: How many of them are the prompt.
        size: The draft's most tokens.
        match: The fewest tokens that must be alike.
        stops: Tokens no draft goes past: ends of lines.
    """
    for length in range(MAX_MATCH, match - 1, -1):
        last = list(ids[-length:])
        for start in range(num_prompt - length - 1, -1, -1):
            if list(ids[start : start + length]) == last:
                found = ids[start + length : min(start + length + size, num_prompt)]
                end = next((i for i, token in enumerate(found) if token in stops), len(found))
                return found[:end]
    return ()


def tally(answers: Sequence[Answer], size: int, match: int, stops: Collection[int]) -> Tally:
    """Replays the answers with drafts of at most ``size`` tokens."""
    count = Tally()
    for answer in answers:
        ids, ends = answer.ids, answer.ends
        count.without.update(b - a for a, b in pairwise((answer.num_prompt, *ends[:-1])))
        run, read = 0, answer.num_prompt  # the run whose tokens are known; tokens read so far
        while run < len(ends) - 1:
            known = ends[run]
            is_lone = known - read == 1
            guess = draft(ids[:known], answer.num_prompt, size, match, stops) if is_lone else ()
            pairs = zip(guess, ids[known:], strict=False)
            hits = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            # A run all of whose tokens were drafted has its logits from the chunk already.
            run += 1
            while run < len(ends) - 1 and ends[run] - known <= hits:
                run += 1
            count.drafted_runs[known - read + len(guess)] += 1
            count.chunks += bool(guess)
            read = known + hits
            count.drafted += len(guess)
            count.accepted += hits
    return count


def _time(runs: Counter[int], costs: Mapping[int, float]) -> float:
    widest = max(costs)
    return sum(
        number * costs[min(rows for rows in costs if rows >= min(tokens, widest))]
        for tokens, number in runs.items()
    )


def answer_to(model: Model, engine: Engine, situation: Situation) -> Answer:
    """Makes an answer, the likeliest token always, and notes how its tokens came."""
    prompt = render(situation)
    generation = model.generation(
        prompt.prefix,
        prompt.news,
        grammar=answer_grammar(situation.actions),
        leads=prompt.leads,
        seed=0,
        temperature=0.0,
        top_p=1.0,
        max_new_tokens=MAX_NEW_TOKENS,
    )
    engine.open(generation)
    ends = []
    while not generation.finished:
        if generation.copyable:
            wave: WaveLike = engine.start_copy(generation)
        elif generation.pending > 1:
            wave = engine.start_prefill(generation, engine.chunk_sizes[-1])
        else:
            wave = engine.start_decode([generation])
        while wave in engine.waves:
            if engine.run(wave):
                ends.append(len(generation.ids))
    engine.close(generation)
    return Answer(list(generation.ids), generation.num_prompt, ends)


def run_costs(engine: Engine) -> dict[int, float]:
    """Price of a run by its tokens, in lone tokens; the head's further rows are not counted."""
    cost = CostModel()
    Scheduler(engine, cost, SystemClock()).warm_up(repetitions=15)
    steps = engine.num_segments
    lone = quote(cost.price_ns, Kind.DECODE, 1, CONTEXT, steps).total_ns
    chunks = {
        rows: quote(cost.price_ns, Kind.PREFILL, rows, CONTEXT, steps).total_ns / lone
        for rows in engine.chunk_sizes
    }
    return {1: 1.0, **chunks}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", type=Path)
    parser.add_argument("--model", type=Path, help="a model folder instead of the one that ships")
    args = parser.parse_args()
    model = Model.load(args.model) if args.model else Model.load()
    engine = Engine(model)
    costs = run_costs(engine)
    scenarios = read_scenarios(args.scenarios)
    answers = [
        answer_to(model, engine, scenario.situation)
        for scenario in track(scenarios, description="answering", transient=True)
    ]
    rows: list[dict[str, Any]] = []
    for size, match in SIZES:
        count = tally(answers, size, match, frozenset(model.tokenizer.newline_ids))
        rows.append(
            {
                "draft_tokens": size,
                "match_tokens": match,
                "runs_without": count.without.total(),
                "runs_with": count.drafted_runs.total(),
                "runs_of_drafts": count.chunks,
                "acceptance": round(count.accepted / max(1, count.drafted), 3),
                "speedup": round(count.speedup(costs), 3),
            }
        )
        print(json.dumps(rows[-1]))
    record = {
        "command": ["python", "-m", "tools.bench.drafts", args.scenarios.name],
        **surroundings(),
        "result": {
            "model": model.package.name,
            "answers": len(answers),
            "run_costs_lone_tokens": {rows: round(cost, 2) for rows, cost in costs.items()},
            "drafts": rows,
        },
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "drafts.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
