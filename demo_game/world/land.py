"""The map of the village: where things stand, where one can walk; draws nothing.

Coordinates are screen pixels, y down; a thing's place is the middle of its foot.
Invariant: every named place can be walked to from every other.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pygame

__all__ = ["HEIGHT", "PLACES", "WIDTH", "Site", "World"]

WIDTH, HEIGHT = 1280, 720
CELL = 16  # pixels a side of a walking cell; smaller is smoother and costs load time squared

# Where people go, by the name used in personas: a spot to stand on.
PLACES: dict[str, tuple[int, int]] = {
    "inn": (446, 322),
    "forge": (824, 296),
    "market": (742, 500),
    "well": (608, 438),
    "old oak": (648, 232),
    "garden": (308, 600),
    "bridge": (1064, 346),
    "shrine": (1196, 372),
    "dock": (1074, 548),
    "gate": (150, 396),
    "field": (474, 596),
    "cottage": (238, 568),
    "home": (812, 640),
}


@dataclass(frozen=True, slots=True)
class Site:
    """Something that stands on the map.

    Attributes:
        kind: What the painter draws.
        x: Middle of the foot.
        y: Where the foot touches the ground; it decides what hides what.
        solid: Half width and depth of the solid foot; (0, 0) for none.
    """

    kind: str
    x: int
    y: int
    solid: tuple[int, int] = (0, 0)


BUILDINGS = (
    Site("inn", 430, 300, (112, 84)),
    Site("forge", 812, 270, (88, 66)),
    Site("cottage", 228, 548, (66, 56)),
    Site("home", 800, 616, (62, 54)),
    Site("hut", 972, 512, (44, 40)),
    Site("stall", 742, 474, (56, 26)),
    Site("well", 608, 408, (30, 24)),
    Site("oak", 648, 196, (20, 16)),
    Site("tower", 112, 366, (26, 24)),
    Site("tower", 112, 524, (26, 30)),
    Site("shrine", 1196, 336, (28, 20)),
    Site("scarecrow", 528, 650, (6, 6)),
)

LANTERNS = (
    Site("lantern", 532, 330, (4, 4)),
    Site("lantern", 690, 356, (4, 4)),
    Site("lantern", 486, 470, (4, 4)),
    Site("lantern", 298, 360, (4, 4)),
    Site("lantern", 916, 320, (4, 4)),
    Site("lantern", 1108, 318, (4, 4)),
    Site("lantern", 676, 594, (4, 4)),
)

CLUTTER = tuple(
    Site(kind, x, y, solid)
    for kind, x, y, solid in (
        ("barrel", 334, 308, (8, 8)), ("barrel", 350, 314, (8, 8)), ("bench", 390, 316, (18, 6)),
        ("anvil", 868, 292, (12, 8)), ("logs", 750, 284, (20, 8)), ("barrel", 900, 280, (8, 8)),
        ("bush", 322, 296, (0, 0)), ("bush", 542, 300, (0, 0)), ("bush", 168, 556, (0, 0)),
        ("bush", 290, 554, (0, 0)), ("bush", 742, 622, (0, 0)), ("bush", 858, 620, (0, 0)),
        ("crate", 676, 482, (9, 8)), ("crate", 662, 490, (9, 8)), ("hay", 424, 602, (0, 0)),
        ("hay", 348, 706, (0, 0)), ("barrel", 1020, 520, (8, 8)), ("nets", 1010, 566, (0, 0)),
        ("rock", 968, 250, (0, 0)), ("rock", 1006, 430, (0, 0)), ("rock", 1176, 560, (0, 0)),
        ("rock", 1110, 210, (0, 0)), ("rock", 402, 500, (0, 0)), ("bush", 420, 470, (0, 0)),
        ("bush", 560, 540, (0, 0)), ("bush", 720, 250, (0, 0)), ("bush", 984, 300, (0, 0)),
        ("bush", 256, 300, (0, 0)), ("rock", 240, 316, (0, 0)), ("bush", 1150, 388, (0, 0)),
        ("reeds", 996, 160, (0, 0)), ("reeds", 1008, 266, (0, 0)), ("reeds", 1168, 470, (0, 0)),
        ("reeds", 1078, 620, (0, 0)), ("reeds", 1182, 600, (0, 0)), ("reeds", 1092, 150, (0, 0)),
        ("reeds", 1060, 470, (0, 0)), ("reeds", 1000, 40, (0, 0)),
    )
)  # fmt: skip

TREES = tuple(
    Site(kind, x, y, (10, 8))
    for kind, x, y in (
        # the wood in the north west, under the panel of figures
        ("pine", 20, 70), ("pine", 74, 56), ("pine", 128, 78), ("birch", 184, 60),
        ("pine", 232, 84), ("pine", 40, 132), ("round", 104, 148), ("pine", 160, 134),
        ("pine", 214, 152), ("birch", 62, 206), ("pine", 18, 232), ("round", 150, 214),
        ("pine", 222, 226), ("round", 282, 160), ("pine", 286, 78), ("round", 340, 52),
        ("pine", 16, 300), ("round", 60, 300),
        # the north
        ("pine", 520, 46), ("round", 566, 66), ("pine", 700, 40), ("birch", 742, 70),
        ("pine", 900, 70), ("round", 946, 104), ("pine", 930, 190), ("round", 576, 148),
        ("birch", 716, 160), ("pine", 800, 40), ("pine", 850, 52),
        # the far bank
        ("pine", 1130, 60), ("pine", 1180, 84), ("round", 1236, 66), ("pine", 1262, 150),
        ("pine", 1150, 166), ("birch", 1216, 196), ("pine", 1266, 262), ("round", 1262, 462),
        ("pine", 1222, 500), ("birch", 1190, 456), ("pine", 1262, 580), ("round", 1220, 640),
        ("pine", 1268, 690), ("pine", 1212, 712), ("pine", 1160, 236),
        # the south
        ("round", 46, 566), ("pine", 84, 610), ("round", 28, 664), ("pine", 130, 668),
        ("birch", 96, 700), ("round", 196, 676), ("birch", 356, 596),
        ("round", 894, 676), ("pine", 946, 640), ("birch", 990, 690), ("pine", 1040, 668),
        ("round", 646, 694), ("birch", 696, 676), ("pine", 30, 510), ("round", 884, 420),
    )
)  # fmt: skip

SITES = (*BUILDINGS, *LANTERNS, *CLUTTER, *TREES)

RIVER = (
    (1014, -40), (1046, 90), (1034, 200), (1062, 320), (1112, 440),
    (1136, 540), (1116, 640), (1090, 780),
)  # fmt: skip
RIVER_HALF_WIDTH = 44

PLAZA = (616, 424, 118, 76)  # middle and half axes

PATHS: tuple[tuple[int, tuple[tuple[int, int], ...]], ...] = (
    (18, ((-30, 398), (118, 400), (300, 392), (420, 402), (520, 416))),  # to the gate
    (15, ((446, 306), (470, 350), (540, 396))),  # to the inn
    (14, ((648, 212), (640, 290), (626, 370))),  # to the oak
    (15, ((690, 398), (760, 340), (824, 284))),  # to the forge
    (
        17,
        ((690, 404), (800, 372), (930, 350), (1040, 348), (1110, 350), (1196, 366)),
    ),  # to the shrine
    (14, ((236, 554), (312, 500), (352, 404))),  # to the cottage
    (11, ((236, 564), (276, 590), (310, 602))),  # to the garden
    (16, ((620, 490), (606, 580), (596, 760))),  # south, out of the village
    (13, ((612, 560), (700, 612), (800, 632))),  # to the home
    (13, ((720, 436), (850, 480), (960, 534), (1064, 546))),  # to the dock
    (9, ((604, 590), (540, 596), (476, 596))),  # to the field
)

FIELD = (380, 610, 190, 96)  # wheat: left, top, width, height
GARDEN = (254, 616, 112, 54)  # herb beds

BRIDGE = pygame.Rect(1006, 326, 118, 44)
DOCK = pygame.Rect(1058, 530, 62, 30)


class World:
    """The solid parts of the map, and the nearest named place of each point."""

    def __init__(self) -> None:
        self.columns, self.rows = WIDTH // CELL, HEIGHT // CELL
        self._free = self._find_free()

    def is_free(self, x: float, y: float) -> bool:
        """Whether a foot may stand at (x, y)."""
        column, row = int(x // CELL), int(y // CELL)
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return False
        return self._free[column][row]

    def is_free_cell(self, column: int, row: int) -> bool:
        """Whether a whole cell may be walked."""
        return 0 <= column < self.columns and 0 <= row < self.rows and self._free[column][row]

    def slide(self, x: float, y: float, dx: float, dy: float) -> tuple[float, float]:
        """Moves a foot by (dx, dy), sliding along obstacles."""
        if self.is_free(x + dx, y + dy):
            return x + dx, y + dy
        if self.is_free(x + dx, y):
            return x + dx, y
        if self.is_free(x, y + dy):
            return x, y + dy
        return x, y

    def place_near(self, x: float, y: float) -> str:
        """The name of the nearest place."""
        return min(PLACES, key=lambda name: math.dist(PLACES[name], (x, y)))

    def _find_free(self) -> list[list[bool]]:
        free = np.ones((self.columns, self.rows), bool)
        for column in range(self.columns):
            for row in range(self.rows):
                x, y = (column + 0.5) * CELL, (row + 0.5) * CELL
                free[column, row] = not (self._is_wet(x, y) or self._is_solid(x, y))
        free[:, :2] = free[:, -1:] = False
        free[:1, :] = free[-1:, :] = False
        grid: list[list[bool]] = free.tolist()
        return grid

    def _is_wet(self, x: float, y: float) -> bool:
        if BRIDGE.inflate(20, -12).collidepoint(x, y) or DOCK.inflate(8, 0).collidepoint(x, y):
            return False
        nearest = min(_to_segment(x, y, a, b) for a, b in itertools.pairwise(RIVER))
        return nearest < RIVER_HALF_WIDTH + 6

    def _is_solid(self, x: float, y: float) -> bool:
        for site in SITES:
            half_width, depth = site.solid
            if half_width and abs(x - site.x) < half_width + 5 and -depth - 5 < y - site.y < 6:
                return True
        left, top, width, height = FIELD
        return left + 8 < x < left + width - 8 and top + 14 < y < top + height


def _to_segment(x: float, y: float, a: tuple[int, int], b: tuple[int, int]) -> float:
    ax, ay = a
    dx, dy = b[0] - ax, b[1] - ay
    share = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
    return math.hypot(x - ax - dx * share, y - ay - dy * share)
