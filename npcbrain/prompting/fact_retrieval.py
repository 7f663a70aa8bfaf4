"""Finds the facts that an event is about: those that share its words.

This is the classical half of reading. A small model needs long training to find the one fact among
ten that a question is about; a count of shared words finds it at once. The model then judges
whether the fact answers the question, and says it. Only English endings and small words are known.
Invariant: pure; the same situation gives the same lines.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from npcbrain.prompting.lexicon import Lexicon

__all__ = ["lexicon", "recalled_facts", "split_words", "stem", "stems"]

MAX_RECALLED = 2  # lines; in 97 of 100 cases the right fact is the first, or no fact is right
CLOSE = 0.5  # of the best score; a fact with less is not worth its tokens

WORD = re.compile(r"[^\W_]+")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")  # in actionNames
ENDINGS = ("ing", "ies", "ed", "es", "s", "e")
SMALL_WORDS = frozenset(
    "a about again all am an and any are as at be been but by can could did do does don for from "
    "get go going got had has have he her here him his how i if in is it its just know let like ll "
    "m may me might must my need no not now of on or our out please re s say shall she should "
    "so some t tell than that the their them then there these they this those to too up us ve very "
    "want was we were what when where which who whom whose why will with would you your".split()
)


def recalled_facts(facts: Sequence[str], text: str) -> list[str]:
    """The facts nearest to an event's text, best first; none if they share no word.

    About 50 us for ten facts met before.

    >>> recalled_facts(["A bed costs five coppers.", "The cellar has rats."], "How much is a bed?")
    ['A bed costs five coppers.']
    """
    return [*_recalled(tuple(facts), text)]


# Prompt, action prior and reflex ask the same about an event, and a prompt may be shortened.
@lru_cache(maxsize=256)
def _recalled(facts: tuple[str, ...], text: str) -> tuple[str, ...]:
    worth = lexicon(facts).overlap(stems(text), weighs_rare=True)
    order = sorted(worth, key=lambda index: (-worth[index], index))[:MAX_RECALLED]
    return tuple(facts[index] for index in order if worth[index] >= CLOSE * worth[order[0]])


# Facts, names and values come again with every event, so their words are kept.
@lru_cache(maxsize=4096)
def lexicon(lines: tuple[str, ...]) -> Lexicon:
    """The words of some lines; cached, because a persona's are looked up with every event."""
    return Lexicon(map(stems, lines))


@lru_cache(maxsize=4096)
def stems(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order, each once."""
    words = (stem(word) for word in split_words(text) if word not in SMALL_WORDS)
    return tuple(dict.fromkeys(words))


def split_words(text: str) -> list[str]:
    """The words of a text in lower case, also those in names such as ``actionNames``."""
    return WORD.findall(HUMP.sub(" ", text).replace("_", " ").lower())


def stem(word: str) -> str:
    """An English word without its ending.

    >>> stem("opened"), stem("opening"), stem("key")
    ('open', 'open', 'key')
    """
    if not word.endswith(ENDINGS):
        return word
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
