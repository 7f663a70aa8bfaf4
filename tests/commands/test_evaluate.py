"""Promises of ``commands.scenarios``, the scores, and of ``commands.evaluate``, the work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from npcbrain.commands.scenarios import Scenario, interval, read_scenarios, scores
from npcbrain.errors import NpcBrainError
from npcbrain.situation import Decision

TALK: dict[str, Any] = {
    "id": "t1-fact",
    "npc": {"name": "Hilda", "role": "innkeeper", "facts": ["A bed costs five coppers."]},
    "event": {"kind": "speech", "from": "player", "text": "What is a bed?"},
    "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["key", "ale"], "to": ["you"]}}],
    "expect": {"actions": [{"name": "say"}], "say_any": ["five", "5"], "say_none": ["rats"]},
}
DEED = {
    **TALK,
    "id": "t2-do",
    "expect": {"actions": [{"name": "give", "args": {"item": "key"}}]},
}


def write(path: Path, *items: object) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path


@pytest.fixture
def cases(tmp_path: Path) -> list[Scenario]:
    return read_scenarios(write(tmp_path / "cases.jsonl", TALK, DEED))


def say(text: str) -> Decision:
    return Decision("say", say=text)


def give(item: str, text: str = "Here.") -> Decision:
    return Decision("give", {"item": item, "to": "you"}, "happy", text)


def test_right_answers_score_one_everywhere(cases: list[Scenario]) -> None:
    result = scores(cases, [say("Five coppers."), give("key")])
    assert {key: result[key] for key in result if key not in ("categories", "intervals")} == {
        "num": 2,
        "valid": 1.0,
        "action_accuracy": 1.0,
        "action_accuracy_say": 1.0,
        "action_accuracy_act": 1.0,
        "grounded": 1.0,
        "clean": 1.0,
        "quoted": 0.0,
    }


def test_an_interval_holds_its_share_and_narrows_with_the_cases() -> None:
    wide, narrow = interval(8, 10), interval(800, 1000)
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]
    assert interval(0, 5)[0] == 0.0
    assert interval(5, 5)[1] == 1.0


def test_talking_where_an_act_is_due_counts_against_acts_alone(cases: list[Scenario]) -> None:
    result = scores(cases, [say("Five."), say("Here is the key.")])
    assert (result["action_accuracy_say"], result["action_accuracy_act"]) == (1.0, 0.0)
    assert result["action_accuracy"] == 0.5


def test_a_listed_argument_must_match_and_others_are_free(cases: list[Scenario]) -> None:
    expect = cases[1].expect
    assert expect.accepts(Decision("give", {"item": "key", "to": "anyone"}))
    assert not expect.accepts(Decision("give", {"item": "ale", "to": "you"}))


def test_a_fact_is_found_whatever_its_case(cases: list[Scenario]) -> None:
    assert scores(cases, [say("FIVE!"), None])["grounded"] == 1.0
    assert scores(cases, [say("Six!"), None])["grounded"] == 0.0


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Five coppers.", True),
        ("Five coppers", False),
        ("", False),
        ("Mind the Rats!", False),
        ("It is five coppers, it is five coppers.", False),
        ("Don't go there, don't go here!", True),
    ],
)
def test_clean_speech_ends_and_repeats_and_leaks_nothing(
    cases: list[Scenario], text: str, clean: bool
) -> None:
    assert cases[0].expect.is_clean(text) is clean


@pytest.mark.parametrize(
    "decision",
    [
        Decision("dance"),
        Decision("give", {"item": "key"}),
        Decision("give", {"item": "crown", "to": "you"}),
        Decision("say", {"item": "key"}),
        Decision("say", emotion="hungry"),
    ],
)
def test_what_the_situation_does_not_offer_is_not_valid(
    cases: list[Scenario], decision: Decision
) -> None:
    assert scores(cases[:1], [decision])["valid"] == 0.0


def test_no_answer_is_wrong_in_every_way(cases: list[Scenario]) -> None:
    result = scores(cases, [None, None])
    shares = ("valid", "action_accuracy", "action_accuracy_act", "grounded", "clean")
    assert {result[key] for key in shares} == {0.0}


def test_a_share_of_nothing_is_none(cases: list[Scenario]) -> None:
    assert scores(cases[1:], [give("key")])["grounded"] is None


def test_each_category_is_scored_alone(cases: list[Scenario]) -> None:
    categories = scores(cases, [say("Five."), None])["categories"]
    assert categories["fact"]["action_accuracy"] == 1.0
    assert categories["do"]["action_accuracy"] == 0.0


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({**TALK, "expect": None}, "1: $.expect; say which answers are right"),
        ({**TALK, "expect": {"actions": []}}, "1: $.expect"),
        ({**TALK, "expect": {"actions": ["say"]}}, "1: $.expect.actions[0]"),
        ({**TALK, "expect": {"actions": [{"name": "say"}], "say_any": [""]}}, "$.expect.say_any"),
        ({**TALK, "id": 7}, "1: $.id"),
        ({**TALK, "npc": {}}, "1: $.npc.name; add 'name'"),
        ([], "1: $"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, item: object, message: str) -> None:
    with pytest.raises(NpcBrainError) as caught:
        read_scenarios(write(tmp_path / "cases.jsonl", item))
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"{", b"\xff"])
def test_a_file_without_scenarios_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_bytes(content)
    with pytest.raises(NpcBrainError, match="must"):
        read_scenarios(path)
