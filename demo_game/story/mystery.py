"""The mystery in play: what people are willing to say, and how the player's deeds change that.

It decides who *may* say and do what, by handing out personas; model and trees decide what they then
say and do. Invariant: a persona never holds what the person must not tell, and the mystery always
ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import npcbrain as nb
from demo_game.story import temper
from demo_game.story.case import HIDEOUTS, Case
from demo_game.story.clue import Clue
from demo_game.story.ending import Ending, by_accusation, by_mercy, by_time
from demo_game.story.journal import PROOFS, Journal, Note

__all__ = ["BELL", "GUARD", "SECONDS", "Mystery"]

SECONDS = 600.0  # until the caravan leaves
GUARD = "edda"
BELL = "shrine bell"
LEAST_TO_OPEN = 1  # least regard at which somebody opens a hiding place


class Mystery:
    """One case under way.

    Attributes:
        case: The truth.
        journal: The player's notes.
        regard: What each person thinks of the player; 0 at first.
        seconds_left: Until the caravan leaves.
        ending: How it ended; None while it goes on.
        accused: The person the guard is about to take, until the player confirms; empty for none.
        is_found: Whether the bell was found.
        outdated: People whose persona has changed and is to be fetched with ``persona``.
    """

    def __init__(self, case: Case, personas: Mapping[str, nb.Persona]) -> None:
        self.case = case
        self.journal = Journal()
        self.regard = dict.fromkeys(personas, 0)
        self.seconds_left = SECONDS
        self.ending: Ending | None = None
        self.accused = ""
        self.outdated: set[str] = set()
        self._personas = dict(personas)
        self._made = {name: self._make(name) for name in personas}

    # What people are now.

    def persona(self, name: str) -> nb.Persona:
        """Somebody's persona at the moment."""
        return self._made[name]

    @property
    def is_soft(self) -> bool:
        """Whether the culprit has stopped lying: enough is known, and it was treated well."""
        true = [clue for clue in self.case.clues if clue.kind != "lie"]
        culprit = self.case.culprit
        against = [c for c in true if c.points_to == culprit and self.journal.knows(c)]
        return len(against) >= PROOFS and self.regard[culprit] >= LEAST_TO_OPEN

    def wants(self, name: str) -> str:
        """The gift that somebody wants most."""
        return temper.WANTS[name]

    def tells(self, name: str) -> tuple[Clue, ...]:
        """The clues that somebody is now willing to tell."""
        if name == self.case.culprit:
            return () if self.is_soft else self.case.held_by(name)
        regard, traits = self.regard[name], self._personas[name].profile.traits
        if regard <= temper.SHUT or regard < temper.needs(traits):
            return ()
        return self.case.held_by(name)

    # What happens.

    def hear(self, name: str, speech: str) -> tuple[Clue, ...]:
        """Notes what somebody has told the player; returns the new clues."""
        if name == self.case.culprit and self.is_soft:
            told = self._confession(speech)
        else:
            told = tuple(clue for clue in self.tells(name) if clue.is_told_by(speech))
        new = tuple(clue for clue in told if self.journal.add(clue))
        self._refresh()
        return new

    def take_gift(self, name: str, item: str) -> int:
        """Counts a gift that somebody has accepted; returns how much it counted."""
        worth = temper.WANTED_GIFT if item == temper.WANTS[name] else temper.GIFT
        self.regard[name] += worth
        self._refresh()
        return worth

    def strike(self, name: str, witnesses: Iterable[str]) -> None:
        """Counts a blow of the player, which others saw."""
        self.regard[name] += temper.STRUCK
        for witness in witnesses:
            self.regard[witness] += temper.WITNESSED
        self._refresh()

    def search(self, place: str) -> str:
        """Lets the player search a place; returns what there is to say about it."""
        if place == "shrine":
            return self._search_shrine()
        if place not in HIDEOUTS:
            return "Nothing here can hide a bell."
        hideout = HIDEOUTS[place]
        if place not in self.journal.places:
            return f"The {hideout.what} is shut. {hideout.owner.capitalize()} could open it."
        return self.look_into(place)

    def look_into(self, place: str) -> str:
        """Looks into an open hiding place; returns words about what is in it."""
        what, where = HIDEOUTS[place].what, HIDEOUTS[place].where
        if place != self.case.place or self.journal.has_bell:
            self.journal.see(f"There is no bell in the {what} {where}.")
            return f"The {what} holds no bell."
        self.journal.has_bell = True
        self.journal.see(f"The bell was in the {what} {where}.")
        self._refresh()
        return "You have found the shrine bell!"

    def accuse(self, title: str) -> None:
        """Notes that the guard is about to take somebody, which the player has to confirm."""
        if title.lower() in self.journal.suspects:
            self.accused = title.lower()

    def confirm(self) -> None:
        """Lets the guard take the person whom the player has accused."""
        if self.accused and self.ending is None:
            self.ending = by_accusation(self.case, self.accused)

    def withdraw(self) -> None:
        """Takes the player's accusation back."""
        self.accused = ""

    def restore(
        self,
        notes: Iterable[Note],
        clues: Iterable[Clue],
        regard: Mapping[str, int],
        seconds_left: float,
        *,
        has_bell: bool,
    ) -> None:
        """Takes over the state of a saved game; all personas are made anew."""
        self.journal.restore(notes, clues, has_bell=has_bell)
        self.regard.update(regard)
        self.seconds_left = seconds_left
        self._refresh()

    def update(self, seconds: float) -> None:
        """Lets time pass; the caravan leaves when it is over."""
        if self.ending is not None:
            return
        self.seconds_left = max(0.0, self.seconds_left - seconds)
        if self.seconds_left == 0.0:
            self.ending = by_time(self.case)

    def _search_shrine(self) -> str:
        if self.journal.has_bell:
            self.ending = self.ending or by_mercy(self.case)
            return "You hang the bell where it belongs."
        trace = next(clue for clue in self.case.clues if clue.kind == "trace")
        if not self.journal.add(trace, ""):
            return "The hook where the bell hung is empty."
        self._refresh()
        return f"You find something. {trace.text}"

    def _confession(self, speech: str) -> tuple[Clue, ...]:
        case = self.case
        if case.place in self.journal.places:
            return ()
        words = (case.hideout.what.split()[-1], case.place.split()[-1], "took")
        clue = Clue(
            "place", case.culprit, " ".join(case.confession), case.culprit, (words,), case.place
        )
        return (clue,) if clue.is_told_by(speech) else ()

    def _refresh(self) -> None:
        for name in self._personas:
            made = self._make(name)
            if made != self._made[name]:
                self._made[name] = made
                self.outdated.add(name)

    def _make(self, name: str) -> nb.Persona:
        base = self._personas[name]
        facts = (*self._story_facts(name), *base.profile.facts)
        return replace(
            base, profile=replace(base.profile, facts=facts), actions=self._actions(name)
        )

    def _story_facts(self, name: str) -> tuple[str, ...]:
        if name == self.case.culprit and self.is_soft:
            return self.case.confession
        told = self.tells(name)
        if told:
            return tuple(clue.text for clue in told)
        if self.regard[name] <= temper.SHUT:
            return ("I do not talk about the bell with you.",)
        if not self.case.held_by(name):
            return (f"I know nothing of that night, ask {self._other(name)} about the bell.",)
        if temper.is_silent(self._personas[name].profile.traits):
            return ("Of the bell and that night I say nothing yet.",)
        return (f"Ask {self._other(name)} about the bell and that night.",)

    def _other(self, name: str) -> str:
        """The person to whom somebody sends the player: one who knows and tells something."""
        case = self.case
        holders = [clue.holder for clue in case.clues if clue.kind in ("sight", "trace")]
        return next(h for h in holders if h not in (name, case.culprit)).capitalize()

    def _actions(self, name: str) -> tuple[nb.Action, ...]:
        is_culprit = name == self.case.culprit
        may_open = self.is_soft if is_culprit else self.regard[name] >= LEAST_TO_OPEN
        actions = [a for a in self._personas[name].actions if a.name != "open" or may_open]
        if is_culprit and self.is_soft:
            actions.append(nb.Action("lead", {"place": (self.case.place,)}))
        suspects = self.journal.suspects
        if name == GUARD and suspects:
            titles = tuple(suspect.capitalize() for suspect in suspects)
            actions.append(nb.Action("accuse", {"who": titles}))
        return tuple(actions)
