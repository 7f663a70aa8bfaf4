"""What happens in the village when somebody decides on an action.

The handlers given to ``Runtime.on_action``. A handler starts something and returns at once, so that
a villager on an errand can still be spoken to. Invariant: every action of every persona has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import npcbrain as nb
from demo_game.villager import FPS

if TYPE_CHECKING:
    from demo_game.village import Village

__all__ = ["Deeds", "Gift"]

GIFT_FRAMES = 2 * FPS
GIFT_REACH = 220.0  # pixels; a villager that answers another is no giver
ALARM_REACH = 420.0  # pixels; the far bank hears nothing


@dataclass(slots=True)
class Gift:
    """A thing on its way from one hand to another.

    Attributes:
        item: What it is.
        start: Where it left.
        age: Frames since then, up to ``GIFT_FRAMES``.
    """

    item: str
    start: tuple[float, float]
    age: int = 0

    @property
    def share(self) -> float:
        """How far it has come, 0 to 1."""
        return min(1.0, self.age / GIFT_FRAMES)


class Deeds:
    """Registers the handlers and keeps what is under way."""

    def __init__(self, village: Village) -> None:
        self._village = village
        self.gifts: list[Gift] = []
        runtime = village.runtime
        runtime.on_action("give", self._give)
        runtime.on_action("go_to", self._go_to)
        runtime.on_action("follow", self._follow)
        runtime.on_action("flee", self._flee)
        runtime.on_action("refuse", self._refuse)
        runtime.on_action("raise_alarm", self._raise_alarm)

    def update(self) -> None:
        """Moves the gifts on."""
        for gift in self.gifts:
            gift.age += 1
            if gift.age == GIFT_FRAMES:
                self._village.player.receive(gift.item)
        self.gifts = [gift for gift in self.gifts if gift.age < GIFT_FRAMES]

    def _give(self, npc: nb.Npc, item: str, to: str) -> nb.tree.Status:
        giver = self._village.villagers[npc.name].body
        if giver.distance(self._village.player.body) > GIFT_REACH:
            return nb.tree.Status.FAILURE  # the words were said, but nobody holds out a hand
        self.gifts.append(Gift(item, giver.head))
        return nb.tree.Status.SUCCESS

    def _go_to(self, npc: nb.Npc, place: str) -> None:
        self._village.villagers[npc.name].send(place)

    def _follow(self, npc: nb.Npc, who: str) -> None:
        self._village.villagers[npc.name].follow()

    def _flee(self, npc: nb.Npc, who: str) -> None:
        self._village.villagers[npc.name].flee()

    def _refuse(self, npc: nb.Npc, who: str) -> None:
        self._village.villagers[npc.name].refuse()

    def _raise_alarm(self, npc: nb.Npc) -> None:
        caller = self._village.villagers[npc.name]
        for villager in self._village.villagers.values():
            if villager.body.distance(caller.body) < ALARM_REACH:
                villager.startle()
        self._village.villagers["pip"].send("home")
