"""Verbs near in meaning: what the table says, and how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from npcbrain.errors import ModelError
from npcbrain.prompting.fact_retrieval import stem
from npcbrain.prompting.reader import STANDARD_READER
from npcbrain.prompting.verb_synonyms import COMMENT, VERBS, VerbSynonyms, read_verbs
from tools.distil import verbs

# offset, field, "v", words (hex), word and id each, pointers (sort, offset, part, which), frames
DATA = """\
  1 a licence
  2
00000001 38 v 02 flee 0 take_flight 0 001 @ 00000003 v 0000 01 + 02 00 | run away quickly
00000002 38 v 02 scarper 0 run 0 002 @ 00000001 v 0000 + 00000009 n 0101 01 + 02 00 | leave
00000003 38 v 01 move 0 000 01 + 02 00 | change place
"""
SENSES = """\
flee%2:38:00:: 00000001 1 9
take_flight%2:38:00:: 00000001 1 0
scarper%2:38:00:: 00000002 1 0
run%2:38:04:: 00000002 28 0
move%2:38:00:: 00000003 1 9
move%1:04:00:: 00000003 1 9
"""


def are_akin(verb: str, other: str) -> bool:
    return STANDARD_READER.verbs.are_akin(verb, other)


@pytest.mark.parametrize(
    ("verb", "other"),
    [
        ("scarper", "run"),
        ("delve", "dig"),
        ("tote", "carry"),
        ("bestow", "give"),
        ("apprehend", "seize"),
        ("banish", "throw_out"),
        ("whip_up", "cook"),
    ],
)
def test_a_verb_is_akin_to_what_it_is_a_way_of_and_the_other_way_round(
    verb: str, other: str
) -> None:
    mine, its = (word if "_" in word else stem(word) for word in (verb, other))
    assert are_akin(mine, its)
    assert are_akin(its, mine)


@pytest.mark.parametrize(("verb", "other"), [("cook", "flee"), ("open", "give"), ("open", "")])
def test_verbs_of_other_meaning_are_not(verb: str, other: str) -> None:
    assert not are_akin(verb, other)


def test_a_word_nobody_knows_is_akin_to_none() -> None:
    assert not are_akin("blorf", "blorf")


def test_two_tables_answer_each_for_itself() -> None:
    one = VerbSynonyms(read_verbs(b"flee scarper\ncook", "one.txt"))
    two = VerbSynonyms(read_verbs(b"# cook is what they do\nflee >1\ncook scarper", "two.txt"))
    for _ in range(2):  # what was looked up is kept
        assert one.are_akin("flee", "scarper")
        assert not one.are_akin("flee", "cook")
        assert two.are_akin("flee", "cook")


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"fl\xffee", "'utf-8' codec"),
        (b"flee >move", "invalid literal"),
        (b"flee >" + b"9" * 10_000, "Exceeds the limit"),
    ],
)
def test_a_table_that_is_none_is_refused(content: bytes, got: str) -> None:
    with pytest.raises(ModelError, match="verbs must be lines of words in UTF-8") as caught:
        read_verbs(content, "verbs.txt")
    assert got in str(caught.value)
    assert "verbs.txt" in str(caught.value)


def test_the_table_carries_the_licence_it_comes_under() -> None:
    lines = VERBS.read_text(encoding="utf-8").splitlines()
    licence = "\n".join(line for line in lines if line.startswith(COMMENT))
    assert "WordNet 3.1 Copyright 2011 by Princeton University." in licence


def test_a_line_holds_a_meaning_with_the_meanings_it_is_a_case_of(tmp_path: Path) -> None:
    (tmp_path / "data.verb").write_text(DATA, encoding="utf-8")
    (tmp_path / "index.sense").write_text(SENSES, encoding="utf-8")
    assert verbs.table(tmp_path).splitlines()[1:] == [
        "# a licence",
        "#",
        f"{stem('flee')} take_flight >2",
        "scarper ~run >0",
        f"{stem('move')}",
    ]
