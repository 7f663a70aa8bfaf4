"""The hour of the day and the scenery in its light, repainted one strip a frame.

Tinting the whole picture costs about 20 ms, so each frame tints one strip of it: the light moves
slowly and nobody sees the seam. Invariant: ``picture`` is always complete.
"""

from __future__ import annotations

import itertools

import pygame

from demo_game.drawing.palette import Colour, mix
from demo_game.scenery.painter import Scenery

__all__ = ["Daylight"]

NUM_STRIPS = 48  # frames for one pass over the picture: 0.8 s
HOURS_PER_SECOND = 1 / 60  # the story of ten minutes lasts from dusk to the morning
NIGHT_HASTE = 2.0  # nights are shorter: most people are at home

# Hour, colour of the light, strength of lamps.
SKY: tuple[tuple[float, Colour, float], ...] = (
    (0.0, (84, 92, 146), 1.0),
    (4.5, (84, 92, 146), 1.0),
    (6.0, (190, 164, 168), 0.6),
    (7.5, (255, 238, 214), 0.0),
    (12.0, (255, 255, 248), 0.0),
    (16.0, (255, 250, 232), 0.0),
    (17.5, (255, 228, 186), 0.12),
    (18.6, (246, 190, 152), 0.3),
    (19.6, (176, 138, 160), 0.7),
    (20.8, (104, 106, 156), 0.95),
    (24.0, (84, 92, 146), 1.0),
)


class Daylight:
    """Time of day, and the background picture as it looks now."""

    def __init__(self, scenery: Scenery, hour: float = 18.1) -> None:
        self.hour = hour
        self.picture = scenery.day.copy()
        self._scenery = scenery
        width, height = self.picture.get_size()
        self._strip_height = height // NUM_STRIPS
        self._lit = pygame.Surface((width, self._strip_height))
        self._shine = pygame.Surface((width, self._strip_height))
        self._next = 0
        self._sky = self._now()
        for _ in range(NUM_STRIPS):
            self._paint_strip()

    @property
    def name(self) -> str:
        """The time as a villager would say it."""
        for until, name in (
            (5, "night"),
            (11, "morning"),
            (14, "noon"),
            (18, "afternoon"),
            (21, "evening"),
        ):
            if self.hour < until:
                return name
        return "night"

    @property
    def is_dark(self) -> bool:
        """Whether it is night, when most people are at home."""
        return self.hour >= 20.6 or self.hour < 5.5

    @property
    def ambient(self) -> Colour:
        """The colour of the light where no lamp reaches."""
        return self._sky[0]

    @property
    def lamps(self) -> float:
        """The strength of lamps, from 0 by day to 1 at night."""
        return self._sky[1]

    def update(self, seconds: float) -> None:
        """Lets time pass and repaints one strip."""
        haste = NIGHT_HASTE if self.is_dark else 1.0
        self.hour = (self.hour + seconds * haste * HOURS_PER_SECOND) % 24.0
        self._sky = self._now()
        self._paint_strip()

    def _now(self) -> tuple[Colour, float]:
        for (start, colour, lamps), (end, next_colour, next_lamps) in itertools.pairwise(SKY):
            if start <= self.hour <= end:
                share = (self.hour - start) / (end - start)
                return mix(colour, next_colour, share), lamps + (next_lamps - lamps) * share
        return SKY[-1][1], SKY[-1][2]

    def _paint_strip(self) -> None:
        ambient, lamps = self._sky
        top = self._next * self._strip_height
        self._next = (self._next + 1) % NUM_STRIPS
        area = pygame.Rect(0, top, self.picture.get_width(), self._strip_height)
        power = (round(255 * lamps),) * 3
        for layer, source in ((self._lit, self._scenery.light), (self._shine, self._scenery.shine)):
            layer.blit(source, (0, 0), area)
            layer.fill(power, special_flags=pygame.BLEND_RGB_MULT)
        self._lit.fill(ambient, special_flags=pygame.BLEND_RGB_ADD)
        self.picture.blit(self._scenery.day, area, area)
        self.picture.blit(self._lit, area, special_flags=pygame.BLEND_RGB_MULT)
        self.picture.blit(self._shine, area, special_flags=pygame.BLEND_RGB_ADD)
