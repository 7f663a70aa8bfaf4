"""``Reader``: the two tables that events are read with, as one value.

A tree without a model reads with npcbrain's own, ``STANDARD_READER``, and so does a model that was
taught beside them. Another model brings its own in its folder, or goes without. Facts are found by
shared words alone and need no table. Invariant: a reader's tables never change.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from pathlib import Path

from npcbrain.lm.reader_tables import NO_TABLES, STANDARD_TABLES, ReaderTables
from npcbrain.prompting.verb_synonyms import VERBS, VerbSynonyms, read_verbs
from npcbrain.prompting.word_vectors import TABLE, WordVectors, read_affinity

__all__ = ["STANDARD_READER", "Reader", "reader_of"]

Content = Callable[[], bytes]


class Reader:
    """Two tables; each is read when it is needed first."""

    def __init__(self, vectors: Content, verbs: Content, where: str | Path) -> None:
        """Reads nothing yet.

        Args:
            vectors: Gives the content of the one, see ``word_vectors.read_affinity``.
            verbs: Gives the content of the other, see ``verb_synonyms.read_verbs``.
            where: The folder they are from, for messages.
        """
        self._vectors = vectors
        self._verbs = verbs
        self._where = str(where)

    @cached_property
    def vectors(self) -> WordVectors:
        """How near a name is to what an event asks for.

        Raises:
            ModelError: The content is no such table.
        """
        return WordVectors(read_affinity(self._vectors(), self._where))

    @cached_property
    def verbs(self) -> VerbSynonyms:
        """Which verbs are near in meaning.

        Raises:
            ModelError: The content is no such table.
        """
        return VerbSynonyms(read_verbs(self._verbs(), self._where))

    def load(self) -> Reader:
        """Reads both tables now (some 50 ms the first time), so that no frame waits for it.

        Raises:
            ModelError: One of them is no such table.
        """
        _ = self.vectors, self.verbs
        return self


STANDARD_READER = Reader(TABLE.read_bytes, VERBS.read_bytes, TABLE.parent)


@lru_cache(maxsize=4)  # the same tables, the same reader: what was looked up is worth keeping
def reader_of(tables: ReaderTables) -> Reader | None:
    """The reader with the tables that a model names; None where it was taught without."""
    if tables.name == STANDARD_TABLES:
        return STANDARD_READER
    if tables.name == NO_TABLES:
        return None
    return Reader(lambda: tables.vectors, lambda: tables.verbs, tables.where)
