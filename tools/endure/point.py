"""``Point``: one promise that is tried: for how long, with what counts, and what broke."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Point"]

MOST_BROKEN = 12  # that are told; one fault may break many promises


@dataclass(slots=True)
class Point:
    """A promise that is tried, and the results.

    Attributes:
        name: What is promised.
        seconds: How long to try.
        seed: Of all random numbers.
        counts: How often each thing was tried.
        figures: The measurements.
        wanted: How often the long form tries each counted thing.
        untold: What this machine cannot tell, in words.
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
        """Gives out dice until the time is up, or for ``most`` rounds; at least one round.

        Each round has dice of its own, so that a round that finds something can be played again.
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
