"""Which actions an event calls for."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from npcbrain.prompting.action_ranking import is_voice, likely, weigh
from npcbrain.situation import Action

NAMES = ("settle_nerves", "auction_off", "dress_wound", "trigger_siren", "sketch", "flee")


def told(actions: list[Action], text: str) -> list[tuple[str, Mapping[str, str]]]:
    """Names and values of the deeds a model is told of, best first."""
    return [(deed.name, deed.named) for deed in likely(weigh(actions, text))]


def test_the_action_and_value_that_are_named_fit_best() -> None:
    actions = [
        Action("say"),
        Action("open_gate", {"gate": ("dock one", "dock two")}),
        Action("sell", {"what": ("rope", "lamp")}),
    ]
    assert told(actions, "Open dock two!")[:1] == [("open_gate", {"gate": "dock two"})]


def test_names_of_any_spelling_are_read_as_words() -> None:
    actions = [Action("playMusic"), Action("ring-bell"), Action("Wave at")]
    assert [told(actions, t)[:1] for t in ("Some music!", "The bell!", "Wave!")] == [
        [("playMusic", {})],
        [("ring-bell", {})],
        [("Wave at", {})],
    ]


def test_actions_as_likely_as_each_other_come_in_the_order_of_the_list() -> None:
    actions = [Action("blorf", {"item": ("key",)}), Action("gnarp", {"item": ("key",)})]
    expected = [("blorf", {"item": "key"}), ("gnarp", {"item": "key"})]
    assert told(actions, "The key.") == expected
    assert told(actions, "The key.") == expected


def test_an_action_called_by_another_word_fits_as_well() -> None:
    actions = [Action("say"), Action("scarper"), Action("nibble", {"what": ("pie",)})]
    assert told(actions, "Run for your life!")[:1] == [("scarper", {})]


def test_an_action_of_several_words_is_looked_up_whole() -> None:
    actions = [Action("throwOut", {"who": ("Tam",)}), Action("wave")]
    assert told(actions, "Banish him!")[:1] == [("throwOut", {})]


def test_the_very_name_counts_more_than_one_near_in_meaning() -> None:
    actions = [Action("lug"), Action("carry")]
    assert told(actions, "Carry this.")[0] == ("carry", {})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Calm her down, she is afraid.", "settle_nerves"),
        ("I am bleeding, and it hurts.", "dress_wound"),
        ("Ring the bell, quick!", "trigger_siren"),
        ("I want a picture of myself.", "sketch"),
        ("Get out of here while you can!", "flee"),
    ],
)
def test_a_name_that_shares_no_word_is_found_by_what_it_is_about(text: str, name: str) -> None:
    deeds = weigh([Action("say"), *map(Action, NAMES)], text)
    assert name in [deed.name for deed in deeds[:2]]


@pytest.mark.parametrize("name", ["say", "answer", "talk", "Speak", "saySomething"])
def test_talk_is_never_told_whatever_it_is_called(name: str) -> None:
    assert weigh([Action(name)], "Say something! Talk to me! Answer!") == []


def test_an_action_of_that_name_with_arguments_is_no_talk() -> None:
    talk = Action("tell", {"whom": ("Tam", "Gil")})
    assert told([Action("say"), talk], "Tell Gil.") == [("tell", {"whom": "Gil"})]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("croak", True), ("Whisper", True), ("croakReply", True), ("whisper_back", True),
        ("report", True), ("report_crime", False), ("declare_war", False), ("call_guards", False),
        ("rattle tins", False), ("fly_off", False), ("", False), ("!?", False),
    ],
)  # fmt: skip
def test_a_voice_does_nothing_but_sound(name: str, is_one: bool) -> None:
    action = Action(name)
    assert is_voice(action, [action, Action("fly_off")]) == is_one
    assert not is_voice(action, [action, Action("Speak")])
    assert not is_voice(Action(name, {"to": ("player",)}), [Action("fly_off")])


def test_a_question_about_something_else_calls_for_nothing() -> None:
    actions = [Action("say"), Action("open_gate", {"gate": ("dock one",)})]
    assert told(actions, "Who won the race on Mars?") == []


def test_the_best_has_no_lead_to_make_up_unless_talk_is_better() -> None:
    actions = [Action("say"), Action("cook"), Action("open_gate")]
    first, second = weigh(actions, "Open the gate!")
    assert first.name == "open_gate"
    assert first.lead == 0 < first.over_talk
    assert second.lead < 0
    assert weigh(actions, "Who are you?")[0].lead < 0


def test_what_nobody_said_calls_for_a_deed_sooner_than_what_is_said() -> None:
    actions = [Action("say"), Action("raise_alarm")]
    said, seen = (weigh(actions, "A house burns.", spoken=spoken)[0] for spoken in (True, False))
    assert seen.over_talk > said.over_talk


@pytest.mark.parametrize("text", ["", "?", "!!!", "\u00e4\u00f6\u00fc", "blorf gnarp", "a" * 5000])
def test_any_text_is_weighed(text: str) -> None:
    assert len(weigh([Action("say"), Action("cook"), Action("\u70b9")], text)) == 2


def test_no_actions_call_for_nothing() -> None:
    assert told([], "Open the gate!") == []
