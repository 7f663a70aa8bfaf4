"""The last seconds of one villager as a ribbon: who was in charge, and when it changed.

A sample is one new column. Invariant: scrolling costs the same however long the game has run.
"""

from __future__ import annotations

import pygame

from demo_game.drawing import palette
from demo_game.drawing.glyphs import tinted
from demo_game.drawing.palette import Colour, mix
from demo_game.panels.handovers import NUM_SAMPLES, Charge, HandOvers

__all__ = ["HEIGHT", "Ribbon"]

HEIGHT = 26
DAY = tinted((150, 142, 152), 0.16)
COLOURS: dict[Charge, Colour] = {
    Charge.DAY: DAY,
    Charge.THINKING: mix(palette.TEAL, palette.PANEL, 0.48),
    Charge.MODEL: palette.TEAL,
    Charge.TREE: palette.AMBER,
}
# The share of the height that each fills: speaking is tall, silence low.
SHARES: dict[Charge, float] = {
    Charge.DAY: 0.16,
    Charge.THINKING: 0.55,
    Charge.MODEL: 1.0,
    Charge.TREE: 1.0,
}


class Ribbon:
    """The strip itself."""

    def __init__(self) -> None:
        self.picture = pygame.Surface((NUM_SAMPLES, HEIGHT))
        self._who = ""
        self._num_drawn = 0

    def show(self, name: str, overs: HandOvers) -> None:
        """Brings the strip up to date."""
        charges = overs.charges(name)
        if name != self._who:
            self._who, self._num_drawn = name, overs.num_samples
            self.picture.fill(palette.PANEL)
            for index, charge in enumerate(reversed(charges)):
                before = charges[-index - 2] if index + 2 <= len(charges) else charge
                self._column(NUM_SAMPLES - 1 - index, charge, before)
            return
        missing = min(overs.num_samples - self._num_drawn, len(charges))
        self._num_drawn = overs.num_samples
        for index in range(missing, 0, -1):
            self.picture.scroll(-1, 0)
            before = charges[-index - 1] if index + 1 <= len(charges) else charges[-index]
            self._column(NUM_SAMPLES - 1, charges[-index], before)

    def _column(self, x: int, charge: Charge, before: Charge) -> None:
        """Paints one sample, with a mark where the model hands over to the tree."""
        picture = self.picture
        height = max(2, round(HEIGHT * SHARES[charge]))
        top = (HEIGHT - height) // 2
        pygame.draw.line(picture, palette.PANEL, (x, 0), (x, HEIGHT))
        pygame.draw.line(picture, COLOURS[charge], (x, top), (x, top + height - 1))
        if charge is Charge.THINKING and x % 4 == 0:
            colour = mix(COLOURS[charge], palette.PANEL, 0.5)
            pygame.draw.line(picture, colour, (x, top), (x, top + height - 1))
        if charge is Charge.TREE and before in (Charge.THINKING, Charge.MODEL):
            pygame.draw.line(picture, palette.CREAM, (x, 0), (x, HEIGHT))
