"""``Happening``: something that has just happened in the village, to be shown and heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Happening", "Kind"]


class Kind(StrEnum):
    """The kinds of happenings."""

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
    """Something that has happened.

    Attributes:
        kind: Its kind.
        text: For the player to read; may be empty.
        who: The person to whom it happened, by name; may be empty.
    """

    kind: Kind
    text: str = ""
    who: str = ""
