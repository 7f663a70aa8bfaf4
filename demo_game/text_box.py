"""The line in which the player types what to say. It sends nothing; the game takes it.

What is typed is untrusted: anything printable is kept as text and cut to a length. Invariant: a
closed box is empty.
"""

from __future__ import annotations

import pygame

from demo_game import palette, world
from demo_game.fonts import Fonts

__all__ = ["TextBox"]

MAX_CHARS = 200  # the model reads 280 characters of an event
WIDTH, HEIGHT = 620, 40
BLINK_FRAMES = 30


class TextBox:
    """One line of text and a cursor at its end."""

    def __init__(self, fonts: Fonts) -> None:
        self.is_open = False
        self.text = ""
        self._fonts = fonts
        self._shown: tuple[str, str, bool] | None = None
        self._picture = pygame.Surface((WIDTH, HEIGHT), pygame.SRCALPHA)

    def open(self) -> None:
        """Begins an empty line."""
        self.is_open = True
        self.text = ""

    def close(self) -> None:
        """Throws the line away."""
        self.is_open = False
        self.text = ""

    def key(self, event: pygame.event.Event) -> str | None:
        """Takes a key.

        Returns:
            The line when Enter ends it and it is not blank, else None.
        """
        if event.key == pygame.K_ESCAPE:
            self.close()
        elif event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            line = self.text.strip()
            self.close()
            return line or None
        elif event.key == pygame.K_BACKSPACE:
            self.text = self.text[:-1]
        elif event.unicode and event.unicode.isprintable():
            self.text = (self.text + event.unicode)[:MAX_CHARS]
        return None

    def draw(self, screen: pygame.Surface, listener: str, frame: int) -> None:
        """Draws the box if it is open.

        Args:
            screen: Where.
            listener: Who will hear; empty if nobody is near.
            frame: For the cursor.
        """
        if not self.is_open:
            return
        cursor = frame // BLINK_FRAMES % 2 == 0
        if self._shown != (self.text, listener, cursor):
            self._shown = (self.text, listener, cursor)
            self._paint(listener, cursor)
        screen.blit(self._picture, ((world.WIDTH - WIDTH) // 2, world.HEIGHT - HEIGHT - 34))

    def _paint(self, listener: str, cursor: bool) -> None:
        picture = self._picture
        picture.fill((0, 0, 0, 0))
        pygame.draw.rect(picture, (*palette.PANEL, 236), (0, 0, WIDTH, HEIGHT), border_radius=12)
        pygame.draw.rect(picture, (*palette.TEAL, 255), (0, 0, WIDTH, HEIGHT), 2, border_radius=12)
        to = f"to {listener}" if listener else "nobody is near"
        tag = self._fonts.label.render(to, True, palette.TEAL if listener else palette.ROSE)
        picture.blit(tag, (14, (HEIGHT - tag.get_height()) // 2))
        left = 26 + tag.get_width()
        room = WIDTH - left - 20
        shown = self.text
        while shown and self._fonts.speech.size(shown)[0] > room:
            shown = shown[1:]  # the end of a long line is what one looks at
        words = self._fonts.speech.render(shown, True, palette.CREAM)
        picture.blit(words, (left, (HEIGHT - words.get_height()) // 2))
        if cursor:
            x = left + words.get_width() + 2
            pygame.draw.line(picture, palette.CREAM, (x, 11), (x, HEIGHT - 12), 2)
