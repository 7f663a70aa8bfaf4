"""Saved games: a few slots, two files each, in the folder where the settings are.

``slot2.json`` is the village and names the file of its minds, ``slot2-17.npcb``, which is written
first. So whatever fails, a slot holds the old game or the new one, never half of each. Invariant: a
damaged slot is reported and stops nothing.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import npcbrain as nb
from demo_game.village.plain_data import checked, number, text
from demo_game.village.saved_village import SavedVillage
from demo_game.village.village import Village
from npcbrain.saves.report import LoadReport

__all__ = ["NUM_SLOTS", "Slot", "SlotError", "Slots"]

NUM_SLOTS = 5
FORMAT = 1  # of the village's file
MAX_BYTES = 1_000_000  # of that file; it has about ten thousand
MAX_STAMP = 2**63


class SlotError(nb.NpcBrainError):
    """A slot that cannot be written or read; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot, as the menu shows it.

    Attributes:
        number: Its number, from 1.
        name: What the player knew; empty for an empty slot.
        when: Day and time at which it was saved, and where the story stood.
        fault: Why it cannot be loaded; empty if it can.
    """

    number: int
    name: str = ""
    when: str = ""
    fault: str = ""

    @property
    def is_free(self) -> bool:
        """Whether saving here loses nothing."""
        return not self.name and not self.fault


class Slots:
    """All slots.

    Args:
        folder: Their folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[Slot, ...]:
        """The content of each."""
        return tuple(self._look(number) for number in range(1, NUM_SLOTS + 1))

    def save(self, number: int, village: Village, seed: int) -> None:
        """Saves a village into a slot.

        Raises:
            SlotError: It cannot be written; the slot is as it was.
        """
        stamp = time.time_ns()
        minds = self._minds(number, stamp)
        data = {
            "format": FORMAT,
            "stamp": stamp,
            "name": name_of(village),
            "hour": village.daylight.hour,
            "village": SavedVillage.of(village, seed=seed).to_dict(),
        }
        new = self._file(number).with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            village.runtime.save(minds).wait()
            new.write_text(json.dumps(data, ensure_ascii=False) + "\n", encoding="utf-8")
            os.replace(new, self._file(number))
        except (OSError, nb.SaveError) as error:
            raise SlotError(f"Slot {number} cannot be written: {error}") from error
        self._sweep(number, minds)

    def read(self, number: int) -> SavedVillage:
        """The village of a slot, without its minds.

        Raises:
            SlotError: It is empty, damaged, or of a newer version of the game.
        """
        try:
            return SavedVillage.from_dict(checked(self._data(number), "village", dict))
        except (OSError, ValueError, RecursionError) as error:
            raise SlotError(f"Slot {number} cannot be read: {_words(error)}") from error

    def load_minds(self, number: int, village: Village) -> LoadReport:
        """Puts the minds of a slot into a village.

        Raises:
            SlotError: They cannot be read.
        """
        try:
            return village.runtime.load(self._minds(number, self._stamp(self._data(number))))
        except (OSError, ValueError, RecursionError, nb.SaveError) as error:
            words = f"Slot {number}: its minds cannot be read: {_words(error)}"
            raise SlotError(words) from error

    def _look(self, number: int) -> Slot:
        if not self._file(number).exists():
            return Slot(number)
        try:
            data = self._data(number)
            SavedVillage.from_dict(checked(data, "village", dict))
            if not self._minds(number, self._stamp(data)).exists():
                raise ValueError("the file of its minds is gone")
            return Slot(number, text(data, "name"), _when(data))
        except (OSError, ValueError, RecursionError, OverflowError) as error:
            return Slot(number, fault=_words(error))

    def _data(self, number: int) -> dict[str, Any]:
        file = self._file(number)
        if file.stat().st_size > MAX_BYTES:
            raise ValueError(f"it must have at most {MAX_BYTES} bytes")
        data = json.loads(file.read_text(encoding="utf-8"))
        if type(data) is not dict:
            raise ValueError("it is no saved village")
        if data.get("format") != FORMAT:
            got = data.get("format")
            raise ValueError(f"it is of another version of the game ({got!r}, not {FORMAT})")
        return data

    def _file(self, number: int) -> Path:
        return self._folder / f"slot{number}.json"

    def _minds(self, number: int, stamp: int) -> Path:
        return self._folder / f"slot{number}-{stamp}.npcb"

    @staticmethod
    def _stamp(data: dict[str, Any]) -> int:
        number(data, "stamp", 0, MAX_STAMP)
        return checked(data, "stamp", int)

    def _sweep(self, number: int, minds: Path) -> None:
        """Removes what the slot held before."""
        for old in self._folder.glob(f"slot{number}-*.npcb*"):
            if old != minds:
                try:
                    old.unlink()
                except OSError:
                    continue  # it does no harm


def name_of(village: Village) -> str:
    """What the player knows, as the name of a slot."""
    journal = village.mystery.journal
    if journal.has_bell:
        return "The bell is found"
    if journal.suspects:
        return f"Enough against {' and '.join(name.capitalize() for name in journal.suspects)}"
    if not journal.notes:
        return "Nothing is known yet"
    count = len(journal.notes)
    return f"{count} line{'s' if count > 1 else ''} in the notebook"


def _when(data: dict[str, Any]) -> str:
    """When it was saved, by the player's clock and by the village's."""
    saved = time.localtime(checked(data, "stamp", int) / 1e9)
    hour, minute = divmod(int(number(data, "hour", 0, 24) * 60), 60)
    village = checked(data, "village", dict)
    left = int(number(village, "seconds_left", 0, 600))
    return (
        f"{time.strftime('%Y-%m-%d %H:%M', saved)}, village {checked(village, 'seed', int)} at"
        f" {hour % 24}:{minute:02}, {left // 60}:{left % 60:02} left"
    )


def _words(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "it is empty"
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError):
        return "the file is damaged"
    if isinstance(error, OSError):
        return error.strerror or "the file cannot be opened"
    return str(error)
