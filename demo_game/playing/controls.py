"""Turns events of keys and mouse into commands of the player.

While the text box is open letters are text; while a card is shown only its keys count. Invariant:
a key that was released outside the window does not go on walking.
"""

from __future__ import annotations

from dataclasses import dataclass

import pygame

from demo_game.panels.text_box import TextBox
from demo_game.playing.keys import Keys

__all__ = ["Command", "Controls"]

WALK = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


@dataclass(frozen=True, slots=True)
class Command:
    """Something the player wants.

    Attributes:
        name: A name of ``keys.USUAL``, or ``quit``, ``say``, ``give``, ``slot``, ``click``,
            ``yes`` or ``no``.
        text: The words to say.
        number: Which thing is given, from 0, or which slot is chosen, from 1.
        spot: The clicked point.
    """

    name: str
    text: str = ""
    number: int = 0
    spot: tuple[float, float] = (0.0, 0.0)


class Controls:
    """Reads one event after the other."""

    def __init__(self, keys: Keys, text_box: TextBox) -> None:
        self.keys = keys
        self._text_box = text_box
        self._held: set[int] = set()
        self._swallowed = ""  # the letter that opened the text box, not part of the line

    @property
    def direction(self) -> tuple[int, int]:
        """Where the held keys walk."""
        dx = dy = 0
        for key in self._held:
            step = WALK[self.keys.does(key)]
            dx, dy = dx + step[0], dy + step[1]
        return dx, dy

    def release(self) -> None:
        """Forgets what is held."""
        self._held.clear()

    def read(self, event: pygame.event.Event, *, card: str) -> Command | None:
        """The command of an event, if it is one.

        Args:
            event: Any event.
            card: The name of the card that is shown; empty for none.
        """
        if event.type == pygame.QUIT:
            return Command("quit")
        if event.type == pygame.WINDOWFOCUSLOST:
            self.release()
        elif event.type == pygame.KEYUP:
            self._held.discard(event.key)
        elif event.type == pygame.TEXTINPUT:
            self._letters(event.text)
        elif event.type == pygame.TEXTEDITING and self._text_box.is_open:
            self._text_box.compose(event.text)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and not card:
            return Command("click", spot=event.pos)
        elif event.type == pygame.KEYDOWN:
            return self._key(event, card)
        return None

    def _letters(self, text: str) -> None:
        if text == self._swallowed:
            self._swallowed = ""
        elif self._text_box.is_open:
            self._text_box.type(text)

    def _key(self, event: pygame.event.Event, card: str) -> Command | None:
        self._swallowed = ""
        if self._text_box.is_open:
            line = self._text_box.key(event)
            return None if line is None else Command("say", text=line)
        name = self.keys.does(event.key)
        if card:
            if card in ("save", "load") and pygame.K_1 <= event.key <= pygame.K_9:
                return Command("slot", number=event.key - pygame.K_0)
            if name in ("talk", "pause"):
                return Command("yes" if name == "talk" else "no")
            return Command(name) if name in CARD_KEYS else None
        if name in WALK:
            self._held.add(event.key)
            return None
        if name == "talk":
            self.release()
            self._swallowed = getattr(event, "unicode", "") or ""
            if not self._swallowed.isprintable():
                self._swallowed = ""
        if pygame.K_1 <= event.key <= pygame.K_9:
            return Command("give", number=event.key - pygame.K_1)
        return Command(name) if name else None


# Keys that work while a card is shown.
CARD_KEYS = ("new", "save", "load", "sound", "fullscreen", "rate", "picture")
