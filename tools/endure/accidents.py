"""Saves and accidents: a fault at every operation, every prefix, flipped bytes.

The promise that is tried: the old save, the new one or a clear error; never a mix, never a crash.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

from npcbrain.errors import SaveError
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.saves.snapshot import read
from npcbrain.saves.store import Disk, put
from npcbrain.tree import Succeed
from tools.endure.faulty_disk import FaultyDisk, Killed
from tools.endure.files import SavedGame
from tools.endure.point import Point

__all__ = ["accidents"]

MOST_OPERATIONS = 40  # of one save; usual: 8


def accidents(point: Point, most: int | None = None) -> None:
    """Tries it for a point's time, or ``most`` rounds of flipped bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of last good saves
        contents = [_save_of(word) for word in ("first", "second", "third")]
        for kills in (False, True):
            for half in (False, True):
                _fail_everywhere(point, contents, kills=kills, half=half)
    with tempfile.TemporaryDirectory() as folder:
        whole = SavedGame(Path(folder)).content
    for end in range(0, len(whole), 1 if most is None else 97):
        _refuse(point, whole[:end], "prefixes")
    for dice in point.rounds(most):
        for _ in range(100):
            bad = bytearray(whole)
            for _ in range(dice.choice((1, 1, 1, 2, 3))):
                bad[dice.randrange(len(bad))] ^= 1 << dice.randrange(8)
            if bytes(bad) != whole:
                _refuse(point, bytes(bad), "flipped bytes")
    point.counts["people read again"] = len(read(whole, "whole").npcs)


def _fail_everywhere(point: Point, contents: list[bytes], *, kills: bool, half: bool) -> None:
    first, second, third = contents
    for fails_at in range(1, MOST_OPERATIONS):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "slot.npcb"
            put(path, first, Disk())
            put(path, second, Disk())
            disk = FaultyDisk(fails_at, kills=kills, half=half)
            told = False
            try:
                put(path, third, disk)
            except (SaveError, Killed):
                told = True
            point.counts["faults"] += 1
            word = _word_in(path)
            point.expect(
                word in (("second", "third") if told else ("third",)),
                f"the old save or the new after a fault at operation {fails_at}: {word}",
            )
            put(path, first, Disk())
            point.expect(_word_in(path) == "first", "what lies around is in nobody's way")
            if disk.num_calls < fails_at:
                return
    point.expect(False, f"a save takes less than {MOST_OPERATIONS} operations")


def _refuse(point: Point, content: bytes, what: str) -> None:
    point.counts[what] += 1
    try:
        read(content, "bad.npcb")
    except SaveError:
        return
    except BaseException as error:
        point.expect(False, f"{what}: {type(error).__name__}: {error}")
        return
    point.expect(False, f"{what}: read as if nothing were wrong")


def _save_of(word: str) -> bytes:
    runtime = _ann()
    runtime.npcs["Ann"].remember(f"The word is {word}.")
    return runtime._snapshot().packed(lambda: None)


def _word_in(path: Path) -> str:
    runtime = _ann()
    runtime.load(path)
    (entry,) = runtime.npcs["Ann"].memory
    return entry.text.removeprefix("The word is ").rstrip(".")


def _ann() -> Runtime:
    runtime = Runtime(None)
    persona = Persona.from_dict({"name": "Ann", "role": "cook"})
    runtime.add_npc("Ann", persona=persona, tree=Succeed())
    return runtime
