"""A villager's body and what it can do; its behaviour tree decides when it does what.

The methods that a tree ticks answer with a ``Status`` and take one frame's step each. Time is
counted in frames, so that a run with the same seed moves in the same way. Invariant: an errand of a
decision goes before the day's routine, and always ends.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import npcbrain as nb
from demo_game.people.body import Body
from demo_game.people.surroundings import Surroundings
from demo_game.world.land import PLACES

__all__ = ["LEAD_FRAMES", "Errand", "Villager"]

SUCCESS, RUNNING = nb.tree.Status.SUCCESS, nb.tree.Status.RUNNING

FPS = 60
ERRAND_FRAMES = 12 * FPS  # longest errand; one that is stuck must end, too
FOLLOW_FRAMES = 10 * FPS
LEAD_FRAMES = 40 * FPS
LEAD_GAP = 150.0  # pixels at which it waits for the one it leads
NEAR = 130.0  # pixels at which it walks straight up to somebody
FLEE_FRAMES = 4 * FPS
FOLLOW_GAP = 46.0  # pixels kept from the one it follows
ARRIVED = 9.0  # pixels from the spot that count as there
CROWD = 27.0  # pixels below which two people make room for each other
BARK_FRAMES = 3 * FPS
SHRUG_FRAMES = FPS


@dataclass(slots=True)
class Errand:
    """A task that a decision began.

    Attributes:
        kind: ``go_to``, ``lead``, ``open``, ``fetch``, ``follow`` or ``flee``.
        place: Where to, for the first four.
        frames_left: After so many frames it is over, done or not.
        done: Called when it is done, but not when its time runs out.
        is_there: Whether the place was reached.
    """

    kind: str
    place: str
    frames_left: int
    done: Callable[[], None] | None = None
    is_there: bool = False


class Villager:
    """One person of the village.

    Attributes:
        name: Its key in the runtime, lower case.
        title: The text of its name tag.
        body: Its body.
        npc: Its mind.
        errand: Its errand, or None.
        bark: A line that it calls out without having been asked; mostly empty.
        alarmed: Frames for which it shows that it is startled.
        shrug: Frames for which it shakes its head.
        talking_to: Whom it looks at while it talks; None is the player.
        is_addressed: Whether the player is typing something to it.
        hold: Frames for which its words stay on the screen.
    """

    npc: nb.Npc

    def __init__(
        self, name: str, body: Body, around: Surroundings, *, home: str, pace: float, seed: int
    ) -> None:
        self.name = name
        self.title = name.capitalize()
        self.body = body
        self.home = home
        self.pace = pace
        self.errand: Errand | None = None
        self.bark = ""
        self.alarmed = 0
        self.shrug = 0
        self.talking_to: Body | None = None
        self.is_addressed = False
        self.hold = 0
        self._around = around
        self._rng = random.Random(seed)
        self._bark_frames = 0
        self._num_barks = 0
        self._working_frames = 0
        self._spot = (0.0, 0.0)  # near the place it walks to, so that people do not overlap
        self._goal = ""

    # What the tree asks.

    @property
    def has_errand(self) -> bool:
        """Whether a decision sent it somewhere."""
        return self.errand is not None

    @property
    def is_talking(self) -> bool:
        """Whether it should stand and look at somebody instead of going about its day."""
        return self.npc.thinking or self.is_speaking or self.is_addressed

    @property
    def is_speaking(self) -> bool:
        """Whether its words are on the screen: streaming, or still to be read."""
        return bool(self.npc.speech) if self.npc.thinking else self.hold > 0

    @property
    def is_night(self) -> bool:
        """Whether it is dark."""
        return self._around.daylight.is_dark

    def sees_player(self, reach: float = 90.0) -> bool:
        """Whether the player is near."""
        return self.body.distance(self._around.player) < reach

    # What the tree does, a frame at a time.

    def go(self, place: str, speed: float = 1.0) -> nb.tree.Status:
        """Walks to a place; SUCCESS on arrival."""
        if self._goal != place:
            self._goal = place
            angle = self._rng.random() * math.tau
            self._spot = (math.cos(angle) * 30, math.sin(angle) * 12)
        body, world = self.body, self._around.world
        x, y = PLACES[place]
        tx, ty = x + self._spot[0], y + self._spot[1]
        if not world.is_free(tx, ty):
            tx, ty = x, y
        distance = math.hypot(tx - body.x, ty - body.y)
        if distance < ARRIVED:
            body.stand()
            self._goal = ""
            return SUCCESS
        if distance < 44.0:
            dx, dy = (tx - body.x) / distance, (ty - body.y) / distance
        else:
            dx, dy = self._around.flow.direction(place, body.x, body.y)
            if dx == dy == 0.0:
                body.stand()
                self._goal = ""
                return SUCCESS
        self._walk(dx, dy, speed)
        return RUNNING

    def stroll(self, *places: str) -> nb.tree.Status:
        """Walks to one of these places, a different one each time."""
        if self._goal not in places:
            others = [p for p in places if math.dist(PLACES[p], self.body.position) > 60]
            return self.go(self._rng.choice(others or places))
        return self.go(self._goal)

    def work(self, seconds: float, beat_frames: int = 24, facing: str = "down") -> nb.tree.Status:
        """Stands and moves the tool arm up and down; SUCCESS after so many seconds."""
        self.body.stand()
        self.body.facing = facing
        self._working_frames += 1
        self.body.busy = self._working_frames % (2 * beat_frames) < beat_frames
        if self._working_frames < seconds * FPS:
            return RUNNING
        self._working_frames = 0
        self.body.busy = False
        return SUCCESS

    def attend(self) -> nb.tree.Status:
        """Stands and looks at the one it talks with."""
        self.body.stand()
        self.body.busy = False
        self.body.look_at(self.talking_to or self._around.player)
        return RUNNING

    def call_out(self, kind: str) -> nb.tree.Status:
        """Says a line without having been asked; the words are its tree's, not the model's."""
        lines = self.npc.persona.lines.get(kind, ())
        if lines and not self.is_speaking:
            self.bark = lines[self._num_barks % len(lines)]
            self._num_barks += 1
            self._bark_frames = BARK_FRAMES
        return SUCCESS

    def run_errand(self) -> nb.tree.Status:
        """Takes a step of the errand; SUCCESS when it is over."""
        errand = self.errand
        if errand is None:
            return SUCCESS
        errand.frames_left -= 1
        status = self._step(errand)
        if errand.frames_left <= 0 or status is SUCCESS:
            self.errand = None
            self.body.stand()
            if status is SUCCESS and errand.done is not None:
                errand.done()
            return SUCCESS
        return RUNNING

    def _step(self, errand: Errand) -> nb.tree.Status:
        player = self._around.player
        if errand.kind == "go_to":
            return self.go(errand.place, 1.25)
        if errand.kind in ("lead", "open"):
            return self._lead(errand.place, player)
        if errand.kind == "fetch":
            return self._fetch(errand, player)
        if errand.kind == "follow":
            self._follow(player)
        else:
            self._flee(player)
        return RUNNING

    # What decisions set out to do.

    def send(self, place: str) -> None:
        """Sends it to a place."""
        self.errand = Errand("go_to", place, ERRAND_FRAMES)

    def lead(self, place: str, done: Callable[[], None], kind: str = "lead") -> None:
        """Lets it walk ahead of the player to a place, and wait if the player falls behind."""
        self.errand = Errand(kind, place, LEAD_FRAMES, done)

    def fetch(self, place: str, done: Callable[[], None]) -> None:
        """Sends it to a place and back to the player with what it got there."""
        self.errand = Errand("fetch", place, LEAD_FRAMES, done)

    def follow(self) -> None:
        """Lets it walk behind the player for a while."""
        self.errand = Errand("follow", "", FOLLOW_FRAMES)

    def flee(self) -> None:
        """Lets it run from the player."""
        self.errand = Errand("flee", "", FLEE_FRAMES)

    def startle(self) -> None:
        """Shows that it heard an alarm."""
        self.alarmed = 2 * FPS

    def refuse(self) -> None:
        """Shakes its head."""
        self.shrug = SHRUG_FRAMES

    def update(self) -> None:
        """Lets a frame pass for everything that ends by itself."""
        self.alarmed = max(0, self.alarmed - 1)
        self.shrug = max(0, self.shrug - 1)
        self.hold = max(0, self.hold - 1)
        self._bark_frames = max(0, self._bark_frames - 1)
        if self._bark_frames == 0:
            self.bark = ""
        self._make_room()

    def _walk(self, dx: float, dy: float, speed: float) -> None:
        self.body.walk(self._around.world, dx, dy, self.pace * speed)

    def _lead(self, place: str, other: Body) -> nb.tree.Status:
        if self.body.distance(other) > LEAD_GAP:
            self.body.stand()
            self.body.look_at(other)
            return RUNNING
        return self.go(place, 1.25)

    def _fetch(self, errand: Errand, other: Body) -> nb.tree.Status:
        if not errand.is_there:
            errand.is_there = self.go(errand.place, 1.6) is SUCCESS
            return RUNNING
        if self.body.distance(other) < FOLLOW_GAP + 8:
            return SUCCESS
        if self.body.distance(other) > NEAR:  # far away, it walks from place to place
            self.go(self._around.world.place_near(other.x, other.y), 1.6)
        else:
            self._follow(other)
        return RUNNING

    def _follow(self, other: Body) -> None:
        body = self.body
        distance = body.distance(other)
        if distance < FOLLOW_GAP:
            body.stand()
            body.look_at(other)
            return
        self._walk((other.x - body.x) / distance, (other.y - body.y) / distance, 1.5)

    def _flee(self, other: Body) -> None:
        body = self.body
        distance = max(1.0, body.distance(other))
        dx, dy = (body.x - other.x) / distance, (body.y - other.y) / distance
        before = body.position
        self._walk(dx, dy, 2.0)
        if body.position == before:  # there is a wall; so along it
            self._walk(-dy, dx, 2.0)

    def _make_room(self) -> None:
        """Lets two bodies on one spot drift apart, even if one of them stands."""
        for other in self._around.bodies:
            if other is self.body:
                continue
            dx, dy = self.body.x - other.x, self.body.y - other.y
            if abs(dx) < CROWD and abs(dy) < CROWD * 0.7:
                distance = math.hypot(dx, dy) or 1.0
                push = 0.5 * (1.0 - min(1.0, distance / CROWD))
                step = (dx / distance * push, dy / distance * push)
                self.body.x, self.body.y = self._around.world.slide(self.body.x, self.body.y, *step)
