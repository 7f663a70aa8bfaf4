"""The letters of the game, and lines broken to a width; drawn once, blitted often.

Invariant: nothing here is called in a frame in which no text changed.
"""

from __future__ import annotations

import pygame

from demo_game.drawing.palette import Colour

__all__ = ["Fonts", "fitted", "wrapped"]

# The first of these that the machine has; else the font that comes with pygame.
FAMILIES = "avenirnext,segoeui,notosans,dejavusans,ubuntu,helveticaneue,arial"


class Fonts:
    """The sizes that the game uses.

    Attributes:
        speech: Of bubbles and the text box.
        label: Of name tags, badges and figures.
        small: Of hints.
        title: Of panel titles.
        large: Of cards.
    """

    def __init__(self) -> None:
        plain = pygame.font.match_font(FAMILIES)
        bold = pygame.font.match_font(FAMILIES, bold=True) or plain
        self.speech = pygame.font.Font(plain, 15)
        self.label = pygame.font.Font(bold, 12)
        self.small = pygame.font.Font(plain, 12)
        self.tiny = pygame.font.Font(bold, 10)
        self.title = pygame.font.Font(bold, 15)
        self.large = pygame.font.Font(bold, 22)

    @staticmethod
    def outlined(font: pygame.font.Font, text: str, colour: Colour, rim: Colour) -> pygame.Surface:
        """A word with a rim, legible on any background."""
        inner, outer = font.render(text, True, colour), font.render(text, True, rim)
        picture = pygame.Surface((inner.get_width() + 4, inner.get_height() + 4), pygame.SRCALPHA)
        for dx, dy in ((0, 1), (1, 0), (2, 1), (1, 2), (0, 0), (2, 0), (0, 2), (2, 2), (1, 3)):
            picture.blit(outer, (1 + dx - 0, dy))
        picture.blit(inner, (2, 1))
        return picture


def fitted(font: pygame.font.Font, text: str, width: int) -> str:
    """A text cut to ``width`` pixels, with dots if something was cut off."""
    if font.size(text)[0] <= width:
        return text
    while text and font.size(text.rstrip() + "...")[0] > width:
        text = text[:-1]
    return text.rstrip() + "..."


def wrapped(font: pygame.font.Font, text: str, width: int) -> list[str]:
    """Breaks a text into lines no wider than ``width`` pixels; a longer word is cut.

    Returns:
        At least one line.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        while font.size(word)[0] > width:
            cut = len(word)
            while cut > 1 and font.size(word[:cut])[0] > width:
                cut -= 1
            if line:
                lines.append(line)
                line = ""
            lines.append(word[:cut])
            word = word[cut:]
        longer = f"{line} {word}" if line else word
        if font.size(longer)[0] <= width:
            line = longer
        else:
            lines.append(line)
            line = word
    lines.append(line)
    return lines
