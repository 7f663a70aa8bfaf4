"""Who gets the model's time: a row for each villager, a slice for each in the frame's budget.

A row says who answers, MODEL or TREE, and why the tree; who thinks and for how long; who waits for
what. Invariant: it shows only what the runtime and the NPCs report, and counts nothing itself.
"""

from __future__ import annotations

import pygame

from demo_game.drawing import palette
from demo_game.drawing.fonts import Fonts, fitted
from demo_game.drawing.palette import Colour, mix
from demo_game.panels.handovers import Charge, HandOvers
from demo_game.panels.reason_words import reason_words
from demo_game.people.villager import FPS, Villager

__all__ = ["ROW", "Roster"]

ROW = 15
BAR = 11  # height of the bar of slices
NAME_WIDTH = 46
COST_WIDTH = 42
DIM: Colour = (150, 142, 152)
# Slices lie side by side, so each needs a colour of its own: light and dark in turn, for people who
# see colours badly. The NPC's initial is in the slice as well.
SLICES: tuple[Colour, ...] = (
    (0, 158, 148),
    (140, 214, 202),
    (0, 114, 152),
    (126, 190, 228),
    (62, 116, 110),
    (190, 228, 196),
    (44, 92, 142),
)


class Roster:
    """Paints the rows."""

    def __init__(self, fonts: Fonts, overs: HandOvers) -> None:
        self._fonts = fonts
        self._overs = overs

    def height(self, num_villagers: int) -> int:
        """Pixels it takes."""
        return BAR + 8 + ROW * num_villagers

    def paint(
        self,
        sheet: pygame.Surface,
        villagers: list[Villager],
        area: pygame.Rect,
        *,
        budget_ms: float,
        num_waiting: int,
    ) -> None:
        """Paints the bar and the rows.

        Args:
            sheet: The sheet to paint on.
            villagers: The villagers to show.
            area: Its place; its height is not used.
            budget_ms: The time that the whole bar stands for.
            num_waiting: Requests that have no slot yet.
        """
        self._bar(sheet, villagers, area, budget_ms)
        y = area.y + BAR + 6
        for index, villager in enumerate(villagers):
            self._row(sheet, villager, SLICES[index % len(SLICES)], area, y, num_waiting)
            y += ROW

    def _bar(
        self, sheet: pygame.Surface, villagers: list[Villager], area: pygame.Rect, budget_ms: float
    ) -> None:
        bar = pygame.Rect(area.x, area.y, area.width, BAR)
        pygame.draw.rect(sheet, palette.SPARE, bar, border_radius=3)
        x = float(bar.x)
        for index, villager in enumerate(villagers):
            spent = self._overs.spent_ms(villager.name)
            width = bar.width * spent / budget_ms if budget_ms > 0 else 0.0
            if width < 1.0:
                continue
            width = min(width, bar.right - x)
            colour = SLICES[index % len(SLICES)]
            slice_ = pygame.Rect(round(x), bar.y, max(1, round(width) - 1), BAR)
            pygame.draw.rect(sheet, colour, slice_, border_radius=2)
            if width > 14:
                ink = palette.INK if sum(colour) > 390 else palette.CREAM
                letter = self._fonts.tiny.render(villager.title[0], True, ink)
                sheet.blit(letter, letter.get_rect(center=slice_.center))
            x += width

    def _row(
        self,
        sheet: pygame.Surface,
        villager: Villager,
        colour: Colour,
        area: pygame.Rect,
        y: int,
        num_waiting: int,
    ) -> None:
        fonts = self._fonts
        spent = self._overs.spent_ms(villager.name)
        key = pygame.Rect(area.x, y + 4, 7, 7)
        pygame.draw.rect(sheet, colour if spent > 0.005 else palette.SPARE, key, border_radius=2)
        sheet.blit(fonts.small.render(villager.title, True, (206, 198, 200)), (area.x + 11, y))
        badge, text, tint = self._state(villager, num_waiting)
        x = area.x + 11 + NAME_WIDTH
        if badge:
            word = fonts.tiny.render(badge, True, (255, 255, 255))
            pill = pygame.Rect(x, y + 1, word.get_width() + 10, 13)
            pygame.draw.rect(sheet, tint, pill, border_radius=6)
            sheet.blit(word, (x + 5, y + 7 - word.get_height() // 2))
            x = pill.right + 5
        if text:
            room = area.right - x - (COST_WIDTH if spent > 0.005 else 0)
            sheet.blit(fonts.small.render(fitted(fonts.small, text, room), True, DIM), (x, y))
        if spent > 0.005:
            cost = fonts.tiny.render(f"{spent:.1f} ms", True, (206, 198, 200))
            sheet.blit(cost, (area.right - cost.get_width(), y + 2))

    def _state(self, villager: Villager, num_waiting: int) -> tuple[str, str, Colour]:
        """A badge, a few words and the badge's colour."""
        npc, over = villager.npc, self._overs.last(villager.name)
        charge = self._overs.charge(villager)
        if npc.thinking:
            seconds = self._overs.thinking_frames[villager.name] / FPS
            if npc.speech or npc.answer is not None:
                return "MODEL", "speaks", palette.TEAL
            waits = "waits for a place" if num_waiting and seconds > 0.5 else "thinks"
            tint = mix(palette.TEAL, palette.PANEL, 0.4)
            return "MODEL", f"{waits} {seconds:.1f} s", tint
        if charge is Charge.DAY or over is None:
            queue = f"{npc.num_waiting} to answer" if npc.num_waiting else ""
            return "", queue or "goes about its day", DIM
        if over.by_model:
            words = f", words by the tree: {reason_words(over.reason)}" if over.reason else ""
            return "MODEL", f"{over.action}{words}", palette.TEAL
        return "TREE", reason_words(over.reason) or over.action, palette.AMBER
