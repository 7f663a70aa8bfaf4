"""``Bubble``: how long a line that was said stays on the screen.

It knows no NPC and no picture. Invariant: a finished line is shown for its reading time, whatever
begins meanwhile, unless another is finished.
"""

from __future__ import annotations

from npcbrain.clock import NS_PER_MS

__all__ = ["Bubble", "reading_ms", "whole_words"]

LETTER_MS = 60  # to read one: subtitles give 12 to 20 letters a second
LEAST_MS = 1500


class Bubble:
    """What one NPC's bubble holds."""

    __slots__ = ("_is_over", "_line", "_until_ns")

    def __init__(self) -> None:
        self._line = ""
        self._until_ns = 0
        self._is_over = False  # whether what is in ``speech`` has been said, and is not growing

    def begin(self) -> None:
        """A new answer is on its way."""
        self._is_over = False

    def finish(self, line: str, now_ns: int) -> None:
        """A line has been said."""
        self._is_over = True
        if line:
            self._line = line
            self._until_ns = now_ns + reading_ms(line) * NS_PER_MS

    def shown(self, speech: str, now_ns: int) -> str:
        """What stands in it now.

        Args:
            speech: What is being said.
            now_ns: The time.
        """
        if now_ns < self._until_ns:
            return self._line
        return "" if self._is_over and speech == self._line else speech


def reading_ms(line: str) -> int:
    """How long a line takes to read.

    >>> reading_ms("Hm."), reading_ms("A bed costs five coppers, breakfast included.")
    (1500, 2700)
    """
    return max(LEAST_MS, LETTER_MS * len(line))


def whole_words(text: str) -> str:
    """A line that is still being written, without a last word that may be half of one.

    >>> whole_words("A bed costs fi"), whole_words("A bed costs five coppers.")
    ('A bed costs', 'A bed costs five coppers.')
    """
    if not text[-1:].isalnum():
        return text
    return text.rpartition(" ")[0]
