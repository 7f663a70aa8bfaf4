"""What has just happened in the village, for whoever shows it or makes a sound of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Happening", "Kind"]


class Kind(StrEnum):
    """What it was."""

    CLUE = "clue"  # something new in the notebook
    FOUND = "found"  # the bell
    SEEN = "seen"  # something else that was looked at
    LIKED = "liked"
    DISLIKED = "disliked"
    BLOW = "blow"
    GIFT = "gift"
    ACCUSED = "accused"
    ENDED = "ended"
    STUTTER = "stutter"  # a frame that took so long that everybody saw it
    SWITCHED = "switched"  # how the game runs, by a key


@dataclass(frozen=True, slots=True)
class Happening:
    """One of them.

    Attributes:
        kind: What it was.
        text: For the player to read; may be empty.
        who: Whom it happened to, by name; may be empty.
    """

    kind: Kind
    text: str = ""
    who: str = ""
