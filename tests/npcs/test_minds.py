"""Promises of ``npcbrain.minds``: the trees that come ready made answer whatever happens."""

from __future__ import annotations

from typing import Any

import pytest
from minds import GRETA, Stage

import npcbrain as nb
from npcbrain.errors import TreeError
from npcbrain.reasons import Reason


def test_a_talker_works_in_every_frame_and_thinks_beside_it() -> None:
    worked: list[str] = []
    stage = Stage(nb.minds.talker(lambda npc: worked.append(npc.name)))
    stage.npc.hear("Good day!")
    for _ in range(5):
        stage.frame()
    assert worked == ["greta"] * 5
    assert stage.npc.thinking


def test_a_talkers_work_may_be_a_tree() -> None:
    stage = Stage(nb.minds.talker(nb.tree.Wait(1000)))
    assert stage.tick() is nb.tree.Status.RUNNING


def test_a_talker_falls_back_to_its_persona_when_the_model_cannot_answer() -> None:
    stage = Stage(nb.minds.talker())
    stage.npc.hear("Good day!")
    stage.frame()
    stage.mind.ideas[0].fail(Reason.EXPIRED)
    stage.frame()
    stage.frame()
    assert stage.npc.speech in GRETA.lines["fallback"]


def test_a_talker_asks_with_the_time_it_is_given() -> None:
    stage = Stage(nb.minds.talker(ttl_ms=900))
    stage.npc.hear("Good day!")
    stage.frame()
    assert stage.mind.asked[0].ttl_ms == 900


@pytest.mark.parametrize("work", ["sweep", 3])
def test_a_talkers_work_must_be_something_that_can_be_done(work: Any) -> None:
    with pytest.raises(TreeError, match=r"^fn must be callable "):
        nb.minds.talker(work)
