"""How well an action's name answers what is said, when the two share no word.

"Petra is shaking with fear" asks for ``settle_nerves``, and no list of synonyms says so. Vectors of
words do, which stand near each other where the words stand in like company (GloVe). Three learnt
projections turn them into what a sentence asks for, what a temper is ready to do and what a name
offers; the nearer they are, the better the name fits. ``tools/distil/affinity.py`` writes the
table. A model may bring its own, which may come from anybody. Invariant: pure; the same table and
words, the same nearness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from io import BytesIO
from math import exp, log1p, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from npcbrain.errors import ModelError, fault

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Vector = npt.NDArray[np.float32]

__all__ = ["Affinity", "Weights", "WordVectors", "read_affinity"]

TABLE = Path(__file__).with_name("word_vectors.npz")
TINY = 1e-3  # a shorter sum of vectors says nothing
ENDINGS = ("s", "es", "ed", "d", "ing", "er")  # of a word whose plain form is known
MAX_HEADER = 256  # bytes of an array's, which is read as Python; usual: 118
MOST = 1000.0  # of a learnt number; usual: below 5. What is reckoned from these stays a number


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


class WordVectors:
    """A table, and what was looked up in it of late: words and names come with every event.

    Attributes:
        weights: What the signs of fitness are worth.
    """

    __slots__ = ("_asks", "_nothing", "_offers", "_talk", "_tempers", "weights")

    def __init__(self, table: Affinity) -> None:
        self.weights = table.weights
        self._talk, self._nothing = table.talk, table.nothing
        asks, tempers, _ = table.loudness
        self._asks = lru_cache(8192)(partial(_projected, table, table.asks, asks))
        self._tempers = lru_cache(1024)(partial(_projected, table, table.tempers, tempers))
        self._offers = lru_cache(4096)(partial(_offered, table))

    def nearness(
        self, words: Iterable[str], names: Sequence[tuple[str, ...]], temper: Iterable[str] = ()
    ) -> tuple[list[float], float]:
        """How near each name is to what an event asks for.

        About 40 us for a sentence and eight names met before.

        Args:
            words: Of the event, in lower case, without those that only say of whom or what.
            names: The words of each action's name.
            temper: Words for what whoever must choose is like, where that decides.

        Returns:
            By name, from -1 to 1 and 0 where nothing is known; and how far talk is asked for, which
            has no bounds.
        """
        asked = self._nothing.copy()
        for word in words:
            asked += self._asks(word)
        for word in temper:
            asked += self._tempers(word)
        asked /= max(_length(asked), TINY)
        return [float(asked @ self._offers(name)) for name in names], float(asked @ self._talk)


def row_of(word: str, rows: dict[str, int]) -> int | None:
    """The row of a word, or of what it is an ending of; None for one nobody knows."""
    if word in rows:
        return rows[word]
    plain = (word.removesuffix(end) + rest for end in ENDINGS for rest in ("", "e"))
    return next((rows[form] for form in plain if form in rows), None)


def read_affinity(content: bytes, where: str) -> Affinity:
    """Reads a table (some 20 ms).

    Args:
        content: As ``numpy.savez`` writes arrays: those of ``Affinity``, and for ``rows`` the words
            as ASCII codes with spaces between, ``words``.
        where: The file, for messages.

    Raises:
        ModelError: It is no such table.
    """
    import numpy as np

    found = _arrays(content, where)
    try:
        words = found["words"].tobytes().decode("ascii").split()
    except UnicodeDecodeError as error:
        raise ModelError(fault("words", "be ASCII", str(error), where)) from None
    dims, features = ((0, *found[name].shape)[-1] for name in ("vectors", "talk"))
    shapes = {
        "vectors": (len(words), dims),
        "asks": (dims, features),
        "tempers": (dims, features),
        "offers": (dims, features),
        "loudness": (3, dims + 1),
        "talk": (features,),
        "weights": (len(Weights._fields),),
    }
    for name, shape in shapes.items():
        array, kind = found[name], "int8" if name == "vectors" else "float32"
        if array.dtype != kind or array.shape != shape or not array.size:
            got = f"{array.dtype} {array.shape}"
            raise ModelError(fault(name, f"be {kind} {shape} and not empty", got, where))
        if name != "vectors" and not (np.abs(array) <= MOST).all():
            rule = f"hold numbers of at most {MOST:g}"
            raise ModelError(fault(name, rule, "others", where))
    if not found["vectors"].any(axis=1).all():
        raise ModelError(fault("vectors", "have a direction each", "zeros", where))
    return Affinity(
        {word: row for row, word in enumerate(words)},
        found["vectors"],
        found["asks"],
        found["tempers"],
        found["offers"],
        found["loudness"],
        found["talk"],
        np.zeros_like(found["talk"]),
        Weights(*found["weights"].tolist()),
    )


def _arrays(content: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    from zipfile import ZIP_STORED, ZipFile  # not above: importing npcbrain stays cheap

    names = ("words", "vectors", "asks", "tempers", "offers", "loudness", "talk", "weights")
    found = {}
    try:
        with ZipFile(BytesIO(content)) as file:
            for name in names:
                member = file.getinfo(f"{name}.npy")
                # What is packed may grow without end; what is not has at most the file's own size.
                if member.compress_type != ZIP_STORED:
                    raise ValueError("it is compressed")
                found[name] = _array(file.read(member))
    except Exception as error:  # numpy, zipfile and what they call raise many kinds
        rule = f"hold the arrays {', '.join(names)} as numpy.savez writes them"
        raise ModelError(fault("word vectors", rule, str(error), where)) from error
    return found


def _array(content: bytes) -> npt.NDArray[Any]:
    """An array as its header says: ``numpy.load`` would make room for all that this claims."""
    import numpy as np
    from numpy.lib import format as npy

    stream = BytesIO(content)
    if npy.read_magic(stream) != (1, 0):
        raise ValueError("its version is another")
    shape, is_fortran, dtype = npy.read_array_header_1_0(stream, MAX_HEADER)
    flat = np.frombuffer(content, dtype, offset=stream.tell())
    return flat.reshape(shape, order="F" if is_fortran else "C").copy(order="K")


def _length(vector: Vector) -> float:
    return sqrt(float(vector @ vector))


def _projected(table: Affinity, projection: Vector, loudness: Vector, word: str) -> Vector:
    row = row_of(word, table.rows)
    if row is None:
        return table.nothing
    vector: Vector = table.vectors[row].astype("float32")
    vector /= _length(vector)
    pitch = float(vector @ loudness[:-1] + loudness[-1])
    loud = max(pitch, 0.0) + log1p(exp(-abs(pitch)))  # softplus
    return (vector @ projection) * loud


def _offered(table: Affinity, name: tuple[str, ...]) -> Vector:
    total = table.nothing.copy()
    for word in name:
        total += _projected(table, table.offers, table.loudness[2], word)
    return total / max(_length(total), TINY)
