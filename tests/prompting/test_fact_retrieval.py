"""What an event is about, found by its words."""

from __future__ import annotations

import pytest

from npcbrain.prompting.fact_retrieval import recalled_facts

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
