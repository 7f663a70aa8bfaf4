"""The ground: grass, paths, the plaza, the river and the field, painted once at load.

Invariant: there is water exactly where ``world`` forbids to walk on water.
"""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import numpy.typing as npt
import pygame

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas
from demo_game.drawing.noise import Field, cloud, smoothstep, soft
from demo_game.drawing.palette import Colour, darker, lighter, mix
from demo_game.world import land

__all__ = ["paint_ground"]

Pixels = npt.NDArray[np.float32]


def paint_ground(seed: int = 11) -> pygame.Surface:
    """The whole ground, opaque, without anything that stands on it. Takes about half a second."""
    width, height = land.WIDTH, land.HEIGHT
    rough = cloud(width, height, 26, seed)
    water = _soft_mask(_river_mask(), 5) + (rough - 0.5) * 0.16
    path = _soft_mask(_path_mask(), 4) + (rough - 0.5) * 0.42
    pixels = _grass(seed)
    _lay(
        pixels,
        _shades(palette.PATH_DARK, palette.PATH, cloud(width, height, 40, seed + 3)),
        smoothstep(0.36, 0.46, path),
    )
    _lay(
        pixels,
        _shades(palette.PATH, lighter(palette.PATH, 0.3), cloud(width, height, 18, seed + 4)),
        smoothstep(0.5, 0.75, path) * 0.8,
    )
    _lay(pixels, _flat(palette.SAND), smoothstep(0.22, 0.32, water))
    _lay(pixels, _flat(darker(palette.SAND, 0.25)), smoothstep(0.36, 0.42, water))
    _lay(pixels, _flat(palette.WATER_LIGHT), smoothstep(0.42, 0.45, water))
    depth = smoothstep(0.5, 1.0, _soft_mask(_river_mask(), 13) + (rough - 0.5) * 0.3)
    river = (
        _flat(palette.WATER) * (1 - depth[:, :, None])
        + _flat(palette.WATER_DEEP) * depth[:, :, None]
    )
    _lay(pixels, river, smoothstep(0.46, 0.49, water))

    ground = pygame.Surface((width, height))
    pygame.surfarray.blit_array(ground, np.clip(pixels, 0, 255).astype(np.uint8))
    grassy = (path < 0.34) & (water < 0.2)
    _tufts(ground, grassy, random.Random(seed))
    _plaza(ground, random.Random(seed + 1))
    _garden(ground, random.Random(seed + 2))
    _field(ground, random.Random(seed + 3))
    return ground


def _grass(seed: int) -> Pixels:
    width, height = land.WIDTH, land.HEIGHT
    broad, fine = cloud(width, height, 220, seed + 1), cloud(width, height, 9, seed + 2, 2)
    pixels = _shades(palette.GRASS_DARK, palette.GRASS, smoothstep(0.2, 0.6, broad))
    _lay(pixels, _flat(palette.GRASS_LIGHT), smoothstep(0.55, 0.95, broad) * 0.75)
    pixels += ((fine - 0.5) * 17)[:, :, None]
    return pixels


def _shades(low: Colour, high: Colour, share: Field) -> Pixels:
    return _flat(low) + (_flat(high) - _flat(low)) * share[:, :, None]


def _flat(colour: Colour) -> Pixels:
    return np.array(colour, np.float32)[None, None, :]


def _lay(pixels: Pixels, over: Pixels, share: Field) -> None:
    pixels += (over - pixels) * share[:, :, None]


def _soft_mask(mask: pygame.Surface, radius: int) -> Field:
    """A drawn mask as 0..1, soft over ``radius`` pixels so that noise can bend its edge."""
    sharp = pygame.surfarray.array3d(mask)[:, :, 0].astype(np.float32) / 255.0
    return soft(sharp, radius)


def _path_mask() -> pygame.Surface:
    mask = pygame.Surface((land.WIDTH, land.HEIGHT))
    for half_width, points in land.PATHS:
        for a, b in itertools.pairwise(points):
            steps = max(1, math.ceil(math.dist(a, b) / 4))
            for i in range(steps + 1):
                spot = (a[0] + (b[0] - a[0]) * i / steps, a[1] + (b[1] - a[1]) * i / steps)
                pygame.draw.circle(mask, (255, 255, 255), spot, half_width)
    x, y, rx, ry = land.PLAZA
    pygame.draw.ellipse(mask, (255, 255, 255), (x - rx - 8, y - ry - 8, 2 * rx + 16, 2 * ry + 16))
    return mask


def _river_mask() -> pygame.Surface:
    mask = pygame.Surface((land.WIDTH, land.HEIGHT))
    for a, b in itertools.pairwise(land.RIVER):
        steps = max(1, math.ceil(math.dist(a, b) / 4))
        for i in range(steps + 1):
            spot = (a[0] + (b[0] - a[0]) * i / steps, a[1] + (b[1] - a[1]) * i / steps)
            pygame.draw.circle(mask, (255, 255, 255), spot, land.RIVER_HALF_WIDTH + 4)
    return mask


def _tufts(ground: pygame.Surface, grassy: npt.NDArray[np.bool_], rng: random.Random) -> None:
    """Blades of grass by the thousand, and flowers in loose families."""
    blades = [_tuft(rng) for _ in range(10)]
    for _ in range(3600):
        x, y = rng.randrange(land.WIDTH), rng.randrange(land.HEIGHT)
        if grassy[x, y]:
            ground.blit(rng.choice(blades), (x - 5, y - 7))
    for _ in range(64):
        x, y = rng.randrange(land.WIDTH), rng.randrange(land.HEIGHT)
        petals: Colour = rng.choice(
            ((250, 240, 226), (244, 206, 98), (226, 132, 140), (170, 150, 214))
        )
        flower = _flower(petals)
        for _ in range(rng.randint(3, 7)):
            fx, fy = x + round(rng.gauss(0, 13)), y + round(rng.gauss(0, 8))
            if 0 <= fx < land.WIDTH and 0 <= fy < land.HEIGHT and grassy[fx, fy]:
                ground.blit(flower, (fx - 3, fy - 6))


def _tuft(rng: random.Random) -> pygame.Surface:
    sheet = Canvas(12, 9)
    base = mix(palette.GRASS_DARK, palette.GRASS_LIGHT, rng.random())
    for _ in range(rng.randint(2, 4)):
        x = rng.uniform(3, 8)
        tip = (x + rng.uniform(-3, 3), rng.uniform(1, 4))
        shade = darker(base, 0.15) if rng.random() < 0.5 else lighter(base, 0.12)
        sheet.polygon(shade, [(x - 0.8, 8), tip, (x + 0.8, 8)], alpha=150)
    return sheet.finish()


def _flower(petals: Colour) -> pygame.Surface:
    sheet = Canvas(7, 8)
    sheet.line(darker(palette.GRASS_DARK, 0.1), [(3.5, 4), (3.5, 7.5)], 0.9)
    for turn in range(5):
        angle = turn / 5 * math.tau
        sheet.circle(petals, 3.5 + math.cos(angle) * 1.5, 3 + math.sin(angle) * 1.5, 1.15)
    sheet.circle((236, 180, 70), 3.5, 3, 0.9)
    return sheet.finish()


def _plaza(ground: pygame.Surface, rng: random.Random) -> None:
    x, y, rx, ry = land.PLAZA
    sheet = Canvas(2 * rx + 12, 2 * ry + 12, scale=3)
    cx, cy = rx + 6, ry + 6
    rings = 9
    for ring in range(rings, 0, -1):
        radius = ring / rings
        count = max(6, round(ring * 6.4))
        offset = rng.random()
        for i in range(count):
            if ring == rings and rng.random() < 0.22:
                continue  # a worn edge
            turn = (i + offset) / count * math.tau
            sx, sy = (
                cx + math.cos(turn) * rx * radius * 0.96,
                cy + math.sin(turn) * ry * radius * 0.96,
            )
            shade = mix(mix(palette.STONE, palette.PATH, 0.45), (206, 196, 180), rng.random() * 0.6)
            w, h = 6.4 + rng.uniform(-0.8, 0.8), 4.1 + rng.uniform(-0.5, 0.5)
            sheet.ellipse(darker(palette.PATH_DARK, 0.15), sx + 0.5, sy + 0.9, w, h)
            sheet.ellipse(shade, sx, sy, w, h)
            sheet.ellipse(lighter(shade, 0.22), sx - 1.2, sy - 1.0, w * 0.55, h * 0.45)
    ground.blit(sheet.finish(), (x - cx, y - cy))


def _garden(ground: pygame.Surface, rng: random.Random) -> None:
    left, top, width, height = land.GARDEN
    sheet = Canvas(width + 8, height + 8, scale=3)
    for bed in range(3):
        y = 4 + bed * height / 3
        sheet.rect(darker(palette.SOIL, 0.2), 4, y + 1, width, height / 3 - 5, radius=4)
        sheet.rect(palette.SOIL, 4, y, width, height / 3 - 6, radius=4)
        leaf: Colour = ((96, 150, 92), (132, 168, 84), (84, 132, 110))[bed]
        bloom: Colour = ((196, 140, 210), (242, 226, 150), (128, 170, 226))[bed]
        for i in range(13):
            x = 10 + i * (width - 8) / 13
            for _ in range(4):
                sheet.ellipse(
                    mix(leaf, palette.GRASS_DARK, rng.random() * 0.5),
                    x + rng.uniform(-3, 3),
                    y + 4 + rng.uniform(-3, 3),
                    2.6,
                    2.2,
                )
            if rng.random() < 0.7:
                sheet.circle(bloom, x + rng.uniform(-2, 2), y + 2 + rng.uniform(-2, 2), 1.5)
    ground.blit(sheet.finish(), (left - 4, top - 4))


def _field(ground: pygame.Surface, rng: random.Random) -> None:
    left, top, width, height = land.FIELD
    sheet = Canvas(width + 20, height + 24, scale=3)
    sheet.rect(palette.SOIL, 8, 12, width, height, radius=10)
    for row in range(13):
        y = 18 + row * (height - 4) / 13
        for i in range(58):
            x = 10 + i * (width - 4) / 58 + rng.uniform(-1.4, 1.4)
            shade = mix(darker(palette.WHEAT, 0.22), lighter(palette.WHEAT, 0.3), rng.random())
            lean = rng.uniform(-1, 2.4)
            sheet.line(darker(shade, 0.18), [(x, y + 5), (x + lean * 0.5, y - 2)], 0.9)
            sheet.ellipse(shade, x + lean, y - 4.5, 1.2, 3.1)
    ground.blit(sheet.finish(), (left - 8, top - 12))
