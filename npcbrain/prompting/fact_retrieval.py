"""What an event is about: the facts that share its words.

The classical half of reading. A small model finds the one fact among ten that a question is about
only after long training, and a count of shared words finds it at once; what the model adds is to
judge whether it answers, and to say it. English endings and small words are known, nothing else.
Invariant: pure; the same situation, the same lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

__all__ = ["overlap", "recalled_facts", "split_words", "stem", "stems"]

MAX_RECALLED = 2  # lines; the right fact is the first in 97 of 100 cases, or none is
CLOSE = 0.5  # of the best score; what shares less is not worth its tokens
ALIKE = 0.6  # shared trigrams (Dice) of two words that may be one word with a slip of the keys
SLIP_WORTH = 0.6  # of a word that is the same to the letter
MIN_SLIP_LETTERS = 4
MAX_SLIPS = 12  # words that are looked at for slips: a line of gibberish has dozens

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
    asked = stems(text)
    known = [stems(fact) for fact in facts]
    commonness = Counter(word for words in known for word in words)
    worth = [overlap(asked, words, commonness) for words in known]
    return [facts[index] for index in _best(worth)]


def _best(worth: Sequence[float]) -> list[int]:
    order = sorted(range(len(worth)), key=lambda index: -worth[index])[:MAX_RECALLED]
    least = CLOSE * worth[order[0]] if order else 0.0
    return [index for index in order if worth[index] > 0 and worth[index] >= least]


def overlap(asked: Collection[str], words: Collection[str], commonness: Mapping[str, int]) -> float:
    """How much of ``asked`` stands in ``words``; a word that many lines share counts less.

    At most ``MAX_SLIPS`` times ``len(words)`` comparisons of letters, whatever is asked.
    """
    total = 0.0
    num_slips = 0
    for word in asked:
        if word in words:
            total += 1 / commonness.get(word, 1)
        elif len(word) >= MIN_SLIP_LETTERS and num_slips < MAX_SLIPS:
            num_slips += 1
            like = next((other for other in words if _alike(word, other)), None)
            if like is not None:
                total += SLIP_WORTH / commonness.get(like, 1)
    return total


def _alike(word: str, other: str) -> bool:
    if len(other) < MIN_SLIP_LETTERS or abs(len(word) - len(other)) > 3:
        return False
    mine, its = _trigrams(word), _trigrams(other)
    return 2 * len(mine & its) >= ALIKE * (len(mine) + len(its))


# Facts, names and values come again with every event; what they hold is worth keeping.
@lru_cache(maxsize=4096)
def stems(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order, each once."""
    words = (stem(word) for word in split_words(text) if word not in SMALL_WORDS)
    return tuple(dict.fromkeys(words))


def split_words(text: str) -> list[str]:
    """Its words in lower case; those in a name however it is spelt."""
    return WORD.findall(HUMP.sub(" ", text).replace("_", " ").lower())


@lru_cache(maxsize=4096)
def _trigrams(word: str) -> frozenset[str]:
    padded = f"^{word}"
    return frozenset(padded[i : i + 3] for i in range(len(padded) - 2))


def stem(word: str) -> str:
    """An English word without its ending.

    >>> stem("opened"), stem("opening"), stem("key")
    ('open', 'open', 'key')
    """
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
