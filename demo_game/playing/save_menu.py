"""The two cards with the slots: where to save, and what to load.

A key on a card changes the card and never closes it, so that a recording of the game plays in the
same way whatever slots there are. Invariant: one key press alone overwrites nothing.
"""

from __future__ import annotations

from demo_game.drawing import palette
from demo_game.panels.card import Card
from demo_game.playing.keys import Keys
from demo_game.playing.slots import NUM_SLOTS, Slot, SlotError, Slots
from demo_game.village.saved_village import SavedVillage
from demo_game.village.village import Village

__all__ = ["SaveMenu"]

NOWHERE = "This game plays itself or is recorded: it keeps no saved games."


class SaveMenu:
    """Saving and loading, by keys.

    Args:
        village: The village to save.
        seed: Its seed.
        slots: The slots; None if there are none.
        keys: The names of keys.

    Attributes:
        wanted: The number of the slot that is to be loaded; 0 for none.
    """

    def __init__(self, village: Village, seed: int, slots: Slots | None, keys: Keys) -> None:
        self.wanted = 0
        self._village, self._seed = village, seed
        self._slots, self._keys = slots, keys
        self._asked = 0  # which full slot was pressed once

    def card(self, name: str, line: str = "") -> Card:
        """The card for saving or loading.

        Args:
            name: ``save`` or ``load``.
            line: A note for the player.
        """
        slots = () if self._slots is None else self._slots.all()
        if not line:
            line = self._advice(name)
        foot = ((f"1 to {NUM_SLOTS}", name), (self._keys.name("pause"), "go on"))
        title = "Save the game" if name == "save" else "Load a game"
        rows = tuple((str(slot.number), *_told(slot)) for slot in slots)
        return Card(name, title, (line,), (), foot, palette.SLATE, rows)

    def choose(self, name: str, number: int) -> Card:
        """Takes the choice of a slot on a card; returns the card to show next."""
        if self._slots is None or not 1 <= number <= NUM_SLOTS:
            return self.card(name)
        slot = self._slots.all()[number - 1]
        if name == "load":
            return self._load(slot)
        if self._village.is_over:
            return self.card(name)
        if not slot.is_free and self._asked != number:
            self._asked = number
            held = slot.name or "a game that cannot be read"
            ask = f"Slot {number} holds: {held}. Press {number} again to replace it."
            return self.card(name, ask)
        self._asked = 0
        try:
            self._slots.save(number, self._village, self._seed)
        except SlotError as error:
            return self.card(name, str(error))
        return self.card(name, f"Saved in slot {number}.")

    def read(self, number: int) -> tuple[SavedVillage, str]:
        """The village of a slot, and the slot's name.

        Raises:
            SlotError: There is none, or it cannot be read.
        """
        if self._slots is None:
            raise SlotError(NOWHERE)
        return self._slots.read(number), self._slots.all()[number - 1].name

    def load_minds(self, number: int, village: Village) -> str:
        """Puts the minds of a slot into a village; returns what differs from the save, in words.

        Raises:
            SlotError: They cannot be read.
        """
        if self._slots is None:
            raise SlotError(NOWHERE)
        return str(self._slots.load_minds(number, village))

    def _load(self, slot: Slot) -> Card:
        if slot.name:
            self.wanted = slot.number
            return self.card("load", f"Loading slot {slot.number} ...")
        words = f"cannot be loaded: {slot.fault}" if slot.fault else "is empty"
        return self.card("load", f"Slot {slot.number} {words}.")

    def _advice(self, name: str) -> str:
        self._asked = 0
        if self._slots is None:
            return NOWHERE
        if name == "load":
            return "What has happened since your last save is lost."
        if self._village.is_over:
            return "The story is over; there is nothing left to save."
        return "Everybody goes on in the middle of the sentence, with all they remember."


def _told(slot: Slot) -> tuple[str, str]:
    if slot.fault:
        return "cannot be loaded", slot.fault
    return (slot.name, slot.when) if slot.name else ("empty", "")
