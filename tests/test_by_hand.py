"""The scenarios written by hand are what they should be: readable, varied, winnable."""

from __future__ import annotations

from npcbrain.scenarios import read_scenarios
from tools.distil.score import BY_HAND


def test_every_scenario_can_be_answered_right() -> None:
    scenarios = read_scenarios(BY_HAND)
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
