"""Trees and bushes, painted at load. Invariant: the picture's foot is the root."""

from __future__ import annotations

import math
import random

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas, Point
from demo_game.drawing.palette import Colour, darker, lighter, mix
from demo_game.drawing.prop import Prop, Sketch

__all__ = ["paint_tree"]

LEAF: Colour = (92, 138, 70)
LEAF_WARM: Colour = (196, 150, 66)
PINE: Colour = (62, 108, 80)
BARK: Colour = (108, 78, 56)


def paint_tree(kind: str, seed: int) -> Prop:
    """Paints one tree.

    Args:
        kind: ``"pine"``, ``"round"``, ``"birch"`` or ``"oak"``.
        seed: Shape and shade.

    Raises:
        KeyError: No such kind.
    """
    rng = random.Random(seed)
    return {"pine": _pine, "round": _round, "birch": _birch, "oak": _oak}[kind](rng)


def _shade(width: float) -> tuple[Point, ...]:
    """An oval lying to the right of the root, away from the sun."""
    return tuple(
        (width * 0.35 + math.cos(t) * width * 0.62, -width * 0.12 + math.sin(t) * width * 0.3)
        for t in (i / 16 * math.tau for i in range(16))
    )


def _trunk(
    body: Canvas, x: float, bottom: float, width: float, height: float, bark: Colour
) -> None:
    body.polygon(
        darker(bark, 0.15),
        [
            (x - width * 0.9, bottom),
            (x - width * 0.45, bottom - height),
            (x + width * 0.45, bottom - height),
            (x + width * 0.9, bottom),
        ],
    )
    body.polygon(
        lighter(bark, 0.15),
        [
            (x - width * 0.7, bottom - 1),
            (x - width * 0.4, bottom - height),
            (x - width * 0.05, bottom - height),
            (x - width * 0.2, bottom - 1),
        ],
    )


def _clump(
    body: Canvas, x: float, y: float, radius: float, leaf: Colour, rng: random.Random
) -> None:
    """A ball of leaves: dark below, light towards the upper left."""
    body.circle(darker(leaf, 0.42), x + 1, y + 2.5, radius)
    body.circle(darker(leaf, 0.2), x, y, radius)
    body.circle(leaf, x - radius * 0.12, y - radius * 0.16, radius * 0.82)
    body.circle(lighter(leaf, 0.14), x - radius * 0.26, y - radius * 0.32, radius * 0.56)
    for _ in range(int(radius * 2.6)):
        turn, reach = rng.random() * math.tau, radius * math.sqrt(rng.random())
        fx, fy = x + math.cos(turn) * reach, y + math.sin(turn) * reach
        lit = 0.5 - (math.cos(turn) * 0.5 + math.sin(turn)) * reach / radius * 0.5
        body.ellipse(
            mix(darker(leaf, 0.32), lighter(leaf, 0.34), lit * rng.uniform(0.7, 1.1)),
            fx,
            fy,
            rng.uniform(1.3, 2.4),
            rng.uniform(1.0, 1.7),
        )


def _round(rng: random.Random) -> Prop:
    sketch = Sketch(84, 92, (42, 88))
    x, bottom = sketch.foot
    leaf = mix(LEAF, LEAF_WARM, rng.random() * 0.3 if rng.random() < 0.75 else 0.75)
    _trunk(sketch.body, x, bottom, 5, 30, BARK)
    spots = [
        (-17, -36, 15),
        (17, -36, 15),
        (0, -32, 15),
        (-12, -54, 17),
        (12, -54, 16),
        (0, -66, 15),
    ]
    for dx, dy, radius in spots:
        _clump(
            sketch.body,
            x + dx + rng.uniform(-2, 2),
            bottom + dy + rng.uniform(-2, 2),
            radius + rng.uniform(-1, 1.5),
            leaf,
            rng,
        )
    if rng.random() < 0.4:
        for _ in range(9):
            sketch.body.circle(
                (206, 74, 64), x + rng.uniform(-24, 24), bottom - rng.uniform(30, 66), 1.9
            )
    return sketch.prop(_shade(40))


def _pine(rng: random.Random) -> Prop:
    height = rng.uniform(84, 100)
    sketch = Sketch(68, height + 8, (34, round(height + 3)))
    x, bottom = sketch.foot
    needle = mix(PINE, LEAF, rng.random() * 0.35)
    body = sketch.body
    _trunk(body, x, bottom, 4, 18, darker(BARK, 0.15))
    tiers = 5
    for tier in range(tiers):
        low = bottom - 10 - tier * (height - 34) / tiers
        half = 29 * (1 - tier / (tiers + 0.6)) + rng.uniform(-1.5, 1.5)
        peak = low - (height - 34) / tiers - 17
        teeth = 9
        hem: list[Point] = [
            (
                x - half + 2 * half * i / teeth,
                low + (3.2 if i % 2 else -1) - abs(i - teeth / 2) * 0.7,
            )
            for i in range(teeth + 1)
        ]
        body.polygon(darker(needle, 0.45), [(x, peak + 3), *((hx + 1, hy + 2.5) for hx, hy in hem)])
        body.polygon(darker(needle, 0.12 - tier * 0.02), [(x, peak), *hem])
        left = [(hx, hy) for hx, hy in hem if hx <= x - half * 0.12]
        body.polygon(lighter(needle, 0.1 + tier * 0.03), [(x - 1, peak + 1), *left])
        for _ in range(12):
            share = rng.random()
            fx = x + rng.uniform(-half, half) * share * 0.85
            fy = peak + (low - peak) * share
            lit = 0.6 if fx < x else 0.2
            body.line(
                mix(darker(needle, 0.25), lighter(needle, 0.3), lit * rng.uniform(0.6, 1.3)),
                [(fx, fy), (fx + (fx - x) * 0.12, fy + 3.6)],
                0.9,
            )
    return sketch.prop(_shade(34))


def _birch(rng: random.Random) -> Prop:
    sketch = Sketch(64, 92, (32, 88))
    x, bottom = sketch.foot
    body = sketch.body
    _trunk(body, x, bottom, 3.2, 46, (226, 220, 206))
    for i in range(6):
        y = bottom - 4 - i * 6.4
        body.line(
            (70, 62, 62), [(x - 1.8 + (i % 2) * 1.6, y), (x + 0.6 + (i % 2) * 1.4, y - 0.6)], 1
        )
    leaf = mix((174, 180, 82), LEAF_WARM, rng.random() * 0.6)
    for dx, dy, radius in (
        (-11, -44, 11),
        (11, -46, 11),
        (-6, -60, 13),
        (8, -62, 12),
        (0, -74, 11),
    ):
        _clump(body, x + dx + rng.uniform(-2, 2), bottom + dy, radius, leaf, rng)
    return sketch.prop(_shade(28))


def _oak(rng: random.Random) -> Prop:
    """The old oak: a hollow in the trunk, a bench around it, lanterns in its branches."""
    sketch = Sketch(176, 168, (88, 158))
    x, bottom = sketch.foot
    body = sketch.body
    for side in (-1, 1):  # roots
        body.polygon(
            darker(BARK, 0.2),
            [(x + side * 8, bottom - 14), (x + side * 27, bottom + 2), (x + side * 6, bottom + 3)],
        )
    _trunk(body, x, bottom, 17, 62, BARK)
    for side, reach in ((-1, 40), (1, 36)):
        body.line(
            darker(BARK, 0.1), [(x + side * 5, bottom - 54), (x + side * reach, bottom - 86)], 9
        )
    for _ in range(9):
        fx = x + rng.uniform(-9, 9)
        body.line(
            darker(BARK, 0.34),
            [(fx, bottom - rng.uniform(8, 14)), (fx * 0.9 + x * 0.1, bottom - 50)],
            1.1,
        )
    body.ellipse((46, 32, 30), x + 2, bottom - 31, 5.4, 7.6)
    body.arc(lighter(BARK, 0.25), x + 2, bottom - 31, 6, 8.2, 0.45, 0.85, 1.3)
    spots = [
        (-54, -84, 23),
        (54, -82, 23),
        (-30, -74, 21),
        (30, -74, 21),
        (0, -78, 22),
        (-46, -106, 24),
        (46, -104, 24),
        (-18, -104, 25),
        (20, -104, 25),
        (-30, -126, 22),
        (28, -126, 22),
        (0, -134, 22),
    ]
    for dx, dy, radius in spots:
        leaf = mix(LEAF, LEAF_WARM, 0.12 + rng.random() * 0.22)
        _clump(body, x + dx, bottom + dy, radius, leaf, rng)
    body.rect(darker(palette.TIMBER, 0.3), x - 31, bottom - 3, 62, 8, radius=3)
    body.rect(palette.TIMBER_LIGHT, x - 31, bottom - 5, 62, 6, radius=3)
    for offset in (-25, 0, 25):
        body.rect(darker(palette.TIMBER, 0.2), x + offset - 1.5, bottom + 1, 3, 6)
    for dx, drop in ((-46, 18), (-16, 24), (40, 20)):
        fx, fy = x + dx, bottom - 78 + drop
        body.line((60, 46, 44), [(fx, fy - 14), (fx, fy)], 0.9)
        body.rect((206, 96, 66), fx - 3.6, fy, 7.2, 9, radius=3)
        sketch.shine.rect((255, 176, 96), fx - 3, fy + 1, 6, 7, radius=2.6)
        sketch.light(fx, fy + 30, 84, (255, 172, 96), 0.55)
    return sketch.prop(_shade(78))
