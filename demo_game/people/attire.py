"""Hats for heads and tools for hands, painted at load; part of a figure's picture.

Invariant: a hat leaves the face free.
"""

from __future__ import annotations

import math

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas
from demo_game.drawing.palette import Colour, darker, lighter

__all__ = ["paint_hat", "paint_tool"]


def paint_hat(
    sheet: Canvas, hat: str, colour: Colour, facing: str, x: float, y: float, r: float
) -> None:
    """Puts a hat on a head of radius ``r`` around (x, y); no hat for an unknown name."""
    dome = [
        (x + math.cos(t) * (r + 1), y - r * 0.18 + math.sin(t) * (r + 0.6))
        for t in (math.pi + math.pi * i / 16 for i in range(17))
    ]
    if hat == "helmet":
        sheet.polygon(darker(colour, 0.2), dome)
        sheet.polygon(colour, [(px * 0.9 + x * 0.1 - 0.6, py) for px, py in dome])
        sheet.rect(darker(colour, 0.3), x - r - 1.4, y - r * 0.36, 2 * r + 2.8, 2.8, radius=1.4)
        sheet.line(
            lighter(colour, 0.5), [(x - r * 0.4, y - r * 0.5), (x - r * 0.2, y - r * 0.95)], 1.4
        )
        sheet.ellipse((206, 78, 70), x, y - r * 1.3, 2.2, 4)
    elif hat == "straw":
        sheet.ellipse(darker(colour, 0.3), x, y - r * 0.34, r * 1.6, r * 0.5)
        sheet.ellipse(colour, x, y - r * 0.42, r * 1.6, r * 0.46)
        sheet.rect(
            darker(colour, 0.06), x - r * 0.74, y - r * 1.16, r * 1.48, r * 0.84, radius=r * 0.4
        )
        sheet.rect((186, 92, 72), x - r * 0.76, y - r * 0.62, r * 1.52, r * 0.22)
    elif hat == "hood":
        sheet.polygon(
            colour,
            [
                *dome,
                (x + r + 1, y + r * 0.5),
                (x + r * 0.72, y + r * 0.2),
                (x + r * 0.62, y - r * 0.3),
                (x, y - r * 0.56),
                (x - r * 0.62, y - r * 0.3),
                (x - r * 0.72, y + r * 0.2),
                (x - r - 1, y + r * 0.5),
            ]
            if facing != "up"
            else dome,
        )
        if facing == "up":
            sheet.circle(colour, x, y, r + 1)
            sheet.arc(darker(colour, 0.25), x, y, r * 0.6, r * 0.6, 0.1, 0.4, 1.2)
        sheet.polygon(
            darker(colour, 0.2),
            [(x - 3, y - r * 1.02), (x + 3, y - r * 1.02), (x + 1, y - r * 1.42)],
        )
    elif hat == "cap":
        sheet.polygon(colour, dome)
        sheet.ellipse(
            darker(colour, 0.25),
            x + (r * 0.6 if facing == "right" else 0),
            y - r * 0.2,
            r * (0.9 if facing != "up" else 0.6),
            r * 0.2,
        )
        sheet.circle(lighter(colour, 0.3), x, y - r * 1.08, 1.7)
    elif hat == "feather":
        sheet.ellipse(darker(colour, 0.25), x, y - r * 0.36, r * 1.35, r * 0.4)
        sheet.polygon(colour, [(px, py - 0.6) for px, py in dome])
        sheet.ellipse(lighter(colour, 0.1), x - r * 0.2, y - r * 0.7, r * 0.7, r * 0.34)
        side = -1 if facing == "right" else 1
        sheet.polygon(
            (250, 232, 196),
            [
                (x + side * r * 0.6, y - r * 0.5),
                (x + side * r * 1.5, y - r * 1.6),
                (x + side * r * 1.05, y - r * 0.55),
            ],
        )


def paint_tool(sheet: Canvas, tool: str, hand: tuple[float, float], *, busy: bool) -> None:
    """Puts a tool into a hand; ``busy`` is the raised arm."""
    hx, hy = hand
    wood = palette.TIMBER
    if tool == "spear":
        sheet.line(wood, [(hx + 1, hy + 14), (hx + 1, hy - 24)], 1.9)
        sheet.polygon(
            (206, 212, 222), [(hx - 1.8, hy - 23), (hx + 1, hy - 31), (hx + 3.8, hy - 23)]
        )
    elif tool == "hammer":
        tip = (hx + 5, hy - 9) if busy else (hx + 3.5, hy + 7)
        sheet.line(wood, [(hx, hy), tip], 2.1)
        sheet.rect((96, 98, 112), tip[0] - 4, tip[1] - 2.6, 8, 5.4, radius=1.2)
    elif tool == "basket":
        sheet.arc(wood, hx, hy + 4, 4.6, 5.4, 0.5, 1.0, 1.3)
        sheet.rect(palette.TIMBER_LIGHT, hx - 5.4, hy + 3.6, 10.8, 6.4, radius=2.6)
        for dx in (-3, 0, 3):
            sheet.circle((120, 166, 96), hx + dx, hy + 3.2, 1.9)
    elif tool == "rod":
        tip = (hx + 15, hy - 15) if busy else (hx + 7, hy - 22)
        sheet.line(wood, [(hx - 2, hy + 4), tip], 1.4)
        if busy:
            sheet.line((236, 236, 236), [tip, (tip[0] + 1, tip[1] + 24)], 0.5)
    elif tool == "mug":
        sheet.rect((200, 160, 96), hx - 2.8, hy - 4.4, 6, 6.6, radius=1.4)
        sheet.ellipse((255, 246, 224), hx + 0.2, hy - 4.4, 3, 1.5)
    elif tool == "kite":
        sheet.line((240, 236, 226), [(hx, hy), (hx + 7, hy - 10)], 0.5)
        sheet.polygon(
            (226, 106, 90),
            [(hx + 7, hy - 19), (hx + 12, hy - 13), (hx + 7, hy - 7), (hx + 2, hy - 13)],
        )
        sheet.line((250, 232, 190), [(hx + 7, hy - 19), (hx + 7, hy - 7)], 0.8)
