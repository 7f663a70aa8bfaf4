"""The figures on the screen: where the frame's time went, who thinks, what the keys do.

Text is redrawn at most five times a second; a frame blits two pictures. Invariant: the panel
changes nothing in the game.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import pygame

import npcbrain as nb
from demo_game.drawing import palette
from demo_game.drawing.fonts import Fonts, fitted
from demo_game.drawing.palette import Colour
from demo_game.panels.graph import HEIGHT, NUM_FRAMES, FrameTimes, Graph, percentile
from demo_game.panels.reason_words import reason_words
from demo_game.panels.roster import Roster
from demo_game.panels.tally import Tally
from demo_game.people.villager import Villager
from demo_game.world import land

__all__ = ["Hud", "Mode"]

REFRESH_FRAMES = 12
MEAN_FRAMES = 30  # over which the legend averages
LEFT, TOP, PAD = 12, 12, 12
ROW = 17
SQUARE = 9  # a legend's square and the gap behind it
KeyNames = tuple[tuple[str, str], ...]  # what to press, and what it does


@dataclass(frozen=True, slots=True)
class Mode:
    """How the game runs now.

    Attributes:
        budget_ms: The budget that the player has set.
        given_ms: The part of it that this frame could spare.
        stressed: Whether game time is burnt on purpose.
        naive: Whether answers are written in one go.
        model_off: Whether the model has no time at all.
        num_npcs: How many NPCs there are.
    """

    budget_ms: float
    given_ms: float
    stressed: bool
    naive: bool
    model_off: bool
    num_npcs: int


class Hud:
    """The panel at the upper left and the row of keys at the bottom."""

    def __init__(
        self, fonts: Fonts, roster: Roster, villagers: list[Villager], keys: KeyNames
    ) -> None:
        self.graph = Graph()
        self.detailed = False
        self._fonts = fonts
        self._roster = roster
        self._villagers = villagers
        self._key_names = keys
        self._recent: deque[FrameTimes] = deque(maxlen=MEAN_FRAMES)
        self._waiting = 0
        self._panel = self._paint_panel(Mode(0, 0, False, False, False, 0), Tally())
        self._keys = self._paint_keys()
        self._frame = 0

    @property
    def area(self) -> pygame.Rect:
        """Where the panel is."""
        return self._panel.get_rect(topleft=(LEFT, TOP))

    @property
    def keys_right(self) -> int:
        """Where the row of keys ends."""
        return LEFT + self._keys.get_width()

    def add(self, times: FrameTimes, report: nb.FrameReport) -> None:
        """Takes in a frame."""
        self.graph.add(times)
        self._recent.append(times)
        self._waiting = report.num_waiting

    def draw(self, screen: pygame.Surface, mode: Mode, tally: Tally) -> None:
        """Draws the panel, the graph and the keys."""
        if self._frame % REFRESH_FRAMES == 0:
            self._panel = self._paint_panel(mode, tally)
        self._frame += 1
        screen.blit(self._panel, (LEFT, TOP))
        screen.blit(self.graph.picture, (LEFT + PAD, TOP + 32))
        screen.blit(self._keys, (LEFT, land.HEIGHT - self._keys.get_height() - 6))

    def toggle(self) -> None:
        """Shows more figures, or fewer."""
        self.detailed = not self.detailed
        self._frame = 0

    def _paint_panel(self, mode: Mode, tally: Tally) -> pygame.Surface:
        rows = 6 if self.detailed else 2
        people = self._roster.height(len(self._villagers))
        width, height = NUM_FRAMES + 2 * PAD, 32 + HEIGHT + 24 + rows * ROW + people + 12
        panel = pygame.Surface((width, height), pygame.SRCALPHA)
        pygame.draw.rect(panel, (*palette.PANEL, 226), (0, 0, width, height), border_radius=12)
        pygame.draw.rect(
            panel, (*palette.PANEL_LINE, 255), (0, 0, width, height), 1, border_radius=12
        )
        self._text(panel, self._fonts.title, "npcbrain", palette.CREAM, PAD, 8)
        right = self._right(panel, f"budget {mode.budget_ms:g} ms", palette.TEAL, width - PAD, 10)
        if mode.naive:
            self._pill(panel, "NAIVE", right - 8)
        elif mode.stressed:
            self._pill(panel, "STRESS", right - 8)
        elif mode.model_off:
            self._pill(panel, "MODEL OFF", right - 8)
        self._legend(panel, 32 + HEIGHT + 5)
        y = 32 + HEIGHT + 24
        for line, colour in self._lines(mode, tally)[:rows]:
            self._text(panel, self._fonts.small, line, colour, PAD, y)
            y += ROW
        area = pygame.Rect(PAD, y + 4, NUM_FRAMES, people)
        self._roster.paint(
            panel,
            self._villagers,
            area,
            budget_ms=mode.budget_ms,
            num_waiting=self._waiting,
        )
        return panel

    def _legend(self, panel: pygame.Surface, y: int) -> None:
        count = max(1, len(self._recent))
        game = sum(t.game_ms for t in self._recent) / count
        trees = sum(t.trees_ms for t in self._recent) / count
        model = sum(t.model_ms for t in self._recent) / count
        spare = max(0.0, self.graph.limit_ms - game - trees - model)
        parts = [
            (
                colour,
                self._fonts.tiny.render(f"{name} {value:.{value < 100:d}f}", True, palette.CREAM),
            )
            for name, value, colour in (
                ("game", game, palette.SLATE),
                ("trees", trees, palette.AMBER),
                ("model", model, palette.TEAL),
                ("free", spare, (104, 98, 114)),
            )
        ]
        room = NUM_FRAMES - sum(SQUARE + word.get_width() for _, word in parts)
        x = float(PAD)
        for colour, word in parts:
            pygame.draw.rect(panel, colour, (round(x), y + 4, 7, 7), border_radius=2)
            panel.blit(word, (round(x) + SQUARE, y + 1))
            x += SQUARE + word.get_width() + room / (len(parts) - 1)

    def _lines(self, mode: Mode, tally: Tally) -> list[tuple[str, Colour]]:
        p99 = self.graph.p99_ms
        dim: Colour = (176, 168, 172)
        largest = f"{tally.largest_step_ms:.1f} ms" if tally.largest_step_ms else "none yet"
        reasons = ", ".join(
            f"{n} {reason_words(reason)}" for reason, n in tally.fallbacks.most_common(2)
        )
        return [
            (
                f"frame p99 {p99:.1f} ms   hitches {tally.num_hitches}",
                palette.ROSE if p99 > self.graph.limit_ms else palette.CREAM,
            ),
            (
                f"model {tally.sources['model']}   tree {tally.sources['tree']}"
                f"   tokens/s {tally.tokens_per_s:.0f}",
                palette.CREAM,
            ),
            (f"given {mode.given_ms:.1f} of {mode.budget_ms:g} ms   {mode.num_npcs} NPCs", dim),
            (f"over budget p99 {percentile(tally.over_budget_ms[-3600:], 0.99):.2f} ms", dim),
            (f"largest step {largest}   tokens {tally.num_tokens}", dim),
            (fitted(self._fonts.small, f"fallbacks: {reasons or 'none'}", NUM_FRAMES), dim),
        ]

    def _paint_keys(self) -> pygame.Surface:
        parts = []
        for key, meaning in self._key_names:
            parts.append((self._fonts.tiny.render(key, True, palette.INK), True))
            parts.append((self._fonts.small.render(meaning, True, palette.CREAM), False))
        width = sum(part.get_width() + (16 if cap else 12) for part, cap in parts) + 12
        picture = pygame.Surface((width, 26), pygame.SRCALPHA)
        pygame.draw.rect(picture, (*palette.PANEL, 196), (0, 0, width, 26), border_radius=9)
        x = 8
        for part, is_cap in parts:
            if is_cap:
                cap = pygame.Rect(x, 5, part.get_width() + 10, 16)
                pygame.draw.rect(picture, palette.CREAM, cap, border_radius=4)
                picture.blit(part, (x + 5, 13 - part.get_height() // 2))
                x = cap.right + 6
            else:
                picture.blit(part, (x, 13 - part.get_height() // 2))
                x += part.get_width() + 12
        return picture

    @staticmethod
    def _text(
        panel: pygame.Surface, font: pygame.font.Font, text: str, colour: Colour, x: int, y: int
    ) -> None:
        panel.blit(font.render(text, True, colour), (x, y))

    def _right(self, panel: pygame.Surface, text: str, colour: Colour, right: int, y: int) -> int:
        word = self._fonts.label.render(text, True, colour)
        panel.blit(word, (right - word.get_width(), y))
        return right - word.get_width()

    def _pill(self, panel: pygame.Surface, text: str, right: int) -> None:
        word = self._fonts.tiny.render(text, True, (255, 255, 255))
        area = pygame.Rect(right - word.get_width() - 12, 10, word.get_width() + 12, 16)
        pygame.draw.rect(panel, palette.ROSE, area, border_radius=8)
        panel.blit(word, (area.x + 6, area.centery - word.get_height() // 2))
