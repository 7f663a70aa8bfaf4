"""General English for healing: read from where others publish it, never kept in this project.

A *text folder* may hold LIGHT's ``light-*.json`` (MIT), a ``chitchat_dataset-*.whl`` (MIT) or plain
``*.txt`` files. Without any, healing runs on the copy exercises alone.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.distil.copying import exercise

MIN_CHARS, MAX_CHARS = 40, 2000  # shorter is noise, longer is not a passage
LIGHT_TEXT = {
    "characters": "persona",
    "objects": "descripton",
    "rooms": "description",
}  # their spelling


def read_passages(folders: list[Path]) -> list[str]:
    """All passages found in the text folders, in a stable order."""
    passages: list[str] = []
    for folder in folders:
        for path in sorted(folder.iterdir()):
            passages.extend(_read(path))
    return [p for p in passages if MIN_CHARS <= len(p) <= MAX_CHARS]


def _read(path: Path) -> Iterator[str]:
    if path.match("light-*.json"):
        field = LIGHT_TEXT.get(path.stem.removeprefix("light-"))
        for item in json.loads(path.read_text(encoding="utf-8")) if field else ():
            text = item.get(field) or ""
            yield " ".join(text) if isinstance(text, list) else text
    elif path.match("chitchat_dataset-*.whl"):
        with zipfile.ZipFile(path) as archive:
            talks = json.loads(archive.read("chitchat_dataset/dataset.json"))
        for talk in talks.values():
            turns = (" ".join(m["text"].strip() for m in turn) for turn in talk["messages"])
            yield "\n".join(f"- {turn}" for turn in turns if turn)
    elif path.suffix == ".txt":
        yield from path.read_text(encoding="utf-8").split("\n\n")


def rows(
    passages: list[str],
    encode: Callable[[str], list[int]],
    rng: random.Random,
    *,
    length: int,
    exercises: float,
) -> Iterator[list[int]]:
    """Endless rows of exactly ``length`` token ids, passages packed end to end.

    Args:
        exercises: The share of passages that are copy exercises.
    """
    buffer: list[int] = []
    while True:
        while len(buffer) < length:
            general = passages and rng.random() >= exercises
            text = rng.choice(passages) if general else exercise(rng)
            buffer += [1, *encode(text), 2]
        yield buffer[:length]
        buffer = buffer[length:] if rng.random() < 0.5 else []
