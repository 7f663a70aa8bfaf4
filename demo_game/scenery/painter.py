"""Composes the scenery once: the day picture, lights and glow at night, things that hide people.

Invariant: nothing here runs once a frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pygame

from demo_game.drawing.canvas import Point, blurred, glow
from demo_game.drawing.prop import Prop
from demo_game.scenery.buildings import HOUSES, paint_house
from demo_game.scenery.clutter import CLUTTER, paint_clutter
from demo_game.scenery.flora import paint_tree
from demo_game.scenery.ground import paint_ground
from demo_game.scenery.landmarks import LANDMARKS, paint_bridge, paint_dock, paint_landmark
from demo_game.world import land
from demo_game.world.land import Site

__all__ = ["Cover", "Scenery", "paint_scenery"]

SHADOW_STRENGTH = 0.34
NUM_LOOKS = 7  # different trees of a kind; more would only cost load time


@dataclass(frozen=True, slots=True)
class Cover:
    """Something tall enough to hide a person who stands behind it.

    Attributes:
        rect: Where its picture is.
        base: Feet above this line (smaller y) are behind it.
        stencil: Its shape, to be subtracted from the person's picture.
    """

    rect: pygame.Rect
    base: int
    stencil: pygame.Surface


@dataclass(frozen=True, slots=True)
class Scenery:
    """The village without its people.

    Attributes:
        day: By daylight, opaque.
        light: Pools of lamplight on black.
        shine: Everything that glows by itself, on black.
        covers: Things that people can walk behind.
        cover_rects: Their rectangles, in the same order.
        chimneys: Where smoke rises.
        hearth: Where the forge's sparks fly.
    """

    day: pygame.Surface
    light: pygame.Surface
    shine: pygame.Surface
    covers: tuple[Cover, ...]
    cover_rects: tuple[pygame.Rect, ...]
    chimneys: tuple[Point, ...]
    hearth: Point


def paint_scenery() -> Scenery:
    """Paints everything; takes about two seconds of the title screen."""
    placed = sorted(_placed(), key=lambda pair: pair[0].y)
    day = paint_ground()
    _cast_shadows(day, placed)
    for prop, (x, y) in (
        (paint_bridge(), land.BRIDGE.topleft),
        (paint_dock(), land.DOCK.topleft),
    ):
        day.blit(prop.surface, (x - prop.foot[0], y - prop.foot[1]))
    light = pygame.Surface(day.get_size())
    shine = pygame.Surface(day.get_size())
    covers: list[Cover] = []
    chimneys: list[Point] = []
    for site, prop in placed:
        corner = (site.x - prop.foot[0], site.y - prop.foot[1])
        day.blit(prop.surface, corner)
        # A later thing stands in front: it hides the glow of what is behind it.
        shine.blit(_silhouette(prop.surface), corner, special_flags=pygame.BLEND_RGB_SUB)
        if prop.shine is not None:
            shine.blit(prop.shine, corner, special_flags=pygame.BLEND_RGB_ADD)
        for lamp in prop.lights:
            spot = (site.x + lamp.x - lamp.radius, site.y + lamp.y - lamp.radius)
            pool = glow(lamp.radius, lamp.colour, lamp.strength)
            light.blit(pool, spot, special_flags=pygame.BLEND_RGB_ADD)
        chimneys.extend((site.x + dx, site.y + dy) for dx, dy in prop.smoke)
        covers.append(_cover(site, prop, corner))
    bloom = blurred(shine, 8)
    shine.blit(bloom, (0, 0), special_flags=pygame.BLEND_RGB_ADD)
    forge = next(site for site in land.BUILDINGS if site.kind == "forge")
    return Scenery(
        day,
        light,
        shine,
        tuple(covers),
        tuple(cover.rect for cover in covers),
        tuple(chimneys),
        (forge.x + 37.0, forge.y - 12.0),
    )


def _placed() -> list[tuple[Site, Prop]]:
    things: list[tuple[Site, Prop]] = []
    looks: dict[tuple[str, int], Prop] = {}
    for index, site in enumerate(land.SITES):
        look = (site.kind, index if site.kind in HOUSES else index % NUM_LOOKS)
        if look not in looks:
            if site.kind in HOUSES:
                looks[look] = paint_house(HOUSES[site.kind], index)
            elif site.kind in LANDMARKS:
                looks[look] = paint_landmark(site.kind, index)
            elif site.kind in CLUTTER:
                looks[look] = paint_clutter(site.kind, index)
            else:
                looks[look] = paint_tree(site.kind, 100 + look[1])
        things.append((site, looks[look]))
    return things


def _cast_shadows(day: pygame.Surface, placed: list[tuple[Site, Prop]]) -> None:
    shade = pygame.Surface(day.get_size())
    for site, prop in placed:
        if prop.shadow:
            outline = [(site.x + dx, site.y + dy) for dx, dy in prop.shadow]
            pygame.draw.polygon(shade, (255, 255, 255), outline)
    depth = pygame.surfarray.array3d(blurred(shade, 3))[:, :, 0].astype(np.float32) / 255.0
    # Shade in sunlight is cool: it loses red first.
    tint = np.array([1.0, 0.86, 0.62], np.float32) * SHADOW_STRENGTH
    pixels = pygame.surfarray.pixels3d(day)
    pixels[:] = (pixels * (1.0 - depth[:, :, None] * tint)).astype(np.uint8)
    del pixels


def _silhouette(surface: pygame.Surface) -> pygame.Surface:
    """Alpha as grey on black."""
    alpha = pygame.surfarray.array_alpha(surface)
    grey = pygame.Surface(surface.get_size())
    pygame.surfarray.blit_array(grey, np.repeat(alpha[:, :, None], 3, axis=2))
    return grey


def _cover(site: Site, prop: Prop, corner: tuple[int, int]) -> Cover:
    stencil = prop.surface.copy()
    pixels = pygame.surfarray.pixels3d(stencil)
    pixels[:] = 0
    del pixels
    return Cover(pygame.Rect(corner, prop.surface.get_size()), site.y, stencil)
