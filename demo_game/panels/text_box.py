"""The line in which the player types what to say. It sends nothing; the game takes it.

Letters come as text, not as keys, so that every keyboard and every input method works. Typed text
is untrusted: all that is printable is kept, up to a length. Invariant: a closed box is empty, and
the cursor is within the text.
"""

from __future__ import annotations

import pygame

from demo_game.drawing import palette
from demo_game.drawing.fonts import Fonts
from demo_game.panels.clipboard import Clipboard
from demo_game.world import land

__all__ = ["TextBox"]

MAX_CHARS = 200  # the model reads 280 characters of an event
FEW = 20  # letters left; from here on their number is shown
MAX_HISTORY = 50
WIDTH, HEIGHT = 620, 40
LEFT, TOP = (land.WIDTH - WIDTH) // 2, land.HEIGHT - HEIGHT - 36
BLINK_FRAMES = 30
COMMAND = pygame.KMOD_CTRL | pygame.KMOD_META


class TextBox:
    """One line of text with a cursor, and the lines sent before.

    Attributes:
        is_open: Whether it takes letters.
        text: The line so far.
        cursor: Characters before the cursor.
        composed: Text that an input method has not finished yet.
    """

    def __init__(self, fonts: Fonts, clipboard: Clipboard) -> None:
        self.is_open = False
        self.text = ""
        self.cursor = 0
        self.composed = ""
        self._fonts = fonts
        self._clipboard = clipboard
        self._history: list[str] = []
        self._recalled = 0  # lines back from the newest; 0 is the line being typed
        self._draft = ""
        self._shown: tuple[object, ...] = ()
        self._picture = pygame.Surface((WIDTH, HEIGHT), pygame.SRCALPHA)

    def open(self) -> None:
        """Begins an empty line."""
        self._empty()
        self.is_open = True
        pygame.key.start_text_input()
        pygame.key.set_text_input_rect(pygame.Rect(LEFT, TOP, WIDTH, HEIGHT))

    def close(self) -> None:
        """Throws the line away."""
        self._empty()
        self.is_open = False
        pygame.key.stop_text_input()

    def type(self, text: str) -> None:
        """Inserts letters at the cursor."""
        clean = "".join(char for char in text if char.isprintable())
        room = MAX_CHARS - len(self.text)
        self.text = self.text[: self.cursor] + clean[:room] + self.text[self.cursor :]
        self.cursor += len(clean[:room])
        self.composed = ""

    def compose(self, text: str) -> None:
        """Shows the unfinished text of an input method."""
        self.composed = "".join(char for char in text if char.isprintable())[:MAX_CHARS]

    def key(self, event: pygame.event.Event) -> str | None:
        """Takes a key that is not a letter.

        Returns:
            The line when Enter ends it and it is not blank, else None.
        """
        if self.composed:
            return None  # the input method's own keys
        key, mod = event.key, getattr(event, "mod", 0)
        if key == pygame.K_ESCAPE:
            self.close()
        elif key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            return self._send()
        elif mod & COMMAND:
            self._command(key)
        elif key == pygame.K_BACKSPACE:
            self._cut(max(0, self.cursor - 1), self.cursor)
        elif key == pygame.K_DELETE:
            self._cut(self.cursor, self.cursor + 1)
        elif key == pygame.K_LEFT:
            self.cursor = max(0, self.cursor - 1)
        elif key == pygame.K_RIGHT:
            self.cursor = min(len(self.text), self.cursor + 1)
        elif key == pygame.K_HOME:
            self.cursor = 0
        elif key == pygame.K_END:
            self.cursor = len(self.text)
        elif key == pygame.K_UP:
            self._recall(1)
        elif key == pygame.K_DOWN:
            self._recall(-1)
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
        blink = frame // BLINK_FRAMES % 2 == 0
        shown = (self.text, self.cursor, self.composed, listener, blink)
        if self._shown != shown:
            self._shown = shown
            self._paint(listener, blink)
        screen.blit(self._picture, (LEFT, TOP))

    def _empty(self) -> None:
        self.text = self.composed = self._draft = ""
        self.cursor = self._recalled = 0

    def _send(self) -> str | None:
        line = self.text.strip()
        self.close()
        if line and (not self._history or self._history[-1] != line):
            self._history = [*self._history, line][-MAX_HISTORY:]
        return line or None

    def _command(self, key: int) -> None:
        if key == pygame.K_v:
            self.type(self._clipboard.paste())
        elif key in (pygame.K_c, pygame.K_x):
            self._clipboard.copy(self.text)
            if key == pygame.K_x:
                self._cut(0, len(self.text))
        elif key == pygame.K_a:
            self.cursor = len(self.text)
        elif key in (pygame.K_BACKSPACE, pygame.K_w):
            kept = self.text[: self.cursor].rstrip()
            self._cut(kept.rfind(" ") + 1, self.cursor)

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.cursor = start

    def _recall(self, step: int) -> None:
        """An older line, or a newer one."""
        wanted = min(len(self._history), max(0, self._recalled + step))
        if wanted == self._recalled:
            return
        if self._recalled == 0:
            self._draft = self.text
        self._recalled = wanted
        self.text = self._history[-wanted] if wanted else self._draft
        self.cursor = len(self.text)

    def _paint(self, listener: str, blink: bool) -> None:
        picture, font = self._picture, self._fonts.speech
        picture.fill((0, 0, 0, 0))
        pygame.draw.rect(picture, (*palette.PANEL, 236), (0, 0, WIDTH, HEIGHT), border_radius=12)
        pygame.draw.rect(picture, (*palette.TEAL, 255), (0, 0, WIDTH, HEIGHT), 2, border_radius=12)
        to = f"to {listener}" if listener else "nobody is near"
        tag = self._fonts.label.render(to, True, palette.TEAL if listener else palette.ROSE)
        picture.blit(tag, (14, (HEIGHT - tag.get_height()) // 2))
        left = 26 + tag.get_width()
        room = WIDTH - left - 20 - self._room_left(WIDTH - 14)
        before, after = self.text[: self.cursor], self.text[self.cursor :]
        # People look at the text before the cursor, so of a long line the end is shown.
        while before and font.size(before + self.composed)[0] > room:
            before = before[1:]
        middle = HEIGHT // 2
        x = left + self._word(before, left, middle, palette.CREAM)
        end = x + self._word(self.composed, x, middle, palette.lighter(palette.TEAL, 0.5))
        if self.composed:
            pygame.draw.line(picture, palette.TEAL, (x, middle + 10), (end, middle + 10), 2)
        while after and font.size(after)[0] > left + room - end:
            after = after[:-1]
        self._word(after, end, middle, palette.CREAM)
        if not (before or after or self.composed):
            hint = "say anything; Up brings back what you said"
            self._word(hint, left + 6, middle, palette.mix(palette.PANEL, palette.CREAM, 0.45))
        if blink:
            pygame.draw.line(picture, palette.CREAM, (end + 1, 11), (end + 1, HEIGHT - 12), 2)

    def _room_left(self, right: int) -> int:
        """Writes how many letters are left, if they are few; returns its width."""
        count = MAX_CHARS - len(self.text)
        if count > FEW:
            return 0
        colour = palette.AMBER if count else palette.lighter(palette.ROSE, 0.3)
        word = self._fonts.tiny.render(f"{count} left" if count else "full", True, colour)
        self._picture.blit(word, (right - word.get_width(), (HEIGHT - word.get_height()) // 2))
        return word.get_width() + 8

    def _word(self, text: str, x: int, middle: int, colour: palette.Colour) -> int:
        """Writes a text and returns its width."""
        if not text:
            return 0
        word = self._fonts.speech.render(text, True, colour)
        self._picture.blit(word, (x, middle - word.get_height() // 2))
        return word.get_width()
