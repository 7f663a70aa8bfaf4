"""Where model and tree hand over to each other: deeds before words, and words that do not come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from minds import ANSWER, Stage

from npcbrain.errors import TreeError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.situation import Action, Decision
from npcbrain.tree import Condition, Pointer, Selector, Sequence, Status, Succeed

GIFT = {"item": "loaf"}
LATE = ("expired", "would_exceed")  # as a scheduler may see it coming


def talk(stage: Stage) -> Any:
    """Somebody asks for bread; returns the thought about it."""
    stage.npc.hear("Bread, please.")
    stage.frame()
    return stage.mind.ideas[-1]


def chosen(stage: Stage, speech: str = "") -> Any:
    """The model has decided to give the loaf, and said so much."""
    idea = talk(stage)
    idea.choose("give", **GIFT)
    idea.speech = speech
    stage.npc.listen()
    return idea


def told(stage: Stage) -> list[str]:
    return [entry.text for entry in stage.npc.memory]


# Deeds before words.


def test_the_game_acts_as_soon_as_the_action_is_decided_and_the_words_stream_on() -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    idea = chosen(stage)
    assert stage.tick() is Status.RUNNING
    assert given == ["loaf"]
    assert stage.npc.decision == Decision("give", GIFT)
    idea.speech = "Here you"
    stage.npc.listen()
    assert (stage.npc.thinking, stage.npc.speech) == (True, "Here you")
    assert stage.report.decisions == []


def test_the_event_is_over_with_the_last_word() -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    idea = chosen(stage)
    stage.frame()
    assert stage.npc.event is not None
    idea.succeed(ANSWER)
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert (stage.npc.event, stage.npc.decision) == (None, ANSWER)
    assert stage.report.decisions == [("greta", ANSWER)]
    assert stage.report.fallbacks == []
    assert given == ["loaf"]
    assert told(stage) == [
        "The player said: Bread, please. Greta chose: give, loaf. Greta said: Here you are."
    ]


def test_a_long_deed_and_long_words_wait_for_each_other() -> None:
    answers = [Status.RUNNING, Status.RUNNING, Status.SUCCESS]
    stage = Stage(give=lambda npc, item: answers.pop(0))
    idea = chosen(stage)
    stage.frame()
    idea.succeed(ANSWER)
    assert [stage.frame(), stage.frame()] == [Status.RUNNING, Status.SUCCESS]
    assert answers == []
    slow_words = Stage(give=lambda npc, item: Status.SUCCESS)
    idea = chosen(slow_words)
    assert [slow_words.frame(), slow_words.frame()] == [Status.RUNNING, Status.RUNNING]
    idea.succeed(ANSWER)
    slow_words.npc.listen()
    assert slow_words.tick() is Status.SUCCESS


def test_the_next_event_waits_until_the_words_are_said() -> None:
    stage = Stage(give=lambda npc, item: None)
    idea = chosen(stage)
    stage.npc.hear("And a cake.")
    stage.frame()
    stage.frame()
    assert len(stage.mind.asked) == 1
    idea.succeed(ANSWER)
    stage.frame()
    stage.frame()
    stage.frame()
    assert len(stage.mind.asked) == 2


def test_the_blackboard_has_the_deed_first_and_the_words_later() -> None:
    stage = Stage(give=lambda npc, item: None)
    idea = chosen(stage)
    assert stage.npc.blackboard["decision"]["say"] == ""
    idea.succeed(ANSWER)
    stage.npc.listen()
    assert stage.npc.blackboard["decision"] == ANSWER.to_dict()


# Words that do not come.


@pytest.mark.parametrize("reason", ["expired", "would_exceed", "engine_error"])
def test_words_that_are_cut_off_end_at_the_last_whole_sentence(reason: str) -> None:
    stage = Stage(give=lambda npc, item: None)
    idea = chosen(stage, "Here you are. Mind the")
    stage.frame()
    idea.cut(ANSWER, reason)
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert stage.npc.speech == "Here you are."
    assert stage.report.decisions == [("greta", ANSWER)]
    assert stage.report.fallbacks == []


@pytest.mark.parametrize("reason", ["expired", "would_exceed", "engine_error", "no_budget"])
def test_without_a_whole_sentence_the_deed_is_the_models_and_the_words_the_trees(
    reason: str,
) -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    idea = chosen(stage, "Here you")
    idea.emotion = "happy"
    stage.frame()
    idea.fail(reason)
    stage.npc.listen()
    assert stage.npc.speech == ""
    assert stage.tick() is Status.SUCCESS
    assert given == ["loaf"]
    decision = Decision("give", GIFT, "happy", "Mind the oven!", "model", reason)
    assert (stage.npc.decision, stage.npc.speech) == (decision, "Mind the oven!")
    assert stage.report.decisions == [("greta", decision)]
    assert stage.report.fallbacks == [("greta", reason)]
    assert told(stage) == [
        "The player said: Bread, please. Greta chose: give, loaf. Greta said: Mind the oven!"
    ]


def test_the_trees_words_for_a_deed_may_be_said_by_act() -> None:
    act = Act(lines=["Take it."])
    stage = Stage(Sequence(Heard(), Decide(), act), give=lambda npc, item: None)
    idea = chosen(stage)
    stage.frame()
    idea.fail("expired")
    stage.npc.listen()
    stage.tick()
    assert stage.npc.speech == "Take it."


def test_a_deed_that_goes_on_gets_its_words_when_it_is_done() -> None:
    answers = [Status.RUNNING, Status.RUNNING, Status.SUCCESS]
    stage = Stage(give=lambda npc, item: answers.pop(0))
    idea = chosen(stage)
    stage.frame()
    idea.fail("expired")
    stage.npc.listen()
    assert [stage.frame(), stage.frame()] == [Status.RUNNING, Status.SUCCESS]
    assert stage.npc.speech == "Mind the oven!"


def test_an_answer_of_words_alone_that_do_not_come_is_the_trees() -> None:
    stage = Stage()
    idea = talk(stage)
    idea.choose("say")
    idea.speech = "Well, I"
    stage.npc.listen()
    assert stage.frame() is Status.RUNNING
    idea.fail("expired")
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    reply = Decision("say", say="Mind the oven!", source="tree", reason="expired")
    assert stage.report.decisions == [("greta", reply)]
    assert stage.report.fallbacks == [("greta", "expired")]


def test_time_that_runs_out_before_anything_is_decided_leaves_all_to_the_tree() -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    talk(stage).fail("expired")
    stage.npc.listen()
    stage.tick()
    assert given == []
    assert stage.npc.decision is not None
    assert (stage.npc.decision.source, stage.npc.decision.reason) == ("tree", "expired")


def test_a_deed_decided_in_the_last_moment_is_done() -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    idea = talk(stage)
    idea.choose("give", **GIFT)
    idea.fail("expired")
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert given == ["loaf"]
    assert stage.npc.speech == "Mind the oven!"


def test_who_is_interrupted_ends_at_the_last_whole_sentence() -> None:
    stage = Stage(give=lambda npc, item: None)
    idea = chosen(stage, "Here you are. Mind the")
    stage.frame()
    stage.npc.tree.halt()
    assert idea.drops == 1
    assert stage.npc.event is None
    assert stage.npc.speech == "Here you are."
    assert stage.report.decisions == [("greta", Decision("give", GIFT, say="Here you are."))]


# What the game refuses.


def guarded(stage: Stage) -> None:
    """The tree has answered instead, and the report says why."""
    reply = Decision("say", say="Mind the oven!", source="tree", reason="guarded")
    assert stage.report.decisions[-1] == ("greta", reply)
    assert stage.report.fallbacks == [("greta", "guarded")]
    assert stage.npc.event is None


def test_a_handler_that_refuses_hands_over_to_the_tree() -> None:
    stage = Stage(give=lambda npc, item: Status.FAILURE)
    idea = chosen(stage, "Here you are.")
    assert stage.tick() is Status.SUCCESS
    assert idea.drops == 1
    guarded(stage)


def test_an_action_that_is_gone_by_now_is_not_done() -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    chosen(stage)
    stage.npc.actions = (Action("say"),)
    stage.tick()
    assert given == []
    guarded(stage)


@pytest.mark.parametrize(
    "actions",
    [
        (Action("say"), Action("give", {"item": ("cake",)})),
        (Action("say"), Action("give", {"item": ("loaf",), "to": ("player",)})),
        (Action("say"), Action("give")),
    ],
    ids=["value", "argument more", "argument less"],
)
def test_an_argument_that_is_not_legal_by_now_is_refused(actions: tuple[Action, ...]) -> None:
    stage = Stage(give=lambda npc, **args: None)
    chosen(stage)
    stage.npc.actions = actions
    stage.tick()
    guarded(stage)


def test_an_action_that_goes_between_deciding_and_acting_is_refused() -> None:
    def forbid(npc: Any) -> bool:
        npc.actions = (Action("say"),)
        return True

    mind = Sequence(Heard(), Decide(), Condition("forbid", forbid), Act())
    root = Selector(mind, Sequence(Heard(), CannedReply()))
    stage = Stage(root, give=lambda npc, item: None)
    chosen(stage)
    stage.tick()
    guarded(stage)


def test_a_guard_of_the_tree_hands_over_as_well() -> None:
    given: list[str] = []
    polite = Condition("may give", lambda npc: npc.answer.action != "give")
    mind = Sequence(Heard(), Decide(), polite, Act())
    stage = Stage(
        Selector(mind, Sequence(Heard(), CannedReply()), Succeed()),
        give=lambda npc, item: given.append(item),
    )
    idea = chosen(stage)
    stage.tick()
    assert given == []
    assert idea.drops == 1
    guarded(stage)


def test_a_list_that_changed_elsewhere_refuses_nothing() -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    chosen(stage)
    stage.npc.actions = (Action("give", {"item": ("loaf", "cake")}),)
    stage.tick()
    assert given == ["loaf"]


# Trees that read the words.


WHOLE = Selector(
    Sequence(Heard(), Decide(when="whole"), Act()), Sequence(Heard(), CannedReply()), Succeed()
)


def test_a_tree_may_wait_for_the_last_word() -> None:
    given: list[str] = []
    stage = Stage(WHOLE, give=lambda npc, item: given.append(item))
    idea = chosen(stage, "Here you")
    assert stage.frame() is Status.RUNNING
    assert (given, stage.npc.speech) == ([], "Here you")
    idea.succeed(ANSWER)
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert given == ["loaf"]


@pytest.mark.parametrize("speech", ["Here you are. Mind", "Here you"])
def test_and_gets_no_answer_that_was_cut_off(speech: str) -> None:
    given: list[str] = []
    stage = Stage(WHOLE, give=lambda npc, item: given.append(item))
    idea = chosen(stage, speech)
    if "." in speech:
        idea.cut(replace(ANSWER, say="Here you are."), "expired")
    else:
        idea.fail("expired")
    stage.npc.listen()
    stage.tick()
    assert given == []
    reply = Decision("say", say="Mind the oven!", source="tree", reason="expired")
    assert stage.report.decisions == [("greta", reply)]
    assert stage.report.fallbacks == [("greta", "expired")]


def test_when_must_be_one_of_the_two() -> None:
    with pytest.raises(TreeError) as caught:
        Decide(when="soon")  # type: ignore[arg-type]
    assert str(caught.value) == "when must be decided or whole, got 'soon' - at Decide()"


def test_the_trees_words_for_a_deed_may_stand_on_the_blackboard() -> None:
    act = Act(lines=Pointer("words"))
    stage = Stage(Sequence(Heard(), Decide(), act), give=lambda npc, item: None)
    stage.npc.blackboard["words"] = "Take it.; Here."
    idea = chosen(stage)
    stage.frame()
    idea.fail("expired")
    stage.npc.listen()
    stage.tick()
    assert stage.npc.speech == "Take it."
