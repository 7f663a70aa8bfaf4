"""Promises of ``npcs.leaves``, in the tree of a villager whose mind a test drives by hand."""

from __future__ import annotations

from typing import Any

import pytest
from minds import ANSWER, VILLAGER, Stage, StillClock

from npcbrain.errors import TreeError, UsageError
from npcbrain.npcs.leaves import CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.situation import Decision
from npcbrain.tree import Concurrent, Pointer, Sequence, Status, Task, compile


def test_nothing_heard_is_nothing_to_do() -> None:
    stage = Stage()
    assert stage.tick() is Status.SUCCESS
    assert stage.mind.asked == []


def test_a_heard_line_is_thought_about_until_the_decision_lands() -> None:
    given: list[str] = []
    stage = Stage(give=lambda npc, item: given.append(item))
    stage.npc.hear("Bread, please.")
    assert [stage.tick(), stage.tick()] == [Status.RUNNING, Status.RUNNING]
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert given == ["loaf"]
    assert stage.npc.event is None
    assert len(stage.mind.asked) == 1


def test_when_the_model_fails_the_tree_answers_in_the_same_tick() -> None:
    stage = Stage()
    stage.npc.hear("Bread, please.")
    stage.tick()
    stage.mind.ideas[0].fail("expired")
    stage.npc.listen()
    assert stage.tick() is Status.SUCCESS
    assert stage.npc.decision == Decision(
        "say", say="Mind the oven!", source="tree", reason="expired"
    )
    assert stage.npc.event is None


def test_thinking_does_not_stop_the_body() -> None:
    kneaded: list[str] = []
    root = Concurrent(VILLAGER, Task("knead", lambda npc: kneaded.append(npc.name)))
    stage = Stage(root)
    stage.npc.hear("Bread, please.")
    for _ in range(3):
        stage.tick()
    assert stage.npc.thinking
    assert kneaded == ["greta"] * 3


def test_a_handler_that_runs_on_is_called_again() -> None:
    answers = [Status.RUNNING, Status.RUNNING, None]
    stage = Stage(give=lambda npc, item: answers.pop(0))
    stage.npc.hear("Bread, please.")
    stage.tick()
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    assert [stage.tick() for _ in range(3)] == [Status.RUNNING, Status.RUNNING, Status.SUCCESS]
    assert stage.npc.event is None


def test_a_deed_that_fails_once_begun_ends_the_event_all_the_same() -> None:
    answers = [Status.RUNNING, Status.FAILURE]
    stage = Stage(give=lambda npc, item: answers.pop(0))
    stage.npc.hear("Bread, please.")
    stage.tick()
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    stage.tick()
    stage.tick()
    assert stage.npc.event is None
    assert stage.npc.speech == "Here you are."
    assert stage.report.fallbacks == []


def test_a_handler_that_fails_leaves_the_next_event_to_the_model() -> None:
    answers = [Status.RUNNING, Status.FAILURE]
    stage = Stage(give=lambda npc, item: answers.pop(0))
    stage.npc.hear("Bread, please.")
    stage.npc.hear("And a cake.")
    stage.tick()
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    stage.tick()
    stage.tick()
    stage.npc.listen()
    stage.tick()
    assert [one.situation.event.text for one in stage.mind.asked] == [
        "Bread, please.",
        "And a cake.",
    ]


def test_an_action_the_game_cannot_do_is_answered_by_the_tree() -> None:
    stage = Stage()
    stage.npc.hear("Bread, please.")
    stage.tick()
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    stage.tick()
    assert stage.npc.decision is not None
    assert (stage.npc.decision.source, stage.npc.decision.reason) == ("tree", "no_handler")
    assert stage.report.fallbacks == [("greta", "no_handler")]


def test_saying_needs_no_handler() -> None:
    stage = Stage()
    stage.npc.hear("Good day!")
    stage.tick()
    stage.mind.ideas[0].succeed(Decision("say", say="Good day to you."))
    stage.npc.listen()
    stage.tick()
    assert (stage.npc.speech, stage.npc.event) == ("Good day to you.", None)


def test_a_handler_that_raises_is_named_and_its_event_is_not_tried_again() -> None:
    def broken(npc: Npc, item: str) -> None:
        raise KeyError(item)

    stage = Stage(give=broken)
    stage.npc.hear("Bread, please.")
    stage.tick()
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    with pytest.raises(TreeError, match="handler of 'give' must return without raising") as caught:
        stage.tick()
    assert isinstance(caught.value.__cause__, KeyError)
    assert stage.npc.event is None
    assert stage.tick() is Status.SUCCESS


def test_a_handler_must_answer_nothing_or_a_status() -> None:
    stage = Stage(give=lambda npc, item: 3)  # type: ignore[arg-type, return-value]
    stage.npc.hear("Bread, please.")
    stage.tick()
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    with pytest.raises(TreeError) as caught:
        stage.tick()
    assert str(caught.value) == (
        "the answer of the handler of 'give' must be None, a bool or a Status, got 3 - "
        "at npc 'greta', root/0/2; return Status.RUNNING to be called again"
    )


def test_a_tree_that_is_halted_drops_its_thought_and_keeps_the_event() -> None:
    stage = Stage()
    stage.npc.hear("Bread, please.")
    stage.tick()
    stage.npc.tree.halt()
    assert stage.mind.ideas[0].drops == 1
    assert not stage.npc.thinking
    assert stage.npc.event is not None


def test_a_restored_tree_asks_again_for_the_answer_it_waited_for() -> None:
    stage = Stage()
    stage.npc.hear("Bread, please.")
    stage.tick()
    state = stage.npc.tree.state()
    again = Stage()
    again.npc.hear("Bread, please.")
    again.npc.tree.restore(state)
    assert again.tick() is Status.RUNNING
    assert len(again.mind.asked) == 1


def test_lines_of_its_own_are_said_in_turn() -> None:
    stage = Stage(Sequence(Heard(), CannedReply(["One.", "Two."])))
    said = []
    for _ in range(3):
        stage.npc.hear("Hello?")
        stage.tick()
        said.append(stage.npc.speech)
    assert said == ["One.", "Two.", "One."]


def test_with_nothing_to_answer_the_tree_keeps_silent() -> None:
    stage = Stage(CannedReply())
    assert stage.tick() is Status.FAILURE
    assert (stage.npc.speech, stage.report.decisions) == ("", [])


@pytest.mark.parametrize("lines", ["Hello", [], [""], [7]])
def test_lines_must_be_a_list_of_strings(lines: Any) -> None:
    with pytest.raises(TreeError) as caught:
        CannedReply(lines)
    assert str(caught.value) == (
        f'lines must be a list of lines, got {lines!r} - at CannedReply(); use ["Not now."]'
    )


@pytest.mark.parametrize("ttl_ms", [0, -1.0, float("nan"), float("inf"), True, "2500"])
def test_a_time_to_live_must_be_a_number_above_0(ttl_ms: Any) -> None:
    with pytest.raises(TreeError) as caught:
        Decide(ttl_ms=ttl_ms)
    assert str(caught.value) == (
        f"ttl_ms must be a number above 0 and at most 600000, got {ttl_ms!r} - at Decide()"
    )


def test_a_leaf_in_a_tree_without_an_npc_says_so() -> None:
    tree = compile(Heard(), object(), StillClock())
    with pytest.raises(TreeError) as caught:
        tree.tick()
    assert isinstance(caught.value.__cause__, UsageError)
    assert str(caught.value.__cause__).endswith("add the tree with Runtime.add_npc")


def test_a_time_to_live_may_stand_on_the_blackboard() -> None:
    stage = Stage(Sequence(Heard(), Decide(ttl_ms=Pointer("patience"))))
    stage.npc.blackboard["patience"] = 900
    stage.npc.hear("Bread, please.")
    stage.tick()
    assert stage.mind.asked[0].ttl_ms == 900.0


@pytest.mark.parametrize(
    ("board", "message"),
    [
        (
            {},
            "entry must be on the blackboard, got 'patience' - at root; "
            "something must write it before this leaf runs",
        ),
        (
            {"patience": 0},
            "ttl_ms must be a number above 0 and at most 600000, got 0.0 - at root",
        ),
        ({"patience": "long"}, "port 'patience' must be a number, got 'long' - at root"),
    ],
    ids=["missing", "none", "text"],
)
def test_a_time_to_live_from_the_blackboard_is_checked(board: dict[str, Any], message: str) -> None:
    stage = Stage(Decide(ttl_ms=Pointer("patience")))
    stage.npc.blackboard.update(board)
    with pytest.raises(TreeError) as caught:
        stage.tick()
    assert str(caught.value.__cause__) == message


def test_lines_may_stand_on_the_blackboard() -> None:
    stage = Stage(Sequence(Heard(), CannedReply(Pointer("excuses"))))
    stage.npc.blackboard["excuses"] = ["The oven!"]
    stage.npc.hear("Hello?")
    stage.tick()
    assert stage.npc.speech == "The oven!"
