"""What a tree does about an event without a model."""

from __future__ import annotations

from typing import Any

import pytest
from minds import GRETA, Stage

from npcbrain.errors import TreeError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard, Reflex
from npcbrain.prompting.reflex import reflex, words_for
from npcbrain.prompting.stock_lines import load
from npcbrain.situation import Decision, Event, Profile, Situation
from npcbrain.tree import Selector, Sequence, Status

TREE = Selector(
    Sequence(Heard(), Decide(ttl_ms=2500), Act()),
    Sequence(Heard(), Selector(Reflex(), CannedReply())),
)


def situation(text: str, *actions: dict[str, Any], **event: str) -> Situation:
    return Situation.from_dict(
        {
            "npc": {
                "name": "Hilda",
                "role": "innkeeper",
                "facts": ["A bed costs five coppers.", "At the bell you lock the gate."],
            },
            "actions": [{"name": "say"}, *actions],
            "event": {"kind": "speech", "from": "player", "text": text, **event},
        }
    )


POUR = {"name": "pour", "args": {"drink": ["ale", "milk"]}}
HAND = {"name": "hand_over", "args": {"item": ["key", "lamp"], "to": ["player", "Tam"]}}
LOCK = {"name": "lock", "args": {"what": ["the gate", "the cellar"]}}


def test_the_deed_that_is_called_for_is_done_without_words() -> None:
    found = reflex(situation("Pour me an ale.", POUR, HAND))
    assert found == Decision("pour", {"drink": "ale"}, source="tree")


def test_whoever_speaks_is_meant_where_nobody_is_named() -> None:
    found = reflex(situation("Hand over the lamp!", HAND))
    assert found is not None
    assert found.args == {"item": "lamp", "to": "player"}


def test_a_deed_is_left_if_nobody_can_tell_with_what() -> None:
    assert reflex(situation("Pour me one!", POUR)) is None


def test_the_fact_that_is_asked_about_is_said_as_it_is_written() -> None:
    found = reflex(situation("How much is a bed?", POUR))
    assert found == Decision("say", say="A bed costs five coppers.", source="tree")


def test_what_happens_calls_for_what_its_rule_names() -> None:
    bell = situation("The bell rings.", POUR, LOCK, **{"kind": "sighting", "from": "world"})
    found = reflex(bell)
    assert found == Decision("lock", {"what": "the gate"}, source="tree")


@pytest.mark.parametrize("text", ["Good evening!", "", "Who won the race on Mars?"])
def test_where_nothing_is_called_for_or_known_nothing_is_found(text: str) -> None:
    assert reflex(situation(text, POUR)) is None


def play(text: str, **handlers: Any) -> Stage:
    """Greta hears something, and the model has no time for her."""
    stage = Stage(TREE, **handlers)
    stage.npc.hear(text)
    stage.tick()
    stage.mind.ideas[0].fail("would_exceed")
    stage.npc.listen()
    return stage


def test_where_the_model_has_no_time_the_tree_does_what_is_asked_with_words_that_fit() -> None:
    given: list[str] = []
    stage = play("Give me a loaf!", give=lambda npc, item: given.append(item))
    assert stage.tick() is Status.SUCCESS
    assert given == ["loaf"]
    assert stage.npc.event is None
    said = stage.npc.speech
    assert said in {line.text for line in load()["handing over"] if line.when != "say"}
    assert stage.npc.decision == Decision(
        "give", {"item": "loaf"}, say=said, source="tree", reason="would_exceed"
    )
    assert stage.report.fallbacks == [("greta", "would_exceed")]


def test_a_persona_may_have_words_of_its_own_for_its_deeds() -> None:
    stage = play("Give me a loaf!", give=lambda npc, item: None)
    stage.npc.become(GRETA.changed(lines={"fallback": ["Busy!"], "deed": ["There, dear."]}))
    stage.tick()
    assert stage.npc.speech == "There, dear."


def test_what_is_done_without_being_asked_is_not_answered_like_a_wish() -> None:
    hilda = Profile("Hilda", "innkeeper")
    lock, bell = Decision("lock", {"what": "gate"}), Event("sighting", "world", "The bell rings.")
    said = words_for(lock, bell, hilda, number=0, lines={})
    assert said in {line.text for line in load()["work as usual"]}


def test_a_reflex_without_a_decide_before_it_has_words_too() -> None:
    stage = Stage(Sequence(Heard(), Reflex()), give=lambda npc, item: None)
    stage.npc.hear("Give me a loaf!")
    stage.tick()
    assert stage.npc.speech
    assert stage.npc.decision is not None
    assert (stage.npc.decision.source, stage.npc.decision.say) == ("tree", stage.npc.speech)


def test_a_deed_that_takes_its_time_is_gone_on_with() -> None:
    answers = [Status.RUNNING, None]
    stage = play("Give me a loaf!", give=lambda npc, item: answers.pop(0))
    assert [stage.tick(), stage.tick()] == [Status.RUNNING, Status.SUCCESS]
    assert answers == []


def test_a_game_without_a_handler_gets_the_canned_reply() -> None:
    stage = play("Give me a loaf!")
    assert stage.tick() is Status.SUCCESS
    assert stage.npc.speech == "Mind the oven!"
    assert stage.npc.decision is not None
    assert stage.npc.decision.action == "say"


def test_small_talk_gets_the_canned_reply() -> None:
    stage = play("Good evening!", give=lambda npc, item: None)
    assert stage.tick() is Status.SUCCESS
    assert stage.npc.decision == Decision(
        "say", say="Mind the oven!", source="tree", reason="would_exceed"
    )


def test_halted_in_the_middle_of_a_deed_the_event_is_over() -> None:
    stage = play("Give me a loaf!", give=lambda npc, item: Status.RUNNING)
    stage.tick()
    stage.npc.tree.halt()
    assert stage.npc.event is None


def test_lines_that_are_none_are_refused() -> None:
    with pytest.raises(TreeError, match=r"lines must be a list of lines, got \[\] - at Reflex"):
        Reflex([])
