"""The painted form of one thing on the map: its pictures, its lights, its shadow.

Invariant: ``surface`` and ``shine`` have the same size, and ``foot`` lies on the site's point.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pygame

from demo_game.drawing.canvas import Canvas, Point
from demo_game.drawing.palette import LAMP, Colour

__all__ = ["Light", "Prop", "Sketch"]


@dataclass(frozen=True, slots=True)
class Light:
    """A lamp at (x, y) from the foot that lights what is around it when it is dark."""

    x: float
    y: float
    radius: int
    colour: Colour = LAMP
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Prop:
    """One painted thing.

    Attributes:
        surface: The picture by day, straight alpha.
        shine: What glows by itself at night (panes, embers), on black; ``None`` if nothing does.
        foot: Where the site's point is in the picture.
        lights: Its lamps.
        shadow: Outline of its shadow on the ground, from the foot; empty for none.
        smoke: Chimney tops, from the foot.
    """

    surface: pygame.Surface
    shine: pygame.Surface | None
    foot: tuple[int, int]
    lights: tuple[Light, ...] = ()
    shadow: tuple[Point, ...] = ()
    smoke: tuple[Point, ...] = ()


@dataclass(slots=True)
class Sketch:
    """A prop being painted: one sheet for its body, one for what shines."""

    width: float
    height: float
    foot: tuple[int, int]
    scale: int = 4
    body: Canvas = field(init=False)
    shine: Canvas = field(init=False)
    lights: list[Light] = field(default_factory=list)
    smoke: list[Point] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.body = Canvas(self.width, self.height, scale=self.scale)
        self.shine = Canvas(self.width, self.height, scale=self.scale)

    def light(
        self, x: float, y: float, radius: int, colour: Colour = LAMP, power: float = 1
    ) -> None:
        """Hangs a lamp at (x, y) of the sheet."""
        self.lights.append(Light(x - self.foot[0], y - self.foot[1], radius, colour, power))

    def chimney(self, x: float, y: float) -> None:
        """Marks where smoke leaves the sheet."""
        self.smoke.append((x - self.foot[0], y - self.foot[1]))

    def prop(self, shadow: tuple[Point, ...] = ()) -> Prop:
        """The finished thing."""
        shine = pygame.Surface((self.body.width, self.body.height))
        shine.blit(self.shine.finish(), (0, 0))
        return Prop(
            self.body.finish(),
            shine if self.lights else None,
            self.foot,
            tuple(self.lights),
            shadow,
            tuple(self.smoke),
        )
