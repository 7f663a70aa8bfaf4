"""Promises of ``tools.bench.sweep``: who is asked, and what a row counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from npcbrain.lm.model import Model
from tools.bench.sweep import crowd, sweep_budgets, sweep_npcs, sweep_together, together

TINY = Path(__file__).parents[1] / "models" / "tiny"
PEOPLE = (
    {"name": "Al", "role": "cook", "lines": {"fallback": ["Busy."]}},
    {"name": "Bo", "role": "guard", "lines": {"fallback": ["Halt."]}},
)
ROOMY_MS = 1000.0


@pytest.fixture(scope="module")
def tiny() -> Model:
    return Model.load(TINY, num_slots=2)


def test_each_npc_is_spoken_to_every_twenty_seconds(tiny: Model) -> None:
    # 40 NPCs, so two questions a second, the first at once: 4 in the first 1.6 seconds.
    row = crowd(tiny, 40, 96, ROOMY_MS, PEOPLE)
    assert (row["npcs"], row["frames"], row["asked"]) == (40, 96, 4)


def test_a_roomy_budget_answers_everybody_in_few_frames(tiny: Model) -> None:
    row = crowd(tiny, 40, 96, ROOMY_MS, PEOPLE)
    assert row["by_model"] + row["by_tree"] == row["asked"]
    assert row["by_model"] > 0
    assert 0 < row["first_word_p50_ms"] <= row["whole_p50_ms"] <= row["whole_p90_ms"] < 200


def test_no_budget_leaves_all_answers_to_the_trees(tiny: Model) -> None:
    row = crowd(tiny, 40, 96, 0.0, PEOPLE)
    assert row["by_model"] == 0
    assert row["first_word_p50_ms"] is row["whole_p50_ms"] is None


def test_a_small_crowd_plays_until_some_questions_were_asked(tiny: Model) -> None:
    (row,) = sweep_npcs(tiny, [60], num_frames=30, budget_ms=ROOMY_MS, people=PEOPLE)
    assert (row["frames"], row["asked"]) == (120, 6)


def test_a_row_for_every_budget_tells_its_speed(tiny: Model) -> None:
    rows = sweep_budgets(tiny, [ROOMY_MS], num_frames=30, people=PEOPLE)
    assert [row["budget_ms"] for row in rows] == [ROOMY_MS]
    assert rows[0]["tokens_per_s"] > 0
    assert rows[0]["slicing_efficiency"] > 0


def test_those_asked_at_once_wait_from_the_same_frame_on(tiny: Model) -> None:
    row = together(tiny, 3, 2, ROOMY_MS, PEOPLE)
    assert (row["npcs"], row["rounds"], row["tokens_per_s"] > 0) == (3, 2, True)
    assert 1 <= row["soonest_frames"] <= row["first_word_p50_frames"]
    assert row["first_word_p50_frames"] <= row["whole_p50_frames"] <= row["whole_p90_frames"]
    assert row["whole_p50_frames"] <= row["all_frames"] < 12


def test_a_row_for_every_group(tiny: Model) -> None:
    rows = sweep_together(tiny, [1, 2], num_rounds=1, budget_ms=ROOMY_MS, people=PEOPLE)
    assert [row["npcs"] for row in rows] == [1, 2]
