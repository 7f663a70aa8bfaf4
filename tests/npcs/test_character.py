"""Promises of ``npcbrain.npcs.character``: what a game may set, and when it is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from minds import ANSWER, GRETA, Stage

import npcbrain as nb
from npcbrain.errors import PersonaError, UsageError
from npcbrain.reasons import Reason
from npcbrain.situation import Action
from npcbrain.tree import Status

TINY = Path(__file__).parents[1] / "models" / "tiny"


def test_facts_traits_and_actions_change_together() -> None:
    stage = Stage()
    sold_out = GRETA.changed(
        facts=["The bread is sold out."], traits=["weary"], actions=[Action("say"), Action("nap")]
    )
    stage.npc.become(sold_out)
    stage.npc.hear("Bread, please.")
    stage.frame()
    situation = stage.mind.asked[0].situation
    assert situation.npc.facts == ("The bread is sold out.",)
    assert situation.npc.traits == ("weary",)
    assert [action.name for action in situation.actions] == ["say", "nap"]


def test_an_answer_being_written_ends_as_it_was_asked_and_is_held_against_what_is_legal_now() -> (
    None
):
    stage = Stage(give=lambda npc, item: None)
    stage.npc.hear("Bread, please.")
    stage.frame()
    stage.npc.become(GRETA.changed(actions=[Action("say")]))
    stage.mind.ideas[0].succeed(ANSWER)
    stage.npc.listen()
    stage.frame()
    assert stage.npc.decision is not None
    assert (stage.npc.decision.source, stage.npc.decision.reason) == ("tree", Reason.GUARDED)


def test_what_is_not_given_stays_as_it_was() -> None:
    changed = GRETA.changed(goal="sleep")
    assert changed.profile.goal == "sleep"
    assert (changed.actions, changed.lines) == (GRETA.actions, GRETA.lines)


def test_a_change_that_breaks_the_schema_is_refused_by_its_path() -> None:
    with pytest.raises(PersonaError, match=r"at Persona\.changed\(\): \$\.facts"):
        GRETA.changed(facts="The bread is sold out.")


@pytest.mark.parametrize("persona", ["Greta", None, {"name": "Greta"}, GRETA.profile])
def test_a_persona_of_the_wrong_type_is_refused_where_it_is_set(persona: Any) -> None:
    stage = Stage()
    with pytest.raises(UsageError, match=r"^persona must be a Persona, got "):
        stage.npc.persona = persona
    with pytest.raises(UsageError):
        stage.npc.become(persona)
    assert stage.npc.persona is GRETA
    stage.npc.hear("Good day!")
    assert stage.frame() is Status.RUNNING


@pytest.mark.parametrize("actions", ["say", None, Action("say"), [{"name": "say"}], []])
def test_actions_of_the_wrong_type_are_refused_where_they_are_set(actions: Any) -> None:
    stage = Stage()
    with pytest.raises(UsageError):
        stage.npc.actions = actions
    assert stage.npc.actions == GRETA.actions


def test_an_argument_that_no_handler_could_be_called_with_is_refused() -> None:
    data = {**GRETA.to_dict(), "actions": [{"name": "hit", "args": {"npc": ["Tom"]}}]}
    with pytest.raises(PersonaError, match=r"^argument name must not be npc, .*\$\.actions\[0\]"):
        nb.Persona.from_dict(data)


def test_a_game_keeps_data_of_its_own_on_an_npc() -> None:
    stage = Stage()
    assert stage.npc.data is None
    stage.npc.data = body = object()
    stage.frame()
    assert stage.npc.data is body


def test_tokens_left_are_counted_by_the_model() -> None:
    with nb.Runtime(nb.Model.load(TINY, num_slots=1), price_file=None) as runtime:
        npc = runtime.add_npc("greta", persona=GRETA, tree=nb.minds.talker())
        left = npc.num_tokens_left
        assert left is not None
        npc.become(GRETA.changed(facts=["The mill burned down last night."]))
        assert 0 < left - npc.num_tokens_left < 60  # type: ignore[operator]


def test_without_a_model_nobody_counts_tokens() -> None:
    npc = nb.Runtime(None).add_npc("greta", persona=GRETA, tree=nb.minds.talker())
    assert npc.num_tokens_left is None
