"""The player's notes: who said what about the bell, and the person it speaks against.

Lies are noted like truths; nobody tells the player which is which. Invariant: each sentence of each
person is noted once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from demo_game.story.clue import Clue

__all__ = ["PROOFS", "Journal", "Note"]

PROOFS = 2  # sentences against somebody that make the guard act


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the notebook.

    Attributes:
        who: Who said it, by name; empty for what the player saw.
        text: The sentence.
        points_to: The person that it speaks against; empty for nobody.
    """

    who: str
    text: str
    points_to: str = ""


class Journal:
    """The notebook.

    Attributes:
        notes: Its lines, the oldest first.
        places: Where the bell is said to be.
        has_bell: Whether the player has found it.
    """

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.places: set[str] = set()
        self.has_bell = False
        self._known: set[Clue] = set()

    def add(self, clue: Clue, who: str | None = None) -> bool:
        """Notes a clue; False if it is noted already.

        Args:
            clue: The clue.
            who: Who told it; its holder if None, nobody if empty.
        """
        if clue in self._known:
            return False
        self._known.add(clue)
        teller = clue.holder if who is None else who
        self.notes.append(Note(teller, clue.text, clue.points_to))
        if clue.place:
            self.places.add(clue.place)
        return True

    def see(self, text: str) -> None:
        """Notes what the player saw or did."""
        note = Note("", text)
        if note not in self.notes:
            self.notes.append(note)

    def knows(self, clue: Clue) -> bool:
        """Whether a clue is noted."""
        return clue in self._known

    @property
    def clues(self) -> tuple[Clue, ...]:
        """All noted clues, in no order."""
        return tuple(self._known)

    def restore(self, notes: Iterable[Note], clues: Iterable[Clue], *, has_bell: bool) -> None:
        """Makes it the notebook of a saved game."""
        self.notes, self._known = list(notes), set(clues)
        self.places = {clue.place for clue in self._known if clue.place}
        self.has_bell = has_bell

    @property
    def proofs(self) -> Counter[str]:
        """How many sentences speak against each suspect."""
        return Counter(clue.points_to for clue in self._known if clue.points_to)

    @property
    def suspects(self) -> tuple[str, ...]:
        """The people against whom enough is noted to accuse them, in alphabetical order."""
        return tuple(sorted(name for name, count in self.proofs.items() if count >= PROOFS))
