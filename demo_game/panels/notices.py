"""Small notes that come and go at the top: a clue, a gift, somebody who is pleased or not.

Invariant: at most a few at once, each read in its time, and each painted once.
"""

from __future__ import annotations

from dataclasses import dataclass

import pygame

from demo_game.drawing import palette
from demo_game.drawing.fonts import Fonts
from demo_game.drawing.palette import Colour
from demo_game.village.happening import Happening, Kind

__all__ = ["Notices"]

MAX_SHOWN = 3
FRAMES, FRAMES_PER_CHAR = 150, 2.2
FADE_FRAMES = 20
MAX_CHARS = 84
# A colour and a mark for each kind: never the colour alone.
LOOKS: dict[Kind, tuple[Colour, str]] = {
    Kind.CLUE: (palette.AMBER, "noted"),
    Kind.FOUND: (palette.TEAL, "found"),
    Kind.SEEN: (palette.SLATE, ""),
    Kind.LIKED: (palette.TEAL, "+"),
    Kind.DISLIKED: (palette.ROSE, "-"),
    Kind.BLOW: (palette.ROSE, "!"),
    Kind.GIFT: (palette.SLATE, "+"),
    Kind.ACCUSED: (palette.ROSE, "!"),
    Kind.STUTTER: (palette.ROSE, "stutter"),
    Kind.SWITCHED: (palette.SLATE, ""),
}


@dataclass(slots=True)
class Notice:
    """A note."""

    kind: Kind
    picture: pygame.Surface
    frames_left: float


class Notices:
    """The notes that are shown now."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._shown: list[Notice] = []

    def add(self, happening: Happening) -> None:
        """Shows something that has happened, if there are words for it."""
        text, look = happening.text, LOOKS.get(happening.kind)
        if not text or look is None:
            return
        if happening.kind is Kind.CLUE and happening.who:
            text = f"{happening.who.capitalize()}: {text}"
        text = text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1].rstrip() + "..."
        frames = FRAMES + FRAMES_PER_CHAR * len(text)
        notice = Notice(happening.kind, self._paint(text, *look), frames)
        if happening.kind is Kind.SWITCHED:  # only the newest state of a switch counts
            self._shown = [shown for shown in self._shown if shown.kind is not Kind.SWITCHED]
        self._shown = [*self._shown, notice][-MAX_SHOWN:]

    def draw(self, screen: pygame.Surface, left: int, right: int, top: int) -> None:
        """Draws them below each other, between two panels."""
        y = top
        for notice in self._shown:
            notice.frames_left -= 1
            notice.picture.set_alpha(int(min(255, 255 * notice.frames_left / FADE_FRAMES)))
            area = notice.picture.get_rect(midtop=((left + right) // 2, y))
            area.left = max(left + 4, area.left)
            screen.blit(notice.picture, area)
            y = area.bottom + 5
        self._shown = [notice for notice in self._shown if notice.frames_left > 0]

    def _paint(self, text: str, colour: Colour, mark: str) -> pygame.Surface:
        word = self._fonts.label.render(text, True, palette.CREAM)
        badge = self._fonts.tiny.render(mark, True, (255, 255, 255))
        wide = badge.get_width() + 12 if mark else 0
        picture = pygame.Surface((word.get_width() + wide + 30, 28), pygame.SRCALPHA)
        frame = picture.get_rect()
        pygame.draw.rect(picture, (*palette.PANEL, 240), frame, border_radius=14)
        pygame.draw.rect(picture, colour, frame, 2, border_radius=14)
        if mark:
            pygame.draw.rect(picture, colour, (8, 6, wide, 16), border_radius=8)
            picture.blit(badge, (14, 14 - badge.get_height() // 2))
        picture.blit(word, (wide + 16, 14 - word.get_height() // 2))
        return picture
