"""Promises of ``npcbrain.npcs.wiring`` and ``slips``: quiet mistakes are told, and told once."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from minds import GRETA, VILLAGER, Stage

import npcbrain as nb
from npcbrain.situation import Decision
from npcbrain.tree import Succeed

TINY = Path(__file__).parents[1] / "models" / "tiny"


def told(*handlers: tuple[str, Any], persona: nb.Persona = GRETA, tree: Any = VILLAGER) -> list:
    """What is said aloud in the first two frames of a game with two of these."""
    runtime = nb.Runtime(None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in ("greta", "her twin"):
            runtime.add_npc(name, persona=persona, tree=tree)
        for name, handler in handlers:
            runtime.on_action(name, handler)
        runtime.update(4.0)
        runtime.update(4.0)
    assert {warning.filename for warning in caught} <= {__file__}
    return [str(warning.message) for warning in caught]


def test_a_game_that_is_wired_well_is_told_nothing() -> None:
    assert told(("give", lambda npc, item: None)) == []
    assert told(("give", lambda npc, **args: None), ("wave", print)) == []


def test_an_action_without_a_handler_is_told_once_for_all_who_may_do_it() -> None:
    assert told() == [
        "npc 'greta' may 'give' and the game has no handler for it: its tree will answer instead; "
        "call Runtime.on_action('give', ...) before the first update, or leave it out of the "
        "persona's actions"
    ]


def test_a_misspelt_handler_is_told_with_the_action_it_was_meant_for() -> None:
    (line,) = told(("gvie", print))
    assert "no handler for it (it has one for 'gvie': is that a slip?)" in line


def test_a_handler_that_is_nearly_another_is_told() -> None:
    (line,) = told(("give", lambda npc, item: None), ("gives", print))
    assert line == (
        "on_action has a handler for 'gives', but no NPC may do that; did you mean 'give'?"
    )


def test_a_handler_that_cannot_take_the_arguments_is_told_before_it_fails() -> None:
    (line,) = told(("give", lambda npc, thing: None))
    assert line.startswith(
        "the handler of 'give' cannot be called with (npc, item), as npc 'greta'"
    )
    assert "'thing'" in line


def test_a_tree_that_reads_decisions_for_itself_needs_no_handlers() -> None:
    assert told(tree=nb.tree.Sequence(nb.Heard(), nb.Decide())) == []


def test_plain_talk_needs_no_handler_whatever_it_is_called() -> None:
    assert told(persona=GRETA.changed(actions=[{"name": "speak"}, {"name": "answer"}])) == []


def test_a_persona_that_crowds_the_prompt_is_told_when_it_is_added() -> None:
    long = GRETA.changed(facts=[f"Number {i} of the facts is a long one." for i in range(32)])
    with nb.Runtime(nb.Model.load(TINY, num_slots=1), price_file=None) as runtime:
        with pytest.warns(RuntimeWarning, match=r"^the persona of npc 'greta' ") as caught:
            npc = runtime.add_npc("greta", persona=long, tree=VILLAGER)
        assert caught[0].filename == __file__
        assert str(abs(npc.num_tokens_left or 0)) in str(caught[0].message)


def test_a_tree_that_asks_for_ever_is_told() -> None:
    stage = Stage(nb.tree.Sequence(nb.Heard(), nb.Decide()))
    stage.npc.hear("Good day!")
    stage.frame()
    stage.mind.ideas[0].succeed(Decision("say", say="Hello."))
    stage.frame()
    with pytest.warns(RuntimeWarning, match=r"^npc 'greta' asks the model again about an event"):
        stage.tick()


def test_a_tree_that_turns_to_nothing_it_hears_is_told() -> None:
    stage = Stage(Succeed())
    for number in range(4):
        stage.npc.hear(f"Hello {number}")
    with pytest.warns(RuntimeWarning, match=r"^npc 'greta' has heard 5 things and its tree turns"):
        stage.npc.hear("Hello at last")


@pytest.mark.filterwarnings("error")
def test_a_tree_that_listens_is_told_nothing_however_much_it_hears() -> None:
    stage = Stage()
    for number in range(9):
        stage.npc.hear(f"Hello {number}")
