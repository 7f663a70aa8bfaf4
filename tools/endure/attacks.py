"""The attacks by words that are kept as test data, ``tests/attacks``, and random kin of them."""

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
MAX_CHARS = 4000  # of a random one; what is longer is cut to a thousand before it is looked at


class Attack(NamedTuple):
    """What somebody types."""

    kind: str
    text: str


def read_attacks() -> list[Attack]:
    """All that players type."""
    return _read("attacks.txt")


def read_names() -> list[Attack]:
    """All that speakers and characters are called."""
    return _read("names.txt")


def mutant(attacks: list[Attack], dice: random.Random) -> str:
    """Parts of several attacks in one."""
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
    # Two halves of one character, as JSON spells what is beyond 16 bits, are that character.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return text * int(times[1]) if times else text


def _character(escape: re.Match[str]) -> str:
    word = escape[1]
    return SINGLE[word] if word in SINGLE else chr(int(word[1:], 16))
