"""Promises of ``npcbrain.situation``: what a strict reader takes, and how it refuses the rest."""

from __future__ import annotations

from typing import Any

import pytest

from npcbrain.errors import SituationError
from npcbrain.situation import Profile, Situation, read_actions

SITUATION: dict[str, Any] = {
    "npc": {"name": "Al", "role": "cook", "facts": ["Soup is two coppers."]},
    "scene": {"place": "inn", "nearby": ["player"]},
    "memory": ["It rained."],
    "event": {"kind": "speech", "from": "player", "text": "Hi?"},
    "actions": [{"name": "say"}, {"name": "go", "args": {"to": ["inn", "well"]}}],
}


def test_what_is_written_reads_back_equal() -> None:
    situation = Situation.from_dict(SITUATION)
    assert Situation.from_dict(situation.to_dict()) == situation


def test_names_and_values_come_out_as_one_clean_line() -> None:
    (action,) = read_actions([{"name": " go\nto ", "args": {"a\tb": ["x\u2028y", "\ud800z"]}}])
    assert (action.name, dict(action.args)) == ("go to", {"a b": ("x y", "z")})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"npc": None}, "value must be an object, got None - at $.npc"),
        ({"npc": {"name": "Al"}}, "field must be present, got None - at $.npc.role; add 'role'"),
        ({"scene": []}, "value must be an object, got [] - at $.scene"),
        (
            {"memory": "It rained."},
            "value must be a list, got 'It rained.' - at $.memory; write [\"It rained.\"]",
        ),
        ({"memory": ["x"] * 33}, "list must hold at most 32 items, got 33 - at $.memory"),
        (
            {"memory": ["x" * 241]},
            "text must have at most 240 characters, got 241 - at $.memory[0]; shorten it",
        ),
        (
            {"event": {"kind": " \n", "from": "player"}},
            "text must not be empty, got ' \\n' - at $.event.kind",
        ),
        (
            {"event": {"kind": "speech", "from": "player", "text": 5}},
            "value must be a string, got 5 - at $.event.text",
        ),
    ],
)
def test_a_wrong_field_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SituationError) as caught:
        Situation.from_dict(SITUATION | change)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([], 'actions must name at least one action, got [] - at $.actions; add {"name": "say"}'),
        (
            ["say"],
            'action must be an object, got \'say\' - at $.actions[0]; write {"name": "say"}',
        ),
        (
            [{"name": "say"}, {"name": "say\n"}],
            "action name must be unique, got 'say' - at $.actions[1].name",
        ),
        (
            [{"name": "go", "args": {"to": ["a"], "to ": ["b"]}}],
            "argument name must be unique, got 'to' - at $.actions[0].args",
        ),
        (
            [{"name": "go", "args": {"to": []}}],
            "argument must have at least one legal value, got [] - at $.actions[0].args.to",
        ),
        (
            [{"name": "go", "args": {"to": "inn"}}],
            "value must be a list, got 'inn' - at $.actions[0].args.to; write [\"inn\"]",
        ),
        (
            [{"name": "go", "args": {f"arg {i}": ["a"] for i in range(9)}}],
            "args must hold at most 8 arguments, got 9 - at $.actions[0].args",
        ),
    ],
)
def test_actions_nobody_could_choose_from_are_refused(actions: list[Any], message: str) -> None:
    with pytest.raises(SituationError) as caught:
        read_actions(actions)
    assert str(caught.value) == message


@pytest.mark.parametrize("facts", ["The inn is full.", ("The inn is full.", 5)])
def test_facts_given_as_one_string_do_not_become_letters(facts: object) -> None:
    with pytest.raises(
        SituationError, match=r"^facts must be a tuple of strings, got .* - at Prof"
    ):
        Profile("Greta", "innkeeper", facts=facts)  # type: ignore[arg-type]
