"""What an event is about, found by its words."""

from __future__ import annotations

import pytest

from npcbrain.recall import fitting_actions, recalled_facts
from npcbrain.situation import Action

FACTS = [
    "The heating pipe is broken.",
    "A bed costs five coppers.",
    "Mist Haven is a year away.",
    "A bath costs two coppers.",
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How far is it to Mist Haven?", "Mist Haven is a year away."),
        ("And the beds, what do they cost?", "A bed costs five coppers."),
        ("any problems with the heatting pipe", "The heating pipe is broken."),
        ("A BATH!", "A bath costs two coppers."),
    ],
)
def test_the_fact_that_shares_most_words_comes_first(text: str, expected: str) -> None:
    assert recalled_facts(FACTS, text)[0] == expected


@pytest.mark.parametrize("text", ["", "Who are you?", "...", "Will you do it for me?"])
def test_an_event_that_shares_no_word_recalls_nothing(text: str) -> None:
    assert recalled_facts(FACTS, text) == []


def test_a_word_of_one_fact_counts_more_than_a_word_of_all() -> None:
    facts = ["The old inn is red.", "The old mill is blue.", "The old tower is tall."]
    assert recalled_facts(facts, "old mill?")[0] == "The old mill is blue."


def test_never_more_than_two_facts_are_recalled() -> None:
    facts = [f"The gate number {number} is shut." for number in range(30)]
    assert len(recalled_facts(facts, "Is the gate shut?")) == 2


def test_no_facts_recall_nothing() -> None:
    assert recalled_facts([], "Is the gate shut?") == []


def test_the_action_and_value_that_are_named_fit_best() -> None:
    actions = [
        Action("say"),
        Action("open_gate", {"gate": ("dock one", "dock two")}),
        Action("sell", {"what": ("rope", "lamp")}),
    ]
    assert fitting_actions(actions, "Open dock two!") == [("open_gate", {"gate": "dock two"})]


def test_names_of_any_spelling_are_read_as_words() -> None:
    actions = [Action("playMusic"), Action("ring-bell"), Action("Wave at")]
    assert [fitting_actions(actions, t) for t in ("Some music!", "The bell!", "Wave!")] == [
        [("playMusic", {})],
        [("ring-bell", {})],
        [("Wave at", {})],
    ]


def test_the_same_situation_gives_the_same_lines_in_the_order_of_the_list() -> None:
    actions = [Action("give", {"item": ("key",)}), Action("sell", {"item": ("key",)})]
    expected = [("give", {"item": "key"}), ("sell", {"item": "key"})]
    assert fitting_actions(actions, "The key.") == expected
    assert fitting_actions(actions, "The key.") == expected


def test_an_action_called_by_another_word_fits_as_well() -> None:
    actions = [Action("say"), Action("scarper"), Action("nibble", {"what": ("pie",)})]
    assert fitting_actions(actions, "Run for your life!") == [("scarper", {})]


def test_an_action_of_several_words_is_looked_up_whole() -> None:
    actions = [Action("throwOut", {"who": ("Tam",)}), Action("wave")]
    assert fitting_actions(actions, "Banish him!") == [("throwOut", {})]


def test_the_very_name_counts_more_than_one_near_in_meaning() -> None:
    actions = [Action("lug"), Action("carry")]
    assert fitting_actions(actions, "Carry this.")[0] == ("carry", {})
