"""Verbs of a thesaurus become actions, but never under a name that validation uses."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from npcbrain.situation import Situation
from tools.distil.situations import thesaurus
from tools.distil.situations.day import day
from tools.distil.situations.lexicon import Concept, Lexicon, held_names, load
from tools.distil.situations.talking import talk

# offset, field, "v", words (hex), word and id each, pointers, frames, gloss
DATA = """\
  1 a line of the licence
00000001 35 v 03 wipe 0 dab 1 mop_up 0 000 02 + 08 00 + 09 00 | rub with a cloth; "wipe it"
00000002 35 v 02 scrub 0 scour 0 001 @ 00000001 v 0000 01 + 08 00 | wipe something hard
00000003 38 v 02 hurry 0 dash_off 0 000 01 + 02 00 | skedaddle with great haste
00000004 41 v 02 thwack 0 clobber 0 000 01 + 09 00 | hit (someone) hard
00000005 37 v 02 adore 0 cherish 0 000 01 + 08 00 | love deeply
00000006 38 v 02 scarper 0 skedaddle 0 000 01 + 02 00 | hurry off in fear
00000007 35 v 02 zap 0 zonk 0 000 01 + 08 00 | hit with a ray
00000009 32 v 02 state 0 utter 0 000 02 + 02 00 + 08 00 | put (something) in words
00000010 41 v 02 dupe 0 con 0 000 02 + 08 00 + 09 00 | scrub (someone) of something by deceit
00000012 41 v 02 hoodwink 0 con 0 000 01 + 09 00 | scrub (someone) by deceit
00000008 30 v 01 blacken 0 000 01 + 08 00 | scrub with soot
"""
SENSES = """\
wipe%2:35:00:: 00000001 1 9
dab%2:35:00:: 00000001 1 0
mop_up%2:35:00:: 00000001 1 2
scrub%2:35:00:: 00000002 1 3
scour%2:35:00:: 00000002 4 3
hurry%2:38:00:: 00000003 1 5
dash_off%2:38:00:: 00000003 2 0
thwack%2:41:00:: 00000004 1 1
clobber%2:41:00:: 00000004 1 0
adore%2:37:00:: 00000005 1 4
cherish%2:37:00:: 00000005 1 4
scarper%2:38:00:: 00000006 1 4
skedaddle%2:38:00:: 00000006 1 4
zap%2:35:00:: 00000007 1 0
zonk%2:35:00:: 00000007 1 0
blacken%2:30:00:: 00000008 1 1
state%2:32:00:: 00000009 1 9
utter%2:32:00:: 00000009 1 9
dupe%2:41:00:: 00000010 1 2
con%2:41:00:: 00000010 1 2
hoodwink%2:41:00:: 00000012 1 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wordnet")
    (path / "data.verb").write_text(DATA, encoding="utf-8")
    (path / "index.sense").write_text(SENSES, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def lexicon(folder: Path) -> Lexicon:
    return thesaurus.learn(load("train"), folder)


@pytest.fixture(scope="module")
def by_key(lexicon: Lexicon) -> dict[str, Concept]:
    return {concept.name.split()[-1]: concept for concept in lexicon.learnt}


def test_the_verbs_of_one_meaning_are_names_of_one_action(by_key: dict[str, Concept]) -> None:
    assert by_key["00000001"].names == ("wipe", "mop_up", "dab")
    assert by_key["00000003"].names == ("hurry", "dash_off")


def test_a_meaning_a_word_seldom_has_does_not_name_it(by_key: dict[str, Concept]) -> None:
    assert by_key["00000002"].names == ("scrub",)


def test_what_is_no_deed_or_never_met_is_left_out(by_key: dict[str, Concept]) -> None:
    assert not {"00000005", "00000007"} & set(by_key)


def test_no_verb_of_speaking_stands_beside_say(by_key: dict[str, Concept]) -> None:
    assert "00000009" not in by_key


def test_a_definition_with_a_second_unknown_is_not_said(by_key: dict[str, Concept]) -> None:
    assert not any("deceit" in deed for deed in by_key["00000010"].deeds)


def test_names_that_only_validation_uses_are_left_out(by_key: dict[str, Concept]) -> None:
    assert "scarper" in held_names()
    assert by_key["00000006"].names == ("skedaddle",)
    assert not any("scarper" in ask for ask in by_key["00000006"].asks)


def test_the_sentences_a_verb_fits_tell_what_it_is_done_to(by_key: dict[str, Concept]) -> None:
    assert by_key["00000003"].args == ()
    assert [arg.domain for arg in by_key["00000004"].args] == ["other"]


@pytest.mark.parametrize(
    ("key", "deed"),
    [
        ("00000003", "skedaddle with great haste"),
        ("00000006", "hurry off in fear"),
        ("00000008", "scrub {the thing} with soot"),
        ("00000012", "scrub {the person} by deceit"),
    ],
)
def test_a_definition_is_one_more_way_to_ask_for_it(
    by_key: dict[str, Concept], key: str, deed: str
) -> None:
    domain = by_key[key].args[0].domain if by_key[key].args else ""
    wanted = deed.replace("thing", domain) if "person" not in deed else deed
    assert wanted in by_key[key].deeds
    assert any(wanted in ask for ask in by_key[key].asks)


def test_meanings_near_each_other_are_never_offered_together(by_key: dict[str, Concept]) -> None:
    assert by_key["00000001"].name in by_key["00000002"].rivals
    assert "clean" in by_key["00000002"].rivals


def test_what_is_learnt_makes_situations_like_all_others(lexicon: Lexicon) -> None:
    rng = random.Random(5)
    for _ in range(80):
        for example in day(lexicon, rng, 8) + talk(lexicon, rng, 8):
            situation, decision = example.situation, example.decision
            assert Situation.from_dict(situation.to_dict()) == situation
            chosen = {action.name: action.args for action in situation.actions}[decision.action]
            assert all(decision.args[arg] in values for arg, values in chosen.items())
            concepts = {action.name for action in situation.actions}
            assert len(concepts) == len(situation.actions)


def test_days_ask_for_the_learnt_verbs(lexicon: Lexicon) -> None:
    rng = random.Random(4)
    names = {name for concept in lexicon.learnt for name in concept.names}
    chosen = [example.decision.action for _ in range(60) for example in day(lexicon, rng, 8)]
    assert len(names & set(chosen)) >= 4


def test_validation_learns_nothing_from_a_thesaurus(folder: Path) -> None:
    with pytest.raises(ValueError, match="train split only, got split 'val'"):
        thesaurus.learn(load("val"), folder)
