"""What work in Python may take: making a prompt, saying a quote, looking for a known answer.

It reads no clock and decides nothing. Invariant: no price is below the last time measured.
"""

from __future__ import annotations

__all__ = ["WorkPrice", "WorkPrices"]

SHIFT = 4  # a price falls by a sixteenth with each piece, or frame, that does not raise it


class WorkPrice:
    """The longest time of late.

    Attributes:
        ns: The price, in nanoseconds.
    """

    __slots__ = ("ns",)

    def __init__(self, first_ns: int) -> None:
        self.ns = first_ns  # before anything was measured

    def fits(self, now_ns: int, limit_ns: int, most_ns: int) -> bool:
        """Whether a piece begun now ends by ``limit_ns``.

        Args:
            now_ns: The time.
            limit_ns: When it must have ended.
            most_ns: What a frame may have for it at best. A price above it falls: what is never
                tried is never measured again, and no hiccup must close the door.
        """
        if now_ns + self.ns <= limit_ns:
            return True
        if self.ns > most_ns > 0:
            self.ns -= self.ns >> SHIFT
        return False

    def learn(self, took_ns: int) -> None:
        """One piece took so long."""
        self.ns = max(self.ns - (self.ns >> SHIFT), took_ns)


class WorkPrices:
    """Those of one mind; at first meant to be too high.

    Attributes:
        prompt: Of a prompt with its grammar and matcher; at first, of a grammar not seen before.
        quote: Of an answer that was chosen whole.
        recall: Of looking for an answer given before.
    """

    __slots__ = ("prompt", "quote", "recall")

    def __init__(self) -> None:
        self.prompt = WorkPrice(1_500_000)
        self.quote = WorkPrice(500_000)
        self.recall = WorkPrice(500_000)
