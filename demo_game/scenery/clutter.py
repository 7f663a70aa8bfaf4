"""Small things that make a village lived in: barrels, bushes, an anvil, rocks, reeds.

Painted at load. Invariant: the picture's foot is where the thing meets the ground in front.
"""

from __future__ import annotations

import math
import random

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas, Point
from demo_game.drawing.palette import Colour, darker, lighter, mix
from demo_game.drawing.prop import Prop, Sketch

__all__ = ["CLUTTER", "paint_clutter"]


def paint_clutter(kind: str, seed: int) -> Prop:
    """Paints a thing of ``CLUTTER``.

    Raises:
        KeyError: No such kind.
    """
    return CLUTTER[kind](random.Random(seed))


def _shade(width: float) -> tuple[Point, ...]:
    return tuple(
        (width * 0.3 + math.cos(t) * width * 0.7, -width * 0.06 + math.sin(t) * width * 0.26)
        for t in (i / 14 * math.tau for i in range(14))
    )


def _barrel(rng: random.Random) -> Prop:
    sketch = Sketch(24, 28, (12, 25))
    body, (x, bottom) = sketch.body, sketch.foot
    wood = mix(palette.TIMBER, palette.TIMBER_LIGHT, 0.3 + rng.random() * 0.4)
    body.ellipse(darker(wood, 0.4), x, bottom - 3, 8.5, 4)
    body.rect(darker(wood, 0.25), x - 9, bottom - 19, 18, 17, radius=5)
    body.rect(wood, x - 9, bottom - 19, 13, 16.5, radius=5)
    for dx in (-4.5, 0, 4.5):
        body.line(darker(wood, 0.35), [(x + dx, bottom - 18), (x + dx, bottom - 2)], 0.8)
    for y in (-16, -6):
        body.rect(palette.STONE_DARK, x - 9.4, bottom + y, 18.8, 2.4, radius=1)
    body.ellipse(darker(wood, 0.2), x, bottom - 19, 8, 3.4)
    body.ellipse(lighter(wood, 0.2), x, bottom - 19.4, 6.8, 2.6)
    return sketch.prop(_shade(13))


def _bush(rng: random.Random) -> Prop:
    sketch = Sketch(44, 34, (22, 30))
    body, (x, bottom) = sketch.body, sketch.foot
    leaf = mix((92, 138, 70), (130, 156, 84), rng.random())
    bloom: Colour = rng.choice(((238, 142, 150), (250, 236, 214), (244, 202, 96), (176, 152, 216)))
    for dx, dy, radius in ((-10, -7, 8.5), (10, -7, 8.0), (0, -11, 10.0), (-2, -6, 8.5)):
        cx, cy = x + dx + rng.uniform(-1, 1), bottom + dy
        body.circle(darker(leaf, 0.42), cx + 0.6, cy + 1.6, radius)
        body.circle(darker(leaf, 0.14), cx, cy, radius)
        body.circle(leaf, cx - 1.2, cy - 1.6, radius * 0.8)
        body.circle(lighter(leaf, 0.16), cx - 2.2, cy - 3, radius * 0.5)
    for _ in range(10):
        turn, reach = rng.random() * math.tau, 12 * math.sqrt(rng.random())
        fx, fy = x + math.cos(turn) * reach * 1.2, bottom - 10 + math.sin(turn) * reach * 0.6
        body.circle(darker(bloom, 0.2), fx, fy + 0.6, 1.7)
        body.circle(bloom, fx, fy, 1.5)
    return sketch.prop(_shade(19))


def _rock(rng: random.Random) -> Prop:
    sketch = Sketch(40, 26, (20, 22))
    body, (x, bottom) = sketch.body, sketch.foot
    for dx, w, h in ((rng.uniform(-4, 0), 12.0, 13.0), (9.0, 6.5, 7.0), (-10.0, 4.5, 4.5)):
        stone = mix(palette.STONE, palette.STONE_DARK, rng.random() * 0.4)
        cx = x + dx
        body.polygon(
            darker(stone, 0.3),
            [
                (cx - w, bottom),
                (cx - w * 0.7, bottom - h * 0.7),
                (cx - w * 0.1, bottom - h),
                (cx + w * 0.7, bottom - h * 0.7),
                (cx + w, bottom),
                (cx, bottom + 1.6),
            ],
        )
        body.polygon(
            stone,
            [
                (cx - w, bottom - 1),
                (cx - w * 0.7, bottom - h * 0.7),
                (cx - w * 0.1, bottom - h),
                (cx + w * 0.2, bottom - h * 0.5),
                (cx - w * 0.1, bottom - 0.5),
            ],
        )
        body.polygon(
            lighter(stone, 0.2),
            [
                (cx - w * 0.7, bottom - h * 0.7),
                (cx - w * 0.1, bottom - h),
                (cx + w * 0.2, bottom - h * 0.6),
                (cx - w * 0.4, bottom - h * 0.5),
            ],
        )
        body.ellipse((120, 148, 84), cx - w * 0.4, bottom - h * 0.18, w * 0.35, 1.6)
    return sketch.prop(_shade(15))


def _reeds(rng: random.Random) -> Prop:
    sketch = Sketch(40, 40, (20, 37))
    body, (x, bottom) = sketch.body, sketch.foot
    for _ in range(15):
        fx = x + rng.gauss(0, 7)
        tip = (fx + rng.uniform(-5, 5), bottom - rng.uniform(12, 30))
        green = mix((86, 128, 78), (160, 172, 92), rng.random())
        body.polygon(green, [(fx - 1.1, bottom), tip, (fx + 1.1, bottom)])
        if rng.random() < 0.4:
            body.line((122, 82, 54), [tip, (tip[0], tip[1] + 5)], 2.4)
    return sketch.prop()


def _anvil(rng: random.Random) -> Prop:
    sketch = Sketch(34, 30, (17, 27))
    body, (x, bottom) = sketch.body, sketch.foot
    body.rect(darker(palette.TIMBER, 0.1 + rng.random() * 0.1), x - 7, bottom - 9, 14, 10, radius=2)
    body.ellipse(palette.TIMBER_LIGHT, x, bottom - 9, 7, 2.2)
    iron: Colour = (84, 86, 100)
    body.polygon(
        darker(iron, 0.2),
        [(x - 5, bottom - 9), (x - 3, bottom - 14), (x + 3, bottom - 14), (x + 5, bottom - 9)],
    )
    body.polygon(
        iron,
        [(x - 15, bottom - 20), (x + 9, bottom - 20), (x + 9, bottom - 14), (x - 5, bottom - 14)],
    )
    body.line(lighter(iron, 0.4), [(x - 13, bottom - 19.6), (x + 8, bottom - 19.6)], 1.4)
    return sketch.prop(_shade(12))


def _logs(rng: random.Random) -> Prop:
    sketch = Sketch(52, 30, (26, 26))
    body, (x, bottom) = sketch.body, sketch.foot
    for row, count in enumerate((5, 4, 3)):
        for i in range(count):
            cx, cy = x + (i - (count - 1) / 2) * 9, bottom - 4 - row * 7
            wood = mix(palette.TIMBER, palette.TIMBER_LIGHT, rng.random())
            body.circle(darker(wood, 0.35), cx, cy, 4.7)
            body.circle((222, 184, 130), cx, cy, 3.5)
            body.circle((188, 144, 96), cx, cy, 2.0)
            body.circle((222, 184, 130), cx, cy, 1.1)
    return sketch.prop(_shade(22))


def _bench(rng: random.Random) -> Prop:
    sketch = Sketch(44, 22, (22, 19))
    body, (x, bottom) = sketch.body, sketch.foot
    wood = mix(palette.TIMBER, palette.TIMBER_LIGHT, rng.random() * 0.3 + 0.4)
    for dx in (-14, 14):
        body.rect(darker(wood, 0.4), x + dx - 2, bottom - 8, 4, 9, radius=1)
    body.rect(darker(wood, 0.25), x - 19, bottom - 9, 38, 5, radius=2)
    body.rect(lighter(wood, 0.1), x - 19, bottom - 11, 38, 5, radius=2)
    return sketch.prop(_shade(18))


def _crate(rng: random.Random) -> Prop:
    sketch = Sketch(26, 28, (13, 25))
    body, (x, bottom) = sketch.body, sketch.foot
    wood = mix(palette.TIMBER_LIGHT, palette.TIMBER, rng.random() * 0.3)
    body.rect(darker(wood, 0.4), x - 10, bottom - 14, 20, 14, radius=1.5)
    for i in range(3):
        body.rect(wood, x - 9.5, bottom - 13.5 + i * 4.6, 19, 3.8, radius=1)
    for dx in (-9, 6):
        body.rect(darker(wood, 0.18), x + dx, bottom - 14, 3.4, 14, radius=1)
    fruit: Colour = rng.choice(((206, 74, 62), (226, 160, 70), (150, 176, 84)))
    for i in range(10):
        fx, fy = x - 7 + (i % 5) * 3.5, bottom - 14 - (i // 5) * 3
        body.circle(darker(fruit, 0.25), fx, fy + 0.4, 2.6)
        body.circle(fruit, fx - 0.3, fy, 2.2)
        body.circle(lighter(fruit, 0.4), fx - 0.9, fy - 0.8, 0.7)
    return sketch.prop(_shade(14))


def _hay(rng: random.Random) -> Prop:
    sketch = Sketch(46, 40, (23, 36))
    body, (x, bottom) = sketch.body, sketch.foot
    body.ellipse(darker(palette.WHEAT, 0.4), x, bottom - 3, 19, 5)
    for _ in range(190):
        turn, reach = rng.random() * math.pi, math.sqrt(rng.random())
        fx = x + math.cos(turn) * 17 * reach
        fy = bottom - 3 - math.sin(turn) * 26 * reach * (1 - abs(fx - x) / 30)
        lit = 0.65 if fx < x else 0.35
        shade = mix(
            darker(palette.WHEAT, 0.35), lighter(palette.WHEAT, 0.35), lit * rng.uniform(0.5, 1.5)
        )
        body.line(shade, [(fx, fy), (fx + (fx - x) * 0.2 + rng.uniform(-1, 1), fy + 5)], 1.2)
    return sketch.prop(_shade(20))


def _nets(rng: random.Random) -> Prop:
    sketch = Sketch(52, 36, (26, 32))
    body, (x, bottom) = sketch.body, sketch.foot
    for dx in (-20, 20):
        body.rect(palette.TIMBER, x + dx - 1.6, bottom - 25, 3.2, 26, radius=1)
    body.line(palette.TIMBER, [(x - 22, bottom - 24), (x + 22, bottom - 24)], 2)
    cord: Colour = (214, 200, 170)
    for i in range(9):
        left = x - 19 + i * 4.6
        _hang(body, cord, left, bottom - 24, 15 + rng.uniform(-2, 2))
    for i in range(4):
        y = bottom - 20 + i * 3.6
        body.line(cord, [(x - 19, y), (x - 8, y + 2), (x + 8, y + 2), (x + 19, y)], 0.7)
    for dx in (-10, 2, 12):
        body.circle((206, 96, 76), x + dx, bottom - 8, 1.9)
    return sketch.prop(_shade(20))


def _hang(body: Canvas, cord: Colour, x: float, y: float, length: float) -> None:
    body.line(cord, [(x, y), (x + 0.8, y + length)], 0.7)


CLUTTER = {
    "anvil": _anvil,
    "barrel": _barrel,
    "bench": _bench,
    "bush": _bush,
    "crate": _crate,
    "hay": _hay,
    "logs": _logs,
    "nets": _nets,
    "reeds": _reeds,
    "rock": _rock,
}
