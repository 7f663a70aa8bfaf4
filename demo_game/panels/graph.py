"""A graph of where each frame's milliseconds went: a stacked bar a frame, and the limit.

Invariant: drawing a frame costs one new column, however long the history is.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import pygame

from demo_game.drawing import palette

__all__ = ["FrameTimes", "Graph", "percentile"]

NUM_FRAMES = 240
HEIGHT = 76
LIMIT_MS = 1000 / 60
TOP_SHARE = 1.32  # the graph's height in frames; longer bars are cut and marked


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """One frame's milliseconds.

    Attributes:
        game_ms: The game's own: keys, bodies, drawing.
        trees_ms: Behaviour trees.
        model_ms: Steps of the model, and the runtime around them.
    """

    game_ms: float
    trees_ms: float
    model_ms: float

    @property
    def total_ms(self) -> float:
        """All of the frame's work."""
        return self.game_ms + self.trees_ms + self.model_ms


class Graph:
    """The last ``NUM_FRAMES`` frames.

    Attributes:
        limit_ms: The time that a frame may take.
        totals_ms: The time that each of them took.
    """

    def __init__(self) -> None:
        self.limit_ms = LIMIT_MS
        self.picture = pygame.Surface((NUM_FRAMES, HEIGHT))
        self.picture.fill(palette.PANEL)
        self.totals_ms: deque[float] = deque(maxlen=NUM_FRAMES)

    @property
    def p99_ms(self) -> float:
        """The 99th percentile of the frames in sight."""
        return percentile(list(self.totals_ms), 0.99)

    def add(self, times: FrameTimes) -> None:
        """Draws one more column at the right."""
        self.totals_ms.append(times.total_ms)
        self.picture.scroll(-1, 0)
        x, bottom = NUM_FRAMES - 1, float(HEIGHT)
        pygame.draw.line(self.picture, palette.PANEL, (x, 0), (x, HEIGHT))
        parts = (
            (times.game_ms, palette.SLATE),
            (times.trees_ms, palette.AMBER),
            (times.model_ms, palette.TEAL),
            (max(0.0, self.limit_ms - times.total_ms), palette.SPARE),
        )
        for part_ms, colour in parts:
            top = max(0.0, bottom - part_ms / (self.limit_ms * TOP_SHARE) * HEIGHT)
            if round(top) < round(bottom):
                pygame.draw.line(self.picture, colour, (x, round(top)), (x, round(bottom) - 1))
            bottom = top
        top_ms = self.limit_ms * TOP_SHARE
        limit = round(HEIGHT - self.limit_ms / top_ms * HEIGHT)
        over = times.total_ms > self.limit_ms
        if over:
            pygame.draw.line(self.picture, palette.ROSE, (x, round(max(0.0, bottom))), (x, limit))
        self.picture.set_at((x, limit), palette.CREAM)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed; 0 for none.

    >>> percentile([4.0, 1.0, 2.0, 3.0], 0.5)
    2.0
    """
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
