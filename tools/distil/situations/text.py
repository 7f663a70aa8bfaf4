"""Small text templates: choices, slots, and the grammar that substituted words would break.

A template is plain text with ``[a|b|]`` (pick one, may nest) and ``{slot}``, ``{the slot}``,
``{a slot}``, ``{is slot}``. It is no general template engine and knows no meaning.
Invariant: what ``expand`` returns is one line, spaced and capitalised as English.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

__all__ = [
    "bare",
    "capital",
    "clumsy",
    "definite",
    "expand",
    "indefinite",
    "is_plural",
    "phrase",
    "tidy",
]

CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(?:(the|a|is|has|was|it) )?(\w+)\}")
SPACE_BEFORE = re.compile(r"\s+([,.!?;:])")
SENTENCE_START = re.compile(r"(?<=[.!?] )([a-z])")
ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])(?!one\b|uni|use|eu|once|Uni|Eu)")
ARTICLE_HOUR = re.compile(r"\b([Aa]) (?=hour|honest|heir)")
PLURAL_WORDS = frozenset("people children men women oxen mice geese sheep cattle police".split())
SINGULAR_ENDS = ("ss", "us", "is", "lens", "news", "compass")
VERBS = {"is": ("is", "are"), "has": ("has", "have"), "was": ("was", "were"), "it": ("it", "they")}


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase takes "are". Looks at the head noun: the last word before "of"."""
    if phrase[:1].isupper():
        return False
    head = phrase.split(" of ")[0].split(" with ")[0].split(" to ")[0].split()[-1]
    return head in PLURAL_WORDS or (head.endswith("s") and not head.endswith(SINGULAR_ENDS))


def bare(phrase: str) -> str:
    """The phrase without its article."""
    for article in ("the ", "a ", "an ", "some "):
        if phrase.startswith(article):
            return phrase[len(article) :]
    return phrase


def definite(phrase: str) -> str:
    """``the`` phrase; proper names, numbered places and possessives stay as they are."""
    first, _, _ = phrase.partition(" ")
    if phrase[:1].isupper() or first in ("the", "my", "your", "his", "her", "our", "you", "me"):
        return phrase
    if first.endswith("'s") or _is_numbered(phrase):
        return phrase
    return f"the {bare(phrase)}"


def indefinite(phrase: str) -> str:
    """``a`` phrase; plurals and names get no article."""
    phrase = bare(phrase)
    if phrase[:1].isupper() or is_plural(phrase) or _is_numbered(phrase):
        return phrase
    return f"a {phrase}"


def expand(template: str, slots: Mapping[str, str], rng: random.Random) -> str:
    """Fills a template: choices first, so that no substituted value is read as one."""
    return tidy(phrase(template, slots, rng))


def phrase(template: str, slots: Mapping[str, str], rng: random.Random) -> str:
    """Like ``expand``, for a part of a sentence: nothing is tidied or capitalised yet."""
    while "[" in template:
        template = CHOICE.sub(lambda m: rng.choice(m[1].split("|")), template)
    return SLOT.sub(lambda m: _fill(m[1], slots[m[2]]), template)


def tidy(text: str) -> str:
    """Repairs spacing, ``a``/``an`` and capitals."""
    text = SPACE_BEFORE.sub(r"\1", " ".join(text.split()))
    text = ARTICLE.sub(r"\1n ", text)
    text = ARTICLE_HOUR.sub(r"\1n ", text)
    return SENTENCE_START.sub(lambda m: m[1].upper(), capital(text))


def capital(text: str) -> str:
    """``text`` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def clumsy(text: str, rng: random.Random) -> str:
    """``text`` as a hasty player types it: one slip, no capitals, or no final mark."""
    kind = rng.randrange(5)
    if kind == 0:
        return text.lower()
    if kind == 1:
        return text.rstrip(".?!").lower()
    if kind == 2:
        return text.upper() if len(text) < 40 and rng.random() < 0.3 else text.rstrip(".")
    return _slip(text, rng)


def _slip(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    long: Sequence[int] = [i for i, w in enumerate(words) if len(w) > 4 and w.isalpha()]
    if not long:
        return text
    index = rng.choice(long)
    word = words[index]
    at = rng.randrange(1, len(word) - 2)
    slips = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
    )
    words[index] = rng.choice(slips)
    return " ".join(words)


def _is_numbered(phrase: str) -> bool:
    """``dock two``, ``room 12``: a place with its number needs no article; "the grey one" does."""
    first, _, last = phrase.partition(" ")
    if last == "one":
        return first in NUMBERED_PLACES
    return last in NUMBERS or last.isdigit()


NUMBERS = frozenset("two three four five six seven eight nine ten eleven twelve".split())
NUMBERED_PLACES = frozenset(
    "hall room bay shed hold ward deck tower cabin tent level sector workshop gate door hatch dock "
    "lock shutter cell valve barrier airlock line courtroom garage dome corridor bunk house "
    "apartment berth compartment".split()
)


def _fill(form: str | None, value: str) -> str:
    if form is None:
        return value
    if form == "the":
        return definite(value)
    if form == "a":
        return indefinite(value)
    return VERBS[form][is_plural(value)]
