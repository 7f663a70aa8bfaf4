"""Little people: their clothes, and their pictures for each direction and each step.

Painted at load, and tinted by the light around them when drawn. Invariant: all pictures of a figure
have the same size and the same foot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pygame

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas
from demo_game.drawing.palette import Colour, darker, lighter
from demo_game.people.attire import paint_hat, paint_tool

__all__ = ["FOOT", "SIZE", "Figure", "Look"]

SIZE = (52, 68)
FOOT = (26, 62)
NUM_STEPS = 4
TINT_GRAIN = 12  # levels of light that share one tinted picture; finer only fills the cache
MAX_TINTED = 96  # pictures kept per figure, 14 KB each
FACINGS = ("down", "up", "right", "left")


@dataclass(frozen=True, slots=True)
class Look:
    """What a person looks like.

    Attributes:
        skin: Of face and hands.
        hair: Its colour.
        coat: Of the upper body.
        legs: Trousers, or the hem of a skirt.
        style: Of the hair: ``"short"``, ``"bun"``, ``"long"`` or ``"bald"``.
        hat: ``""``, ``"helmet"``, ``"straw"``, ``"hood"``, ``"cap"``, ``"feather"``.
        hat_colour: Its colour.
        beard: Whether there is one, in the hair's colour.
        skirt: Whether the coat reaches the feet.
        apron: Its colour, or none.
        tool: In the right hand: ``"hammer"``, ``"spear"``, ``"basket"``, ``"rod"``, ``"mug"``,
            ``"kite"`` or none.
        cape: Its colour, or none.
        height: 1.0 for a grown person.
    """

    skin: Colour = palette.SKIN
    hair: Colour = (92, 62, 48)
    coat: Colour = (120, 110, 150)
    legs: Colour = (84, 70, 74)
    style: str = "short"
    hat: str = ""
    hat_colour: Colour = (160, 140, 90)
    beard: bool = False
    skirt: bool = False
    apron: Colour | None = None
    tool: str = ""
    cape: Colour | None = None
    height: float = 1.0


class Figure:
    """The pictures of one person."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._plain: dict[tuple[str, int, bool], pygame.Surface] = {}
        for facing in ("down", "up", "right"):
            for step in range(NUM_STEPS):
                for busy in (False, True):
                    self._plain[facing, step, busy] = _paint(look, facing, step, busy)
        for step in range(NUM_STEPS):
            for busy in (False, True):
                right = self._plain["right", step, busy]
                self._plain["left", step, busy] = pygame.transform.flip(right, True, False)
        self._tinted: dict[tuple[str, int, bool, Colour], pygame.Surface] = {}

    def picture(self, facing: str, step: int, busy: bool, light: Colour) -> pygame.Surface:
        """The picture in a light; do not draw on it.

        Args:
            facing: One of ``FACINGS``.
            step: 0..3; 0 and 2 stand.
            busy: Whether the tool arm is raised.
            light: The colours are multiplied by it.
        """
        grain = (
            light[0] // TINT_GRAIN * TINT_GRAIN,
            light[1] // TINT_GRAIN * TINT_GRAIN,
            light[2] // TINT_GRAIN * TINT_GRAIN,
        )
        key = (facing, step % NUM_STEPS, busy, grain)
        picture = self._tinted.get(key)
        if picture is None:
            if len(self._tinted) >= MAX_TINTED:
                self._tinted.clear()
            picture = self._plain[key[:3]].copy()
            picture.fill(grain, special_flags=pygame.BLEND_RGB_MULT)
            self._tinted[key] = picture
        return picture


def _paint(look: Look, facing: str, step: int, busy: bool) -> pygame.Surface:
    sheet = Canvas(*SIZE)
    x, ground = FOOT
    size = look.height
    swing = (0.0, 1.0, 0.0, -1.0)[step]
    lift = -1.1 if step % 2 else 0.0
    hip = ground - 9 * size + lift
    neck = hip - 15 * size
    sheet.ellipse((20, 14, 30), x + 1.5, ground, 11 * size, 4 * size, alpha=80)
    _legs(sheet, look, facing, x, ground, hip, swing)
    if look.cape and facing != "up":
        _cape(sheet, look, x, neck, hip, facing)
    hand = _arms(sheet, look, facing, x, neck, swing, busy, back=True)
    if look.tool and facing == "up":
        paint_tool(sheet, look.tool, hand, busy=busy)
    _torso(sheet, look, facing, x, hip, neck)
    hand = _arms(sheet, look, facing, x, neck, swing, busy, back=False)
    if look.cape and facing == "up":
        _cape(sheet, look, x, neck, hip, facing)
    if look.tool and facing != "up":
        paint_tool(sheet, look.tool, hand, busy=busy)
    _head(sheet, look, facing, x, neck - 8.4 * size)
    return sheet.finish()


def _legs(
    sheet: Canvas, look: Look, facing: str, x: float, ground: float, hip: float, swing: float
) -> None:
    size = look.height
    boot: Colour = (66, 50, 48)
    for side in (-1, 1):
        stride = swing * side
        if facing in ("down", "up"):
            fx, fy = x + side * 3.6 * size, ground - max(0.0, stride) * 2.6
        else:
            fx, fy = x + stride * 4.4 * size, ground - max(0.0, stride) * 1.0
        if not look.skirt:
            sheet.line(look.legs, [(x + side * 3.0 * size, hip - 1), (fx, fy - 3)], 5.2 * size)
        sheet.rect(
            boot,
            fx - 2.9 * size,
            fy - 4 * size,
            5.8 * size + (1.4 if facing == "right" else 0),
            4.4 * size,
            radius=2,
        )


def _torso(sheet: Canvas, look: Look, facing: str, x: float, hip: float, neck: float) -> None:
    size = look.height
    coat, half = look.coat, 7.6 * size
    bottom = hip + (7.0 * size if look.skirt else 1.5)
    flare = 3.0 * size if look.skirt else 0.8
    outline = darker(coat, 0.4)
    shape = [
        (x - half + 1.4, neck),
        (x + half - 1.4, neck),
        (x + half + flare, bottom),
        (x - half - flare, bottom),
    ]
    sheet.polygon(outline, [(px + (1 if px > x else -1), py + 0.8) for px, py in shape])
    sheet.rect(outline, x - half - 0.4, neck - 2, 2 * half + 0.8, 9 * size, radius=4.5 * size)
    sheet.polygon(coat, shape)
    sheet.rect(coat, x - half + 0.5, neck - 1.4, 2 * half - 1, 9 * size, radius=4.2 * size)
    sheet.polygon(
        darker(coat, 0.16),
        [
            (x + half * 0.35, neck + 1),
            (x + half - 0.6, neck + 1),
            (x + half + flare, bottom),
            (x + half * 0.45, bottom),
        ],
    )
    if look.apron and facing != "up":
        left = x - (5.4 if facing == "down" else 1.0) * size
        width = (10.8 if facing == "down" else 8.4) * size
        sheet.rect(look.apron, left, neck + 3.4 * size, width, bottom - neck - 4 * size, radius=2.4)
        sheet.rect(darker(look.apron, 0.2), left, hip - 2.4 * size, width, 1.2)
    if not look.skirt:
        sheet.rect(
            darker(look.legs, 0.3), x - half, hip - 2.6 * size, 2 * half, 2.6 * size, radius=1
        )
        sheet.rect((222, 184, 96), x - 1.6, hip - 2.8 * size, 3.2, 3 * size, radius=0.8)


def _arms(
    sheet: Canvas,
    look: Look,
    facing: str,
    x: float,
    neck: float,
    swing: float,
    busy: bool,
    *,
    back: bool,
) -> tuple[float, float]:
    """Draws the arms behind or before the body; returns where the right hand is."""
    size = look.height
    sleeve = darker(look.coat, 0.1)
    hand = (x, neck)
    for side in (-1, 1):
        tool_arm = side == (1 if facing != "up" else -1) if facing in ("down", "up") else side == 1
        if facing in ("down", "up"):
            shoulder = (x + side * 7.4 * size, neck + 2.2 * size)
            reach = (x + side * 9.6 * size, neck + (11 - swing * side * 2.2) * size)
            behind = facing == "up"
        else:
            shoulder = (x + side * 0.8 * size, neck + 2.6 * size)
            reach = (x + (side * 1.0 + swing * side * 5.4) * size, neck + 11 * size)
            behind = side == -1
        if tool_arm and busy:
            reach = (
                shoulder[0] + (4.6 if facing != "up" else -4.6) * size,
                shoulder[1] - 5.4 * size,
            )
        if tool_arm:
            hand = reach
        if behind != back:
            continue
        sheet.line(darker(sleeve, 0.35), [shoulder, reach], 5.6 * size)
        sheet.line(sleeve, [shoulder, reach], 4.4 * size)
        sheet.circle(darker(look.skin, 0.2), reach[0], reach[1] + 0.8, 2.7 * size)
        sheet.circle(look.skin, reach[0], reach[1] + 0.5, 2.3 * size)
    return hand


def _cape(sheet: Canvas, look: Look, x: float, neck: float, hip: float, facing: str) -> None:
    size = look.height
    assert look.cape is not None
    shift = {"down": 0.0, "up": 0.0}.get(facing, -3.4) * size
    width = (8.8 if facing == "up" else 9.8 if facing == "down" else 7.4) * size
    shape = [
        (x + shift - width * 0.72, neck),
        (x + shift + width * 0.72, neck),
        (x + shift + width, hip + 5 * size),
        (x + shift - width, hip + 5 * size),
    ]
    sheet.polygon(
        darker(look.cape, 0.4), [(px + (1 if px > x + shift else -1), py + 1) for px, py in shape]
    )
    sheet.polygon(look.cape, shape)
    sheet.polygon(
        darker(look.cape, 0.16), [shape[1], shape[2], (x + shift + width * 0.3, hip + 5 * size)]
    )
    if facing == "up":
        sheet.polygon(
            lighter(look.cape, 0.12),
            [shape[0], shape[3], (x + shift - width * 0.45, hip + 5 * size)],
        )


def _head(sheet: Canvas, look: Look, facing: str, x: float, y: float) -> None:
    size = look.height
    r = 9.4 * (0.55 + 0.45 * size)  # a child's head is nearly as large as a grown one
    if look.style == "long" and facing != "up":
        for side in (-1, 1) if facing == "down" else (-1,):
            lock = x + side * r * 0.78 - r * 0.34
            sheet.rect(
                darker(look.hair, 0.12), lock, y - r * 0.2, r * 0.68, r * 1.6, radius=r * 0.3
            )
    sheet.circle(darker(look.skin, 0.35), x, y, r + 0.7)
    sheet.circle(look.skin, x, y, r)
    sheet.circle(lighter(look.skin, 0.3), x - r * 0.25, y - r * 0.1, r * 0.6, alpha=110)
    if facing != "up":
        turn = r * 0.3 if facing == "right" else 0.0
        eyes = (-0.36, 0.36) if facing == "down" else (0.05, 0.55)
        for share in eyes:
            ex = x + share * r + turn * 0.4
            sheet.ellipse((48, 36, 44), ex, y + r * 0.12, 1.25, 1.75)
            sheet.circle((255, 255, 255), ex - 0.35, y + r * 0.04, 0.5)
            sheet.circle(
                (236, 128, 112), ex + (0.9 if share > 0 else -0.9), y + r * 0.44, 1.7, alpha=90
            )
        if look.beard:
            sheet.ellipse(darker(look.hair, 0.1), x + turn, y + r * 0.72, r * 0.74, r * 0.6)
            sheet.ellipse(look.hair, x + turn - 0.5, y + r * 0.66, r * 0.66, r * 0.5)
        sheet.arc(
            darker(look.skin, 0.55), x + turn, y + r * 0.42, r * 0.2, r * 0.17, 0.05, 0.45, 0.9
        )
    _hair(sheet, look, facing, x, y, r)
    if look.hat:
        paint_hat(sheet, look.hat, look.hat_colour, facing, x, y, r)


def _hair(sheet: Canvas, look: Look, facing: str, x: float, y: float, r: float) -> None:
    if look.style == "bald":
        if look.beard and facing != "up":
            sheet.arc(look.hair, x, y, r * 0.94, r * 0.94, 0.0, 0.1, 2)
        return
    hair = look.hair
    if facing == "up":
        sheet.circle(hair, x, y - 0.4, r + 0.5)
        if look.style == "long":
            sheet.rect(hair, x - r, y, 2 * r, r * 1.6, radius=r * 0.6)
        sheet.arc(lighter(hair, 0.25), x, y - 0.4, r * 0.66, r * 0.66, 0.58, 0.82, 1.6)
    else:
        start, end = (0.49, 1.01) if facing == "down" else (0.4, 0.93)
        count = 18
        outer = [
            (x + math.cos(t) * (r + 0.7), y + math.sin(t) * (r + 0.7))
            for t in ((start + (end - start) * i / count) * math.tau for i in range(count + 1))
        ]
        if facing == "down":
            fringe = [
                (x + r * 0.72, y - r * 0.2),
                (x + r * 0.2, y - r * 0.42),
                (x - r * 0.35, y - r * 0.3),
                (x - r * 0.74, y + r * 0.04),
            ]
        else:
            fringe = [
                (x + r * 0.7, y - r * 0.42),
                (x + r * 0.1, y - r * 0.3),
                (x - r * 0.2, y + r * 0.3),
                (x - r * 0.5, y + r * 0.5),
            ]
        sheet.polygon(hair, outer + fringe)
        sheet.arc(lighter(hair, 0.3), x - r * 0.1, y, r * 0.8, r * 0.82, 0.6, 0.76, 1.4)
    if look.style == "bun":
        bun = {"down": (x, y - r * 1.12), "up": (x, y - r * 0.75)}.get(
            facing, (x - r * 0.62, y - r * 0.86)
        )
        sheet.circle(darker(hair, 0.3), *bun, r * 0.46)
        sheet.circle(hair, bun[0] - 0.3, bun[1] - 0.4, r * 0.4)
