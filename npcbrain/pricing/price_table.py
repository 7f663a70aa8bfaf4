"""The cells of a price table: the latest runs of each shape of step, and guesses for the others.

``npcbrain.pricing.cost`` says what a price is and why; the arithmetic is here. No clock, no engine,
no file. Invariant: a cell that holds runs has a price of at least 1 ns, and a best time that is no
longer than any of them.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from npcbrain.engine.contract import Kind

__all__ = [
    "COLD_NS",
    "NUM_KEPT",
    "SETTLED",
    "SPIKE",
    "UNKNOWN_NS",
    "WINDOW",
    "YOUNG",
    "Cell",
    "Table",
    "cell_key",
]

WINDOW = 64  # runs remembered per cell; about a second of play, so slow spells are soon forgotten
YOUNG = 8  # runs; with fewer, a cell's median may be a hiccup, and neighbours are asked as well
SETTLED = 34  # runs; from then on ``least_ns`` is the best time, if that is below 2 ** 34 ns
SPIKE = 2  # times the median; higher prices would be for hiccups, which no waiting avoids
# Above the median, a price that is no hiccup's however short the step: Python alone takes so much
# longer where the game has just used the caches, and waiting for it costs no frame.
COLD_NS = 250_000
MAX_EXACT_ROWS = 16  # up to here each number of rows has a cell; above, each power of two has one
CONTEXT_SHIFT = 7  # contexts have cells by doublings of 128 tokens, as attention grows slowly
MAX_CONTEXT_BUCKET = 7
NUM_KEPT = YOUNG  # runs that outlast the game: enough to be believed, few enough to be outvoted

# The time of the first row and of each further one, by kind, before anything of that kind was
# measured. A 30 M model on a slow core takes about half of it. Too high a time costs some frames,
# too low a time costs a hitch.
UNKNOWN_NS = {
    Kind.COPY: (1_000_000, 20_000),
    Kind.PREFILL: (1_000_000, 250_000),
    Kind.DECODE: (1_000_000, 250_000),
    Kind.VERIFY: (1_000_000, 250_000),
    Kind.CHOOSE: (300_000, 50_000),
}


class Cell:
    """The latest runs of one shape of step: a ring in their order, and a list sorted by time."""

    __slots__ = ("_oldest", "_ring", "_sorted", "best_ns", "price_ns")

    def __init__(self, best_ns: int) -> None:
        self._ring: list[int] = []
        self._sorted: list[int] = []
        self._oldest = 0
        self.best_ns = best_ns  # 0 as long as nothing is known
        self.price_ns = 0

    @classmethod
    def remembered(cls, best_ns: int, price_ns: int, runs: list[int]) -> Cell:
        """A cell from a saved sample of its runs."""
        cell = cls(best_ns)
        cell.price_ns = price_ns
        cell._ring, cell._sorted = list(runs), sorted(runs)
        return cell

    def sample(self, ranks: tuple[int, ...]) -> list[int]:
        """Runs that stand for all: at most ``NUM_KEPT``, with the same median and quantile."""
        runs, num = self._sorted, len(self._sorted)
        if num <= NUM_KEPT:
            return list(runs)
        middle, top, half = num // 2, ranks[num], NUM_KEPT // 2
        low = [runs[middle * i // half] for i in range(half + 1)]
        num_high = NUM_KEPT - half - 1
        return low + [runs[middle + (top - middle) * i // num_high] for i in range(1, num_high + 1)]

    def num_runs(self) -> int:
        return len(self._ring)

    def least_ns(self) -> int:
        return self.best_ns - (self.best_ns >> len(self._ring))

    def median_ns(self) -> int:
        return self._sorted[len(self._sorted) // 2]

    def observe(self, took_ns: int, ranks: tuple[int, ...]) -> None:
        runs = self._sorted
        if runs and took_ns <= self.price_ns < self.median_ns():
            # Doubt had lowered the price, rightly: the remembered runs are from a slow spell.
            runs.clear()
            self._ring.clear()
            self._oldest = 0
        if len(runs) < WINDOW:
            self._ring.append(took_ns)
        else:
            del runs[bisect_left(runs, self._ring[self._oldest])]
            self._ring[self._oldest] = took_ns
            self._oldest = (self._oldest + 1) % WINDOW
        insort(runs, took_ns)
        num = len(runs)
        # The largest of a few runs is a poor upper quantile: 25 % more after one run, 6 % after
        # four, 1.6 % after sixteen.
        quantile_ns = runs[ranks[num]]
        margin_ns = quantile_ns >> num.bit_length() + 1
        median_ns = runs[num // 2]
        self.price_ns = min(quantile_ns + margin_ns, max(SPIKE * median_ns, median_ns + COLD_NS))
        self.best_ns = min(self.best_ns or took_ns, took_ns)


class Table:
    """The cells of one kind and segment; guesses at prices and bounds of those not yet measured.

    When a run has moved a cell, ``observe`` clears the guesses and bounds. ``doubt`` does not clear
    them: they are then higher than need be, and are doubted themselves if no frame can pay them.
    """

    __slots__ = ("bounds", "cells", "guesses", "kind")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.cells: dict[int, Cell] = {}
        self.guesses: dict[int, int] = {}
        self.bounds: dict[int, int] = {}

    def guess_ns(self, wanted: int) -> int:
        """The tightest upper bound that a measured neighbour gives.

        More rows or more context never cost less; fewer rows cost more per row. A bound from a
        smaller neighbour gets a quarter on top, and again for each doubling of the context.
        """
        rows, bucket = wanted >> 3, wanted & 7
        if not self.cells:
            first_ns, further_ns = UNKNOWN_NS[self.kind]
            return first_ns + (rows - 1) * further_ns
        bounds = []
        for key, cell in self.cells.items():
            bound_ns = cell.price_ns
            if key >> 3 < rows:
                bound_ns = bound_ns * rows * 5 // ((key >> 3) * 4)
            for _ in range(key & 7, bucket):
                bound_ns += bound_ns >> 2
            bounds.append(bound_ns)
        return min(bounds)

    def bound_ns(self, wanted: int) -> int:
        """The tightest lower bound on the best time that a measured neighbour gives.

        The opposite of ``guess_ns``: a step of fewer rows or less context costs less, but not in
        proportion; never less than its share of the rows, less a fifth for each step of context.
        """
        rows, bucket = wanted >> 3, wanted & 7
        bound_ns = 0
        for key, cell in self.cells.items():
            best_ns = cell.least_ns()
            if key >> 3 > rows:
                best_ns = best_ns * rows * 4 // ((key >> 3) * 5)
            for _ in range(bucket, key & 7):
                best_ns -= best_ns // 5
            bound_ns = max(bound_ns, best_ns)
        return min(bound_ns, self.ceiling_ns(wanted) or bound_ns)

    def lower_ns(self, key: int, best_ns: int) -> None:
        """Lowers the best times of all steps that are no larger than one with a new best time.

        They may have been measured when the machine was busy, and never since.
        """
        rows, bucket = key >> 3, key & 7
        for other, cell in self.cells.items():
            if other >> 3 <= rows and other & 7 <= bucket and cell.best_ns > best_ns:
                cell.best_ns = best_ns

    def ceiling_ns(self, wanted: int) -> int:
        """The best time of any step that is no smaller; 0 if there is none.

        The first run of a step may be a hiccup, but the step is at least as quick as larger ones
        have been.
        """
        return min(
            (
                cell.best_ns
                for key, cell in self.cells.items()
                if key >> 3 >= wanted >> 3 and key & 7 >= wanted & 7
            ),
            default=0,
        )


def cell_key(rows: int, context: int) -> int:
    if rows > MAX_EXACT_ROWS:
        rows = 1 << (rows - 1).bit_length()
    bucket = (context >> CONTEXT_SHIFT).bit_length()
    return rows << 3 | (bucket if bucket < MAX_CONTEXT_BUCKET else MAX_CONTEXT_BUCKET)
