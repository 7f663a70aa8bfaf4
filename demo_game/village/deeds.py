"""The handlers of actions: what happens in the village when somebody decides on one.

They are given to ``Runtime.on_action``. A handler starts something and returns at once, so that one
can still speak to a villager on an errand. Invariant: every action of every persona has a handler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import npcbrain as nb
from demo_game.people.player import Player
from demo_game.people.villager import FPS, Villager
from demo_game.story.case import HIDEOUTS
from demo_game.story.mystery import Mystery
from demo_game.village.happening import Happening, Kind

__all__ = ["GIFT_FRAMES", "WHERE_FROM", "Deeds", "Gift"]

GIFT_FRAMES = 2 * FPS
GIFT_REACH = 220.0  # pixels; a villager that answers another one from afar gives nothing
ALARM_REACH = 420.0  # pixels; the far bank hears nothing
SHOVE_FRAMES = 14  # for which the player stumbles back
WHERE_FROM = {"river silver": "bridge", "blue mint": "garden"}  # things that are fetched


@dataclass(slots=True)
class Gift:
    """A thing on its way from one hand to another.

    Attributes:
        item: The thing.
        start: Where it started.
        to: Who gets it; empty for the player.
        age: Frames since its start, up to ``GIFT_FRAMES``.
    """

    item: str
    start: tuple[float, float]
    to: str = ""
    age: int = 0

    @property
    def share(self) -> float:
        """How far it has come, 0 to 1."""
        return min(1.0, self.age / GIFT_FRAMES)


class Deeds:
    """Registers the handlers, and keeps the deeds under way.

    Attributes:
        gifts: Things that fly from hand to hand.
        happenings: All that has happened since they were last taken.
    """

    def __init__(
        self,
        runtime: nb.Runtime,
        villagers: Mapping[str, Villager],
        player: Player,
        mystery: Mystery,
    ) -> None:
        self._villagers = villagers
        self._player = player
        self._mystery = mystery
        self._shoved: tuple[float, float, int] = (0.0, 0.0, 0)
        self.gifts: list[Gift] = []
        self.happenings: list[Happening] = []
        for name, handler in (
            ("give", self._give),
            ("fetch", self._fetch),
            ("go_to", self._go_to),
            ("lead", self._lead),
            ("follow", self._follow),
            ("flee", self._flee),
            ("refuse", self._refuse),
            ("attack", self._attack),
            ("open", self._open),
            ("accuse", self._accuse),
            ("raise_alarm", self._raise_alarm),
        ):
            runtime.on_action(name, handler)

    def update(self) -> None:
        """Moves on the deeds under way."""
        for gift in self.gifts:
            gift.age += 1
            if gift.age == GIFT_FRAMES and not gift.to:
                self._player.receive(gift.item)
                self.tell(Kind.GIFT, f"You have got: {gift.item}.")
        self.gifts = [gift for gift in self.gifts if gift.age < GIFT_FRAMES]
        dx, dy, frames = self._shoved
        if frames:
            body = self._player.body
            body.x, body.y = self._around(body.x, body.y, dx, dy)
            self._shoved = (dx, dy, frames - 1)

    def tell(self, kind: Kind, text: str = "", who: str = "") -> None:
        """Notes that something happened."""
        self.happenings.append(Happening(kind, text, who))

    def begin(self, villager: Villager, kind: str, place: str) -> None:
        """Lets somebody begin the errand that it was on when the game was saved."""
        npc = villager.npc
        if kind == "go_to":
            villager.send(place)
        elif kind == "lead":
            self._lead(npc, place)
        elif kind == "open":
            self._open(npc, HIDEOUTS[place].what)
        elif kind == "fetch":
            self._fetch(npc, next(item for item, at in WHERE_FROM.items() if at == place))
        elif kind == "follow":
            villager.follow()
        else:
            villager.flee()

    def look_into(self, place: str) -> None:
        """Lets the player look into a hiding place."""
        self.found(self._mystery.look_into(place))

    def found(self, what: str) -> None:
        """Tells what the player has found by looking."""
        is_bell = self._mystery.journal.has_bell and "found" in what and "bell" in what
        self.tell(Kind.FOUND if is_bell else Kind.SEEN, what)

    def _around(self, x: float, y: float, dx: float, dy: float) -> tuple[float, float]:
        return self._player.world.slide(x, y, dx, dy)

    def _give(self, npc: nb.Npc, item: str, to: str) -> nb.tree.Status:
        giver = self._villagers[npc.name].body
        if giver.distance(self._player.body) > GIFT_REACH:
            return nb.tree.Status.FAILURE  # nobody takes it
        self.gifts.append(Gift(item, giver.head))
        return nb.tree.Status.SUCCESS

    def _fetch(self, npc: nb.Npc, item: str) -> None:
        villager = self._villagers[npc.name]

        def hand_over() -> None:
            self.gifts.append(Gift(item, villager.body.head))

        villager.fetch(WHERE_FROM[item], hand_over)

    def _go_to(self, npc: nb.Npc, place: str) -> None:
        self._villagers[npc.name].send(place)

    def _lead(self, npc: nb.Npc, place: str) -> None:
        self._villagers[npc.name].lead(place, partial(self._arrive, npc.name, place))

    def _arrive(self, name: str, place: str) -> None:
        mystery = self._mystery
        if place == "shrine":
            self.found(mystery.search(place))
        elif name == mystery.case.culprit and place == mystery.case.place:
            self.look_into(place)

    def _follow(self, npc: nb.Npc, who: str) -> None:
        self._villagers[npc.name].follow()

    def _flee(self, npc: nb.Npc, who: str) -> None:
        self._villagers[npc.name].flee()

    def _refuse(self, npc: nb.Npc, who: str) -> None:
        self._villagers[npc.name].refuse()

    def _attack(self, npc: nb.Npc, who: str) -> nb.tree.Status:
        villager, body = self._villagers[npc.name], self._player.body
        distance = max(1.0, villager.body.distance(body))
        if distance > GIFT_REACH:
            return nb.tree.Status.FAILURE
        villager.startle()
        dx, dy = (body.x - villager.body.x) / distance, (body.y - villager.body.y) / distance
        self._shoved = (dx * 5, dy * 5, SHOVE_FRAMES)
        self.tell(Kind.BLOW, f"{villager.title} shoves you away.", npc.name)
        return nb.tree.Status.SUCCESS

    def _open(self, npc: nb.Npc, what: str) -> None:
        """Leads the player to a hiding place, and opens it."""
        place = next(place for place, hideout in HIDEOUTS.items() if hideout.what == what)
        self._villagers[npc.name].lead(place, partial(self.look_into, place), "open")

    def _accuse(self, npc: nb.Npc, who: str) -> None:
        self._mystery.accuse(who)
        self.tell(Kind.ACCUSED, f"Edda is about to take {who}.", who.lower())

    def _raise_alarm(self, npc: nb.Npc) -> None:
        caller = self._villagers[npc.name]
        for villager in self._villagers.values():
            if villager.body.distance(caller.body) < ALARM_REACH:
                villager.startle()
        self._villagers["pip"].send("home")
