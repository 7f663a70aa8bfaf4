"""Promises of ``tools.bench.imports``: samples are even, and no tree is taken for a model."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from npcbrain.commands.scenarios import Expectation, Scenario
from npcbrain.importing.instructions import SAMPLES
from npcbrain.lm.model import Model
from tools.bench.imports import evenly, record_of

TINY = Path(__file__).parents[1] / "models" / "tiny"


def scenario(name: str, index: int = 0) -> Scenario:
    situation, decision = SAMPLES[index]
    return Scenario(name, situation, Expectation(((decision.action, {}),), (), ()))


def test_every_beginning_holds_all_categories_by_their_shares() -> None:
    cases = [scenario(f"{i}-common") for i in range(160)] + [
        scenario(f"{i}-rare") for i in range(80)
    ]

    ordered = evenly(cases)

    assert sorted(case.id for case in ordered) == sorted(case.id for case in cases)
    for num in (12, 30, 75, 150):
        found = Counter(case.category for case in ordered[:num])
        assert abs(found["rare"] - num / 3) <= 2


def test_what_is_answered_in_the_time_is_scored_and_how_many_there_were_is_told() -> None:
    model = Model.load(TINY, num_slots=2)
    cases = [scenario(f"{index}-talk", index % 2) for index in range(4)]

    record = record_of(model, cases, minutes=1e-9)

    assert (record["num"], record["of"]) == (2, 4)
    assert set(record["intervals"]) >= {"action_accuracy", "clean"}
    assert record["decode_ms"] > 0


def test_no_answer_of_a_tree_counts() -> None:
    model = Model.load(TINY, num_slots=2)

    record = record_of(model, [scenario("0-talk"), scenario("1-talk", 1)], minutes=1.0)

    assert record["num"] == 2
    answers = [sample["answer"] for sample in record["samples"]]
    assert all(answer is None or answer["source"] == "model" for answer in answers)
