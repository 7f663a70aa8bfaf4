"""Promises of ``prompting.retelling``: what is remembered is told to whoever it is about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.prompting.retelling import is_kept, retold, spoken

words = st.text("abcdefghij '.,", max_size=40)


@pytest.mark.parametrize(
    ("memory", "said"),
    [
        ("The player lost a glove on the red run.", "You lost a glove on the red run."),
        ("The player was here at noon.", "You were here at noon."),
        ("The player has a fever.", "You have a fever."),
        ("The player likes barley soup.", "You like barley soup."),
        ("The player watches the door.", "You watch the door."),
        ("The player always pays.", "You always pay."),
        ("The player's hat blew away.", "Your hat blew away."),
        ("The lost hat is the player's.", "The lost hat is yours."),
        ("A jellyfish stung the player last summer.", "A jellyfish stung you last summer."),
        ("The trader sold Ash sand.", "The trader sold me sand."),
        ("Ash sold the player sand.", "I sold you sand."),
        ("Ash was ill.", "I was ill."),
        ("Ash's boat sank.", "My boat sank."),
        ("It rained all night.", "It rained all night."),
    ],
)
def test_the_listener_becomes_you_and_the_speaker_i(memory: str, said: str) -> None:
    assert retold(memory, "Ash", "player") == said


def test_whoever_listens_may_be_named_with_its_article_or_without() -> None:
    for listener in "guard", "the guard", "The guard":
        assert retold("The guard took a coin.", "Ash", listener) == "You took a coin."


@pytest.mark.parametrize(
    "memory",
    [
        "The player lost his way.",
        "Ash gave the player her coat.",
        "The player pulled you out of the bay.",
        "The agent said that the player wants to stay.",
    ],
)
def test_what_would_be_told_wrongly_is_not_told(memory: str) -> None:
    assert retold(memory, "Ash", "player") == ""


def test_a_first_name_is_a_name_and_a_title_is_none() -> None:
    assert retold("Rook lost a race.", "Rook Sandoval", "player") == "I lost a race."
    assert retold("Old Bess lost a race.", "Old Hinge", "player") == "Old Bess lost a race."


def test_others_keep_their_pronouns() -> None:
    assert retold("Bess hid her letters.", "Ash", "player") == "Bess hid her letters."


def test_part_of_a_word_is_nobody() -> None:
    assert retold("The ashes were swept.", "Ash", "player") == "The ashes were swept."


@given(words, words, words)
def test_any_text_is_told_or_not_and_nothing_breaks(memory: str, name: str, listener: str) -> None:
    assert isinstance(retold(memory, name, listener), str)


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ("A bed costs five coppers.", "A bed costs five coppers."),
        ("Her back aches.", "My back aches."),
        ("She owes the miller two pence.", "I owe the miller two pence."),
        ("Hilda has kept the inn since she was ten.", "I have kept the inn since I was ten."),
        ("The inn is Hilda's.", "The inn is mine."),
        ("The key hangs on Hilda's belt.", "The key hangs on my belt."),
        ("Sunlight makes Hilda sneeze.", "Sunlight makes me sneeze."),
        ("Hilda's brother Otto is a thief.", "My brother Otto is a thief."),
        ("She gave the book to her aunt, who lost it.", "I gave the book to my aunt, who lost it."),
        ("The old book is hers.", "The old book is hers."),
        ("The hildas of this world sleep badly.", "The hildas of this world sleep badly."),
        ("Nobody tells her anything.", "Nobody tells her anything."),
    ],
)
def test_a_fact_about_the_speaker_is_said_in_the_first_person(fact: str, said: str) -> None:
    assert spoken(fact, "Hilda") == said


@pytest.mark.parametrize(
    "fact",
    [
        "",
        "...",
        "HILDA sleeps badly.",
        "Hilda is forty and bakes bread.",  # "and bakes", or "and cakes"?
        "Hilda's brother says that he is ill.",
        "Everybody knows that Hilda lies.",
        "Otto is ill; Hilda pays.",
    ],
)
def test_a_fact_that_would_be_said_wrongly_is_not_said(fact: str) -> None:
    assert spoken(fact, "Hilda") == ""


def test_any_part_of_a_long_name_is_a_name_and_a_title_is_none() -> None:
    assert spoken("Millward flour is dear.", "Hob Millward") == ""
    assert spoken("Mother's milk is white.", "Mother Ash") == "Mother's milk is white."


def test_a_sentence_about_a_man_is_not_said_by_a_woman_of_herself() -> None:
    assert spoken("He carried a violin case.", "Mrs. Prewitt") == ""


@given(words, words)
def test_any_fact_is_said_or_not_and_nothing_breaks(fact: str, name: str) -> None:
    assert isinstance(spoken(fact, name), str)


KEPT = """
The safe opens with 0451, and I tell it to nobody.
Percival hid the trumpet and told no one.
The baker's boy died, and Wilfrith has told nobody that she wept.
The man in 4C is a marshal; nobody may know.
The heir is alive, but nobody is told.
Nobody must know that the heir is alive.
The fox may never be told where the hens sleep.
The player must never know that Bo is his father.
I must not tell the player where the ring is.
The glue is a family secret.
The lion has no teeth left, which is a secret.
It's a secret that the queen is bald.
The way to the crypt is a closely guarded secret.
The name of the donor must be kept secret.
The king is ill, but he keeps it secret.
Mira loves Tam and keeps it to herself.
The heir is alive; never tell anybody.
I can\u2019t tell anyone that the gold is gone.
I have never told a soul about the map.
"""
TOLD = """
A secret costs one shiny thing.
The secret cove is reached through the laundry.
Nobody knows where the captain sleeps.
The roof bar admits nobody without a tie.
Nobody may know the password without a gift.
Lumen was told never to lie about water.
I was told nobody lives in the mill.
Only Vesna may know the code.
A message must be told to nobody but the lord.
Mara told no one, except her sister.
Gran never tells tales.
Magic is hard, and nobody can learn it.
I tell nobody's fortune for free.
The twins look alike, and I don't tell them apart.
Rex must not be told what to do.
That the mayor drinks is an open secret.
I keep to myself.
I tell everybody what the weather does.
A guard never betrays anybody.
"""


@pytest.mark.parametrize("fact", KEPT.strip().splitlines())
def test_what_says_itself_that_nobody_is_told_is_not_told(fact: str) -> None:
    assert is_kept(fact)
    assert spoken(fact, "Ash") == retold(fact, "Ash", "player") == ""


@pytest.mark.parametrize("fact", TOLD.strip().splitlines())
def test_what_speaks_of_secrets_is_told(fact: str) -> None:
    assert not is_kept(fact)
    assert spoken(fact, "Ash")


@pytest.mark.parametrize(
    ("memory", "told"),
    [
        ("The player saw Bo faint and told nobody.", "You saw Bo faint and told nobody."),
        ("Bo said the player may never be told of the vault.", ""),
        ("The player may never be told of the vault.", ""),
        ("The player's brother hid the crown, and I tell nobody.", ""),
        ("Ash poisoned the player's horse and told nobody.", ""),
    ],
)
def test_who_shares_a_secret_is_told_of_it_and_nobody_else(memory: str, told: str) -> None:
    assert retold(memory, "Ash", "player") == told
    assert not retold(memory, "Ash", "guard")
