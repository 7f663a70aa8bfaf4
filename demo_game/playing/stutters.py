"""Tells in words what everybody saw: the model took the frame, and the frame was late.

Invariant: one note at a time, however often it happens.
"""

from __future__ import annotations

from demo_game.panels.graph import FrameTimes
from demo_game.village.happening import Happening, Kind

__all__ = ["Stutters"]

SEEN_MS = 90.0  # everybody sees a frame that takes so long
PAUSE_FRAMES = 60  # between two notes


class Stutters:
    """Notes them."""

    def __init__(self) -> None:
        self._since = PAUSE_FRAMES

    def note(self, times: FrameTimes, limit_ms: float, *, is_naive: bool) -> Happening | None:
        """Looks at a frame; returns a note if there is one to show.

        Args:
            times: The frame's times.
            limit_ms: How long it may take.
            is_naive: Whether answers are written in one piece; otherwise the machine was busy
                elsewhere, and the frame's graph tells enough.
        """
        self._since += 1
        if not is_naive or times.model_ms <= SEEN_MS:
            return None
        if self._since <= PAUSE_FRAMES:
            return None
        self._since = 0
        lost = round(times.model_ms / limit_ms)
        words = f"The model took {times.model_ms:.0f} ms in one piece: {lost} frames were lost."
        return Happening(Kind.STUTTER, words)
