"""Lines written beforehand: what an NPC may quote where it need not find words of its own.

A model this small chooses better than it writes. So beside free speech an answer may be a quote: a
fact as it stands, or a line for an occasion, such as ``handing over``; the model names the fact or
the occasion, and the line is picked here, from the persona's own lines or from a bank that holds
neither names nor facts. Invariant: pure; and who quotes twice in a row says two lines.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from npcbrain.prompting.fact_retrieval import split_words
from npcbrain.situation import Profile

__all__ = ["OCCASIONS", "Phrase", "is_sayable", "load", "phrase", "quotes"]

BANK = Path(__file__).with_name("stock_lines.txt")
MIN_CHOICE = 3  # lines; from fewer a player would hear one thrice in a row
OF_SOMEBODY = frozenset("he she his her him hers".split())  # a fact that begins so is about another

# Occasions that go with a deed, with talk, and with either. A persona's ``lines`` may have its own.
WITH_DEEDS = (
    "handing over", "obeying", "leading", "ordering other", "alarm", "fighting back", "fleeing",
    "calling help", "work as usual",
)  # fmt: skip
WITH_TALK = (
    "greeting", "welcome", "praised", "insulted", "not knowing", "nonsense", "how are you",
    "small talk", "about self deflect", "disbelief", "apology accepted", "not yet", "trading",
)  # fmt: skip
WITH_EITHER = (
    "warning", "comfort", "thanks for gift", "agreeing", "waiting", "farewell", "threatened",
    "apology made", "refusing", "refusing rule", "suspicion", "surprise", "delight", "grief",
)  # fmt: skip
OF_DEEDS, OF_TALK = (*WITH_DEEDS, *WITH_EITHER), (*WITH_TALK, *WITH_EITHER)
OCCASIONS = (*WITH_DEEDS, *WITH_TALK, *WITH_EITHER)

# Which voice somebody has, by a word of its traits; who has none of these speaks plainly.
VOICES = {
    "gruff": "gruff grumpy blunt stern harsh rough surly tough hard fierce angry stubborn sour"
    " bad-tempered grim rude brusque cantankerous irritable short-tempered",
    "warm": "warm kind gentle motherly friendly generous loving cheerful hearty jolly caring"
    " patient tender soft-hearted good-natured cosy",
    "courtly": "courtly noble proud formal polite pompous elegant dignified vain haughty regal"
    " correct old-fashioned solemn pious learned gallant",
    "dry": "dry wry sardonic sly shrewd cynical clever calm witty ironic tired cunning weary"
    " deadpan laconic cool practical",
    "timid": "timid shy nervous anxious fearful cowardly meek gentle-voiced jumpy worried lonely"
    " humble unsure",
    "young": "young childish playful eager naive excitable curious cheeky restless energetic"
    " innocent hyper",
}
VOICE_OF = {trait: voice for voice, traits in VOICES.items() for trait in traits.split()}
PLAIN = ("plain", "dry", "warm")


class Phrase(NamedTuple):
    """A line of the bank.

    Attributes:
        when: ``act`` beside a deed, ``say`` where one only talks, ``any``.
        voice: ``plain`` or one of ``VOICES``.
        emotion: The mood it is said in.
        text: A sentence or two.
    """

    when: str
    voice: str
    emotion: str
    text: str


@cache
def load() -> Mapping[str, tuple[Phrase, ...]]:
    """The bank by occasion; 3 ms the first time, so that no frame should be the first."""
    bank: dict[str, list[Phrase]] = {occasion: [] for occasion in OCCASIONS}
    for line in BANK.read_text(encoding="utf-8").splitlines():
        occasion, *fields = line.split(" | ")
        bank[occasion.replace("_", " ")].append(Phrase(*fields))
    return {occasion: tuple(phrases) for occasion, phrases in bank.items()}


def quotes(profile: Profile, *, acts: bool) -> tuple[str, ...]:
    """What somebody may quote: occasions, and in talk its facts, as far as it can say them."""
    if acts:
        return OF_DEEDS
    facts = (fact for fact in profile.facts if is_sayable(fact, profile.name))
    return tuple(dict.fromkeys((*facts, *OF_TALK)))


def phrase(
    occasion: str,
    profile: Profile,
    *,
    emotion: str,
    acts: bool,
    number: int,
    own: Sequence[str] = (),
) -> str:
    """A line for an occasion; microseconds.

    Args:
        occasion: One of ``OCCASIONS``.
        profile: Whose line: the same line comes to two people at different times.
        emotion: The mood it is said in, where there are lines enough of that mood.
        acts: Whether it goes with a deed.
        number: How often that person has been asked: another number, another line.
        own: The persona's own lines for the occasion; if there are any, one of them.
    """
    if own:
        return own[number % len(own)]
    lines = load()[occasion]
    fitting = [line for line in lines if line.when != ("say" if acts else "act")] or lines
    voices = _voices(profile.traits)
    for voiced in (
        [line for line in fitting if line.voice in voices and line.emotion == emotion],
        [line for line in fitting if line.voice in voices],
        fitting,
    ):
        if len(voiced) >= MIN_CHOICE:
            break
    first = zlib.crc32(profile.name.encode("utf-8", "replace"))
    return voiced[(first + number) % len(voiced)].text


def is_sayable(fact: str, name: str) -> bool:
    """Whether a fact can be said as it is written by whoever is called ``name``.

    Not if it tells of the speaker as of somebody else.

    >>> is_sayable("A bed costs five coppers.", "Hilda"), is_sayable("Her back aches.", "Hilda")
    (True, False)
    """
    words = split_words(fact)
    return bool(words) and words[0] not in OF_SOMEBODY and not set(words) & set(split_words(name))


def _voices(traits: Sequence[str]) -> tuple[str, ...]:
    words = (word for trait in traits for word in trait.lower().split())
    found = dict.fromkeys(VOICE_OF[word] for word in words if word in VOICE_OF)
    return (*found, "plain") if found else PLAIN
