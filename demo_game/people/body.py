"""A body on the map: where it stands, how it walks, and its picture.

Shared by the player and the villagers; it decides nothing. Invariant: the foot is always on free
ground.
"""

from __future__ import annotations

import math

import pygame

from demo_game.drawing.palette import Colour
from demo_game.people.figure import FOOT, SIZE, Figure
from demo_game.scenery.daylight import Daylight
from demo_game.scenery.painter import Scenery
from demo_game.world.land import World

__all__ = ["Body"]

STEPS_PER_PIXEL = 1 / 11  # a stride of eleven pixels looks like walking, not like skating
TURN_BIAS = 1.2  # sideways pictures are preferred on diagonals
TURN = 0.25  # the share of a turn to a new direction that a body makes in a frame


class Body:
    """A figure on the map."""

    def __init__(self, figure: Figure, spot: tuple[float, float]) -> None:
        self.figure = figure
        self.x, self.y = float(spot[0]), float(spot[1])
        self.facing = "down"
        self.busy = False
        self.moving = False
        self._stride = 0.0
        self._heading = (0.0, 0.0)
        self._sheet = pygame.Surface(SIZE, pygame.SRCALPHA)

    @property
    def position(self) -> tuple[float, float]:
        """The foot."""
        return self.x, self.y

    @property
    def head(self) -> tuple[float, float]:
        """Where a speech bubble points to."""
        return self.x, self.y - 48 * self.figure.look.height

    def distance(self, other: Body) -> float:
        """Pixels between two feet."""
        return math.hypot(other.x - self.x, other.y - self.y)

    def covers(self, x: float, y: float) -> bool:
        """Whether a point is on the figure, or near enough for a mouse."""
        height = 56 * self.figure.look.height
        return abs(x - self.x) < 20 and -height < y - self.y < 18

    def walk(self, world: World, dx: float, dy: float, speed: float) -> None:
        """Takes one frame's step of ``speed`` pixels along the unit vector (dx, dy)."""
        hx, hy = self._heading
        hx, hy = hx + (dx - hx) * TURN, hy + (dy - hy) * TURN
        self._heading = (hx, hy)
        x, y = world.slide(self.x, self.y, hx * speed, hy * speed)
        if (x, y) == (self.x, self.y):  # at a corner: in the wanted direction, not where it faces
            x, y = world.slide(self.x, self.y, dx * speed, dy * speed)
        moved = math.hypot(x - self.x, y - self.y)
        self.x, self.y = x, y
        self.moving = moved > 0.1
        if self.moving:
            self.busy = False
            self._stride += moved * STEPS_PER_PIXEL
            self._face(hx, hy)

    def stand(self) -> None:
        """Takes no step in this frame."""
        self.moving = False
        self._stride = 0.0
        self._heading = (0.0, 0.0)

    def look_at(self, other: Body) -> None:
        """Turns to somebody."""
        self._face(other.x - self.x, other.y - self.y)

    def draw(self, screen: pygame.Surface, scenery: Scenery, daylight: Daylight) -> None:
        """Draws the body, without the parts that houses and trees hide."""
        step = int(self._stride) % 4 if self.moving else 0
        picture = self.figure.picture(self.facing, step, self.busy, self._light(scenery, daylight))
        corner = (round(self.x) - FOOT[0], round(self.y) - FOOT[1])
        area = pygame.Rect(corner, SIZE)
        before = [
            cover
            for cover in (scenery.covers[i] for i in area.collidelistall(scenery.cover_rects))
            if cover.base > self.y
        ]
        if before:
            self._sheet.fill((0, 0, 0, 0))
            self._sheet.blit(picture, (0, 0))
            for cover in before:
                spot = (cover.rect.x - corner[0], cover.rect.y - corner[1])
                self._sheet.blit(cover.stencil, spot, special_flags=pygame.BLEND_RGBA_SUB)
            picture = self._sheet
        screen.blit(picture, corner)

    def _light(self, scenery: Scenery, daylight: Daylight) -> Colour:
        spot = (min(max(int(self.x), 0), 1279), min(max(int(self.y), 0), 719))
        lamp, power, sky = scenery.light.get_at(spot), daylight.lamps, daylight.ambient
        return (
            min(255, sky[0] + int(lamp[0] * power)),
            min(255, sky[1] + int(lamp[1] * power)),
            min(255, sky[2] + int(lamp[2] * power)),
        )

    def _face(self, dx: float, dy: float) -> None:
        if abs(dx) * TURN_BIAS >= abs(dy):
            self.facing = "right" if dx > 0 else "left"
        else:
            self.facing = "down" if dy > 0 else "up"
