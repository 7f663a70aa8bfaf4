"""Promises of ``npcbrain.npcs.npc``, with a mind that a test drives by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from minds import GRETA, HandDrivenMind, StillClock

from npcbrain.errors import UsageError
from npcbrain.npcs.npc import Host, Npc
from npcbrain.report import FrameReport
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Action, Decision, Event, Scene
from npcbrain.tree import Succeed


@pytest.fixture
def mind() -> HandDrivenMind:
    return HandDrivenMind()


@pytest.fixture
def report() -> FrameReport:
    return FrameReport()


@pytest.fixture
def npc(mind: HandDrivenMind, report: FrameReport) -> Npc:
    return make(mind, report)


def make(mind: HandDrivenMind, report: FrameReport) -> Npc:
    return Npc("greta", GRETA, Succeed(), Host(mind, StillClock(), report))


def told(npc: Npc) -> list[str]:
    return [entry.text for entry in npc.memory]


def test_a_heard_line_becomes_an_event(npc: Npc) -> None:
    npc.hear("Good  day!\n", speaker="Tom")
    assert npc.event == Event("speech", "Tom", "Good day!")


def test_what_is_noticed_keeps_its_kind(npc: Npc) -> None:
    npc.notice("gift", source="player", text="The player gives you a rose.")
    assert npc.event == Event("gift", "player", "The player gives you a rose.")


def test_silence_is_no_event(npc: Npc) -> None:
    npc.hear(" \n\t\x00 ")
    assert npc.event is None


def test_a_book_shouted_at_an_npc_is_cut(npc: Npc) -> None:
    npc.hear("blah " * 20_000)
    assert npc.event is not None
    assert len(npc.event.text) <= 1000


def test_half_a_character_is_harmless(npc: Npc) -> None:
    npc.hear("Hi \ud83d there", speaker="\ud800x")
    assert npc.event == Event("speech", "x", "Hi there")


@given(st.text(), st.text(min_size=1))
def test_whatever_is_typed_one_clean_line_or_nothing_waits(text: str, speaker: str) -> None:
    npc = make(HandDrivenMind(), FrameReport())
    try:
        npc.hear(text, speaker=speaker)
    except UsageError:
        return  # a speaker without a printable character
    if npc.event is not None:
        (npc.event.text + npc.event.source).encode("utf-8")
        assert npc.event.text.isprintable()


@pytest.mark.parametrize("text", [None, 7, b"hi"])
def test_what_is_heard_must_be_text(npc: Npc, text: Any) -> None:
    with pytest.raises(UsageError) as caught:
        npc.hear(text)
    assert str(caught.value) == f"text must be a string, got {text!r} - at npc 'greta', hear()"


def test_a_source_must_have_a_name(npc: Npc) -> None:
    with pytest.raises(UsageError) as caught:
        npc.notice("gift", source=" ", text="A rose.")
    assert str(caught.value) == (
        "source must be a string that is not empty, got ' ' - at npc 'greta', notice()"
    )


def test_only_the_newest_events_wait_and_the_rest_is_remembered(npc: Npc) -> None:
    for number in range(6):
        npc.hear(f"Line {number}.")
    assert npc.event == Event("speech", "player", "Line 2.")
    assert (npc.num_waiting, npc.num_missed) == (4, 2)
    assert told(npc) == ["The player said: Line 0.", "The player said: Line 1."]


def test_the_event_being_dealt_with_is_never_dropped(npc: Npc) -> None:
    npc.hear("First.")
    npc.attend()
    for number in range(9):
        npc.hear(f"Line {number}.")
    assert npc.event == Event("speech", "player", "First.")


def test_the_model_is_asked_about_the_event_at_hand(npc: Npc, mind: HandDrivenMind) -> None:
    npc.scene = Scene("the bakery", "noon", ("player",))
    npc.importance = 2.0
    npc.hear("Bread, please.")
    npc.think(1500.0)
    asked = mind.asked[0]
    assert asked.situation.event.text == "Bread, please."
    assert (asked.situation.scene, asked.situation.npc) == (npc.scene, GRETA.profile)
    assert asked.memory is npc.memory
    assert (asked.name, asked.ttl_ms, asked.priority) == ("greta", 1500.0, 2.0)
    assert (asked.extent, asked.lines) == (Extent.DECIDED, GRETA.lines)


def test_speech_streams_while_it_thinks(npc: Npc, mind: HandDrivenMind) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    mind.ideas[0].speech = "Here"
    mind.ideas[0].emotion = "happy"
    npc.listen()
    assert (npc.thinking, npc.speech, npc.emotion) == (True, "Here", "happy")


def test_a_decision_lands_on_the_blackboard_and_in_the_report(
    npc: Npc, mind: HandDrivenMind, report: FrameReport
) -> None:
    decision = Decision("give", {"item": "loaf"}, "happy", "Here you are.")
    npc.hear("Bread, please.")
    npc.think(1500.0)
    mind.ideas[0].succeed(decision)
    npc.listen()
    assert (npc.thinking, npc.speech) == (False, "Here you are.")
    assert npc.decision is decision
    assert npc.blackboard["decision"] == decision.to_dict()
    assert report.decisions == [("greta", decision)]


def test_a_failure_is_reported_with_its_reason(
    npc: Npc, mind: HandDrivenMind, report: FrameReport
) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    mind.ideas[0].speech = "Well, I"
    mind.ideas[0].fail("expired")
    npc.listen()
    assert (npc.reason, npc.speech, npc.decision) == ("expired", "", None)
    assert report.fallbacks == [("greta", "expired")]


def test_asking_anew_drops_the_thought_before(npc: Npc, mind: HandDrivenMind) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    npc.think(1500.0)
    assert [idea.drops for idea in mind.ideas] == [1, 0]


def test_there_is_nothing_to_think_about_without_an_event(npc: Npc, mind: HandDrivenMind) -> None:
    assert npc.think(1500.0) is None
    assert mind.asked == []


def test_the_trees_lines_come_in_turn(npc: Npc) -> None:
    said = []
    for _ in range(3):
        npc.hear("Hello?")
        npc.attend()
        npc.reply()
        said.append(npc.speech)
    assert said == ["Mind the oven!", "Busy!", "Mind the oven!"]


def test_the_trees_answer_says_why_the_model_gave_none(
    npc: Npc, mind: HandDrivenMind, report: FrameReport
) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    mind.ideas[0].fail("would_exceed")
    npc.listen()
    npc.reply(("Later.",))
    reply = Decision("say", say="Later.", source="tree", reason="would_exceed")
    assert npc.decision == reply
    assert report.decisions == [("greta", reply)]
    assert npc.event is None


def test_what_was_said_and_done_becomes_a_memory(npc: Npc, mind: HandDrivenMind) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    mind.ideas[0].succeed(Decision("give", {"item": "loaf"}, "happy", "Here you are."))
    npc.listen()
    npc.finish_event()
    assert told(npc) == [
        "The player said: Bread, please. Greta chose: give, loaf. Greta said: Here you are."
    ]


def test_a_deed_is_remembered_better_than_a_talk(npc: Npc, mind: HandDrivenMind) -> None:
    for decision in (Decision("say", say="No."), Decision("give", {"item": "loaf"}, say="Yes.")):
        npc.hear("Bread, please.")
        npc.think(1500.0)
        mind.ideas[-1].succeed(decision)
        npc.listen()
        npc.finish_event()
    talk, deed = (entry.importance for entry in npc.memory)
    assert talk < deed


def test_an_answer_is_not_remembered_with_the_next_event(npc: Npc, mind: HandDrivenMind) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    mind.ideas[0].succeed(Decision("say", say="No."))
    npc.listen()
    npc.finish_event()
    npc.notice("sighting", source="the dog", text="The dog runs by.")
    npc.attend()
    npc.finish_event()
    assert told(npc)[1] == "The dog runs by."


def test_a_thought_about_an_event_that_is_over_never_answers_the_next(
    npc: Npc, mind: HandDrivenMind
) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    npc.reply(("Busy.",))
    npc.hear("And cake?")
    npc.attend()
    mind.ideas[0].succeed(Decision("say", say="Here."))
    npc.listen()
    assert (mind.ideas[0].drops, npc.answer, npc.speech) == (1, None, "Busy.")


def test_an_answer_not_acted_on_is_gone_when_the_model_is_asked_again(
    npc: Npc, mind: HandDrivenMind
) -> None:
    npc.hear("Bread, please.")
    npc.think(1500.0)
    mind.ideas[0].succeed(Decision("say", say="No."))
    npc.listen()
    npc.think(1500.0)
    assert npc.answer is None


def test_new_actions_change_what_the_model_may_choose(npc: Npc, mind: HandDrivenMind) -> None:
    npc.actions = [Action("say"), Action("hide")]  # type: ignore[assignment]
    npc.hear("Boo!")
    npc.think(1500.0)
    assert [action.name for action in mind.asked[0].situation.actions] == ["say", "hide"]


@pytest.mark.parametrize(
    "actions", [[], ["say"], [Action("say"), Action("say")], [Action("give", {"item": ()})]]
)
def test_actions_that_cannot_be_chosen_from_are_refused(npc: Npc, actions: Any) -> None:
    with pytest.raises(UsageError, match=r"at npc 'greta', actions"):
        npc.actions = actions
    assert npc.actions == GRETA.actions


@pytest.mark.parametrize(
    "importance", [0, -1.0, 1e-310, 10**400, float("nan"), float("inf"), True, "high"]
)
def test_an_importance_must_be_a_number_in_range(npc: Npc, importance: Any) -> None:
    with pytest.raises(UsageError, match=r"^importance must be a number from 0.001 to 1000, got "):
        npc.importance = importance
    assert npc.importance == 1.0


def test_a_scene_is_kept_on_one_line(npc: Npc) -> None:
    npc.scene = Scene("the\nbakery", "noon", ("player\n", "x" * 100))
    assert npc.scene == Scene("the bakery", "noon", ("player", "x" * 64))


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (Scene("inn", "night", "player"), "nearby must be a list of names, got 'player'"),  # type: ignore[arg-type]
        (Scene("inn", None), "a scene's text must be a string, got None"),  # type: ignore[arg-type]
        (Scene(nearby=("player", 5)), "a scene's text must be a string, got 5"),  # type: ignore[arg-type]
    ],
)
def test_a_scene_of_something_else_than_text_is_refused(
    npc: Npc, scene: Scene, message: str
) -> None:
    before = npc.scene
    with pytest.raises(UsageError) as caught:
        npc.scene = scene
    assert str(caught.value) == f"{message} - at npc 'greta'"
    assert npc.scene == before


def test_a_scene_of_another_type_is_refused(npc: Npc) -> None:
    with pytest.raises(UsageError) as caught:
        npc.scene = "the bakery"  # type: ignore[assignment]
    assert str(caught.value) == "scene must be a Scene, got 'the bakery' - at npc 'greta'"
