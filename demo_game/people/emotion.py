"""A small face for each emotion, drawn once. Invariant: every emotion of the model has a face."""

from __future__ import annotations

import pygame

from demo_game.drawing.canvas import Canvas
from demo_game.drawing.palette import Colour, darker, lighter

__all__ = ["FACES", "FACE_SIZE", "paint_face"]

FACE_SIZE = 22
INK: Colour = (66, 46, 48)
SUN: Colour = (250, 206, 96)

# Colour of the face; brows as (inner, outer) height; how open eyes are; the mouth.
FACES: dict[str, tuple[Colour, tuple[float, float], float, str]] = {
    "neutral": (SUN, (0, 0), 1.0, "flat"),
    "happy": (SUN, (-0.6, 0), 1.0, "smile"),
    "sad": ((146, 182, 214), (-1.4, 0.8), 0.9, "frown"),
    "angry": ((232, 118, 96), (1.6, -0.8), 0.9, "frown"),
    "afraid": ((188, 172, 222), (-1.4, 0.4), 1.5, "wave"),
    "surprised": ((250, 190, 112), (-1.6, -1.2), 1.5, "round"),
    "curious": ((160, 206, 160), (-1.8, 0.6), 1.2, "side"),
    "proud": ((246, 186, 84), (0.2, -0.8), 0.5, "smile"),
    "grateful": ((246, 170, 160), (-0.6, 0.2), 0.4, "smile"),
    "suspicious": ((196, 206, 130), (1.0, 0.2), 0.5, "side"),
    "amused": ((250, 206, 96), (-0.8, -0.4), 0.4, "grin"),
    "worried": ((214, 204, 160), (-1.5, 0.6), 1.0, "wave"),
}


def paint_face(emotion: str) -> pygame.Surface:
    """Paints a face; an emotion that a tree made up looks neutral."""
    colour, (inner, outer), opening, mouth = FACES.get(emotion, FACES["neutral"])
    sheet = Canvas(FACE_SIZE, FACE_SIZE)
    x = y = FACE_SIZE / 2
    sheet.circle(darker(colour, 0.45), x, y + 0.4, 9.6)
    sheet.circle(colour, x, y, 9)
    sheet.circle(lighter(colour, 0.4), x - 2.6, y - 3, 4.4, alpha=120)
    for side in (-1, 1):
        sheet.ellipse(INK, x + side * 3.1, y - 1, 1.15, 1.5 * opening + 0.1)
        brow = [(x + side * 1.6, y - 4.2 + inner), (x + side * 5.0, y - 4.2 + outer)]
        if (inner, outer) != (0, 0):
            sheet.line(INK, brow, 1.1)
    if mouth == "smile":
        sheet.arc(INK, x, y + 2.4, 3.6, 2.9, 0.06, 0.44, 1.3)
    elif mouth == "grin":
        sheet.polygon(
            INK, [(x - 4, y + 2.2), (x + 4, y + 2.2), (x + 2.4, y + 5.6), (x - 2.4, y + 5.6)]
        )
        sheet.rect((255, 250, 240), x - 3, y + 2.4, 6, 1.3)
    elif mouth == "frown":
        sheet.arc(INK, x, y + 6.4, 3.3, 2.6, 0.56, 0.94, 1.3)
    elif mouth == "round":
        sheet.ellipse(INK, x, y + 4.4, 1.9, 2.3)
    elif mouth == "side":
        sheet.line(INK, [(x - 2, y + 4.4), (x + 3, y + 3.4)], 1.3)
    elif mouth == "wave":
        points = [(x - 3.4, y + 4.6), (x - 1.2, y + 3.6), (x + 1.2, y + 4.8), (x + 3.4, y + 3.8)]
        sheet.line(INK, points, 1.2)
    else:
        sheet.line(INK, [(x - 2.6, y + 4), (x + 2.6, y + 4)], 1.3)
    return sheet.finish()
