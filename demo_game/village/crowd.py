"""Strangers who never stop talking: 1, 16 or 200 more NPCs, which show what many minds cost.

They walk about the village and are asked something soon after each answer. They have no part in the
story. Invariant: without them the village is the same as before.
"""

from __future__ import annotations

import math
import random

import npcbrain as nb
from demo_game.people.body import Body
from demo_game.people.figure import Figure
from demo_game.world.land import HEIGHT, WIDTH, World
from npcbrain.tree import Selector, Sequence, Succeed

__all__ = ["SIZES", "Crowd", "Stranger"]

SIZES = (0, 1, 16, 200)
PACE = 0.7
PAUSE_FRAMES = 90  # between an answer and the next question
CHECKED_A_FRAME = 24  # strangers that are checked in a frame, in turn
PATIENCE_MS = 4000
QUESTIONS = (
    "Where do you come from?",
    "What do you sell?",
    "Is the road safe?",
    "Do you know the way to the inn?",
    "What a fine evening, is it not?",
    "Have you heard a bell?",
    "Where does the caravan go?",
    "Can you spare some bread?",
)
FACTS = (
    "The caravan comes from the salt coast.",
    "A sack of salt costs nine coppers.",
    "The road over the hills is safe by day.",
    "Our oxen drink at the well.",
)
TREE = Selector(
    Sequence(nb.Heard(), nb.Decide(ttl_ms=PATIENCE_MS), nb.Act()),
    Sequence(nb.Heard(), Selector(nb.Reflex(), nb.CannedReply())),
    Succeed(),
    name="stranger",
)


class Stranger:
    """A stranger.

    Attributes:
        npc: Its mind.
        body: Its body.
    """

    def __init__(self, npc: nb.Npc, body: Body, rng: random.Random) -> None:
        self.npc = npc
        self.body = body
        self._rng = rng
        self._target = body.position
        self._wait = rng.randrange(PAUSE_FRAMES)

    def walk(self, world: World) -> None:
        """Takes a step to its goal, or chooses another goal."""
        body = self.body
        dx, dy = self._target[0] - body.x, self._target[1] - body.y
        distance = math.hypot(dx, dy)
        if distance < 8:
            body.stand()
            if self._rng.random() < 0.01:
                self._target = free_spot(world, self._rng, body.position, 160.0)
            return
        before = body.position
        body.walk(world, dx / distance, dy / distance, PACE)
        if math.dist(before, body.position) < 0.1:
            self._target = body.position

    def listen(self, num_frames: int) -> None:
        """Asks it something, once its pause is over."""
        if self.npc.thinking or self.npc.event is not None:
            return
        self._wait -= num_frames
        if self._wait <= 0:
            self._wait = PAUSE_FRAMES
            self.npc.hear(self._rng.choice(QUESTIONS), speaker="a villager")


class Crowd:
    """All strangers.

    Attributes:
        strangers: Those that are there now.
    """

    def __init__(
        self, runtime: nb.Runtime, world: World, figures: tuple[Figure, ...], seed: int
    ) -> None:
        self.strangers: list[Stranger] = []
        self._runtime = runtime
        self._world = world
        self._figures = figures
        self._rng = random.Random(seed)
        self._turn = 0

    def resize(self, count: int) -> None:
        """Lets strangers come or go."""
        while len(self.strangers) > count:
            self._runtime.remove_npc(self.strangers.pop().npc.name)
        while len(self.strangers) < count:
            number = len(self.strangers)
            name = f"stranger {number + 1}"
            persona = nb.Persona(
                nb.Profile(name.capitalize(), "traveller", ("tired", "friendly"), "rest", FACTS),
                lines={"fallback": ("Long is the road.", "Ask me tomorrow.", "My feet hurt.")},
            )
            npc = self._runtime.add_npc(name, persona=persona, tree=TREE, importance=0.5)
            npc.scene = nb.Scene("the village", "evening")
            spot = free_spot(self._world, self._rng, (620.0, 420.0), 420.0)
            body = Body(self._figures[number % len(self._figures)], spot)
            self.strangers.append(Stranger(npc, body, self._rng))

    def update(self) -> None:
        """Lets a frame pass."""
        for stranger in self.strangers:
            stranger.walk(self._world)
        count = len(self.strangers)
        looked = min(count, CHECKED_A_FRAME)
        for _ in range(looked):
            self._turn = (self._turn + 1) % count
            self.strangers[self._turn].listen(max(1, count // looked))


def free_spot(
    world: World, rng: random.Random, near: tuple[float, float], reach: float
) -> tuple[float, float]:
    """A free place to stand, if possible near a spot."""
    for _ in range(30):
        x = min(max(near[0] + rng.uniform(-reach, reach), 300.0), WIDTH - 20.0)
        y = min(max(near[1] + rng.uniform(-reach, reach), 220.0), HEIGHT - 30.0)
        if world.is_free(x, y):
            return x, y
    return near
