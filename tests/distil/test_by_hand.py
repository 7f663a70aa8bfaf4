"""The sets that judge a model are what they should be: readable, varied, winnable."""

from __future__ import annotations

from pathlib import Path

import pytest

from npcbrain.commands.scenarios import read_scenarios
from tools.distil.sheets.reading import HELD_OUT_SET, NEAR_SET, held_out_names

DISTIL = Path(__file__).parents[2] / "tools" / "distil"
BY_HAND = DISTIL / "by_hand.jsonl"


@pytest.mark.parametrize("path", [BY_HAND, HELD_OUT_SET, NEAR_SET], ids=lambda path: path.stem)
def test_every_scenario_can_be_answered_right(path: Path) -> None:
    scenarios = read_scenarios(path)
    assert len({scenario.id for scenario in scenarios}) == len(scenarios) >= 100
    for scenario in scenarios:
        legal = {action.name: action.args for action in scenario.situation.actions}
        for name, values in scenario.expect.actions:
            assert all(value in legal[name][arg] for arg, value in values.items()), scenario.id


def test_no_fact_is_asked_for_that_the_prompt_does_not_hold() -> None:
    for scenario in read_scenarios(BY_HAND):
        known = " ".join(scenario.situation.npc.facts).lower()
        wanted = [text.lower() for text in scenario.expect.say_any]
        assert not wanted or any(text in known for text in wanted), scenario.id


@pytest.mark.parametrize("path", [HELD_OUT_SET, NEAR_SET], ids=lambda path: path.stem)
def test_held_out_situations_are_of_characters_that_no_training_sees(path: Path) -> None:
    held = {name.partition(": ")[2] for name in held_out_names(DISTIL / "sheets" / "data")}
    assert {scenario.situation.npc.name for scenario in read_scenarios(path)} <= held
