"""The part of a save beside the minds: bodies, errands, the story, the hour.

``Runtime.save`` saves the minds. Invariant: a ``SavedVillage`` that was read can be put back; a
state in which no village could have been is refused before anything changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from demo_game.people.cast import CAST
from demo_game.people.player import MAX_POUCH
from demo_game.people.villager import LEAD_FRAMES, Errand
from demo_game.story.case import HIDEOUTS
from demo_game.story.clue import Clue
from demo_game.story.journal import Note
from demo_game.story.mystery import SECONDS
from demo_game.village.crowd import SIZES
from demo_game.village.deeds import GIFT_FRAMES, WHERE_FROM, Gift
from demo_game.village.plain_data import checked, mapping, number, one_of, sequence, text
from demo_game.village.village import Village
from demo_game.world.land import HEIGHT, PLACES, WIDTH

__all__ = ["SavedVillage"]

MAX_SEED = 2**63
MAX_REGARD = 1000
MAX_ITEM = 40  # characters of its name
FACINGS = ("up", "down", "left", "right")
# The places to which an errand can lead.
GOALS: Mapping[str, Mapping[str, Any]] = {
    "go_to": PLACES,
    "lead": PLACES,
    "open": HIDEOUTS,
    "fetch": dict.fromkeys(WHERE_FROM.values()),
    "follow": {"": None},
    "flee": {"": None},
}


@dataclass(frozen=True, slots=True)
class Stand:
    """Somebody's place and errand."""

    x: float
    y: float
    facing: str
    errand: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class SavedVillage:
    """One village at one moment.

    Attributes:
        seed: Its seed.
        hour: Of the day.
        seconds_left: Until the caravan leaves.
        has_bell: Whether the player has found the bell.
        notes: The notes of the notebook.
        clues: The clues that the player knows.
        regard: What each person thinks of the player.
        pouch: The things that the player carries.
        player: The player's place.
        people: Everybody else's place and errand.
        gifts: Things that fly from hand to hand.
        offers: Things held out to somebody and not yet taken, by name.
        num_strangers: How many strangers there are.
    """

    seed: int
    hour: float
    seconds_left: float
    has_bell: bool
    notes: tuple[Note, ...]
    clues: tuple[Clue, ...]
    regard: dict[str, int]
    pouch: tuple[str, ...]
    player: Stand
    people: dict[str, Stand]
    gifts: tuple[Gift, ...]
    offers: dict[str, str]
    num_strangers: int

    @classmethod
    def of(cls, village: Village, *, seed: int) -> SavedVillage:
        """The state of a village now."""
        story, body = village.mystery, village.player.body
        people = {
            name: Stand(v.body.x, v.body.y, v.body.facing, _errand_data(v.errand))
            for name, v in village.villagers.items()
        }
        return cls(
            seed=seed,
            hour=village.daylight.hour,
            seconds_left=story.seconds_left,
            has_bell=story.journal.has_bell,
            notes=tuple(story.journal.notes),
            clues=story.journal.clues,
            regard=dict(story.regard),
            pouch=tuple(village.player.pouch),
            player=Stand(body.x, body.y, body.facing),
            people=people,
            gifts=tuple(village.deeds.gifts),
            offers=dict(village.offers),
            num_strangers=len(village.crowd.strangers),
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SavedVillage:
        """Reads the plain data of ``to_dict``.

        Raises:
            ValueError: No village can have been in this state.
        """
        regard = mapping(data, "regard")
        people = mapping(data, "people")
        if set(regard) != set(CAST) or set(people) != set(CAST):
            raise ValueError(f"regard and people must be of {', '.join(CAST)}")
        offers, pouch = mapping(data, "offers"), sequence(data, "pouch", str)
        return cls(
            seed=_whole(data, "seed", -MAX_SEED, MAX_SEED),
            hour=number(data, "hour", 0, 24) % 24,
            seconds_left=number(data, "seconds_left", 0, SECONDS),
            has_bell=checked(data, "has_bell", bool),
            notes=tuple(_note(item) for item in sequence(data, "notes", dict)),
            clues=tuple(_clue(item) for item in sequence(data, "clues", dict)),
            regard={name: _whole(regard, name, -MAX_REGARD, MAX_REGARD) for name in CAST},
            pouch=tuple(_item({"pouch": item}, "pouch") for item in pouch[:MAX_POUCH]),
            player=_stand(mapping(data, "player")),
            people={name: _stand(mapping(people, name)) for name in CAST},
            gifts=tuple(_gift(item) for item in sequence(data, "gifts", dict)),
            offers={name: _item(offers, name) for name in CAST if name in offers},
            num_strangers=_strangers(data),
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def put_back(self, village: Village) -> None:
        """Puts this state into a village of the same seed; minds excepted."""
        village.daylight.hour = self.hour
        village.player.pouch = list(self.pouch)
        self._place(village, self.player, None)
        village.crowd.resize(self.num_strangers)
        village.deeds.gifts = list(self.gifts)
        village.offers.update(self.offers)
        village.mystery.restore(
            self.notes, self.clues, self.regard, self.seconds_left, has_bell=self.has_bell
        )
        village.dress_all()
        for name, stand in self.people.items():
            self._place(village, stand, name)

    @staticmethod
    def _place(village: Village, stand: Stand, name: str | None) -> None:
        body = village.player.body if name is None else village.villagers[name].body
        if village.world.is_free(stand.x, stand.y):  # else it stays at its start
            body.x, body.y = stand.x, stand.y
        body.facing = stand.facing
        if name is None or stand.errand is None:
            return
        errand = stand.errand
        village.deeds.begin(village.villagers[name], errand["kind"], errand["place"])
        begun = village.villagers[name].errand
        if begun is not None:
            begun.frames_left, begun.is_there = errand["frames_left"], errand["is_there"]


def _errand_data(errand: Errand | None) -> dict[str, Any] | None:
    if errand is None:
        return None
    return {
        "kind": errand.kind,
        "place": errand.place,
        "frames_left": errand.frames_left,
        "is_there": errand.is_there,
    }


def _stand(data: Mapping[str, Any]) -> Stand:
    errand = None if data.get("errand") is None else mapping(data, "errand")
    if errand is not None:
        kind = one_of(errand, "kind", GOALS)
        errand = {
            "kind": kind,
            "place": one_of(errand, "place", GOALS[kind]),
            "frames_left": _whole(errand, "frames_left", 1, LEAD_FRAMES),
            "is_there": checked(errand, "is_there", bool),
        }
    x, y = number(data, "x", 0, WIDTH), number(data, "y", 0, HEIGHT)
    return Stand(x, y, one_of(data, "facing", FACINGS), errand)


def _note(data: Mapping[str, Any]) -> Note:
    return Note(text(data, "who"), text(data, "text"), text(data, "points_to"))


def _clue(data: Mapping[str, Any]) -> Clue:
    keys = sequence(data, "keys", list)
    if not all(type(word) is str for group in keys for word in group):
        raise ValueError("a clue's keys must be lists of words")
    return Clue(
        text(data, "kind"),
        text(data, "holder"),
        text(data, "text"),
        one_of(data, "points_to", {"": None, **CAST}),
        tuple(tuple(group) for group in keys),
        one_of(data, "place", {"": None, **HIDEOUTS}),
    )


def _gift(data: Mapping[str, Any]) -> Gift:
    start = sequence(data, "start", float)
    if len(start) != 2:
        raise ValueError(f"start must be two numbers, got {len(start)}")
    to = one_of(data, "to", {"": None, **CAST})
    return Gift(_item(data, "item"), (start[0], start[1]), to, _whole(data, "age", 0, GIFT_FRAMES))


def _item(data: Mapping[str, Any], key: str) -> str:
    item = text(data, key)
    if not 1 <= len(item) <= MAX_ITEM:
        raise ValueError(f"{key} must be an item's name, got {item[:MAX_ITEM]!r}")
    return item


def _strangers(data: Mapping[str, Any]) -> int:
    count = _whole(data, "num_strangers", 0, max(SIZES))
    if count not in SIZES:
        raise ValueError(f"num_strangers must be one of {SIZES}, got {count}")
    return count


def _whole(data: Mapping[str, Any], key: str, low: int, high: int) -> int:
    checked(data, key, int)
    number(data, key, low, high)
    return int(data[key])
