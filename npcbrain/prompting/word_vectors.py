"""How well an action's name answers what is said, when the two share no word.

"Petra is shaking with fear" asks for ``settle_nerves``, and no list of synonyms says so. Vectors of
words do, which stand near each other where the words stand in like company (GloVe). Three learnt
projections turn them into what a sentence asks for, what a temper is ready to do and what a name
offers; the nearer they are, the better the name fits. Read once from ``affinity.npz``, which
``tools/distil/affinity.py`` writes. Invariant: pure but for reading that file once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from math import exp, log1p, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vector = npt.NDArray[np.float32]

__all__ = ["Affinity", "Weights", "load", "nearness", "weights"]

TABLE = Path(__file__).with_name("word_vectors.npz")
TINY = 1e-3  # a shorter sum of vectors says nothing
ENDINGS = ("s", "es", "ed", "d", "ing", "er")  # of a word whose plain form is known


class Weights(NamedTuple):
    """What each sign of an action's fitness adds to its score, in natural logarithms of odds.

    Attributes:
        name: A word of the event that stands in the name.
        kin: A verb of the event that is near in meaning to one of the name.
        values: A value that the event mentions.
        missing: An argument none of whose values it mentions.
        near: The nearness of event and name, from -1 to 1.
        talk: Plain talk, which needs no sign.
        question: What a question mark at the end adds to that.
        world: What it adds that nobody spoke.
    """

    name: float
    kin: float
    values: float
    missing: float
    near: float
    talk: float
    question: float
    world: float


class Affinity(NamedTuple):
    """The table.

    Attributes:
        rows: By word, its row.
        vectors: int8 [words, dims]; only their directions count.
        asks: float32 [dims, features]: from a word of an event to what it asks for.
        tempers: float32 [dims, features]: from a trait of whoever is attacked to what it asks for.
        offers: float32 [dims, features]: from a word of a name to what it offers.
        loudness: float32 [3, dims + 1]: how much a word counts in an event, as a trait, and in a
            name; the last column is the same for every word.
        talk: float32 [features]: what asks for an answer and no deed.
        nothing: float32 [features]: zeros.
        weights: See there.
    """

    rows: dict[str, int]
    vectors: npt.NDArray[np.int8]
    asks: Vector
    tempers: Vector
    offers: Vector
    loudness: Vector
    talk: Vector
    nothing: Vector
    weights: Weights


def load() -> None:
    """Reads the table now (some 20 ms), so that no frame waits for it."""
    _table()


def weights() -> Weights:
    """What the signs of fitness are worth."""
    return _table().weights


def nearness(
    words: Iterable[str], names: Sequence[tuple[str, ...]], temper: Iterable[str] = ()
) -> tuple[list[float], float]:
    """How near each name is to what an event asks for.

    About 40 us for a sentence and eight names met before.

    Args:
        words: Of the event, in lower case, without those that only say of whom or what.
        names: The words of each action's name.
        temper: Words for what whoever must choose is like, where that decides.

    Returns:
        By name, from -1 to 1 and 0 where nothing is known; and how far talk is asked for, which has
        no bounds.
    """
    table = _table()
    asked = table.nothing.copy()
    for word in words:
        asked += _asks(word)
    for word in temper:
        asked += _tempers(word)
    asked /= max(_length(asked), TINY)
    return [float(asked @ _offers(name)) for name in names], float(asked @ table.talk)


@lru_cache(maxsize=8192)
def _asks(word: str) -> Vector:
    table = _table()
    return _projected(word, table.asks, table.loudness[0])


@lru_cache(maxsize=1024)
def _tempers(word: str) -> Vector:
    table = _table()
    return _projected(word, table.tempers, table.loudness[1])


@lru_cache(maxsize=4096)
def _offers(name: tuple[str, ...]) -> Vector:
    table = _table()
    total = table.nothing.copy()
    for word in name:
        total += _projected(word, table.offers, table.loudness[2])
    return total / max(_length(total), TINY)


def _length(vector: Vector) -> float:
    return sqrt(float(vector @ vector))


def _projected(word: str, projection: Vector, loudness: Vector) -> Vector:
    table = _table()
    row = row_of(word, table.rows)
    if row is None:
        return table.nothing
    vector: Vector = table.vectors[row].astype("float32")
    vector /= _length(vector)
    pitch = float(vector @ loudness[:-1] + loudness[-1])
    loud = max(pitch, 0.0) + log1p(exp(-abs(pitch)))  # softplus
    return (vector @ projection) * loud


def row_of(word: str, rows: dict[str, int]) -> int | None:
    """The row of a word, or of what it is an ending of; None for one nobody knows."""
    if word in rows:
        return rows[word]
    plain = (word.removesuffix(end) + rest for end in ENDINGS for rest in ("", "e"))
    return next((rows[form] for form in plain if form in rows), None)


@cache
def _table() -> Affinity:
    import numpy as np

    with np.load(TABLE, allow_pickle=False) as file:
        words = file["words"].tobytes().decode("ascii").split()
        return Affinity(
            {word: row for row, word in enumerate(words)},
            file["vectors"],
            file["asks"],
            file["tempers"],
            file["offers"],
            file["loudness"],
            file["talk"],
            np.zeros_like(file["talk"]),
            Weights(*file["weights"].tolist()),
        )
