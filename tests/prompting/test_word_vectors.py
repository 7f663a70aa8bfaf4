"""The table of what names offer."""

from __future__ import annotations

import pytest

from npcbrain.prompting.word_vectors import nearness, row_of


def test_a_name_is_near_what_it_offers_and_far_from_the_rest() -> None:
    (heal, sell), _ = nearness(["sick", "pain"], [("heal",), ("auction",)])
    assert -1 <= sell < heal <= 1


def test_a_question_asks_for_talk_more_than_an_order_does() -> None:
    _, question = nearness(["who", "is", "that"], [])
    _, order = nearness(["fetch", "me", "that"], [])
    assert question > order


def test_words_nobody_knows_are_near_nothing() -> None:
    assert nearness(["blorf"], [("gnarp",), ("cook",)]) == ([0.0, 0.0], 0.0)
    assert nearness([], [("cook",)])[0] == [0.0]


@pytest.mark.parametrize(
    ("word", "row"), [("cook", 0), ("cooks", 0), ("cooked", 0), ("baking", 1), ("eat", None)]
)
def test_a_word_is_found_by_its_plain_form(word: str, row: int | None) -> None:
    assert row_of(word, {"cook": 0, "bake": 1}) == row
