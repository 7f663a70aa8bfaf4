"""Speech bubbles: words as they stream, who wrote them (MODEL or TREE), and how it feels.

A bubble is redrawn only when its text, badge or face changes. Invariant: a bubble is never outside
the screen, and as long as there is room no two overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas
from demo_game.drawing.fonts import Fonts, wrapped
from demo_game.drawing.palette import Colour, darker
from demo_game.panels.reason_words import reason_words
from demo_game.people.emotion import FACE_SIZE, FACES, paint_face

__all__ = ["Bubble", "BubbleText", "Bubbles"]

WIDTH = 216  # largest width of the text; about seven words a line
PAD = 10
TAIL = 9
UNDER_FEET = 60  # pixels from a head to below the feet and the name
TAIL_REACH = 30  # a bubble that was moved further from its head has no tail
ROOM = pygame.Rect(6, 6, 1268, 700)
FADE_FRAMES = 10
GAP = 4
COLOURS: dict[str, Colour] = {"model": palette.TEAL, "tree": palette.AMBER, "you": palette.SLATE}


@dataclass(frozen=True, slots=True)
class BubbleText:
    """The content of a bubble.

    Attributes:
        text: The words so far.
        source: Who speaks: ``"model"``, ``"tree"`` or ``"you"``.
        reason: Why the tree spoke; empty for the model.
        emotion: One word.
        deed: The deed besides speaking, such as ``"gives ale"``; may be empty.
        deed_source: Who chose the deed; it may be the model even if the tree found the words.
    """

    text: str
    source: str
    reason: str = ""
    emotion: str = "neutral"
    deed: str = ""
    deed_source: str = "model"


class Bubble:
    """One bubble's picture."""

    def __init__(self) -> None:
        self.content: BubbleText | None = None
        self.picture: pygame.Surface | None = None
        self.age = 0

    def show(self, content: BubbleText | None, painter: Bubbles) -> None:
        """Takes the content to show now; None for nothing."""
        if content != self.content:
            self.content = content
            self.picture = None if content is None else painter.paint(content)
        self.age = 0 if content is None else self.age + 1


class Bubbles:
    """Paints and places the bubbles of all villagers."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._faces = {emotion: paint_face(emotion) for emotion in FACES}
        self._badges: dict[tuple[str, str], pygame.Surface] = {}
        self._dots = tuple(_thinking_dots(beat) for beat in range(6))

    def draw(
        self,
        screen: pygame.Surface,
        items: list[tuple[Bubble, tuple[float, float]]],
        keep_off: Sequence[pygame.Rect],
    ) -> None:
        """Draws bubbles over heads, the lowest head first, and moves those that would collide.

        Args:
            screen: The screen.
            items: Bubbles with the points of their heads.
            keep_off: The areas of panels.
        """
        taken = list(keep_off)
        for bubble, (x, y) in sorted(items, key=lambda item: -item[1][1]):
            picture = bubble.picture
            if picture is None:
                continue
            area = picture.get_rect()
            below = bubble.content is not None and bubble.content.source == "you"
            if below:  # at the player's feet; over the head it would hide the one who answers
                area.midtop = (round(x), round(y) + UNDER_FEET)
            else:
                area.midbottom = (round(x), round(y) - TAIL)
            area.clamp_ip(ROOM)
            for _ in range(4):
                hit = area.collidelist(taken)
                if hit < 0:
                    break
                other = taken[hit]
                if hit < len(keep_off):  # to the side where there is more room
                    if other.centerx < ROOM.centerx:
                        area.left = other.right + GAP
                    else:
                        area.right = other.left - GAP
                elif below:
                    area.top = other.bottom + GAP
                elif other.top - area.height - GAP >= ROOM.top:
                    area.bottom = other.top - GAP
                elif x >= other.centerx:
                    area.left = other.right + GAP
                else:
                    area.right = other.left - GAP
                area.clamp_ip(ROOM)
            taken.append(area)
            picture.set_alpha(min(255, 255 * (bubble.age + 2) // FADE_FRAMES))
            screen.blit(picture, area)
            if bubble.age > 3 and y - TAIL_REACH < area.bottom <= y:
                self._tail(screen, area, x, y)

    def draw_thinking(self, screen: pygame.Surface, head: tuple[float, float], frame: int) -> None:
        """Draws three dots over somebody who thinks and has not said a word yet."""
        dots = self._dots[frame // 8 % len(self._dots)]
        screen.blit(dots, (round(head[0]) - dots.get_width() // 2, round(head[1]) - 26))

    def paint(self, content: BubbleText) -> pygame.Surface:
        """The picture of a bubble, without its tail."""
        font, small = self._fonts.speech, self._fonts.small
        lines = wrapped(font, content.text, WIDTH) if content.text else []
        badge = self._badge(content.source, content.reason)
        deed = small.render(content.deed, True, _colour(content)) if content.deed else None
        line_height = font.get_linesize()
        inner = max(
            [font.size(line)[0] for line in lines]
            + [badge.get_width() + FACE_SIZE + 10, (deed.get_width() + 16) if deed else 0]
        )
        head = FACE_SIZE + 2
        height = head + line_height * len(lines) + (small.get_linesize() + 3 if deed else 0)
        width, height = inner + 2 * PAD, height + PAD + 4
        picture = pygame.Surface((width + 6, height + 6), pygame.SRCALPHA)
        pygame.draw.rect(picture, (30, 20, 34, 46), (3, 4, width, height), border_radius=13)
        pygame.draw.rect(
            picture,
            (*darker(palette.CREAM, 0.3), 255),
            (1, 0, width + 2, height + 2),
            border_radius=13,
        )
        pygame.draw.rect(picture, (*palette.CREAM, 255), (2, 1, width, height), border_radius=12)
        picture.blit(badge, (PAD, 7))
        face = self._faces.get(content.emotion, self._faces["neutral"])
        if content.source != "you":
            picture.blit(face, (width - FACE_SIZE - 3, 4))
        y = head + 5
        for line in lines:
            picture.blit(font.render(line, True, palette.INK), (PAD + 2, y))
            y += line_height
        if deed is not None:
            pygame.draw.polygon(
                picture, _colour(content), [(PAD + 3, y + 5), (PAD + 10, y + 9), (PAD + 3, y + 13)]
            )
            picture.blit(deed, (PAD + 15, y + 2))
        return picture

    def _tail(self, screen: pygame.Surface, area: pygame.Rect, x: float, y: float) -> None:
        root = max(area.left + 18, min(area.right - 18, round(x)))
        top = area.bottom - 5
        tip = (root + (x - root) * 0.5, min(y - 1, top + TAIL + 12))
        rim = darker(palette.CREAM, 0.3)
        pygame.draw.polygon(screen, rim, [(root - 8, top), (root + 8, top), (tip[0], tip[1] + 1)])
        pygame.draw.polygon(
            screen,
            palette.CREAM,
            [(root - 6.5, top - 1), (root + 6.5, top - 1), (tip[0], tip[1] - 1)],
        )

    def _badge(self, source: str, reason: str) -> pygame.Surface:
        badge = self._badges.get((source, reason))
        if badge is None:
            why = f": {reason_words(reason)}" if source == "tree" and reason else ""
            text = source.upper() + why
            word = self._fonts.tiny.render(text, True, (255, 255, 255))
            width, height = word.get_width() + 14, word.get_height() + 4
            sheet = Canvas(width, height)
            sheet.rect(COLOURS[source], 0, 0, width, height, radius=height / 2)
            badge = sheet.finish()
            badge.blit(word, (7, 2))
            self._badges[source, reason] = badge
        return badge


def _colour(content: BubbleText) -> Colour:
    return darker(COLOURS[content.deed_source], 0.15)


def _thinking_dots(beat: int) -> pygame.Surface:
    sheet = Canvas(40, 24)
    sheet.rect(darker(palette.CREAM, 0.3), 2, 1, 36, 18, radius=9)
    sheet.rect(palette.CREAM, 3, 1.6, 34, 16.4, radius=8)
    sheet.polygon(palette.CREAM, [(16, 17), (24, 17), (20, 22)])
    for i in range(3):
        lit = beat // 2 == i
        sheet.circle(
            palette.TEAL if lit else (186, 178, 168), 11 + i * 9, 10 - (1.6 if lit else 0), 2.6
        )
    return sheet.finish()
