"""Which verbs are near in meaning: that to scarper is to flee, and to tote to carry.

A game may call an action by any word there is; a small model has met few of them. WordNet has met
nearly all, and looking one up takes microseconds. Read once from ``verbs.txt``, which
``tools/distil/verbs.py`` writes (the format is told there). It knows verbs only, and no grammar.
Invariant: pure but for reading that file once; being akin is symmetrical.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

__every_ = ["Senses", "are_akin", "load", "senses"]

VERBS = Path(__file__).with_name("verb_synonyms.txt")
COMMENT = "#"


class Verbs(NamedTuple):
    """The table.

    Attributes:
        meanings: By stem, what it often means and what it may mean, as numbers of lines.
        wider: By line, the kinds of deed that this one is.
    """

    meanings: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]
    wider: list[tuple[int, ...]]


class Senses(NamedTuple):
    """What some verbs may mean, as numbers of lines.

    Attributes:
        usual: What they often mean, and the kinds of deed that this is.
        all: What they may mean.
    """

    usual: frozenset[int]
    all: frozenset[int]

    def meet(self, other: Senses) -> bool:
        """Whether a verb of the one is akin to a verb of the other."""
        return not (self.usual.isdisjoint(other.all) and other.usual.isdisjoint(self.all))


def load() -> None:
    """Reads the table now (some 25 ms), so that no frame waits for it."""
    _table()


def are_akin(verb: str, other: str) -> bool:
    """Whether two verbs share a meaning, or one is a way to do the other.

    One of the two must often mean it: "run" may mean to flee, and "scarper" means nothing else.

    Args:
        verb: A stem, as ``fact_retrieval.stem`` makes it; or several words joined by underscores,
            whole.
        other: Likewise.

    >>> are_akin("scarper", "run"), are_akin("scarper", "cook")
    (True, False)
    """
    return senses((verb,)).meet(senses((other,)))


# A game asks about its own few hundred names over and over, and of each about the same event.
@lru_cache(maxsize=4096)
def senses(words: tuple[str, ...]) -> Senses:
    """What any of some verbs may mean; words that are no verbs mean nothing."""
    table = _table()
    usual: set[int] = set()
    every: set[int] = set()
    for word in words:
        often, meanings = table.meanings.get(word, ((), ()))
        every.update(meanings)
        usual.update(often, *(table.wider[number] for number in often))
    return Senses(frozenset(usual), frozenset(every))


@cache
def _table() -> Verbs:
    often: dict[str, list[int]] = {}
    seldom: dict[str, list[int]] = {}
    wider: list[tuple[int, ...]] = []
    lines = VERBS.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(line for line in lines if not line.startswith(COMMENT)):
        words, _, kinds = line.partition(">")
        wider.append(tuple(int(kind) for kind in kinds.split()))
        for word in words.split():
            verb = word.lstrip("~")
            (often if verb == word else seldom).setdefault(verb, []).append(number)
    meanings = {}
    for verb in often.keys() | seldom.keys():
        usual = tuple(often.get(verb, ()))
        meanings[verb] = usual, usual + tuple(seldom.get(verb, ()))
    return Verbs(meanings, wider)
