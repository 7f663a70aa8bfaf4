"""The people, places and things of one situation, drawn from a world and never repeated.

Knows no events and no actions. Invariant: two draws of one cast never return the same value, so
that every question about one of them has one answer.
"""

from __future__ import annotations

import random

from tools.distil.situations.invented import invent
from tools.distil.situations.lexicon import Lexicon, Voice
from tools.distil.situations.text import bare

__all__ = ["Cast"]

POOL_SIZE = 6
NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
IMPARTIAL = (
    "calm",
    "observant",
    "clever",
    "modest",
    "steady",
    "curious",
    "polite",
    "quiet",
    "hopeful",
)
NUMBERED = {
    "spot": "hall, room, bay, shed, hold, ward, deck, tower, cabin, tent, level, sector, workshop",
    "gate": "gate, door, hatch, berth, lock, shutter, cell, valve, barrier, airlock",
}
WORLD_KEYS = {
    "thing": "things",
    "goods": "goods",
    "spot": "spots",
    "gate": "gates",
    "machine": "machines",
    "sight": "sights",
}


class Cast:
    """One situation's cast.

    Attributes:
        world: The setting.
        name, role, traits, goal, place, time: Of the character and the scene.
        asker: Who speaks to the character, as the event names it.
        others: People nearby, as actions name them.
    """

    def __init__(self, lexicon: Lexicon, rng: random.Random) -> None:
        self.lexicon = lexicon
        self.rng = rng
        self.world = rng.choice(lexicon.worlds)
        self._used: set[str] = set()
        self._pools: dict[str, list[str]] = {}
        self.name = self.draw("name")
        self.role = rng.choice(self.world.lists["roles"])
        self.voice, self.traits = self._draw_traits()
        self.goal = rng.choice(self.world.lists["goals"])
        self.place = self._place()
        self.time = rng.choice(self.world.lists["times"])
        self.others = self._draw_others()
        self.asker = self._draw_asker()
        self.money = rng.choice(self.world.lists["money"])

    def draw(self, kind: str) -> str:
        """A value of a kind (a list of the lexicon, or a kind below), new to this cast."""
        value = self._draw(kind)
        for _ in range(40):
            if value.lower() not in self._used:
                break
            value = self._draw(kind)
        self._used.add(value.lower())
        return value

    def pool(self, domain: str) -> list[str]:
        """The values actions may take from a domain; the same list all through the situation."""
        if domain not in self._pools:
            self._pools[domain] = self._fill_pool(domain)
        return self._pools[domain]

    def target(self, domain: str) -> str:
        """A value of a domain for the action that is asked for; facts will not be about it."""
        if domain == "asker":
            return self.asker
        if domain == "person":
            value = self.rng.choice([self.asker, *self.others])
        elif domain == "other":
            value = self.rng.choice(self.others)
        else:
            value = self.rng.choice(self.pool(domain))
        self._used.add(bare(value).lower())
        return value

    def refer(self, value: str, domain: str) -> str:
        """How a player names a value: in full, in part, or by another word."""
        rest, _, noun = bare(value).rpartition(" ")
        if domain not in ("thing", "goods", "gate", "machine", "beast", "sight") or not rest:
            return value
        same = [v for v in self.pool(domain) if v != value and v.rpartition(" ")[2] == noun]
        roll = self.rng.random()
        if noun in NUMBER_WORDS or " of " in value:
            return value
        if same:
            return f"{rest} one" if roll < 0.4 and rest.count(" ") == 0 else value
        if roll < 0.15:
            return noun
        if roll < 0.25 and noun in self.lexicon.synonyms:
            return self.lexicon.synonyms[noun]
        return value

    def become(self, trait: str) -> None:
        """Takes on a trait that decides; a voice of the opposite mind must not speak beside it."""
        self.voice = self.lexicon.voice_of.get(trait, self.lexicon.voices[-1])
        traits = [trait]
        if self.rng.random() < 0.5:
            traits.append(self.rng.choice([t for t in IMPARTIAL if t != trait]))
        self.rng.shuffle(traits)
        self.traits = tuple(traits)

    def is_asker(self, value: str) -> bool:
        """Whether a value of a person argument is the one who speaks."""
        return value == self.asker

    def nearby(self) -> tuple[str, ...]:
        """Who and what is near, the asker among them."""
        people = self.rng.sample(self.others, k=min(len(self.others), self.rng.choice((1, 1, 2))))
        sights = self.rng.sample(self.world.lists["sights"], k=self.rng.choice((0, 1, 1, 2)))
        here = [
            self.asker,
            *people,
            *(f"a {s}" if s[0] not in "aeiou" else f"an {s}" for s in sights),
        ]
        self.rng.shuffle(here)
        return tuple(dict.fromkeys(here))

    def _draw(self, kind: str) -> str:
        rng = self.rng
        if kind in WORLD_KEYS:
            return rng.choice(self.pool(kind))
        method = getattr(self, f"_draw_{kind}", None)
        if method is not None:
            return str(method())
        return rng.choice(self.lexicon.lists[kind])

    def _draw_name(self) -> str:
        if self.rng.random() < 0.45:
            return invent(self.rng)
        return self.rng.choice(self.lexicon.lists["given"])

    def _draw_person(self) -> str:
        roll = self.rng.random()
        if roll < 0.5:
            return self._draw_name()
        if roll < 0.7:
            return f"{self.rng.choice(self.lexicon.lists['titles'])} {self._draw_name()}"
        return f"the {self.rng.choice(self.world.lists['people'])}"

    def _draw_town(self) -> str:
        rng, lists = self.rng, self.lexicon.lists
        roll = rng.random()
        if roll < 0.35:
            return invent(rng)
        if roll < 0.7:
            return f"{rng.choice(lists['place_first'])} {rng.choice(lists['place_last'])}"
        if roll < 0.85:
            return f"{invent(rng)}'s {rng.choice(lists['place_last'])}"
        return f"{rng.choice(lists['place_first'])}{rng.choice(lists['place_last']).lower()}"

    _draw_town2 = _draw_town

    def _draw_oddword(self) -> str:
        rng = self.rng
        if rng.random() < 0.5:
            return invent(rng).lower()
        word = rng.choice(self.lexicon.lists[rng.choice(("odds", "animals", "loves", "colours"))])
        return word if rng.random() < 0.6 else f"{rng.choice(self.lexicon.lists['colours'])} {word}"

    def _draw_digits(self) -> str:
        return str(self.rng.randrange(10 ** self.rng.choice((2, 3, 4)), 10**5) % 10**4 + 100)

    def _draw_price(self) -> str:
        number = self.rng.choice(self.lexicon.lists["numbers"])
        if self.rng.random() < 0.25:
            number = str(self.rng.choice((2, 3, 5, 8, 12, 15, 20, 25, 40, 60, 75, 90, 120, 300)))
        return f"{number} {_plural(self.money)}"

    def _draw_door(self) -> str:
        rng = self.rng
        kind = rng.choice(("room", "cabin", "cell", "house", "apartment", "tent", "bunk", "berth"))
        number = rng.choice(NUMBER_WORDS) if rng.random() < 0.4 else str(rng.randrange(2, 99))
        return f"{kind} {number}"

    def _draw_thing2(self) -> str:
        lists = self.lexicon.lists
        return f"{self.rng.choice(lists['looks'])} {self.rng.choice(lists['odds'])}"

    def _draw_traits(self) -> tuple[Voice, tuple[str, ...]]:
        rng = self.rng
        voices = [rng.choice(self.lexicon.voices) for _ in range(rng.choice((1, 1, 2)))]
        plain = self.lexicon.voices[-1]
        traits = [rng.choice(voice.traits) for voice in voices[:1]]
        if rng.random() < 0.7:
            traits.append(rng.choice(plain.traits))
        rng.shuffle(traits)
        return voices[0], tuple(dict.fromkeys(traits))

    def _draw_others(self) -> list[str]:
        rng = self.rng
        people = rng.sample(self.world.lists["people"], k=rng.choice((2, 3, 3)))
        article = rng.random() < 0.7
        others = [f"the {p}" if article else p for p in people]
        if rng.random() < 0.4:
            others[rng.randrange(len(others))] = self.draw("name")
        self._used.update(bare(o).lower() for o in others)
        self._used.update(o.lower() for o in others)
        return others

    def _draw_asker(self) -> str:
        roll = self.rng.random()
        if roll < 0.78:
            return "player"
        if roll < 0.9:
            return self.draw("name")
        return self.rng.choice(
            ("the captain", "traveller", "the stranger", "hero", "visitor", "the boss")
        )

    def _place(self) -> str:
        place = self.rng.choice(self.world.lists["places"])
        return place if self.rng.random() < 0.75 else self._draw_town()

    def _fill_pool(self, domain: str) -> list[str]:
        rng, lists = self.rng, self.lexicon.lists
        source = self.world.lists[WORLD_KEYS[domain]] if domain in WORLD_KEYS else lists[domain]
        values = rng.sample(source, k=min(POOL_SIZE, len(source)))
        roll = rng.random()
        if domain == "thing" and roll < 0.5:
            if lists["seed_things"] and roll < 0.2:
                values[:3] = rng.sample(lists["seed_things"], k=3)
            else:
                adjectives = lists[
                    rng.choice(("colours", "colours", "materials", "looks", "sizes"))
                ]
                noun = rng.choice(lists["odds"])
                values[:2] = [f"{a} {noun}" for a in rng.sample(adjectives, k=2)]
                values[2] = f"{rng.choice(lists['looks'])} {rng.choice(lists['odds'])}"
        elif domain in NUMBERED and roll < 0.3:
            base = rng.choice(NUMBERED[domain].split(", "))
            values[:3] = [f"{base} {n}" for n in rng.sample(NUMBER_WORDS, k=3)]
        elif domain == "spot" and roll < 0.4:
            values[0] = self._draw_town()
        values = [v for v in dict.fromkeys(values) if v.lower() not in self._used]
        rng.shuffle(values)
        return values


def _plural(money: str) -> str:
    irregular = {"penny": "pence", "half-penny": "half-pence", "coin": "coins"}
    head, _, tail = money.partition(" of ")
    word = irregular.get(head, head if head.endswith("s") else f"{head}s")
    return f"{word} of {tail}" if tail else word
