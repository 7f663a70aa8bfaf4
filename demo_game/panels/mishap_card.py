"""Messages on the screen about tree files: one that is broken, one that was taken over.

A broken file is shown as a designer wants it: file, line, the line itself with a mark under the
place, what was expected, what to do. Invariant: the message stays exactly as long as the file is
broken.
"""

from __future__ import annotations

import re

import pygame

from demo_game.drawing import palette
from demo_game.drawing.fonts import Fonts, wrapped
from demo_game.drawing.glyphs import tinted
from demo_game.drawing.palette import Colour
from demo_game.village.mishap import Mishap
from demo_game.world import land

__all__ = ["MishapCard"]

WIDTH = 560
PAD = 16
TOP = 14
TOAST_FRAMES = 150
FADE_FRAMES = 24
MAX_LINE = 62  # characters of the file's line that are shown
DIM: Colour = (170, 160, 166)
CODE: Colour = (24, 21, 29)


class MishapCard:
    """The card at the top, and the note that the file is fine again."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._code = pygame.font.Font(
            pygame.font.match_font("dejavusansmono,menlo,consolas,couriernew,courier"), 13
        )
        self._mishap: Mishap | None = None
        self._card = pygame.Surface((1, 1), pygame.SRCALPHA)
        self._toast = pygame.Surface((1, 1), pygame.SRCALPHA)
        self._toast_frames = 0
        self._age = 0

    def show(self, mishap: Mishap | None) -> None:
        """Takes the current fault; None if there is none."""
        if mishap == self._mishap:
            return
        self._mishap = mishap
        if mishap is not None:
            self._card = self._paint(mishap)
            self._age = 0
            self._toast_frames = 0

    def cheer(self, text: str) -> None:
        """Says for a moment that a file was taken over."""
        word = self._fonts.label.render(text, True, (255, 255, 255))
        area = pygame.Rect(0, 0, word.get_width() + 52, 32)
        toast = pygame.Surface(area.size, pygame.SRCALPHA)
        green: Colour = (58, 124, 88)
        pygame.draw.rect(toast, (*green, 240), area, border_radius=16)
        pygame.draw.rect(toast, palette.lighter(green, 0.4), area, 1, border_radius=16)
        pygame.draw.lines(toast, (255, 255, 255), False, [(17, 16), (21, 21), (29, 11)], 2)
        toast.blit(word, (38, (32 - word.get_height()) // 2))
        self._toast = toast
        self._toast_frames = TOAST_FRAMES

    def draw(self, screen: pygame.Surface, left: int, right: int) -> None:
        """Draws the message, if there is one, between two panels."""
        middle = (left + right) // 2
        if self._mishap is not None:
            self._age += 1
            slide = max(0, 12 - self._age) * 3
            area = self._card.get_rect(midtop=(middle, TOP - slide))
            area.clamp_ip(pygame.Rect(6, -60, land.WIDTH - 12, land.HEIGHT))
            screen.blit(self._card, area)
        elif self._toast_frames:
            self._toast_frames -= 1
            self._toast.set_alpha(min(255, 255 * self._toast_frames // FADE_FRAMES))
            screen.blit(self._toast, self._toast.get_rect(midtop=(middle, TOP)))

    def _paint(self, mishap: Mishap) -> pygame.Surface:
        fonts, inner = self._fonts, WIDTH - 2 * PAD
        what = wrapped(fonts.speech, _capital(mishap.what), inner - 8)
        advice = wrapped(fonts.speech, _capital(mishap.advice), inner - 26) if mishap.advice else []
        line = fonts.speech.get_linesize()
        height = 42 + (62 if mishap.source else 0) + line * (len(what) + len(advice)) + 46
        card = pygame.Surface((WIDTH + 8, height + 8), pygame.SRCALPHA)
        pygame.draw.rect(card, (20, 14, 22, 90), (4, 6, WIDTH, height), border_radius=15)
        area = pygame.Rect(2, 0, WIDTH, height)
        pygame.draw.rect(card, (*palette.PANEL, 250), area, border_radius=14)
        pygame.draw.rect(
            card,
            palette.ROSE,
            (2, 0, WIDTH, 34),
            border_top_left_radius=14,
            border_top_right_radius=14,
        )
        pygame.draw.rect(card, palette.darker(palette.ROSE, 0.1), area, 2, border_radius=14)
        _warning(card, PAD + 10, 17)
        where = f"{mishap.file}, line {mishap.line}" if mishap.line else mishap.file
        title = fonts.title.render(where, True, (255, 255, 255))
        card.blit(title, (PAD + 28, 17 - title.get_height() // 2))
        if mishap.num_more:
            more = fonts.label.render(f"and {mishap.num_more} more", True, (255, 226, 220))
            card.blit(more, (WIDTH - PAD - more.get_width(), 17 - more.get_height() // 2))
        y = 44
        if mishap.source:
            self._source(card, mishap, y)
            y += 62
        for text in what:
            card.blit(fonts.speech.render(text, True, palette.CREAM), (PAD + 4, y))
            y += line
        y += 3
        for number, text in enumerate(advice):
            if number == 0:
                pygame.draw.polygon(
                    card, palette.AMBER, [(PAD + 6, y + 5), (PAD + 14, y + 10), (PAD + 6, y + 15)]
                )
            colour = palette.lighter(palette.AMBER, 0.3)
            card.blit(fonts.speech.render(text, True, colour), (PAD + 22, y))
            y += line
        calm = "The old tree goes on. Save the file again when it is right."
        card.blit(fonts.small.render(calm, True, DIM), (PAD + 4, height - 26))
        return card

    def _source(self, card: pygame.Surface, mishap: Mishap, y: int) -> None:
        area = pygame.Rect(PAD - 2, y, WIDTH - 2 * PAD + 8, 54)
        pygame.draw.rect(card, CODE, area, border_radius=8)
        text, column = _window(mishap.source, mishap.column)
        number = self._code.render(f"{mishap.line:>4}", True, tinted(DIM, 0.45))
        card.blit(number, (area.x + 8, area.y + 9))
        x = area.x + 18 + number.get_width()
        card.blit(self._code.render(text, True, (226, 218, 208)), (x, area.y + 9))
        wide = self._code.size("m")[0]
        length = max(1, len(re.match(r"</?[\w.]*|[\w:.]*", text[column:])[0]))  # type: ignore[index]
        left, right = x + column * wide, x + (column + length) * wide
        wave = [
            (at, area.y + 31 + (2 if (at - left) // 3 % 2 else 0)) for at in range(left, right, 3)
        ]
        if len(wave) > 1:
            pygame.draw.aalines(card, palette.ROSE, False, wave)
            pygame.draw.aalines(card, palette.ROSE, False, [(a, b + 1) for a, b in wave])
        tip = (left + wide // 2, area.y + 38)
        pygame.draw.polygon(
            card, palette.ROSE, [tip, (tip[0] - 5, tip[1] + 8), (tip[0] + 5, tip[1] + 8)]
        )


def _window(source: str, column: int) -> tuple[str, int]:
    """The part of a line around a column (from 1), and the column in it (from 0)."""
    at = max(0, min(column - 1, len(source)))
    start = len(source) - len(source.lstrip())
    if at - start > MAX_LINE - 16:
        start = at - MAX_LINE // 2
    text = "".join(char if char.isprintable() else " " for char in source[start:])
    return text[:MAX_LINE], max(0, at - start)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")


def _warning(card: pygame.Surface, x: int, y: int) -> None:
    points = [(x, y - 9), (x + 10, y + 8), (x - 10, y + 8)]
    pygame.draw.polygon(card, (255, 244, 236), points)
    pygame.draw.aalines(card, (255, 244, 236), True, points)
    pygame.draw.line(card, palette.ROSE, (x, y - 3), (x, y + 2), 2)
    pygame.draw.circle(card, palette.ROSE, (x, y + 5), 1)
