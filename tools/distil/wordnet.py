"""WordNet's verbs, as its files have them: ``data.verb`` and ``index.sense``.

The format is told in WordNet's manual, wndb(5WN) and senseidx(5WN). Reads and judges nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

__all__ = ["Pointer", "Sense", "Synset", "read_senses", "read_verbs"]

VERB_MARK = "2:"  # of a sense key, behind the word


class Pointer(NamedTuple):
    """How one meaning is related to another."""

    symbol: str
    key: str
    part: str


class Sense(NamedTuple):
    """One use of a word: its place among the word's senses from 1, and how often it was met."""

    number: int
    count: int


@dataclass(frozen=True, slots=True)
class Synset:
    """Verbs of one meaning.

    Attributes:
        key: Where the file has it.
        field: Number of the file of its kind.
        words: The verbs, with underscores.
        near: Other meanings.
        frames: Numbers of the sentences it fits.
        gloss: Its definition.
    """

    key: str
    field: int
    words: tuple[str, ...]
    near: tuple[Pointer, ...]
    frames: frozenset[int]
    gloss: str


def read_verbs(folder: Path) -> tuple[list[str], list[Synset]]:
    """The lines of the licence without their numbers, and all meanings of verbs."""
    licence, found = [], []
    for line in (folder / "data.verb").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            licence.append(" ".join(line.split()[1:]))
        else:
            found.append(_synset(line))
    return licence, found


def read_senses(folder: Path) -> dict[tuple[str, str], Sense]:
    """By verb and key of its meaning."""
    found = {}
    for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
        sense, key, number, count = line.split()
        word, _, rest = sense.partition("%")
        if rest.startswith(VERB_MARK):
            found[word, key] = Sense(int(number), int(count))
    return found


def _synset(line: str) -> Synset:
    data, _, gloss = line.partition(" | ")
    parts = data.split()
    key, field, num_words = parts[0], int(parts[1]), int(parts[3], 16)
    words = tuple(parts[4 + 2 * i] for i in range(num_words))
    at = 4 + 2 * num_words
    num_near = int(parts[at])
    near = tuple(Pointer(*parts[at + 1 + 4 * i : at + 4 + 4 * i]) for i in range(num_near))
    frames = frozenset(map(int, parts[at + 2 + 4 * num_near :][1::3]))
    return Synset(key, field, words, near, frames, gloss.strip())
