"""A clue: one sentence that somebody can tell, and how to recognise that it was told.

People speak freely, so a clue is recognised by its words: one of each group must be spoken.
Invariant: a clue's own sentence always tells it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Clue"]

WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Clue:
    """Something about the night of the bell.

    Attributes:
        kind: ``trace``, ``sight``, ``motive``, ``place``, ``herring`` or ``lie``.
        holder: Who knows it.
        text: The sentence, as its holder says it.
        points_to: The person that it speaks against; empty for nobody.
        keys: Groups of words; one of each must be spoken. Words are compared by their beginnings.
        place: Where it says that the bell is; empty for nowhere.
    """

    kind: str
    holder: str
    text: str
    points_to: str
    keys: tuple[tuple[str, ...], ...]
    place: str = ""

    def is_told_by(self, speech: str) -> bool:
        """Whether these words tell it.

        >>> clue = Clue("sight", "tam", "I saw Pip run from the shrine.", "pip",
        ...             (("pip",), ("shrine", "bell")))
        >>> clue.is_told_by("It was Pip, running from the shrine.")
        True
        >>> clue.is_told_by("Pip is a good boy.")
        False
        """
        words = [word.lower() for word in WORD.findall(speech)]
        return all(
            any(word.startswith(key) for word in words for key in group) for group in self.keys
        )
