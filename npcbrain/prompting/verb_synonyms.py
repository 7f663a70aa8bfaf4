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

__all__ = ["are_akin", "load"]

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


def load() -> None:
    """Reads the table now (some 25 ms), so that no frame waits for it."""
    _table()


@lru_cache(maxsize=16384)  # a game asks about its own few hundred names over and over
def are_akin(verb: str, other: str) -> bool:
    """Whether two verbs share a meaning, or one is a way to do the other.

    One of the two must often mean it: "run" may mean to flee, and "scarper" means nothing else.
    About a microsecond when asked for the first time.

    Args:
        verb: A stem, as ``recall.stem`` makes it; or several words joined by underscores, whole.
        other: Likewise.

    >>> are_akin("scarper", "run"), are_akin("scarper", "cook")
    (True, False)
    """
    table = _table()
    mine, its = table.meanings.get(verb), table.meanings.get(other)
    if mine is None or its is None:
        return False
    return _reaches(mine[0], its[1], table) or _reaches(its[0], mine[1], table)


def _reaches(usual: tuple[int, ...], meanings: tuple[int, ...], table: Verbs) -> bool:
    """Whether one of the usual meanings, or a kind it belongs to, is among the others."""
    return any(
        number in meanings or any(kind in meanings for kind in table.wider[number])
        for number in usual
    )


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
