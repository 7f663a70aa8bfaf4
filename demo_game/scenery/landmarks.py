"""The other things in the village: stall, well, gate, bridge, lanterns.

Painted at load. Invariant: the picture's foot is where the thing meets the ground in front.
"""

from __future__ import annotations

import random

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas, Point
from demo_game.drawing.palette import Colour, darker, lighter, mix
from demo_game.drawing.prop import Prop, Sketch
from demo_game.world import land

__all__ = ["LANDMARKS", "paint_bridge", "paint_dock", "paint_landmark"]

FLAT: tuple[Point, ...] = ()


def paint_landmark(kind: str, seed: int) -> Prop:
    """Paints a thing of ``LANDMARKS``.

    Raises:
        KeyError: No such kind.
    """
    return LANDMARKS[kind](random.Random(seed))


def _slab(half_width: float, depth: float, reach: float) -> tuple[Point, ...]:
    """The shadow of a box."""
    return (
        (-half_width, -depth),
        (-half_width, 1),
        (half_width, 1),
        (half_width + reach, -reach * 0.35),
        (half_width + reach, -reach * 0.35 - depth),
        (half_width, -depth),
    )


def _stall(rng: random.Random) -> Prop:
    sketch = Sketch(132, 92, (66, 86))
    x, bottom = sketch.foot
    body = sketch.body
    for side in (-1, 1):
        body.rect(darker(palette.TIMBER, 0.1), x + side * 52 - 2.5, bottom - 62, 5, 62)
    body.rect(darker(palette.TIMBER, 0.42), x - 50, bottom - 40, 100, 30)
    body.rect(palette.TIMBER, x - 55, bottom - 22, 110, 22, radius=2)
    for i in range(1, 8):
        body.line(
            darker(palette.TIMBER, 0.25),
            [(x - 55 + i * 13.75, bottom - 20), (x - 55 + i * 13.75, bottom)],
            1,
        )
    body.rect(palette.TIMBER_LIGHT, x - 58, bottom - 28, 116, 8, radius=2)
    goods: tuple[Colour, ...] = (
        (204, 70, 60),
        (232, 170, 72),
        (118, 160, 84),
        (170, 104, 160),
        (226, 206, 150),
    )
    for crate, fruit in enumerate(goods):
        cx = x - 44 + crate * 22
        body.rect(darker(palette.TIMBER_LIGHT, 0.25), cx - 9, bottom - 34, 18, 9, radius=1)
        for i in range(9):
            body.circle(
                darker(fruit, 0.2), cx - 6 + (i % 4) * 4, bottom - 34.6 - (i // 4) * 2.8, 2.5
            )
            body.circle(
                mix(fruit, lighter(fruit, 0.3), rng.random()),
                cx - 6.3 + (i % 4) * 4,
                bottom - 35 - (i // 4) * 2.8,
                2.1,
            )
    stripes = 8
    for i in range(stripes):
        x0, x1 = x - 62 + i * 15.5, x - 62 + (i + 1) * 15.5
        t0, t1 = x - 54 + i * 13.5, x - 54 + (i + 1) * 13.5
        cloth: Colour = (206, 86, 74) if i % 2 == 0 else (248, 236, 210)
        body.polygon(
            cloth, [(t0, bottom - 84), (t1, bottom - 84), (x1, bottom - 58), (x0, bottom - 58)]
        )
        body.polygon(
            darker(cloth, 0.13),
            [
                (t0 * 0.4 + x0 * 0.6, bottom - 70),
                (t1 * 0.4 + x1 * 0.6, bottom - 70),
                (x1, bottom - 58),
                (x0, bottom - 58),
            ],
        )
        body.circle(darker(cloth, 0.2), (x0 + x1) / 2, bottom - 57, 7.7)
        body.circle(darker(cloth, 0.08), (x0 + x1) / 2, bottom - 58.4, 7.7)
    body.rect(lighter((206, 86, 74), 0.3), x - 55, bottom - 86, 110, 4, radius=2)
    body.rect((255, 208, 120), x + 44, bottom - 49, 6, 8, radius=2)
    sketch.shine.rect((255, 208, 120), x + 44, bottom - 49, 6, 8, radius=2)
    sketch.light(x, bottom - 20, 120, palette.LAMP, 0.75)
    return sketch.prop(_slab(58, 30, 34))


def _well(rng: random.Random) -> Prop:
    sketch = Sketch(84, 88, (42, 82))
    x, bottom = sketch.foot
    body = sketch.body
    body.ellipse(darker(palette.STONE_DARK, 0.25), x, bottom - 10, 29, 12)
    body.rect(palette.STONE_DARK, x - 28, bottom - 26, 56, 17)
    for row in range(3):
        for i in range(7):
            shade = mix(palette.STONE, palette.STONE_DARK, rng.random() * 0.7)
            body.rect(
                shade,
                x - 28 + i * 8.2 - (row % 2) * 3,
                bottom - 25 + row * 6.6 + (3 - abs(i - 3)) * 1.0,
                7.2,
                5.6,
                radius=2,
            )
    body.ellipse(lighter(palette.STONE, 0.12), x, bottom - 27, 29, 11)
    body.ellipse(palette.STONE_DARK, x, bottom - 27, 23.5, 8.2)
    body.ellipse((38, 58, 76), x, bottom - 25.6, 22, 6.4)
    body.ellipse((92, 142, 156), x - 6, bottom - 25, 8, 2)
    for side in (-1, 1):
        body.rect(palette.TIMBER, x + side * 24 - 2.5, bottom - 66, 5, 42)
    body.line(darker(palette.TIMBER, 0.2), [(x - 24, bottom - 52), (x + 24, bottom - 52)], 3.4)
    body.line((214, 190, 150), [(x + 2, bottom - 52), (x + 2, bottom - 38)], 1.1)
    body.rect(palette.TIMBER_LIGHT, x - 4, bottom - 39, 12, 10, radius=2)
    body.rect(palette.STONE_DARK, x - 4, bottom - 36, 12, 1.8)
    roof = [
        (x - 36, bottom - 58),
        (x - 26, bottom - 80),
        (x + 26, bottom - 80),
        (x + 36, bottom - 58),
    ]
    body.polygon(darker(palette.ROOF_RED, 0.4), [(px, py + 2.5) for px, py in roof])
    with body.clipped(roof) as tiles:
        for row in range(4, -1, -1):
            for i in range(11):
                shade = mix(
                    darker(palette.ROOF_RED, 0.15), lighter(palette.ROOF_RED, 0.14), rng.random()
                )
                left = x - 39 + i * 7.4 - (row % 2) * 3.7
                tiles.rect(darker(shade, 0.4), left, bottom - 82 + row * 5.4, 7.4, 7.6, radius=2.6)
                tiles.rect(shade, left + 0.3, bottom - 82 + row * 5.4, 6.8, 6.4, radius=2.4)
    body.rect(lighter(palette.ROOF_RED, 0.18), x - 28, bottom - 82, 56, 4, radius=2)
    return sketch.prop(_slab(28, 18, 26))


def _tower(rng: random.Random) -> Prop:
    sketch = Sketch(76, 116, (38, 110))
    x, bottom = sketch.foot
    body, shine = sketch.body, sketch.shine
    body.rect(palette.STONE_DARK, x - 24, bottom - 80, 48, 80, radius=3)
    for row in range(10):
        left = x - 24 - rng.uniform(0, 6)
        while left < x + 24:
            w = rng.uniform(9, 15)
            x0, x1 = max(left, x - 24), min(left + w - 1, x + 24)
            if x1 - x0 > 2:
                shade = mix(palette.STONE, palette.STONE_DARK, rng.random() * 0.5)
                body.rect(shade, x0, bottom - 79 + row * 8, x1 - x0, 6.9, radius=2)
                body.rect(
                    lighter(shade, 0.2),
                    x0 + 1,
                    bottom - 78.6 + row * 8,
                    max(1, x1 - x0 - 3),
                    1.4,
                    radius=0.7,
                )
            left += w
    body.rect((44, 26, 46), x + 6, bottom - 80, 18, 80, alpha=44)
    body.rect(darker(palette.STONE, 0.12), x - 28, bottom - 84, 56, 8, radius=2)
    for i in range(4):
        body.rect(palette.STONE, x - 28 + i * 15, bottom - 94, 11, 12, radius=2)
        body.rect(lighter(palette.STONE, 0.2), x - 28 + i * 15, bottom - 94, 11, 3, radius=1.5)
    body.polygon(
        (70, 104, 128),
        [
            (x - 8, bottom - 72),
            (x + 8, bottom - 72),
            (x + 8, bottom - 42),
            (x, bottom - 35),
            (x - 8, bottom - 42),
        ],
    )
    body.circle((244, 214, 128), x, bottom - 57, 4.2)
    body.circle((70, 104, 128), x + 1.6, bottom - 58, 3.4)
    for side in (-1, 1):
        tx, ty = x + side * 17, bottom - 40
        body.line(palette.TIMBER, [(tx, ty), (tx, ty + 11)], 2.2)
        for sheet in (body, shine):
            sheet.ellipse((240, 120, 52), tx, ty - 2, 3.4, 4.8)
            sheet.ellipse((255, 206, 112), tx, ty - 1, 2, 3)
    sketch.light(x, bottom - 8, 120, palette.FIRE, 0.75)
    return sketch.prop(_slab(24, 24, 46))


def _shrine(rng: random.Random) -> Prop:
    sketch = Sketch(80, 84, (40, 76))
    x, bottom = sketch.foot
    body, shine = sketch.body, sketch.shine
    body.rect(darker(palette.STONE_DARK, 0.1), x - 30, bottom - 7, 60, 9, radius=3)
    body.rect(palette.STONE, x - 30, bottom - 10, 60, 8, radius=3)
    for side in (-1, 1):
        body.rect(darker(palette.STONE, 0.12), x + side * 20 - 5, bottom - 50, 10, 44, radius=2)
        body.rect(lighter(palette.STONE, 0.15), x + side * 20 - 4, bottom - 49, 3, 42, radius=1)
    body.rect((58, 52, 66), x - 15, bottom - 46, 30, 38)
    body.polygon(
        darker(palette.ROOF_BLUE, 0.3),
        [(x - 35, bottom - 46), (x, bottom - 72), (x + 35, bottom - 46)],
    )
    body.polygon(
        palette.ROOF_BLUE, [(x - 34, bottom - 49), (x, bottom - 74), (x + 34, bottom - 49)]
    )
    body.polygon(
        lighter(palette.ROOF_BLUE, 0.25),
        [(x - 34, bottom - 49), (x, bottom - 74), (x - 2, bottom - 62), (x - 22, bottom - 49)],
    )
    # The hook is empty: somebody took the bell.
    body.line((196, 164, 96), [(x, bottom - 47), (x, bottom - 38)], 1.6)
    body.arc((196, 164, 96), x + 1.6, bottom - 37, 2.2, 2.6, 0.5, 1.0, 1.4)
    for dx in (-9, 0, 9):
        body.rect((244, 234, 214), x + dx - 1.6, bottom - 17, 3.2, 7, radius=1)
        for sheet in (body, shine):
            sheet.ellipse((255, 204, 116), x + dx, bottom - 19.5, 1.5, 2.6)
    for _ in range(16):
        side = rng.choice((-1, 1))
        body.circle(
            mix((86, 126, 70), (122, 156, 84), rng.random()),
            x + side * rng.uniform(22, 33),
            bottom - rng.uniform(0, 9),
            rng.uniform(2, 4),
        )
    sketch.light(x, bottom + 2, 104, (255, 190, 120), 0.85)
    return sketch.prop(_slab(28, 16, 26))


def _lantern(rng: random.Random) -> Prop:
    sketch = Sketch(26, 56, (10, 52))
    x, bottom = sketch.foot
    body, shine = sketch.body, sketch.shine
    body.rect(darker(palette.STONE_DARK, 0.1), x - 4, bottom - 4, 8, 5, radius=1.5)
    body.rect(darker(palette.TIMBER, 0.35), x - 1.5, bottom - 45, 3, 42)
    body.line(darker(palette.TIMBER, 0.35), [(x, bottom - 43), (x + 9, bottom - 43)], 1.6)
    body.rect((54, 44, 52), x + 4.4, bottom - 40.5, 9.2, 3, radius=1)
    for sheet in (body, shine):
        sheet.rect((255, 206, 118), x + 5.4, bottom - 38, 7.2, 9, radius=2)
        sheet.rect((255, 236, 178), x + 7.2, bottom - 36.5, 3.6, 5.6, radius=1.5)
    body.rect((54, 44, 52), x + 4.8, bottom - 29.6, 8.4, 2.2, radius=1)
    sketch.light(x + 9, bottom - 10, 128, palette.LAMP, 0.9)
    return sketch.prop(((-1, 0), (1, 0), (26, -10), (25, -12)))


def _scarecrow(rng: random.Random) -> Prop:
    sketch = Sketch(48, 56, (24, 52))
    x, bottom = sketch.foot
    body = sketch.body
    body.line(palette.TIMBER, [(x, bottom), (x, bottom - 40)], 2.6)
    body.line(palette.TIMBER, [(x - 18, bottom - 28), (x + 18, bottom - 30)], 2.2)
    body.polygon(
        (116, 130, 158),
        [(x - 15, bottom - 31), (x + 15, bottom - 33), (x + 8, bottom - 12), (x - 8, bottom - 11)],
    )
    body.rect((196, 92, 80), x - 3, bottom - 24, 6, 6)
    for side in (-1, 1):
        for i in range(4):
            body.line(
                palette.WHEAT,
                [(x + side * 16, bottom - 29), (x + side * 21, bottom - 26 - i * 2.4)],
                1,
            )
    body.circle((226, 200, 150), x, bottom - 40, 7)
    for side in (-1, 1):
        body.circle((60, 44, 44), x + side * 2.6, bottom - 41, 1)
    body.arc((60, 44, 44), x, bottom - 39.4, 3, 2.4, 0.08, 0.42, 0.9)
    body.ellipse(darker(palette.WHEAT, 0.25), x, bottom - 45, 11, 2.8)
    body.polygon(
        palette.WHEAT,
        [(x - 6, bottom - 45), (x + rng.uniform(-2, 2), bottom - 55), (x + 6, bottom - 45)],
    )
    return sketch.prop(_slab(5, 4, 16))


LANDMARKS = {
    "stall": _stall,
    "well": _well,
    "tower": _tower,
    "shrine": _shrine,
    "lantern": _lantern,
    "scarecrow": _scarecrow,
}


def _planks(
    body: Canvas, x: float, y: float, width: float, height: float, rng: random.Random
) -> None:
    step = 7.0
    for i in range(int(width / step)):
        shade = mix(palette.TIMBER_LIGHT, palette.TIMBER, rng.random() * 0.45)
        body.rect(darker(shade, 0.4), x + i * step, y, step, height)
        body.rect(shade, x + i * step + 0.5, y + rng.uniform(-1, 1), step - 1, height)
        body.rect(lighter(shade, 0.16), x + i * step + 1, y + 1, 1.2, height - 2)


def paint_bridge() -> Prop:
    """The bridge over the river; lies flat, so nobody walks behind it."""
    box = land.BRIDGE
    sketch = Sketch(box.width + 24, box.height + 32, (12, 20))
    body, rng = sketch.body, random.Random(5)
    body.rect((34, 62, 80), 24, 24 + box.height, box.width - 24, 7, radius=3, alpha=120)
    _planks(body, 12, 20, box.width, box.height, rng)
    for y in (18.0, 18.0 + box.height):
        for i in range(7):
            body.rect(
                darker(palette.TIMBER, 0.25),
                12 + i * (box.width - 4) / 6,
                y - 13,
                5,
                18,
                radius=1.5,
            )
            body.rect(
                lighter(palette.TIMBER, 0.1), 12 + i * (box.width - 4) / 6, y - 13, 5, 3, radius=1.5
            )
        body.rect(darker(palette.TIMBER, 0.1), 10, y - 9, box.width + 4, 3.4, radius=1.5)
        body.rect(palette.TIMBER_LIGHT, 10, y - 9.6, box.width + 4, 1.6, radius=0.8)
    return sketch.prop(FLAT)


def paint_dock() -> Prop:
    """The jetty, with a moored boat and a barrel."""
    box = land.DOCK
    sketch = Sketch(box.width + 50, box.height + 44, (8, 10))
    body, rng = sketch.body, random.Random(6)
    body.rect((34, 62, 80), 26, 12 + box.height, box.width - 14, 8, radius=3, alpha=120)
    _planks(body, 8, 10, box.width, box.height, rng)
    for x in (14.0, box.width + 2.0):
        for y in (8.0, box.height + 8.0):
            body.rect(darker(palette.TIMBER, 0.2), x, y - 6, 5.4, 14, radius=2)
            body.ellipse(lighter(palette.TIMBER, 0.2), x + 2.7, y - 5.6, 2.7, 1.4)
    bx, by = 62.0, 58.0
    body.ellipse((34, 62, 80), bx + 1, by + 5, 30, 9, alpha=110)
    body.ellipse(darker(palette.ROOF_RED, 0.3), bx, by, 29, 9.4)
    body.ellipse(palette.ROOF_RED, bx, by - 1.6, 29, 8.6)
    body.ellipse(darker(palette.TIMBER, 0.25), bx, by - 2.4, 25, 6)
    for dx in (-10, 8):
        body.rect(palette.TIMBER_LIGHT, bx + dx - 3, by - 7, 6, 9, radius=1)
    body.line((222, 206, 170), [(34, 40), (bx - 24, by - 3)], 1)
    return sketch.prop(FLAT)
