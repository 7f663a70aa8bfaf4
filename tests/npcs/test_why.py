"""Promises of ``npcbrain.npcs.why`` and ``npcbrain.reasons``: the tree's reason in one sentence."""

from __future__ import annotations

import logging

import pytest
from minds import ANSWER, Stage

from npcbrain.reasons import MEANINGS, Reason, explain
from npcbrain.situation import Decision


def answered(stage: Stage) -> str:
    stage.npc.listen()
    for _ in range(3):
        stage.frame()
    return stage.npc.why


def asked(stage: Stage) -> Stage:
    stage.npc.hear("Bread, please.")
    stage.frame()
    return stage


@pytest.mark.parametrize("reason", [r for r in Reason if r != Reason.NO_WORDS])
def test_every_reason_is_told_in_a_sentence_and_with_advice(reason: Reason) -> None:
    stage = asked(Stage())
    stage.mind.ideas[0].fail(reason)
    sentence = answered(stage)
    assert sentence.startswith("greta's tree answered: ")
    assert MEANINGS[reason].why in sentence
    assert MEANINGS[reason].advice in sentence


def test_the_reason_is_still_told_once_the_event_is_over() -> None:
    stage = asked(Stage())
    stage.mind.ideas[0].fail(Reason.EXPIRED)
    answered(stage)
    assert (stage.npc.event, stage.npc.reason) == (None, "")
    assert "still at work when the time was up" in stage.npc.why


def test_an_event_that_nobody_turned_to_is_told_with_what_to_do() -> None:
    stage = Stage()
    stage.npc.hear("Bread, please.")
    assert "has not turned to what it heard: it does in Runtime.update()" in stage.npc.why
    stage.frame()
    assert "is thinking" in stage.npc.why


def test_the_log_tells_of_the_event_that_is_over_while_another_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = asked(Stage())
    stage.npc.hear("And a cake.")
    with caplog.at_level(logging.INFO, "npcbrain"):
        stage.mind.ideas[0].fail(Reason.EXPIRED)
        answered(stage)
    (told,) = (line for line in caplog.messages if "It said: Mind the oven!" in line)
    assert told.startswith("greta's tree answered: ")
    assert "has not turned to" not in stage.npc.why


def test_a_deed_without_a_handler_is_told_by_its_name() -> None:
    stage = asked(Stage())
    stage.mind.ideas[0].succeed(ANSWER)
    assert answered(stage).startswith(
        "greta's tree answered instead of the model's 'give': the game has no handler for the "
    )


def test_a_report_never_holds_a_deed_that_the_game_cannot_do() -> None:
    stage = asked(Stage())
    stage.mind.ideas[0].succeed(ANSWER)
    answered(stage)
    line = Decision("say", say="Mind the oven!", source="tree", reason=Reason.NO_HANDLER)
    assert stage.report.decisions == [("greta", line)]
    assert stage.report.fallbacks == [("greta", "no_handler")]


def test_what_the_model_did_is_told_too() -> None:
    stage = Stage(give=lambda npc, item: None)
    assert stage.npc.why == "greta has decided nothing yet"
    assert asked(stage).npc.why == "greta is thinking: the model is at work on its answer"
    stage.mind.ideas[0].succeed(ANSWER)
    assert answered(stage) == "the model chose give for greta"


def test_words_that_were_cut_off_are_told() -> None:
    stage = asked(Stage(give=lambda npc, item: None))
    stage.mind.ideas[0].choose("give", item="loaf")
    stage.npc.listen()
    stage.frame()
    stage.mind.ideas[0].fail(Reason.EXPIRED)
    sentence = answered(stage)
    assert sentence.startswith("the model chose give for greta, and the tree spoke: ")
    assert stage.npc.decision is not None
    assert (stage.npc.decision.source, stage.npc.decision.words_source) == ("model", "tree")


def test_a_word_of_the_games_own_is_its_own_explanation() -> None:
    assert explain("the bell rang") == "the bell rang"


def test_a_reason_is_its_word_in_reports_and_saves() -> None:
    assert (f"{Reason.EXPIRED}", repr(Reason.EXPIRED)) == ("expired", "'expired'")
    assert type(Decision("say", reason=Reason.EXPIRED).to_dict()["reason"]) is str


def test_the_log_has_a_line_for_each_event_when_it_is_asked_to(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="npcbrain"):
        stage = asked(Stage())
        stage.mind.ideas[0].fail(Reason.EXPIRED)
        answered(stage)
    (line,) = caplog.messages
    assert line.startswith("greta's tree answered: ")
    assert line.endswith("It said: Mind the oven!")


def test_the_log_is_silent_unless_it_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    stage = asked(Stage())
    stage.mind.ideas[0].fail(Reason.EXPIRED)
    answered(stage)
    assert caplog.messages == []
