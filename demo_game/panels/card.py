"""Cards in the middle of the screen: the beginning, a question to confirm, the ending.

Painted once when shown. Invariant: while a card is shown, the village stands still.
"""

from __future__ import annotations

from dataclasses import dataclass

import pygame

from demo_game.drawing import palette
from demo_game.drawing.fonts import Fonts, fitted, wrapped
from demo_game.drawing.palette import Colour
from demo_game.world import land

__all__ = ["Card", "Cards"]

WIDTH = 560
PAD = 30
KEY_WIDTH = 74
ROW = 44
DIM: Colour = (172, 162, 170)


@dataclass(frozen=True, slots=True)
class Card:
    """The content of a card.

    Attributes:
        name: Which it is: ``begin``, ``pause``, ``save``, ``load``, ``accuse`` or ``end``.
        title: Its headline.
        lines: Paragraphs.
        keys: Keys and what they do, in two columns.
        foot: What to press, as ``(key, meaning)``.
        accent: Its colour.
        rows: Choices, one below the other: a key, what it chooses, and more about that.
    """

    name: str
    title: str
    lines: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    foot: tuple[tuple[str, str], ...] = ()
    accent: Colour = palette.TEAL
    rows: tuple[tuple[str, str, str], ...] = ()


class Cards:
    """Shows one card at a time."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._card: Card | None = None
        self._picture = pygame.Surface((1, 1), pygame.SRCALPHA)
        self._shade = pygame.Surface((land.WIDTH, land.HEIGHT), pygame.SRCALPHA)
        self._shade.fill((*palette.darker(palette.PANEL, 0.4), 120))

    def draw(self, screen: pygame.Surface, card: Card | None) -> None:
        """Draws a card, if there is one."""
        if card is None:
            return
        if card != self._card:
            self._card = card
            self._picture = self._paint(card)
        screen.blit(self._shade, (0, 0))
        area = self._picture.get_rect(center=(land.WIDTH // 2, land.HEIGHT // 2 - 10))
        screen.blit(self._picture, area)

    def _paint(self, card: Card) -> pygame.Surface:
        fonts, inner = self._fonts, WIDTH - 2 * PAD
        line_height = fonts.speech.get_linesize()
        paragraphs = [wrapped(fonts.speech, line, inner) for line in card.lines]
        num_rows = (len(card.keys) + 1) // 2
        height = 84 + sum(len(p) * line_height + 8 for p in paragraphs)
        height += num_rows * 22 + (12 if card.keys else 0) + (52 if card.foot else 12)
        height += ROW * len(card.rows)
        sheet = pygame.Surface((WIDTH, height), pygame.SRCALPHA)
        frame = sheet.get_rect()
        pygame.draw.rect(sheet, card.accent, frame, border_radius=18)
        inside = frame.inflate(-2, -7).move(0, 2)
        pygame.draw.rect(sheet, (*palette.PANEL, 255), inside, border_radius=16)
        _bell(sheet, (PAD + 12, 46), palette.lighter(palette.AMBER, 0.25))
        title = fonts.large.render(card.title, True, palette.CREAM)
        sheet.blit(title, (PAD + 38, 46 - title.get_height() // 2))
        y = 80
        for paragraph in paragraphs:
            for text in paragraph:
                sheet.blit(fonts.speech.render(text, True, (232, 226, 216)), (PAD, y))
                y += line_height
            y += 8
        for index, (key, meaning) in enumerate(card.keys):
            x = PAD + (index // num_rows) * (inner // 2 + 10)
            top = y + 4 + index % num_rows * 22
            right = x + self._cap(sheet, key, x, top)
            word = fonts.small.render(meaning, True, (214, 206, 208))
            sheet.blit(word, (max(right + 8, x + KEY_WIDTH - 20), top + 1))
        for key, choice, more in card.rows:
            self._row(sheet, key, choice, more, y)
            y += ROW
        x = WIDTH - PAD
        for key, meaning in reversed(card.foot):
            word = fonts.label.render(meaning, True, palette.CREAM)
            x -= word.get_width()
            sheet.blit(word, (x, height - 38))
            x -= fonts.tiny.size(key)[0] + 18
            self._cap(sheet, key, x, height - 40)
            x -= 22
        return sheet

    def _row(self, sheet: pygame.Surface, key: str, choice: str, more: str, y: int) -> None:
        fonts, x = self._fonts, PAD + 34
        area = pygame.Rect(PAD, y, WIDTH - 2 * PAD, ROW - 6)
        pygame.draw.rect(sheet, palette.lighter(palette.PANEL, 0.06), area, border_radius=8)
        self._cap(sheet, key, PAD + 8, area.centery - 9)
        width = area.right - 8 - x
        title = fonts.label.render(fitted(fonts.label, choice, width), True, palette.CREAM)
        if not more:
            sheet.blit(title, (x, area.centery - title.get_height() // 2))
            return
        sheet.blit(title, (x, y + 3))
        detail = fonts.small.render(fitted(fonts.small, more, width), True, DIM)
        sheet.blit(detail, (x, y + 19))

    def _cap(self, sheet: pygame.Surface, key: str, x: int, y: int) -> int:
        """Paints a key; returns its width."""
        word = self._fonts.tiny.render(key, True, palette.INK)
        cap = pygame.Rect(x, y, word.get_width() + 12, 18)
        pygame.draw.rect(sheet, palette.CREAM, cap, border_radius=5)
        sheet.blit(word, (x + 6, y + 9 - word.get_height() // 2))
        return cap.width


def _bell(sheet: pygame.Surface, middle: tuple[int, int], colour: Colour) -> None:
    x, y = middle
    pygame.draw.circle(sheet, colour, (x, y - 3), 9)
    pygame.draw.rect(sheet, colour, (x - 9, y - 4, 18, 10))
    pygame.draw.polygon(sheet, colour, [(x - 9, y + 4), (x + 9, y + 4), (x + 13, y + 10),
                                        (x - 13, y + 10)])  # fmt: skip
    pygame.draw.circle(sheet, colour, (x, y + 13), 3)
    pygame.draw.circle(sheet, colour, (x, y - 13), 3, 2)
