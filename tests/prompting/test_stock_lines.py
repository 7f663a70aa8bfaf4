"""Promises of ``prompting.stock_lines``: lines written beforehand, and which of them is said."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.plain_text import SENTENCE_ENDS
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import (
    BANK,
    MIN_CHOICE,
    OCCASIONS,
    OF_DEEDS,
    OF_TALK,
    VOICES,
    Phrase,
    load,
    phrase,
    quotes,
)
from npcbrain.situation import Event, Profile, Scene, Situation

WHENS = ("act", "say", "any")
ALL = [(occasion, line) for occasion, lines in load().items() for line in lines]
TRAIT = {voice: traits.split()[0] for voice, traits in VOICES.items()}

SLOTS = {
    "{name}": "Hilda",
    "{a_role}": "an innkeeper",
    "{goal}": "fill the inn",
    "{place}": "the inn",
    "{time}": "noon",
}

occasions = st.sampled_from(OCCASIONS)
emotions = st.sampled_from(EMOTIONS)
numbers = st.integers(0, 10_000)
profiles = st.builds(
    Profile,
    st.text(min_size=1, max_size=12),
    st.just("cook"),
    st.lists(st.sampled_from((*TRAIT.values(), "tall", "left-handed")), max_size=3).map(tuple),
)


def someone(*traits: str, name: str = "Hilda", facts: tuple[str, ...] = ()) -> Profile:
    return Profile(name, "innkeeper", traits, "fill the inn", facts)


def line_of(occasion: str, who: Profile, place: str = "the inn", **options: object) -> str:
    said = Situation(who, Scene(place, "noon"), Event("speech", "player", "Hm?"), ())
    return phrase(occasion, said, **options)  # type: ignore[arg-type]


def unfilled(occasion: str, text: str) -> Phrase:
    """The line of the bank, its slots empty."""
    (found,) = (line for line in load()[occasion] if text in variants(line.text))
    return found


def variants(text: str) -> set[str]:
    """A line as it is, and as Hilda, an innkeeper at the inn who would fill it, says it at noon."""
    filled = text
    for slot, value in SLOTS.items():
        filled = filled.replace(slot, value)
    return {text, f"{filled[0].upper()}{filled[1:]}"}


def voice_of(occasion: str, text: str) -> str:
    return unfilled(occasion, text).voice


def test_every_line_of_the_bank_has_five_fields() -> None:
    rows = BANK.read_text(encoding="utf-8").splitlines()
    assert [row for row in rows if len(row.split(" | ")) != 1 + len(Phrase._fields)] == []
    assert len(rows) == len(ALL) > 1000


def test_every_line_is_for_a_known_moment_voice_and_mood() -> None:
    assert [
        (occasion, line)
        for occasion, line in ALL
        if line.when not in WHENS
        or line.voice not in ("plain", *VOICES)
        or line.emotion not in EMOTIONS
    ] == []


def test_every_line_is_a_short_sentence_that_ends() -> None:
    texts = [line.text for _, line in ALL]
    assert [text for text in texts if not 2 <= len(text.split()) <= 14] == []
    assert [text for text in texts if text[-1] not in SENTENCE_ENDS] == []
    slots = {slot for text in texts for slot in re.findall(r"\{.*?\}|[{}]", text)}
    assert slots == set(SLOTS)
    assert [text for text in texts if not text.isascii() or not text.isprintable()] == []


def test_no_line_names_anybody_or_tells_a_number() -> None:
    named = re.compile(r"\d|[^\W_][,;]? [A-Z][^\W_]")
    assert [line.text for _, line in ALL if named.search(line.text)] == []


def test_no_line_is_there_twice() -> None:
    counts = Counter(re.sub(r"\W+", " ", line.text.lower()).strip() for _, line in ALL)
    assert [text for text, count in counts.items() if count > 1] == []


def test_every_occasion_has_enough_lines_wherever_it_applies() -> None:
    assert tuple(load()) == OCCASIONS
    for occasion, lines in load().items():
        for acts, when in ((True, "act"), (False, "say")):
            if occasion in (OF_DEEDS if acts else OF_TALK):
                count = sum(line.when in (when, "any") for line in lines)
                # Where none was written for that side, those of the other are said.
                assert (count or len(lines)) >= MIN_CHOICE, (occasion, when)


def test_every_voice_has_enough_lines_for_every_occasion() -> None:
    for occasion, lines in load().items():
        counts = Counter(line.voice for line in lines)
        assert min(counts[voice] for voice in ("plain", *VOICES)) >= MIN_CHOICE, occasion


def test_every_voice_has_traits_of_its_own() -> None:
    traits = [trait for voice in VOICES.values() for trait in voice.split()]
    assert len(set(traits)) == len(traits)


@given(occasions, profiles, emotions, st.booleans(), numbers)
def test_the_next_time_another_line_is_said(
    occasion: str, profile: Profile, emotion: str, acts: bool, number: int
) -> None:
    first, second, third = (
        line_of(occasion, profile, emotion=emotion, acts=acts, number=number + i) for i in range(3)
    )
    assert len({first, second, third}) == 3  # of MIN_CHOICE lines at least


@given(occasions, profiles, emotions, st.booleans(), numbers)
def test_what_is_said_fits_the_occasion_and_the_deed(
    occasion: str, profile: Profile, emotion: str, acts: bool, number: int
) -> None:
    said = line_of(occasion, profile, emotion=emotion, acts=acts, number=number)
    whens = {line.when for line in load()[occasion]}
    fits = {"act", "any"} if acts else {"say", "any"}
    if "{" not in "".join(line.text for line in load()[occasion]):
        assert unfilled(occasion, said).when in fits or fits.isdisjoint(whens)


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("occasion", OCCASIONS)
def test_who_has_a_voice_speaks_in_it_or_plainly(occasion: str, voice: str) -> None:
    who = someone("tall", TRAIT[voice])
    acts = all(line.when == "act" for line in load()[occasion])
    for emotion in EMOTIONS:
        said = {
            voice_of(occasion, line_of(occasion, who, emotion=emotion, acts=acts, number=number))
            for number in range(60)
        }
        assert said <= {voice, "plain"}


def test_traits_of_two_voices_give_both() -> None:
    both = someone("gruff", "warm")
    said = {
        voice_of("greeting", line_of("greeting", both, emotion=mood, acts=False, number=number))
        for mood in EMOTIONS
        for number in range(60)
    }
    assert {"gruff", "warm"} <= said


def test_who_has_none_of_the_voices_is_never_courtly_or_childish() -> None:
    said = {
        voice_of(
            "greeting", line_of("greeting", someone("tall"), emotion=mood, acts=False, number=n)
        )
        for mood in EMOTIONS
        for n in range(60)
    }
    assert said <= {"plain", "dry", "warm"}


def test_the_mood_is_kept_where_there_are_lines_enough_of_it() -> None:
    lines = [x for x in load()["greeting"] if x.voice in ("warm", "plain") and x.emotion == "happy"]
    assert len(lines) >= MIN_CHOICE
    said = {
        line_of("greeting", someone("warm"), emotion="happy", acts=False, number=number)
        for number in range(len(lines))
    }
    assert said == {line.text for line in lines}


def test_what_one_knows_of_oneself_is_said_where_one_is_asked_for_it() -> None:
    for occasion, part in (("asked name", "Hilda"), ("asked work", "an innkeeper")):
        said = [
            line_of(occasion, someone(), emotion="neutral", acts=False, number=number)
            for number in range(20)
        ]
        assert all(part.lower() in line.lower() for line in said)


def test_a_line_with_a_slot_that_nothing_fills_is_not_said() -> None:
    for number in range(40):
        said = line_of("asked place", someone(), "", emotion="neutral", acts=False, number=number)
        assert "{" not in said
        assert "  " not in said


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("cook", "a cook"),
        ("old healer", "an old healer"),
        ("the king's cook", "the king's cook"),
        ("Odile's apprentice", "Odile's apprentice"),
    ],
)
def test_a_role_is_told_with_its_article(role: str, said: str) -> None:
    lines = {
        line_of("asked work", Profile("Wat", role), emotion="neutral", acts=False, number=number)
        for number in range(20)
    }
    assert all(said.lower() in line.lower() for line in lines)


def test_two_people_do_not_begin_with_the_same_line() -> None:
    said = {
        line_of("not knowing", someone(name=name), emotion="neutral", acts=False, number=0)
        for name in ("Hilda", "Wat", "Greta", "Otto", "Piers", "Selma")
    }
    assert len(said) > 3


def test_a_name_that_is_no_text_at_all_still_gets_a_line() -> None:
    assert line_of("greeting", someone(name="\ud800"), emotion="happy", acts=False, number=0)


def test_own_lines_win_and_take_turns() -> None:
    own = ("Ahoy.", "Ahoy there.")
    said = [
        line_of("greeting", someone(), emotion="happy", acts=False, number=number, own=own)
        for number in range(3)
    ]
    assert said == ["Ahoy.", "Ahoy there.", "Ahoy."]


def test_in_talk_facts_may_be_quoted_and_beside_a_deed_what_goes_with_one() -> None:
    facts = (
        "A bed costs five coppers.",
        "Zed owes Hilda, and she knows.",
        "A bed costs five coppers.",
    )
    assert quotes(someone(facts=facts), acts=False) == ("A bed costs five coppers.", *OF_TALK)
    assert quotes(someone(facts=facts), acts=True) == OF_DEEDS


def test_a_fact_that_is_called_as_an_occasion_is_there_once() -> None:
    assert quotes(someone(facts=("greeting",)), acts=False).count("greeting") == 1


def test_every_occasion_goes_with_deeds_or_talk_or_both() -> None:
    assert {*OF_DEEDS, *OF_TALK} == set(OCCASIONS)
    assert len(set(OCCASIONS)) == len(OCCASIONS)
