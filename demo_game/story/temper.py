"""How people are: what they want to be given, and what it takes until they talk.

Who tells what depends on traits and on how somebody was treated, never on the model: what must not
be told is not among a persona's facts. Invariant: an unknown trait changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["GIFT", "SHUT", "STRUCK", "WANTED_GIFT", "WANTS", "WITNESSED", "is_silent", "needs"]

# The least regard at which somebody with this trait tells what it knows; 0 is where all begin.
NEEDS = {"greedy": 1, "shrewd": 1, "proud": 1, "secretive": 1}
# Who keeps silent until then; the others send one to somebody else.
SILENT = frozenset({"proud", "secretive", "gruff", "stern"})

WANTS = {
    "greta": "trout",
    "borin": "river silver",
    "edda": "blue mint",
    "willow": "trout",
    "pip": "apple",
    "tam": "ale",
    "mira": "blue mint",
}

GIFT, WANTED_GIFT = 1, 2  # what a gift adds to regard
STRUCK, WITNESSED = -3, -1  # what a blow takes away, of who is struck and of who sees it
SHUT = -1  # at this regard or below somebody says nothing at all about the bell


def needs(traits: Iterable[str]) -> int:
    """The least regard at which somebody tells.

    >>> needs(["cheerful", "greedy"]), needs(["honest"])
    (1, 0)
    """
    return max((NEEDS.get(trait, 0) for trait in traits), default=0)


def is_silent(traits: Iterable[str]) -> bool:
    """Whether somebody who does not tell keeps silent, and does not send one elsewhere."""
    return not SILENT.isdisjoint(traits)
