"""Which verbs are near in meaning: that to scarper is to flee, and to tote to carry.

A game may call an action by any word there is; a small model has met few of them. WordNet has met
nearly all, and looking one up takes microseconds. ``tools/distil/verbs.py`` writes the table (the
format is told there); it knows verbs only, and no grammar. A model may bring its own, which may
come from anybody. Invariant: pure; being akin is symmetrical.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from npcbrain.errors import ModelError, fault

__all__ = ["Senses", "VerbSynonyms", "Verbs", "read_verbs"]

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


class VerbSynonyms:
    """A table, and what was looked up in it of late.

    A game asks about its own few hundred names over and over, and of each about the same event.
    """

    __slots__ = ("_senses",)

    def __init__(self, table: Verbs) -> None:
        self._senses = lru_cache(4096)(partial(_senses, table))

    def senses(self, words: tuple[str, ...]) -> Senses:
        """What any of some verbs may mean; words that are no verbs mean nothing."""
        return self._senses(words)

    def are_akin(self, verb: str, other: str) -> bool:
        """Whether two verbs share a meaning, or one is a way to do the other.

        One of the two must often mean it: "run" may mean to flee, and "scarper" means nothing else.

        Args:
            verb: A stem, as ``fact_retrieval.stem`` makes it; or several words joined by
                underscores, whole.
            other: Likewise.

        >>> verbs = VerbSynonyms(read_verbs(VERBS.read_bytes(), str(VERBS)))
        >>> verbs.are_akin("scarper", "run"), verbs.are_akin("scarper", "cook")
        (True, False)
        """
        return self.senses((verb,)).meet(self.senses((other,)))


def read_verbs(content: bytes, where: str) -> Verbs:
    """Reads a table (some 25 ms).

    Args:
        content: A line of text a meaning; see above.
        where: The file, for messages.

    Raises:
        ModelError: It is no such table.
    """
    often: dict[str, list[int]] = {}
    seldom: dict[str, list[int]] = {}
    wider: list[tuple[int, ...]] = []
    try:
        lines = content.decode("utf-8").splitlines()
        for number, line in enumerate(line for line in lines if not line.startswith(COMMENT)):
            words, _, kinds = line.partition(">")
            wider.append(tuple(int(kind) for kind in kinds.split()))
            for word in words.split():
                verb = word.lstrip("~")
                (often if verb == word else seldom).setdefault(verb, []).append(number)
    except ValueError as error:
        rule = "be lines of words in UTF-8, with numbers of lines behind a >"
        raise ModelError(fault("verbs", rule, str(error), where)) from error
    meanings = {}
    for verb in often.keys() | seldom.keys():
        usual = tuple(often.get(verb, ()))
        meanings[verb] = usual, usual + tuple(seldom.get(verb, ()))
    return Verbs(meanings, wider)


def _senses(table: Verbs, words: tuple[str, ...]) -> Senses:
    usual: set[int] = set()
    every: set[int] = set()
    for word in words:
        often, meanings = table.meanings.get(word, ((), ()))
        every.update(meanings)
        usual.update(often, *(table.wider[number] for number in often))
    return Senses(frozenset(usual), frozenset(every))
