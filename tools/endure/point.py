"""One point of endurance: how long it may take, what it counts, and what it found broken."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Point"]

MOST_BROKEN = 12  # that are told; where one thing is wrong, much may be


@dataclass(slots=True)
class Point:
    """What was tried, and what came of it.

    Attributes:
        name: What is promised.
        seconds: How long to try.
        seed: Where chance comes from.
        counts: How often what was tried.
        figures: What was measured.
        wanted: Of what is counted, how much the long form tries.
        untold: What this machine does not tell, in words.
        broken: Promises that did not hold, in words; empty if all did.
    """

    name: str
    seconds: float
    seed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    figures: dict[str, float] = field(default_factory=dict)
    wanted: dict[str, int] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def rounds(self, most: int | None = None) -> Iterator[random.Random]:
        """Gives out dice until the time is up, or after so many rounds; one round at least.

        Each round has dice of its own, so a round that finds something can be played again.
        """
        end_s, number = time.monotonic() + self.seconds, 0
        while not number or (time.monotonic() < end_s if most is None else number < most):
            yield random.Random(f"{self.name} {self.seed} {number}")
            number += 1
        self.counts["rounds"] += number

    def expect(self, holds: bool, promise: str) -> None:
        """Notes a promise that does not hold."""
        if not holds and promise not in self.broken and len(self.broken) < MOST_BROKEN:
            self.broken.append(promise)
