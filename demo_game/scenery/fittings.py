"""Parts of houses: windows, the forge's hearth, signs; painted at load.

Invariant: a thing that glows is painted on both sheets of a sketch, at the same place.
"""

from __future__ import annotations

from demo_game.drawing import palette
from demo_game.drawing.palette import Colour, darker, lighter
from demo_game.drawing.prop import Sketch

__all__ = ["paint_hearth", "paint_sign", "paint_window"]

PANE: Colour = (255, 196, 104)


def paint_window(sketch: Sketch, x: float, y: float, w: float, h: float, *, flowers: bool) -> None:
    """A window around (x, y): dark glass by day, a warm pane at night."""
    body, shine = sketch.body, sketch.shine
    body.rect(darker(palette.TIMBER, 0.2), x - w / 2 - 2, y - h / 2 - 2, w + 4, h + 4, radius=2)
    body.rect(palette.GLASS, x - w / 2, y - h / 2, w, h, radius=1)
    body.polygon(
        lighter(palette.GLASS, 0.35),
        [
            (x - w / 2 + 1, y + h / 2 - 2),
            (x - w / 2 + 1, y),
            (x + 1, y - h / 2),
            (x + 5, y - h / 2),
        ],
    )
    shine.rect(PANE, x - w / 2, y - h / 2, w, h, radius=1)
    shine.rect((255, 226, 150), x - w / 4, y - h / 6, w / 2, h * 0.55, radius=3, alpha=150)
    for sheet, bar in ((body, palette.TIMBER), (shine, (0, 0, 0))):
        sheet.rect(bar, x - 0.8, y - h / 2, 1.6, h)
        sheet.rect(bar, x - w / 2, y - 0.8, w, 1.6)
    if flowers:
        body.rect(palette.TIMBER, x - w / 2 - 2, y + h / 2 + 2, w + 4, 4, radius=1)
        for i in range(7):
            fx = x - w / 2 + i * w / 6
            body.circle((100, 144, 84), fx, y + h / 2 + 2, 1.9)
            body.circle(
                ((232, 116, 110), (248, 214, 122), (246, 236, 224))[i % 3], fx, y + h / 2 + 0.6, 1.5
            )


def paint_hearth(sketch: Sketch, x: float, bottom: float) -> None:
    """The forge's open front, with the fire inside."""
    body, shine = sketch.body, sketch.shine
    w, h = 66, 36
    body.rect(darker(palette.TIMBER, 0.3), x - 4, bottom - h - 5, w + 8, h + 4, radius=3)
    body.rect((44, 32, 38), x, bottom - h, w, h, radius=3)
    body.rect(palette.STONE_DARK, x + 16, bottom - 25, 36, 22, radius=5)
    body.rect((60, 30, 30), x + 21, bottom - 21, 26, 15, radius=6)
    for sheet in (body, shine):
        sheet.ellipse((226, 88, 40), x + 34, bottom - 10, 12, 6)
        sheet.ellipse((255, 168, 64), x + 34, bottom - 9.5, 8, 4)
        sheet.ellipse((255, 232, 150), x + 34, bottom - 9, 4, 2.2)
        sheet.polygon(
            (255, 150, 56),
            [
                (x + 27, bottom - 12),
                (x + 31, bottom - 20),
                (x + 34, bottom - 14),
                (x + 37, bottom - 22),
                (x + 42, bottom - 11),
            ],
        )
    body.rect(palette.TIMBER, x - 4, bottom - h - 5, 5, h + 5)
    body.rect(palette.TIMBER, x + w - 1, bottom - h - 5, 5, h + 5)
    body.rect(palette.TIMBER_LIGHT, x - 6, bottom - h - 8, w + 12, 5, radius=1)
    sketch.light(x + 34, bottom + 2, 150, palette.FIRE, 1.0)


def paint_sign(sketch: Sketch, sign: str, x: float, y: float) -> None:
    """A board on an arm at (x, y), with a lantern, a hammer, a leaf or a fish on it."""
    body = sketch.body
    body.line(darker(palette.TIMBER, 0.4), [(x - 8, y - 3), (x + 9, y - 3)], 1.8)
    body.rect(darker(palette.TIMBER, 0.3), x - 7.5, y - 0.5, 15, 14, radius=2.5)
    body.rect(palette.TIMBER_LIGHT, x - 6.5, y + 0.5, 13, 12, radius=2)
    if sign == "lantern":
        body.rect((72, 46, 40), x - 3, y + 2.5, 6, 8, radius=2)
        body.rect((255, 206, 110), x - 1.8, y + 4, 3.6, 5, radius=1.5)
        sketch.shine.rect((255, 206, 110), x - 1.8, y + 4, 3.6, 5, radius=1.5)
        sketch.light(x, y + 24, 110, palette.LAMP, 0.8)
    elif sign == "hammer":
        body.line((84, 62, 48), [(x - 3, y + 10.5), (x + 2, y + 4)], 1.6)
        body.line((70, 70, 82), [(x - 1.5, y + 3), (x + 4.5, y + 6)], 3)
    elif sign == "leaf":
        body.ellipse((92, 138, 78), x, y + 6, 2.6, 4.4)
        body.line((62, 102, 58), [(x, y + 3), (x, y + 11)], 0.8)
    else:
        body.ellipse((92, 142, 158), x - 0.6, y + 6.4, 3.8, 2.2)
        body.polygon((92, 142, 158), [(x + 2, y + 6.4), (x + 5, y + 4.2), (x + 5, y + 8.6)])
