"""The player: a body moved by keys, and the things it was given.

Invariant: the player hears and says nothing by itself; it talks by the text box.
"""

from __future__ import annotations

import math

from demo_game.people.body import Body
from demo_game.people.cast import PLAYER_START
from demo_game.people.figure import Figure
from demo_game.world.land import World

__all__ = ["HEARING", "Player"]

HEARING = 118.0  # pixels within which a villager hears what the player says
SPEED = 2.9  # pixels a frame; villagers walk at about one
MAX_POUCH = 8  # things carried; the oldest is left behind for a new one


class Player:
    """The player's figure."""

    def __init__(self, figure: Figure, world: World) -> None:
        self.body = Body(figure, PLAYER_START)
        self.world = world
        self.pouch: list[str] = []

    def move(self, dx: float, dy: float) -> None:
        """Walks a frame towards (dx, dy), of any length; (0, 0) stands."""
        length = math.hypot(dx, dy)
        if length == 0.0:
            self.body.stand()
        else:
            self.body.walk(self.world, dx / length, dy / length, SPEED)

    def lose(self, item: str) -> None:
        """Takes one thing out of the pouch, if it is there."""
        if item in self.pouch:
            self.pouch.remove(item)

    def receive(self, item: str) -> None:
        """Puts a gift into the pouch."""
        self.pouch = [*self.pouch, item][-MAX_POUCH:]
