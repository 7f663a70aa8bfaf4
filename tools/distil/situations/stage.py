"""One character, its facts and its actions, while the news go several ways.

A draft that is built more than once: whoever sets it up adds facts, offers and *ways*; each way is
one event with its answer. Invariant: all examples of a stage share one prefix, and an action is
offered once, beside none that the same words could mean.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from tools.distil.situations.asking import remember_something
from tools.distil.situations.cast import Cast
from tools.distil.situations.doing import RULED, askable, do_line, other_values, request_line
from tools.distil.situations.draft import Draft, Offer, value_texts
from tools.distil.situations.example import Example
from tools.distil.situations.happening import URGENT
from tools.distil.situations.idling import IDLE, idle_rule
from tools.distil.situations.lexicon import VERB, Concept, Lexicon
from tools.distil.situations.text import bare

__all__ = ["Stage", "Way", "Wish", "plain"]

Way = Callable[[], None]
Wish = tuple[Offer, Concept, dict[str, str]]


class Stage:
    """The shared draft, and the ways in which its news may go."""

    def __init__(self, lexicon: Lexicon, rng: random.Random) -> None:
        self.lexicon, self.rng = lexicon, rng
        self.cast = Cast(lexicon, rng)
        self.draft = Draft(self.cast, "day")
        self.draft.keep_all()
        self._ways: list[tuple[Wish | None, Way]] = []
        self._ruled: dict[str, str] = {}  # values that a fact rules, and for which concept
        self.time, self.asker = self.cast.time, self.cast.asker
        self.avoid: set[str] = set()  # concepts not to offer: they might be meant as well
        self.say = self.draft.offer_say()
        refuses = rng.random() < 0.5
        self.refuse = self.draft.offer("refuse", {"asker": self.cast.asker}) if refuses else None
        self.slots = {
            "who": "The player" if self.cast.asker == "player" else self.cast.asker,
            "who2": "the player" if self.cast.asker == "player" else self.cast.asker,
            "other": rng.choice(self.cast.others),
        }

    def examples(self, turns: int) -> list[Example]:
        """Plays the ways, and gives all the same prefix."""
        draft, rng = self.draft, self.rng
        draft.distract(avoid=("refuse", "throw_out", *URGENT, *self.avoid), at_least=0)
        draft.pad_facts(rng.choice((1, 2, 3, 4)), avoid=(*RULED, "signal", "schedule"))
        if rng.random() < IDLE:
            idle_rule(draft)
        ways = [way for wish, way in self._ways if wish is None or self._is_free(wish)]
        rng.shuffle(ways)
        built = []
        for way in ways[:turns]:
            draft.memory.clear()
            self.cast.time, self.cast.asker = self.time, self.asker
            remember_something(draft, 0.25)
            way()
            rng.shuffle(draft.memory)
            built.append(draft.build())
        if not built:
            return []
        first = built[0].situation
        return [
            replace(e, situation=replace(e.situation, npc=first.npc, actions=first.actions))
            for e in built
        ]

    def add(self, wish: Wish | None, *ways: Way) -> None:
        """Adds ways the news may go; none is played on a value that another rule speaks of."""
        self._ways += [(wish, way) for way in ways]

    def rule(self, text: str, wish: Wish) -> None:
        """A fact that decides about the values of a wish."""
        self.draft.facts.append(text)
        for domain, value in wish[2].items():
            if domain != "person":
                self._ruled[plain(value)] = wish[1].name

    def _is_free(self, wish: Wish) -> bool:
        """Whether only facts about this very concept rule its values."""
        values = (plain(value) for value in wish[2].values())
        return all(self._ruled.get(value, wish[1].name) == wish[1].name for value in values)

    def free(self, name: str) -> bool:
        """Whether a concept may be offered: not barred, not there, not like one that is."""
        have = {offer.concept for offer in self.draft.offers} - {"say"}
        concepts = self.lexicon.concepts
        rivals = concepts[name].rivals.union(*(concepts[other].rivals for other in have))
        if name.startswith(VERB) and concepts[name].rivals & self.avoid:
            return False
        return not (name in have | rivals | self.avoid or have & rivals)

    def wish(self, names: Iterable[str], *, mine: bool = False) -> Wish | None:
        """Offers the first of some concepts that may be, so that the asker can want it.

        Args:
            names: Of the concepts.
            mine: Whether the asker must want it for himself, where that can be said.
        """
        name = next((n for n in names if self.free(n)), "")
        if not name:
            return None
        concept = self.lexicon.concepts[name]
        target = askable(self.cast, concept)
        if mine and concept.asks_me and "person" in target:
            target["person"] = self.cast.asker
        return self.draft.offer(name, target), concept, target

    def maybe(self, line: Callable[[], str]) -> str:
        """The line, or nothing, as often."""
        return line() if self.rng.random() < 0.5 else ""

    def filled(self, lines: Iterable[str], slots: Mapping[str, str]) -> str:
        return self.draft.fill(self.rng.choice(tuple(lines)), {**self.slots, **slots})

    # Ways the news may go; each is played on the shared draft.

    def grant(self, category: str, wish: Wish, memory: str = "") -> None:
        """The asker wants it and gets it."""
        offer, concept, target = wish
        self.draft.category = category
        if memory:
            self.draft.memory.append(memory)
        self.draft.hear(request_line(self.draft, concept, target))
        say = do_line(self.draft, concept, target)
        self.draft.answer(offer, self.draft.mood(*concept.moods), self.draft.speak(say))

    def deny(
        self, category: str, line: str, no: str, memory: str = "", key: str = "", mood: str = ""
    ) -> None:
        """The asker wants it and does not get it: refused where the list allows it, else said."""
        draft = self.draft
        draft.category = category
        if memory:
            draft.memory.append(memory)
        draft.hear(line)
        sour = self.cast.voice.mood not in ("happy", "amused", "surprised")  # no cheer in a no
        draft.answer(
            self.refuse or self.say,
            mood or self.rng.choice(("neutral", "suspicious")),
            draft.speak(no, opener=sour / 4, closer=sour / 6),
            also=(self.say,),
            say_any=value_texts(key) if key else (),
        )

    def others(self, wish: Wish) -> Wish | None:
        """The same action with other values, of which no rule speaks."""
        other = other_values(self.draft, *wish)
        same = set(other[2].values()) & {v for k, v in wish[2].items() if k != "person"}
        return None if same or other[0].chosen == wish[0].chosen else other


def plain(value: str) -> str:
    """A value as facts and people say it."""
    return bare(value.replace("_", " ")).lower()
