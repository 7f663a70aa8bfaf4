"""Things that move by themselves: smoke, water, fireflies, the forge's fire, sparks, gifts.

Every picture is made at load; a frame only places them. Invariant: no effect changes the game.
"""

from __future__ import annotations

import math
import random

import pygame

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas, glow
from demo_game.scenery.daylight import Daylight
from demo_game.scenery.painter import Scenery
from demo_game.world import land

__all__ = ["Effects"]

NUM_GLINTS = 54
NUM_FIREFLIES = 26
PUFF_FRAMES = 210
PUFF_EVERY = 34
NUM_SHADES = 8


class Effects:
    """All small movement of the scenery."""

    def __init__(self, scenery: Scenery, seed: int) -> None:
        rng = random.Random(seed)
        self._scenery = scenery
        self._puffs = tuple(_puff(i / 11) for i in range(12))
        self._glints = tuple(_glint(i / (NUM_SHADES - 1)) for i in range(NUM_SHADES))
        self._waves = [_on_river(rng) for _ in range(NUM_GLINTS)]
        self._flies = [
            (rng.uniform(40, 960), rng.uniform(180, 700), rng.uniform(0, 99), rng.uniform(14, 46))
            for _ in range(NUM_FIREFLIES)
        ]
        self._fly = tuple(glow(9, (226, 240, 120), i / NUM_SHADES) for i in range(NUM_SHADES))
        self._fire = tuple(glow(44 + 3 * i, palette.FIRE, 0.3 + 0.04 * i) for i in range(5))
        self._spark = glow(5, (255, 210, 120))
        self._frame = 0
        self._drift = [(rng.uniform(-0.12, 0.3), rng.random()) for _ in range(64)]

    def draw_below(self, screen: pygame.Surface, daylight: Daylight) -> None:
        """Water: drawn before people."""
        self._frame += 1
        seconds = self._frame / 60
        for index, (x, y, phase) in enumerate(self._waves):
            level = math.sin(seconds * 1.1 + phase * 40)
            if level > 0.05:
                shade = int(level * (NUM_SHADES - 1) * (1.0 - 0.5 * daylight.lamps))
                drift = (seconds * 7 + phase * 90) % 26 - 13
                screen.blit(self._glints[shade], (x + drift * 0.2, y + drift + index % 3))

    def draw_above(self, screen: pygame.Surface, daylight: Daylight, *, hammering: bool) -> None:
        """Smoke, fire and fireflies: drawn over people."""
        hearth = self._scenery.hearth
        flicker = (math.sin(self._frame * 0.21) + math.sin(self._frame * 0.57 + 1)) / 4 + 0.5
        flame = self._fire[int(flicker * 4.99)]
        add = pygame.BLEND_RGB_ADD
        half = flame.get_width() // 2
        screen.blit(flame, (hearth[0] - half, hearth[1] - half), special_flags=add)
        if hammering:
            for i in range(7):
                age = (self._frame * 1.7 + i * 13) % 40 / 40
                angle = i * 2.4 + self._frame // 24
                x = 868 + math.cos(angle) * 26 * age
                y = 272 - math.sin(age * math.pi) * (16 + i * 2) + 10 * age
                screen.blit(self._spark, (x - 5, y - 5), special_flags=add)
        self._smoke(screen)
        if daylight.lamps > 0.3:
            self._fireflies(screen, (daylight.lamps - 0.3) / 0.7)

    def _smoke(self, screen: pygame.Surface) -> None:
        for chimney, (x, y) in enumerate(self._scenery.chimneys):
            offset = chimney * 17
            for i in range(PUFF_FRAMES // PUFF_EVERY + 1):
                age = (self._frame + offset) % PUFF_EVERY + i * PUFF_EVERY
                if age >= PUFF_FRAMES:
                    continue
                number = (self._frame + offset) // PUFF_EVERY - i
                drift, turn = self._drift[(number * 7 + chimney) % len(self._drift)]
                share = age / PUFF_FRAMES
                picture = self._puffs[int(share * 11.99)]
                px = x + (drift * 60 + 22) * share + math.sin(share * 5 + turn * 6) * 4
                py = y - 4 - 62 * share
                half = picture.get_width() // 2
                screen.blit(picture, (px - half, py - half))

    def _fireflies(self, screen: pygame.Surface, strength: float) -> None:
        seconds = self._frame / 60
        for x, y, phase, reach in self._flies:
            light = math.sin(seconds * 1.7 + phase * 3)
            if light > 0.0:
                fx = x + math.sin(seconds * 0.5 + phase) * reach
                fy = y + math.sin(seconds * 0.73 + phase * 2) * reach * 0.5
                shade = int(light * strength * (NUM_SHADES - 1))
                screen.blit(self._fly[shade], (fx - 9, fy - 9), special_flags=pygame.BLEND_RGB_ADD)


def _puff(share: float) -> pygame.Surface:
    radius = 5 + 11 * share
    sheet = Canvas(2 * radius + 2, 2 * radius + 2, scale=2)
    alpha = round(92 * (1 - share) * min(1.0, share * 6 + 0.2))
    for dx, dy, part in ((0, 0, 0.8), (-0.3, 0.2, 0.6), (0.32, 0.1, 0.6), (0.05, -0.3, 0.6)):
        centre = radius + 1
        sheet.circle(
            (238, 230, 226), centre + dx * radius, centre + dy * radius, part * radius, alpha // 2
        )
    return sheet.finish()


def _glint(share: float) -> pygame.Surface:
    sheet = Canvas(20, 7)
    alpha = round(30 + 130 * share)
    half = 3.5 + 5 * share
    sheet.line(
        (214, 240, 236),
        [(10 - half, 4), (10 - half * 0.3, 2.8), (10 + half * 0.4, 2.9), (10 + half, 4)],
        1.1,
        alpha,
    )
    return sheet.finish()


def _on_river(rng: random.Random) -> tuple[float, float, float]:
    while True:
        index = rng.randrange(len(land.RIVER) - 1)
        (ax, ay), (bx, by) = land.RIVER[index], land.RIVER[index + 1]
        share = rng.random()
        x = ax + (bx - ax) * share + rng.uniform(-0.72, 0.72) * land.RIVER_HALF_WIDTH
        y = ay + (by - ay) * share
        # Waves drift over the water, not over the planks.
        dry = land.BRIDGE.inflate(60, 60).collidepoint(x, y) or land.DOCK.inflate(
            60, 80
        ).collidepoint(x, y)
        if not dry:
            return x - 10, y - 3, rng.random()
