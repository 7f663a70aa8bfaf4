"""The village: its map, its light, its people and the runtime that thinks for them.

It draws nothing and reads no keys. Invariant: ``villagers`` and ``runtime.npcs`` have the same
names.
"""

from __future__ import annotations

import random
from pathlib import Path

import npcbrain as nb
from demo_game.assets import Assets
from demo_game.body import Body
from demo_game.cast import CAST, PERSONAS
from demo_game.daylight import Daylight
from demo_game.deeds import Deeds
from demo_game.live_trees import LiveTrees
from demo_game.player import HEARING, Player
from demo_game.trees import TREES
from demo_game.villager import FPS, Villager

__all__ = ["Village"]

SCENE_FRAMES = 30  # between two looks around: what is near changes slowly
NEARBY = 170.0  # pixels within which somebody is part of the scene
MAX_NEARBY = 3
GOSSIP_FRAMES = 9 * FPS
GOSSIP_REACH = 110.0
HOLD_FRAMES = 100  # a finished bubble stays at least so long ...
HOLD_PER_CHAR = 2.6  # ... and longer by this for each character, to be read


class Village:
    """The game's world, one frame at a time."""

    def __init__(
        self,
        assets: Assets,
        model: nb.Model | None,
        *,
        seed: int,
        clock: nb.Clock,
        trees: Path = TREES,
    ) -> None:
        self.world = assets.world
        self.flow = assets.flow
        self.scenery = assets.scenery
        self.daylight = Daylight(assets.scenery)
        self.player = Player(assets.player)
        self.runtime = nb.Runtime(model, seed=seed, clock=clock)
        self.deeds = Deeds(self)
        self.trees = LiveTrees(trees)
        self.villagers: dict[str, Villager] = {}
        self.listener: Villager | None = None  # who will hear what is being typed
        self._rng = random.Random(seed)
        self._frame = 0
        self._gossip_in = GOSSIP_FRAMES
        self._hold: dict[str, int] = {}  # frames for which what was said stays readable
        for index, (name, role) in enumerate(CAST.items()):
            villager = Villager(
                name, Body(assets.figures[name], role.start), role.home, self, seed * 101 + index
            )
            file = self.trees.open(villager)
            villager.npc = self.runtime.add_npc(
                name,
                persona=nb.Persona.load(PERSONAS / f"{name}.json"),
                tree=file.definition,
                importance=role.importance,
            )
            file.attach(villager.npc.tree)
            self.villagers[name] = villager
            self._hold[name] = 0
        self.bodies: tuple[Body, ...] = (
            self.player.body,
            *(v.body for v in self.villagers.values()),
        )
        for villager in self.villagers.values():
            self._look_around(villager)
        self.runtime.warm_up()

    def update(self, seconds: float) -> None:
        """Lets a frame pass for everything but minds, which ``runtime.update`` moves on."""
        self._frame += 1
        was_dark = self.daylight.is_dark
        self.daylight.update(seconds)
        if self.daylight.is_dark and not was_dark:
            self.villagers["edda"].npc.notice("time", source="world", text="Night falls.")
        for index, villager in enumerate(self.villagers.values()):
            villager.update()
            self._hold[villager.name] = max(0, self._hold[villager.name] - 1)
            if (self._frame + index * 4) % SCENE_FRAMES == 0:
                self._look_around(villager)
        self._gossip()
        self.deeds.update()

    def think(self, budget_ms: float) -> nb.FrameReport:
        """One update of the runtime; what was decided stays readable for a while."""
        report = self.runtime.update(budget_ms=budget_ms)
        for name, decision in report.decisions:
            frames = HOLD_FRAMES + HOLD_PER_CHAR * len(decision.say)
            self._hold[name] = round(frames)
            villager = self.villagers[name]
            villager.bark = ""
        return report

    def speak(self, listener: Villager, text: str) -> None:
        """The player says something to somebody. Any text is harmless."""
        listener.talking_to = self.player.body
        listener.npc.hear(text, speaker="player")

    def at(self, x: float, y: float) -> Villager | None:
        """Whose figure is at a point of the map."""
        for villager in sorted(self.villagers.values(), key=lambda v: -v.body.y):
            if villager.body.covers(x, y):
                return villager
        return None

    def in_reach(self) -> list[Villager]:
        """Who would hear the player, nearest first."""
        body = self.player.body
        near = [v for v in self.villagers.values() if v.body.distance(body) < HEARING]
        return sorted(near, key=lambda v: v.body.distance(body))

    def is_speaking(self, villager: Villager) -> bool:
        """Whether its words are on the screen: streaming, or still to be read."""
        npc = villager.npc
        return bool(npc.speech) if npc.thinking else self._hold[villager.name] > 0

    def listens(self, villager: Villager) -> bool:
        """Whether it waits for what the player is typing."""
        return villager is self.listener

    def pace(self, villager: Villager) -> float:
        """Pixels a frame at a walk."""
        return CAST[villager.name].pace

    def close(self) -> None:
        """Ends all thinking."""
        self.runtime.close()

    def _look_around(self, villager: Villager) -> None:
        body = villager.body
        near = [
            (body.distance(other.body), other.title)
            for other in self.villagers.values()
            if other is not villager
        ]
        near.append((body.distance(self.player.body), "player"))
        names = [name for distance, name in sorted(near) if distance < NEARBY]
        villager.npc.scene = nb.Scene(
            f"the {self.world.place_near(body.x, body.y)}",
            self.daylight.name,
            tuple(names[:MAX_NEARBY]),
        )

    def _gossip(self) -> None:
        """Now and then somebody calls out to a neighbour, who answers."""
        self._gossip_in -= 1
        if self._gossip_in > 0:
            return
        self._gossip_in = GOSSIP_FRAMES
        idle = [v for v in self.villagers.values() if not v.is_talking and not v.npc.thinking]
        self._rng.shuffle(idle)
        for speaker in idle:
            for other in idle:
                if other is not speaker and other.body.distance(speaker.body) < GOSSIP_REACH:
                    speaker.call_out("bark")
                    if speaker.bark:
                        other.talking_to = speaker.body
                        other.npc.hear(speaker.bark, speaker=speaker.title)
                    return
