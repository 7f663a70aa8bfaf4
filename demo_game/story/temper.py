"""How traits decide what gifts people want, and when they talk.

Traits and the player's treatment decide who tells what, never the model: a fact that must not be
told is not among a persona's facts. Invariant: an unknown trait changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["GIFT", "SHUT", "STRUCK", "WANTED_GIFT", "WANTS", "WITNESSED", "is_silent", "needs"]

# The least regard at which somebody with this trait tells what it knows; all begin at 0.
NEEDS = {"greedy": 1, "shrewd": 1, "proud": 1, "secretive": 1}
# People with these traits keep silent until then; the others send the player to somebody else.
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

GIFT, WANTED_GIFT = 1, 2  # added to regard by a gift
STRUCK, WITNESSED = -3, -1  # added to regard by a blow, for its victim and for those who see it
SHUT = -1  # at this regard or below somebody says nothing at all about the bell


def needs(traits: Iterable[str]) -> int:
    """The least regard at which somebody tells.

    >>> needs(["cheerful", "greedy"]), needs(["honest"])
    (1, 0)
    """
    return max((NEEDS.get(trait, 0) for trait in traits), default=0)


def is_silent(traits: Iterable[str]) -> bool:
    """Whether somebody who does not tell keeps silent, and sends the player nowhere else."""
    return not SILENT.isdisjoint(traits)
