"""A sheet to paint smooth shapes on: drawn large, then shrunk, so that edges are soft.

Only for painting at load time; a canvas costs milliseconds. Invariant: coordinates are those of
the finished picture, in floating-point pixels, whatever the scale of the sheet behind.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import pygame

from demo_game.drawing.palette import Colour

__all__ = ["Canvas", "Point", "blurred", "glow"]

Point = tuple[float, float]


class Canvas:
    """A transparent sheet of ``width`` x ``height`` final pixels."""

    def __init__(self, width: float, height: float, *, scale: int = 4) -> None:
        self.width, self.height, self.scale = math.ceil(width), math.ceil(height), scale
        size = (self.width * scale, self.height * scale)
        self.sheet = pygame.Surface(size, pygame.SRCALPHA)

    def polygon(self, colour: Colour, points: Sequence[Point], alpha: int = 255) -> None:
        """Fills a polygon."""
        self._blend(
            lambda sheet: pygame.draw.polygon(sheet, (*colour, alpha), self._at(points)), alpha
        )

    def rect(
        self,
        colour: Colour,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        radius: float = 0,
        alpha: int = 255,
    ) -> None:
        """Fills a rectangle whose left top corner is (x, y)."""
        box = self._box(x, y, width, height)
        corner = round(radius * self.scale)
        self._blend(
            lambda sheet: pygame.draw.rect(sheet, (*colour, alpha), box, border_radius=corner),
            alpha,
        )

    def ellipse(
        self, colour: Colour, x: float, y: float, rx: float, ry: float, alpha: int = 255
    ) -> None:
        """Fills an ellipse around (x, y)."""
        box = self._box(x - rx, y - ry, 2 * rx, 2 * ry)
        self._blend(lambda sheet: pygame.draw.ellipse(sheet, (*colour, alpha), box), alpha)

    def circle(self, colour: Colour, x: float, y: float, radius: float, alpha: int = 255) -> None:
        """Fills a circle around (x, y)."""
        self.ellipse(colour, x, y, radius, radius, alpha)

    def line(
        self, colour: Colour, points: Sequence[Point], width: float = 1.0, alpha: int = 255
    ) -> None:
        """Strokes through points, with round joints and ends."""

        def stroke(sheet: pygame.Surface) -> None:
            half = width * self.scale / 2
            joints = [(x * self.scale, y * self.scale) for x, y in points]
            for (ax, ay), (bx, by) in itertools.pairwise(joints):
                length = math.hypot(bx - ax, by - ay) or 1.0
                dx, dy = (by - ay) / length * half, (ax - bx) / length * half
                quad = [
                    (ax + dx, ay + dy),
                    (bx + dx, by + dy),
                    (bx - dx, by - dy),
                    (ax - dx, ay - dy),
                ]
                pygame.draw.polygon(sheet, (*colour, alpha), quad)
            for joint in joints:
                pygame.draw.circle(sheet, (*colour, alpha), joint, half)

        self._blend(stroke, alpha)

    def arc(
        self,
        colour: Colour,
        x: float,
        y: float,
        rx: float,
        ry: float,
        start: float,
        end: float,
        width: float = 1.0,
    ) -> None:
        """Strokes an arc from ``start`` to ``end`` turns (0 is right, 0.25 is down)."""
        count = 14
        turns = [(start + (end - start) * i / count) * math.tau for i in range(count + 1)]
        self.line(colour, [(x + math.cos(t) * rx, y + math.sin(t) * ry) for t in turns], width)

    @contextmanager
    def clipped(self, points: Sequence[Point]) -> Iterator[Canvas]:
        """A sheet of the same size whose painting lands here only inside a polygon."""
        layer = Canvas(self.width, self.height, scale=self.scale)
        yield layer
        mask = pygame.Surface(self.sheet.get_size(), pygame.SRCALPHA)
        pygame.draw.polygon(mask, (255, 255, 255, 255), self._at(points))
        layer.sheet.blit(mask, (0, 0), special_flags=pygame.BLEND_RGBA_MULT)
        self.sheet.blit(layer.sheet, (0, 0))

    def paste(self, picture: Canvas, x: float, y: float) -> None:
        """Blends another sheet of the same scale at (x, y)."""
        self.sheet.blit(picture.sheet, (round(x * self.scale), round(y * self.scale)))

    def finish(self) -> pygame.Surface:
        """The picture at its final size, with straight alpha."""
        # Shrinking straight alpha would drag the black of empty pixels into every edge.
        small = pygame.transform.smoothscale(self.sheet.premul_alpha(), (self.width, self.height))
        alpha = pygame.surfarray.pixels_alpha(small).astype(np.float32)
        pixels = pygame.surfarray.pixels3d(small)
        straight = pixels * (255.0 / np.maximum(alpha, 1.0))[:, :, None]
        pixels[:] = np.minimum(straight, 255.0).astype(np.uint8)
        del pixels
        return small

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def _box(self, x: float, y: float, width: float, height: float) -> pygame.Rect:
        s = self.scale
        left, top = round(x * s), round(y * s)
        return pygame.Rect(left, top, round((x + width) * s) - left, round((y + height) * s) - top)

    def _blend(self, draw: Callable[[pygame.Surface], pygame.Rect | None], alpha: int) -> None:
        """Draws on the sheet; pygame's shapes replace alpha, so translucency takes a layer."""
        if alpha >= 255:
            draw(self.sheet)
            return
        layer = pygame.Surface(self.sheet.get_size(), pygame.SRCALPHA)
        draw(layer)
        self.sheet.blit(layer, (0, 0))


def blurred(surface: pygame.Surface, radius: int) -> pygame.Surface:
    """``surface`` made soft over about ``radius`` pixels, by shrinking and growing it."""
    width, height = surface.get_size()
    small = (max(1, width // radius), max(1, height // radius))
    return pygame.transform.smoothscale(
        pygame.transform.smoothscale(surface, small), (width, height)
    )


def glow(radius: int, colour: Colour, strength: float = 1.0) -> pygame.Surface:
    """A round pool of light on black, to be added to a picture."""
    axis = (np.arange(2 * radius) - radius + 0.5) / radius
    distance = np.hypot(axis[:, None], axis[None, :])
    fall = np.clip(1.0 - distance, 0.0, 1.0) ** 2 * (3.0 - 2.0 * np.clip(1.0 - distance, 0.0, 1.0))
    pixels = fall[:, :, None] * np.array(colour, np.float32) * strength
    surface = pygame.Surface((2 * radius, 2 * radius))
    pygame.surfarray.blit_array(surface, np.clip(pixels, 0, 255).astype(np.uint8))
    return surface
