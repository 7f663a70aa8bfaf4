"""The notebook: who said what about the bell, and what people think of the player.

Repainted only when something is written into it, or a second has passed. Invariant: it shows only
what the player has learnt.
"""

from __future__ import annotations

import pygame

from demo_game.drawing.fonts import Fonts, wrapped
from demo_game.drawing.palette import Colour
from demo_game.story.mystery import Mystery

__all__ = ["Notebook"]

WIDTH = 264
PAD = 12
LEFT = 12
GAP = 8
PAPER: Colour = (247, 236, 208)
PAPER_RIM: Colour = (196, 172, 128)
INK: Colour = (70, 54, 46)
FAINT: Colour = (112, 92, 74)
GOOD: Colour = (14, 104, 94)  # dark enough to be read on paper
BAD: Colour = (164, 46, 40)
REGARDS = 48  # height of what people think
MAX_LINES = 13  # of text; the oldest notes go out of sight


class Notebook:
    """The panel at the left, under the figures."""

    def __init__(self, fonts: Fonts, mystery: Mystery) -> None:
        self.is_open = True
        self._fonts = fonts
        self._mystery = mystery
        self._key: tuple[object, ...] = ()
        self._picture = pygame.Surface((WIDTH, 10), pygame.SRCALPHA)
        self._top = 0

    @property
    def area(self) -> pygame.Rect:
        """Where it is; empty if it is closed."""
        if not self.is_open:
            return pygame.Rect(0, 0, 0, 0)
        return self._picture.get_rect(topleft=(LEFT, self._top))

    def draw(self, screen: pygame.Surface, above: pygame.Rect) -> None:
        """Draws it under another panel, if it is open."""
        if not self.is_open:
            return
        self._top = above.bottom + GAP
        story = self._mystery
        regards = tuple(story.regard.items())
        key = (len(story.journal.notes), int(story.seconds_left), regards)
        if key != self._key:
            self._key = key
            self._paint()
        screen.blit(self._picture, (LEFT, self._top))

    def _paint(self) -> None:
        fonts, story = self._fonts, self._mystery
        notes = self._lines()
        height = 40 + 15 * len(notes) + REGARDS + 10
        sheet = pygame.Surface((WIDTH, height), pygame.SRCALPHA)
        frame = sheet.get_rect()
        pygame.draw.rect(sheet, (*PAPER, 240), frame, border_radius=10)
        pygame.draw.rect(sheet, PAPER_RIM, frame, 1, border_radius=10)
        sheet.blit(fonts.title.render("The lost bell", True, INK), (PAD, 8))
        minutes, seconds = divmod(int(story.seconds_left), 60)
        colour = BAD if minutes < 1 else FAINT
        left = fonts.tiny.render(f"caravan leaves in {minutes}:{seconds:02}", True, colour)
        sheet.blit(left, (WIDTH - PAD - left.get_width(), 13))
        pygame.draw.line(sheet, PAPER_RIM, (PAD, 31), (WIDTH - PAD, 31))
        y = 37
        for text, colour, bold in notes:
            font = fonts.label if bold else fonts.small
            sheet.blit(font.render(text, True, colour), (PAD, y))
            y += 15
        self._regards(sheet, height - REGARDS - 4)
        self._picture = sheet

    def _lines(self) -> list[tuple[str, Colour, bool]]:
        """The notes as lines: text, colour, whether it is a name."""
        journal = self._mystery.journal
        if not journal.notes:
            hint = "Ask people about the bell and that night. Search the shrine."
            return [(line, FAINT, False) for line in self._wrapped(hint)]
        lines: list[tuple[str, Colour, bool]] = []
        for note in journal.notes:
            head = f"{note.who.capitalize()} says" if note.who else "You have seen"
            against = f", against {note.points_to.capitalize()}" if note.points_to else ""
            lines.append((head + against, INK, True))
            lines += [(line, INK, False) for line in self._wrapped(note.text)]
        suspects = journal.suspects
        tail: list[tuple[str, Colour, bool]] = []
        if suspects and self._mystery.ending is None:
            names = " or ".join(name.capitalize() for name in suspects)
            words = f"Enough to accuse {names} before Edda."
            tail = [
                (line, BAD, True) for line in wrapped(self._fonts.label, words, WIDTH - 2 * PAD)
            ]
        lines = lines[-(MAX_LINES - len(tail)) :]
        while lines and not lines[0][2]:  # no sentence without its speaker
            lines = lines[1:]
        return lines + tail

    def _wrapped(self, text: str) -> list[str]:
        return wrapped(self._fonts.small, text, WIDTH - 2 * PAD)

    def _regards(self, sheet: pygame.Surface, y: int) -> None:
        """What each person thinks of the player, as a sign, never as a colour alone."""
        pygame.draw.line(sheet, PAPER_RIM, (PAD, y), (WIDTH - PAD, y))
        title = self._fonts.tiny.render("They think of you", True, FAINT)
        sheet.blit(title, (PAD, y + 5))
        for index, (name, regard) in enumerate(self._mystery.regard.items()):
            colour = GOOD if regard > 0 else BAD if regard < 0 else FAINT
            mark = "+" * min(2, regard) if regard > 0 else "-" * min(2, -regard)
            word = self._fonts.tiny.render(f"{name.capitalize()} {mark}", True, colour)
            row, column = divmod(index, 4)
            x = PAD + (column * (WIDTH - 2 * PAD)) // 4
            sheet.blit(word, (x, y + 18 + 13 * row))
