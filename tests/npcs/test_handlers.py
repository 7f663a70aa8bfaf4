"""Promises about handlers: what they may answer, and what is said of one that breaks."""

from __future__ import annotations

from typing import Any

import pytest
from minds import ANSWER, Stage

from npcbrain.errors import HandlerError, TreeError
from npcbrain.reasons import Reason
from npcbrain.tree import Status


def played(handler: Any) -> Stage:
    """A stage on which the model has just decided to give a loaf."""
    stage = Stage(give=handler)
    stage.npc.hear("Bread, please.")
    stage.frame()
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    return stage


@pytest.mark.parametrize("answer", [None, True, Status.SUCCESS])
def test_a_handler_that_is_done_may_say_so_as_a_tree_action_may(answer: Any) -> None:
    stage = played(lambda npc, item: answer)
    stage.frame()
    assert (stage.npc.event, stage.npc.decision) == (None, ANSWER)


@pytest.mark.parametrize("answer", [False, Status.FAILURE])
def test_a_handler_that_will_not_leaves_the_answer_to_the_tree(answer: Any) -> None:
    stage = played(lambda npc, item: answer)
    stage.frame()
    assert stage.npc.decision is not None
    assert (stage.npc.decision.source, stage.npc.decision.reason) == ("tree", Reason.GUARDED)
    assert "'give'" in stage.npc.why


def test_an_error_in_a_handler_names_npc_action_and_cause_in_its_first_line() -> None:
    def give(npc: Any, item: str) -> None:
        raise KeyError(item)

    with pytest.raises(HandlerError) as caught:
        played(give).frame()
    first = str(caught.value).splitlines()[0]
    assert first == (
        "the handler of 'give' must return without raising, got KeyError('loaf') - at npc 'greta', "
        "root/0/2; its own exception is the cause of this one"
    )
    assert isinstance(caught.value, TreeError)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_handler_that_cannot_be_called_is_named_too() -> None:
    with pytest.raises(HandlerError, match=r"^the handler of 'give' .*TypeError.*npc 'greta'"):
        played(lambda npc: None).frame()


@pytest.mark.parametrize("answer", ["yes", 1, 0, Status.IDLE])
def test_a_handler_that_answers_something_else_is_named_with_its_answer(answer: Any) -> None:
    with pytest.raises(HandlerError, match=r"^the answer of the handler of 'give' must be None, a"):
        played(lambda npc, item: answer).frame()


def test_after_an_error_the_event_is_over_and_the_handler_is_not_called_again() -> None:
    calls = []

    def give(npc: Any, item: str) -> None:
        calls.append(item)
        raise KeyError(item)

    stage = played(give)
    with pytest.raises(HandlerError):
        stage.frame()
    stage.frame()
    assert (calls, stage.npc.event) == (["loaf"], None)
