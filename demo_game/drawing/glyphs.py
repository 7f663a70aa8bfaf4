"""Small drawn signs: pills that hold words, and a sign for each kind of node.

Painted once for each colour and kept. Invariant: nothing draws on a picture that was given out.
"""

from __future__ import annotations

import math

import pygame

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas
from demo_game.drawing.palette import Colour

__all__ = ["Glyphs"]

SIZE = 14  # of a sign
CAP = 10  # width of a pill's rounded end
MAX_PILLS = 300  # pictures kept; a tree that is edited for hours brings ever new widths

SEQUENCES = ("Sequence", "SequenceWithMemory", "ReactiveSequence")
SELECTORS = ("Selector", "ReactiveSelector")
REACTIVE = ("ReactiveSequence", "ReactiveSelector")
SIDE_BY_SIDE = ("Parallel", "Concurrent")
CLOCKS = ("Cooldown", "Timeout", "Delay")
LOOPS = ("Repeat", "Retry", "KeepRunningUntilFailure")


class Glyphs:
    """All signs of one game."""

    def __init__(self) -> None:
        self._caps: dict[tuple[int, Colour, Colour], pygame.Surface] = {}
        self._pills: dict[tuple[int, int, Colour, Colour], pygame.Surface] = {}
        self._signs: dict[tuple[str, Colour, Colour], pygame.Surface] = {}

    def pill(self, width: int, height: int, fill: Colour, rim: Colour) -> pygame.Surface:
        """A bar with round ends."""
        key = (width, height, fill, rim)
        pill = self._pills.get(key)
        if pill is None:
            if len(self._pills) >= MAX_PILLS:
                self._pills.clear()
            pill = pygame.Surface((width, height), pygame.SRCALPHA)
            cap = self._cap(height, fill, rim)
            middle = pygame.Rect(CAP, 0, width - 2 * CAP, height)
            pill.blit(cap, (0, 0), (0, 0, CAP, height))
            pill.blit(cap, (width - CAP, 0), (CAP, 0, CAP, height))
            if middle.width > 0:
                pill.fill(fill, middle)
                pill.fill(rim, (middle.x, 0, middle.width, 1))
                pill.fill(rim, (middle.x, height - 1, middle.width, 1))
            self._pills[key] = pill
        return pill

    def sign(self, kind: str, ink: Colour, ground: Colour) -> pygame.Surface:
        """The sign of a kind of node.

        Args:
            kind: ``NodeInfo.kind``.
            ink: The colour of the lines.
            ground: The colour of the tile below them.
        """
        key = (kind, ink, ground)
        sign = self._signs.get(key)
        if sign is None:
            sign = self._signs[key] = _paint(kind, ink, ground)
        return sign

    def _cap(self, height: int, fill: Colour, rim: Colour) -> pygame.Surface:
        key = (height, fill, rim)
        cap = self._caps.get(key)
        if cap is None:
            radius = min(CAP, height / 2)
            sheet = Canvas(2 * CAP, height)
            sheet.rect(rim, 0, 0, 2 * CAP, height, radius=radius)
            sheet.rect(fill, 1, 1, 2 * CAP - 2, height - 2, radius=radius - 1)
            cap = self._caps[key] = sheet.finish()
        return cap


def _paint(kind: str, ink: Colour, ground: Colour) -> pygame.Surface:
    sheet = Canvas(SIZE, SIZE)
    sheet.rect(ground, 0, 0, SIZE, SIZE, radius=4)
    c = SIZE / 2
    if kind in SEQUENCES:
        _arrow(sheet, ink, c, 3.2, 10.8)
        if kind == "SequenceWithMemory":
            sheet.circle(ink, 4.2, 3.4, 1.1)
    elif kind in SELECTORS:
        sheet.arc(ink, c, 5.2, 2.6, 2.4, 0.5, 1.16, 1.5)
        sheet.line(ink, [(c + 1.2, 6.9), (c, 8.4)], 1.5)
        sheet.circle(ink, c, 10.8, 0.95)
    elif kind in SIDE_BY_SIDE:
        _arrow(sheet, ink, 4.6, 3.4, 10.6)
        _arrow(sheet, ink, 9.4, 3.4, 10.6)
    elif kind in ("IfThenElse", "WhileDoElse", "Switch"):
        sheet.line(ink, [(3.2, c), (6.2, c)], 1.4)
        sheet.line(ink, [(10.8, 3.8), (6.2, c), (10.8, 10.2)], 1.4)
    elif kind == "Inverter":
        sheet.line(ink, [(c, 3.0), (c, 8.2)], 1.8)
        sheet.circle(ink, c, 10.8, 1.05)
    elif kind == "ForceSuccess":
        sheet.line(ink, [(3.6, 7.4), (6.0, 9.9), (10.4, 4.4)], 1.6)
    elif kind == "ForceFailure":
        sheet.line(ink, [(4.2, 4.2), (9.8, 9.8)], 1.5)
        sheet.line(ink, [(9.8, 4.2), (4.2, 9.8)], 1.5)
    elif kind in CLOCKS:
        sheet.circle(ink, c, c, 4.4)
        sheet.circle(ground, c, c, 3.2)
        sheet.line(ink, [(c, 4.8), (c, c), (9.0, c + 0.9)], 1.1)
    elif kind in LOOPS:
        _loop(sheet, ink, c)
    elif kind == "SubTree":
        sheet.rect(ink, 5.4, 2.8, 3.2, 2.8, radius=0.8)
        sheet.rect(ink, 2.8, 8.4, 3.2, 2.8, radius=0.8)
        sheet.rect(ink, 8.0, 8.4, 3.2, 2.8, radius=0.8)
        sheet.line(ink, [(4.4, 8.4), (4.4, 7.0), (9.6, 7.0), (9.6, 8.4)], 0.9)
        sheet.line(ink, [(c, 5.4), (c, 7.0)], 0.9)
    elif kind == "RunOnce":
        sheet.line(ink, [(5.6, 5.0), (7.4, 3.4), (7.4, 10.6)], 1.5)
    else:  # nodes with a condition
        sheet.polygon(ink, [(c, 2.6), (11.4, c), (c, 11.4), (2.6, c)])
        sheet.polygon(ground, [(c, 4.6), (9.4, c), (c, 9.4), (4.6, c)])
    if kind in REACTIVE:
        sheet.circle(ground, 11.4, 2.8, 2.9)
        sheet.circle(ink, 11.4, 2.8, 2.0)
    return sheet.finish()


def _arrow(sheet: Canvas, ink: Colour, y: float, left: float, right: float) -> None:
    sheet.line(ink, [(left, y), (right - 0.6, y)], 1.4)
    sheet.line(ink, [(right - 2.8, y - 2.3), (right, y), (right - 2.8, y + 2.3)], 1.4)


def _loop(sheet: Canvas, ink: Colour, c: float) -> None:
    sheet.arc(ink, c, c, 3.6, 3.6, 0.08, 0.86, 1.4)
    turn = 0.86 * math.tau
    x, y = c + math.cos(turn) * 3.6, c + math.sin(turn) * 3.6
    sheet.polygon(ink, [(x + 2.4, y - 0.2), (x - 1.2, y - 1.9), (x - 0.4, y + 2.0)])


def tinted(colour: Colour, share: float) -> Colour:
    """A colour mixed with the panel's dark."""
    return palette.mix(palette.PANEL, colour, share)
