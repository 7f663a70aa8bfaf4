"""What an event calls for: by its words, by rules and by temper."""

from __future__ import annotations

import pytest

from npcbrain.prompting.action_priors import MAX_EVENT_CHARS, called_for, deeds, event_text
from npcbrain.situation import Situation

FIGHT = {"name": "fight", "args": {"whom": ["player", "bear"]}}


def situation(kind: str, source: str, text: str, *traits: str) -> Situation:
    return Situation.from_dict(
        {
            "npc": {
                "name": "Hilda",
                "role": "innkeeper",
                "traits": list(traits),
                "facts": ["At the bell you lock the gate."],
            },
            "actions": [{"name": "say"}, FIGHT, {"name": "run_away"}, {"name": "lock"}],
            "event": {"kind": kind, "from": source, "text": text},
        }
    )


@pytest.mark.parametrize(("trait", "deed"), [("fierce", "fight"), ("timid", "run_away")])
def test_whether_an_attack_calls_for_a_fight_is_a_matter_of_temper(trait: str, deed: str) -> None:
    assert deeds(situation("attack", "bear", "The bear leaps at you.", trait))[0].name == deed


def test_temper_decides_about_nothing_that_is_merely_said() -> None:
    mild, wild = (
        deeds(situation("speech", "player", "Lock the gate!", t)) for t in ("timid", "fierce")
    )
    assert mild == wild


def test_that_the_attacker_is_mentioned_speaks_for_no_fight() -> None:
    named, unnamed = (
        {deed.name: deed for deed in deeds(situation("attack", who, text, "timid"))}["fight"]
        for who, text in (("bear", "The bear leaps at you."), ("wolf", "The wolf leaps at you."))
    )
    assert named.named == {"whom": "bear"}
    assert unnamed.named == {}
    missing = 1.5  # an argument for which nobody is mentioned counts at most so much
    assert abs(named.over_talk - unnamed.over_talk) < missing


def test_what_happens_calls_for_what_the_rule_about_it_names() -> None:
    happened = situation("sighting", "world", "The bell rings.")
    assert called_for(happened) == "The bell rings. At the bell you lock the gate."
    assert deeds(happened)[0].name == "lock"
    said = situation("speech", "player", "The bell rings.")
    assert called_for(said) == "The bell rings."


def test_a_long_event_is_cut_at_a_word() -> None:
    event = situation("speech", "player", "word " * 20_000).event
    assert len(event_text(event)) <= MAX_EVENT_CHARS
    assert event_text(event).endswith("word")


def test_one_endless_word_is_cut_all_the_same() -> None:
    event = situation("speech", "player", "x" * 1000).event
    assert event_text(event) == "x" * MAX_EVENT_CHARS
