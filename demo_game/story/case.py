"""One solution of the mystery, read from a file: who took the bell, where it is, who knows what.

The seed of a village decides which case it has, and which of several people saw what. Invariant:
the same seed makes the same case, and the next seed another culprit.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo_game.story.clue import Clue

__all__ = ["CASES", "CULPRITS", "HIDEOUTS", "Case", "Hideout", "make_case"]

CASES = Path(__file__).parents[1] / "cases"
CULPRITS = ("pip", "mira", "borin", "tam")


@dataclass(frozen=True, slots=True)
class Hideout:
    """Something that can hold a bell.

    Attributes:
        what: The thing.
        where: Its place, in words.
        owner: Who opens it.
    """

    what: str
    where: str
    owner: str


HIDEOUTS: Mapping[str, Hideout] = {  # by place
    "old oak": Hideout("beehive", "under the old oak", "willow"),
    "home": Hideout("toy chest", "at Pip's home", "pip"),
    "forge": Hideout("coal chest", "behind the forge", "borin"),
    "market": Hideout("strongbox", "under the market stall", "mira"),
    "dock": Hideout("fish crate", "on the dock", "tam"),
    "inn": Hideout("cellar", "under the inn", "greta"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """The truth about the bell.

    Attributes:
        culprit: Who took the bell.
        place: Where it is hidden.
        clues: What people know, lies included.
        confession: The culprit's words once it has given up lying.
        why: The reason, as the village tells it afterwards.
    """

    culprit: str
    place: str
    clues: tuple[Clue, ...]
    confession: tuple[str, ...]
    why: str

    @property
    def hideout(self) -> Hideout:
        """The thing that holds the bell."""
        return HIDEOUTS[self.place]

    def held_by(self, name: str) -> tuple[Clue, ...]:
        """The clues that somebody knows, or claims to know."""
        return tuple(clue for clue in self.clues if clue.holder == name)


def make_case(seed: int, folder: Path = CASES) -> Case:
    """The case of a village.

    Args:
        seed: The village's.
        folder: Where the cases are.
    """
    rng = random.Random(seed)
    culprit = CULPRITS[seed % len(CULPRITS)]
    data = json.loads((folder / f"{culprit}.json").read_text(encoding="utf-8"))
    place = rng.choice(data["places"])
    taken = {culprit}
    clues = []
    for item in data["clues"]:
        # Each clue has one holder, and nobody holds two, so that there are many people to ask.
        free = [name for name in item["holders"] if name not in taken] or item["holders"]
        holder = rng.choice(free)
        taken.add(holder)
        clues.append(_clue(item, holder, place))
    clues += [_clue({"kind": "lie"} | lie, culprit, place) for lie in data["lies"]]
    confession = tuple(line.format(**_names(place)) for line in data["confession"])
    return Case(culprit, place, tuple(clues), confession, data["why"])


def _names(place: str) -> dict[str, str]:
    return {"what": HIDEOUTS[place].what, "where": HIDEOUTS[place].where, "place": place}


def _clue(item: Mapping[str, Any], holder: str, place: str) -> Clue:
    names = _names(place)
    keys = tuple(
        # The last word of a name is enough: "the oak", "his crate".
        tuple(word.format(**names).split()[-1].lower() for word in group.split("/"))
        for group in item["keys"]
    )
    return Clue(
        item["kind"],
        holder,
        item["text"].format(**names),
        item.get("points_to", ""),
        keys,
        place if item["kind"] == "place" else "",
    )
