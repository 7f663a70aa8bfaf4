"""The village: its map, its light, its people and the runtime that thinks for them.

It draws nothing and reads no keys. Invariant: ``villagers`` and ``runtime.npcs`` have the same
names.
"""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import TYPE_CHECKING

import npcbrain as nb
from demo_game.people.body import Body
from demo_game.people.cast import CAST, PERSONAS
from demo_game.people.player import HEARING, Player
from demo_game.people.surroundings import Surroundings
from demo_game.people.villager import FPS, Villager
from demo_game.scenery.daylight import Daylight
from demo_game.story.case import make_case
from demo_game.story.mystery import BELL, Mystery
from demo_game.village.assets import Assets
from demo_game.village.crowd import Crowd
from demo_game.village.deeds import Deeds, Gift
from demo_game.village.happening import Happening, Kind
from demo_game.village.live_trees import LiveTrees
from demo_game.village.tree_words import TREES
from demo_game.world.land import PLACES

if TYPE_CHECKING:
    from npcbrain.replay.playback import PlayedModel

__all__ = ["Village"]

SCENE_FRAMES = 30  # between two looks around, since the things nearby change slowly
NEARBY = 170.0  # pixels within which somebody is part of the scene
MAX_NEARBY = 3
GOSSIP_FRAMES = 9 * FPS
GOSSIP_REACH = 110.0
EARSHOT = 200.0  # pixels within which the player hears what people say, even to each other
WITNESS_REACH = 220.0
SEARCH_REACH = 64.0
HOLD_FRAMES = 100  # a finished bubble stays at least so long ...
HOLD_PER_CHAR = 2.6  # ... and longer by this for each character, to be read


class Village:
    """The game's world, one frame at a time.

    Attributes:
        offers: Things that the player holds out to somebody, not yet taken or refused.
    """

    def __init__(
        self,
        assets: Assets,
        model: nb.Model | PlayedModel | None,
        *,
        seed: int,
        clock: nb.Clock,
        trees: Path = TREES,
        tape: Path | None = None,
    ) -> None:
        self.world = assets.world
        self.flow = assets.flow
        self.scenery = assets.scenery
        self.daylight = Daylight(assets.scenery)
        self.player = Player(assets.player, assets.world)
        self.runtime = nb.Runtime(model, seed=seed, clock=clock, record=tape)
        self.trees = LiveTrees(trees)
        self.villagers: dict[str, Villager] = {}
        personas = {name: nb.Persona.load(PERSONAS / f"{name}.json") for name in CAST}
        self.mystery = Mystery(make_case(seed), personas)
        self.deeds = Deeds(self.runtime, self.villagers, self.player, self.mystery)
        self.offers: dict[str, str] = {}
        self._rng = random.Random(seed)
        self._frame = 0
        self._was_over = False
        self._gossip_in = GOSSIP_FRAMES
        around = Surroundings(self.world, self.flow, self.daylight, self.player.body)
        for index, (name, role) in enumerate(CAST.items()):
            villager = Villager(
                name,
                Body(assets.figures[name], role.start),
                around,
                home=role.home,
                pace=role.pace,
                seed=seed * 101 + index,
            )
            file = self.trees.open(villager)
            villager.npc = self.runtime.add_npc(
                name,
                persona=self.mystery.persona(name),
                tree=file.definition,
                importance=role.importance,
            )
            file.attach(villager.npc.tree)
            lines = personas[name].lines
            villager.npc.blackboard["deed_words"] = list(lines["deed"])
            villager.npc.blackboard["thanks"] = list(lines["thanks"])
            self.villagers[name] = villager
        self.bodies = around.bodies
        self.bodies += [self.player.body, *(v.body for v in self.villagers.values())]
        self.crowd = Crowd(self.runtime, self.world, assets.strangers, seed)
        for villager in self.villagers.values():
            self._look_around(villager)
        self.runtime.warm_up()

    def update(self, seconds: float) -> None:
        """Lets a frame pass for everything except minds, which ``think`` moves on."""
        self._frame += 1
        was_dark = self.daylight.is_dark
        self.daylight.update(seconds)
        if self.daylight.is_dark and not was_dark:
            self.villagers["edda"].npc.notice("time", source="world", text="Night falls.")
        for index, villager in enumerate(self.villagers.values()):
            villager.update()
            if (self._frame + index * 4) % SCENE_FRAMES == 0:
                self._look_around(villager)
        self._gossip()
        self.crowd.update()
        self.deeds.update()
        self.mystery.update(seconds)
        self._dress()

    def think(self, budget_ms: float) -> nb.FrameReport:
        """Runs one update of the runtime; decisions stay readable for a while."""
        report = self.runtime.update(budget_ms=budget_ms)
        for name, decision in report.decisions:
            if name not in self.villagers:
                continue
            self._note(name, decision)
            frames = HOLD_FRAMES + HOLD_PER_CHAR * len(decision.say)
            villager = self.villagers[name]
            villager.hold = round(frames)
            villager.bark = ""
        return report

    def speak(self, listener: Villager, text: str) -> None:
        """Says the player's words to somebody. Any text is harmless."""
        listener.talking_to = self.player.body
        listener.npc.hear(text, speaker="player")

    def offer(self, villager: Villager, number: int) -> bool:
        """Holds out the n-th thing of the player's pouch, to be taken or refused later.

        Returns:
            Whether there was such a thing, and it may be given away.
        """
        pouch = self.player.pouch
        if not 0 <= number < len(pouch) or villager.name in self.offers:
            return False
        item = pouch[number]
        if item == BELL:
            self.deeds.tell(Kind.SEEN, "The bell belongs in the shrine.")
            return False
        self.player.lose(item)
        self.offers[villager.name] = item
        self.deeds.gifts.append(Gift(item, self.player.body.head, villager.name))
        villager.talking_to = self.player.body
        villager.npc.notice("gift", source="player", text=f"The player gives you {a_or_an(item)}.")
        return True

    def strike(self, villager: Villager) -> None:
        """Lets the player strike somebody. People nearby will remember it."""
        villager.npc.notice("attack", source="player", text="The player strikes you.")
        villager.startle()
        seen_by = [
            other.name
            for other in self.villagers.values()
            if other is not villager and other.body.distance(villager.body) < WITNESS_REACH
        ]
        for name in seen_by:
            line = f"I saw the player strike {villager.title}."
            self.villagers[name].npc.remember(line, importance=0.8)
        self.mystery.strike(villager.name, seen_by)
        for name in (villager.name, *seen_by):
            self.deeds.tell(Kind.DISLIKED, "", name)
        self.deeds.tell(Kind.BLOW, f"You have struck {villager.title}.", villager.name)

    def search(self) -> None:
        """Lets the player search the spot where it stands."""
        body = self.player.body
        place = self.world.place_near(body.x, body.y)
        if math.dist(PLACES[place], body.position) > SEARCH_REACH:
            self.deeds.tell(Kind.SEEN, "Nothing here can hide a bell.")
            return
        num_notes = len(self.mystery.journal.notes)
        self.deeds.found(self.mystery.search(place))
        if place == "shrine" and len(self.mystery.journal.notes) > num_notes:
            self.deeds.tell(Kind.CLUE, self.mystery.journal.notes[-1].text)

    def take_happenings(self) -> list[Happening]:
        """Takes all that has happened since the last call."""
        happenings, self.deeds.happenings = self.deeds.happenings, []
        if self.mystery.journal.has_bell and BELL not in self.player.pouch and not self.is_over:
            self.player.receive(BELL)
        if self.is_over and not self._was_over:
            self._was_over = True
            happenings.append(Happening(Kind.ENDED))
        return happenings

    @property
    def is_over(self) -> bool:
        """Whether the story has ended."""
        return self.mystery.ending is not None

    def at(self, x: float, y: float) -> Villager | None:
        """The villager whose figure is at a point of the map."""
        for villager in sorted(self.villagers.values(), key=lambda v: -v.body.y):
            if villager.body.covers(x, y):
                return villager
        return None

    def in_reach(self) -> list[Villager]:
        """The villagers that would hear the player, nearest first."""
        body = self.player.body
        near = [v for v in self.villagers.values() if v.body.distance(body) < HEARING]
        return sorted(near, key=lambda v: v.body.distance(body))

    def address(self, listener: Villager | None) -> None:
        """Lets somebody stand still while the player types to it; None for nobody."""
        for villager in self.villagers.values():
            villager.is_addressed = villager is listener

    def close(self) -> None:
        """Ends all thinking."""
        self.runtime.close()

    def _note(self, name: str, decision: nb.Decision) -> None:
        """Tells the story what an answer means for it."""
        villager = self.villagers[name]
        item = self.offers.pop(name, "") if decision.action == "refuse" else ""
        if item:
            self.player.receive(item)
        elif item := self.offers.pop(name, ""):
            worth = self.mystery.take_gift(name, item)
            joy = ", just what I wanted" if worth > 1 else ""
            villager.npc.remember(f"The player gave me {a_or_an(item)}{joy}.", importance=0.8)
            self.deeds.tell(Kind.LIKED, f"{villager.title} likes the {item}.", name)
        if villager.body.distance(self.player.body) < EARSHOT:
            for clue in self.mystery.hear(name, decision.say):
                self.deeds.tell(Kind.CLUE, clue.text, name)

    def _dress(self) -> None:
        """Gives new personas to the people who now know, or may do, something else."""
        for name in sorted(self.mystery.outdated):
            npc = self.villagers[name].npc
            if npc.thinking or npc.event is not None:
                continue  # it is answering; its next answer comes from the new persona
            self.mystery.outdated.discard(name)
            npc.persona = self.mystery.persona(name)
            npc.actions = npc.persona.actions
            self.runtime.warm(npc)

    def dress_all(self) -> None:
        """Gives everybody the persona that the story now has for them, at once."""
        self.mystery.outdated.clear()
        for name, villager in self.villagers.items():
            villager.npc.become(self.mystery.persona(name))
        self.runtime.warm_up()

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
        """Lets somebody, now and then, call out to a neighbour, who answers."""
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


def a_or_an(item: str) -> str:
    """An item with its article.

    >>> a_or_an("ale"), a_or_an("blue mint"), a_or_an("trout")
    ('an ale', 'some blue mint', 'a trout')
    """
    if item in ("blue mint", "river silver", "stew", "salve"):
        return f"some {item}"
    return f"{'an' if item[0] in 'aeiou' else 'a'} {item}"
