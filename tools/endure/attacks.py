"""Attacks by words: those kept as test data in ``tests/attacks``, and random mixtures of them."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["Attack", "mutant", "read_attacks", "read_names"]

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "attacks"
KIND = "== "
ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|x[0-9a-f]{2}|[nrt0\\])")
SINGLE = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
TIMES = re.compile(r"\{(\d+)\} ")
MAX_CHARS = 4000  # of a random one; longer ones are cut to a thousand before they are read anyway


class Attack(NamedTuple):
    """A hostile text that somebody types."""

    kind: str
    text: str


def read_attacks() -> list[Attack]:
    """All attacks for players' lines."""
    return _read("attacks.txt")


def read_names() -> list[Attack]:
    """All attacks for the names of speakers and characters."""
    return _read("names.txt")


def mutant(attacks: list[Attack], dice: random.Random) -> str:
    """One attack made of parts of several."""
    parts = []
    for _ in range(dice.choice((1, 2, 2, 3, 5))):
        text = dice.choice(attacks).text[:MAX_CHARS]
        start = dice.randrange(len(text) + 1) if dice.random() < 0.5 else 0
        parts.append(text[start : start + dice.choice((4, 20, 80, MAX_CHARS))])
    return dice.choice(("", " ", "\n", ". ", "\0", "\u200b")).join(parts)[:MAX_CHARS]


def _read(name: str) -> list[Attack]:
    attacks, kind = [], ""
    for line in (FOLDER / name).read_text(encoding="utf-8").split("\n"):
        if line.startswith(KIND):
            kind = line.removeprefix(KIND)
        elif kind and line:
            attacks.append(Attack(kind, _text(line)))
    return attacks


def _text(line: str) -> str:
    times = TIMES.match(line)
    text = ESCAPE.sub(_character, line[times.end() :] if times else line)
    # JSON spells a character beyond 16 bits as two halves, which become one again here.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text * int(times[1]) if times else text


def _character(escape: re.Match[str]) -> str:
    word = escape[1]
    return SINGLE[word] if word in SINGLE else chr(int(word[1:], 16))
