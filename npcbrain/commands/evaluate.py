"""``npcbrain evaluate``: how good a model's answers to a file of scenarios are.

``scenarios`` scores answers, ``decide`` makes them. Invariant: the model gets credit only for its
own answers; an answer that a tree had to give counts as none. Answers are made without a budget and
always take the likeliest token, so only ``mean_frames`` depends on the machine's speed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from npcbrain.commands.decide import Decider, Outcome
from npcbrain.commands.scenarios import Scenario, scores
from npcbrain.errors import UsageError, fault

__all__ = ["evaluate", "write_answers"]

MAX_TIMED = 24  # scenarios whose frames are counted: enough for a mean in seconds, not minutes


def evaluate(
    decider: Decider,
    scenarios: Sequence[Scenario],
    budget_ms: float,
    on_progress: Callable[[int], None],
) -> tuple[dict[str, Any], list[Outcome]]:
    """Answers all scenarios, several at a time, and then some again, alone and in frames.

    ``mean_frames`` is the mean over up to 24 of the scenarios that the model answered, evenly
    spaced in the file, each asked alone with ``budget_ms`` a frame; personas may already be in the
    prefix cache. It is None if no answer came through. An answer is the same whether it is made in
    frames or not, so it is scored only once.

    Args:
        decider: Asks the model.
        scenarios: What to ask; at least one.
        budget_ms: Milliseconds of each frame.
        on_progress: Called with the number of scenarios answered so far.

    Returns:
        The scores of ``scenarios.scores`` with ``mean_frames`` and ``fallbacks`` (how many the
        model left to the tree, by reason), and the outcomes in order.
    """
    outcomes = decider.decide_all([scenario.situation for scenario in scenarios], on_progress)
    by_model = [outcome.decision.source == "model" for outcome in outcomes]
    result = scores(
        scenarios,
        [o.decision if own else None for o, own in zip(outcomes, by_model, strict=True)],
    )
    answered = [scenario for scenario, own in zip(scenarios, by_model, strict=True) if own]
    frames = []
    for scenario in _spaced(answered, MAX_TIMED):
        outcome = decider.decide(scenario.situation, budget_ms)
        if outcome.decision.source == "model":
            frames.append(outcome.frames)
    categories = result.pop("categories")
    result["mean_frames"] = round(sum(frames) / len(frames), 2) if frames else None
    result["fallbacks"] = dict(
        Counter(o.decision.reason for o, own in zip(outcomes, by_model, strict=True) if not own)
    )
    result["categories"] = categories
    return result, outcomes


def _spaced(scenarios: Sequence[Scenario], limit: int) -> list[Scenario]:
    num = min(limit, len(scenarios))
    return [scenarios[i * len(scenarios) // num] for i in range(num)]


def write_answers(path: Path, scenarios: Sequence[Scenario], outcomes: Sequence[Outcome]) -> None:
    """Writes one JSON line per scenario: its id, the decision, and whether it was accepted.

    Raises:
        UsageError: The file cannot be written.
    """
    lines = [
        json.dumps(
            {
                "id": scenario.id,
                **outcome.decision.to_dict(),
                "accepted": outcome.decision.source == "model"
                and scenario.expect.accepts(outcome.decision),
                "tokens": outcome.tokens,
            },
            ensure_ascii=False,
        )
        for scenario, outcome in zip(scenarios, outcomes, strict=True)
    ]
    try:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(fault("--out", "be writable", error.strerror, str(path))) from error
