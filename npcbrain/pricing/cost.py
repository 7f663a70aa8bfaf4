"""What a step of the model costs on this machine.

It is learned during play. Prices, not averages: a step cannot be paused once it has begun, so the
question is what it may take, not what it takes. It has no clock and no engine: it is given times
and asked for prices. Invariant: prices rest on measurements. A step that was not measured is priced
from neighbours that cost at least as much, or, if nothing is known, from a default that is meant to
be too high.

Two things that a plain quantile gets wrong, and what is done here:

* **Hiccups.** Now and then the operating system takes the core away and a 1 ms step takes 10.
  Waiting for a roomier frame does not avoid that, it only stops the NPCs, so no price exceeds
  ``SPIKE`` times the median; or ``COLD_NS`` more than it, where that is higher.
* **Prices nobody can pay.** A step that is never run is never measured again, so a price above
  every budget would stay for ever, though the slow spell that caused it is long over. The
  scheduler has the model ``doubt`` them: quickly down to the median, then slowly on towards the
  best time ever seen. Whatever is tried then, sets the price anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from npcbrain.clock import NS_PER_S
from npcbrain.engine.contract import Kind
from npcbrain.errors import UsageError, fault
from npcbrain.pricing.price_table import (
    CONTEXT_SHIFT,
    MAX_CONTEXT_BUCKET,
    MAX_EXACT_ROWS,
    NUM_KEPT,
    SETTLED,
    WINDOW,
    YOUNG,
    Cell,
    Table,
    cell_key,
)

__all__ = ["CostModel", "PriceEntry"]

QUANTILE = 0.98  # one step in fifty may take longer than its price

# Limits for ``restore``; a file may hold anything.
MAX_SEGMENT = 255
MAX_ROWS = 1 << 16  # usual: 1 to 512
INCREDIBLE = 4  # times a run with cold caches; an honest price is less than twice such a run
MAX_STEP_NS = 60 * NS_PER_S  # usual: 0.1 to 10 ms


class PriceEntry(NamedTuple):
    """One cell of the price table, for people to read.

    A cell stands for a range of rows and of contexts: ``rows`` is the upper end of the first,
    ``context`` the lower end of the second.
    """

    kind: Kind
    segment: int
    rows: int
    context: int
    num_runs: int
    best_ns: int
    price_ns: int


class CostModel:
    """Prices steps by kind, segment, rows and context.

    ``price_ns`` is two dictionary look-ups (about 0.4 us) and leaves no garbage; ``observe`` keeps
    a sorted window of 64 (about 2 us).

    Args:
        quantile: The share of runs that should take no longer than their price, in (0, 1).

    Attributes:
        num_observed: Runs learnt from so far.

    Raises:
        UsageError: ``quantile`` is out of range.
    """

    __slots__ = ("_ranks", "_tables", "num_observed")

    def __init__(self, quantile: float = QUANTILE) -> None:
        if not 0.0 < quantile < 1.0:
            raise UsageError(
                fault(
                    "quantile",
                    "lie between 0 and 1",
                    quantile,
                    "CostModel()",
                    f"leave it at {QUANTILE}",
                )
            )
        # The rank of the quantile among n sorted runs, by n.
        self._ranks = (0, *(math.ceil(quantile * n) - 1 for n in range(1, WINDOW + 1)))
        self._tables: dict[int, Table] = {}  # by kind << 8 | segment
        self.num_observed = 0

    def price_ns(self, kind: Kind, segment: int, rows: int, context: int) -> int:
        """How long such a step may take, in nanoseconds; at least 1.

        Args:
            kind: The kind of wave.
            segment: The segment it runs.
            rows: Rows of the step (see ``WaveLike.rows``), at least 1.
            context: Tokens in the KV cache before it.
        """
        table = self._tables.get(kind << 8 | segment)
        if table is None:
            table = self._tables[kind << 8 | segment] = Table(kind)
        # cell_key() inlined, because this runs some dozens of times a frame.
        if rows > MAX_EXACT_ROWS:
            rows = 1 << (rows - 1).bit_length()
        bucket = (context >> CONTEXT_SHIFT).bit_length()
        key = rows << 3 | (bucket if bucket < MAX_CONTEXT_BUCKET else MAX_CONTEXT_BUCKET)
        cell = table.cells.get(key)
        if cell is not None:
            return cell.price_ns
        guess_ns = table.guesses.get(key)
        if guess_ns is None:
            guess_ns = table.guesses[key] = table.guess_ns(key)
        return guess_ns

    def best_ns(self, kind: Kind, segment: int, rows: int, context: int) -> int:
        """How long such a step takes at the very least; 0 if nothing is known.

        The best time ever, less a share that halves with each run: after a single one, which may
        have been a cold start or a hiccup, the step may well be twice as quick.
        """
        table = self._tables.get(kind << 8 | segment)
        if table is None:
            return 0
        key = cell_key(rows, context)
        cell = table.cells.get(key)
        if cell is not None:
            return cell.least_ns()
        bound_ns = table.bounds.get(key)
        if bound_ns is None:
            bound_ns = table.bounds[key] = table.bound_ns(key)
        return bound_ns

    def observe(self, kind: Kind, segment: int, rows: int, context: int, took_ns: int) -> None:
        """Learns from one run of a step."""
        self.num_observed += 1
        table = self._tables.get(kind << 8 | segment)
        if table is None:
            table = self._tables[kind << 8 | segment] = Table(kind)
        key = cell_key(rows, context)
        cell = table.cells.get(key)
        if cell is None:
            cell = table.cells[key] = Cell(table.ceiling_ns(key))
        is_best = not cell.best_ns or took_ns < cell.best_ns
        before_ns = cell.price_ns
        cell.observe(max(1, took_ns), self._ranks)
        if is_best:
            table.lower_ns(key, cell.best_ns)
        if cell.num_runs() < YOUNG:
            cell.price_ns = max(cell.least_ns(), min(cell.price_ns, table.guess_ns(key)))
        # Guesses and bounds rest on neighbours. They are dropped only if this cell has moved, which
        # is rare: making all anew after each step took 0.2 ms of a frame on a slow core.
        if table.guesses and cell.price_ns != before_ns:
            table.guesses.clear()
        if table.bounds and (is_best or cell.num_runs() < SETTLED):
            table.bounds.clear()

    def correct(self, kind: Kind, segment: int, rows: int, context: int, took_ns: int) -> None:
        """Checks the remembered price of a step against one run of it, with cold caches.

        If the run is the best ever, it is learned: the machine was busy when the others ran. A
        price several times as high as the run is wrong or forged, and is forgotten.
        """
        table = self._tables.get(kind << 8 | segment)
        cell = None if table is None else table.cells.get(cell_key(rows, context))
        if table is None or cell is None:
            return
        if cell.price_ns > INCREDIBLE * took_ns:
            del table.cells[cell_key(rows, context)]
            table.guesses.clear()
            table.bounds.clear()
        elif took_ns >= cell.best_ns:
            return
        self.observe(kind, segment, rows, context, took_ns)

    def doubt(self, kind: Kind, segment: int, rows: int, context: int) -> None:
        """Lowers a little a price that no recent frame could pay, so that the step is tried again.

        Never below ``best_ns``: a step that has always taken longer than a budget is not put into
        it.
        """
        price_ns = self.price_ns(kind, segment, rows, context)
        floor_ns = max(1, self.best_ns(kind, segment, rows, context))
        table = self._tables[kind << 8 | segment]
        key = cell_key(rows, context)
        cell = table.cells.get(key)
        if cell is None:
            table.guesses[key] = max(floor_ns, price_ns - (price_ns >> 4) - 1)
        elif cell.num_runs() < YOUNG:
            cell.price_ns = max(floor_ns, price_ns - (price_ns >> 4) - 1)
        elif price_ns > (median_ns := cell.median_ns()):
            cell.price_ns = max(median_ns, price_ns - (price_ns >> 4) - 1)
        else:
            # A price below the median bets that the machine has become faster; so it falls slowly.
            cell.price_ns = max(floor_ns, price_ns - (price_ns >> 8) - 1)

    def entries(self) -> Iterator[PriceEntry]:
        """All measured cells, in order of kind, segment, rows and context."""
        for place in sorted(self._tables):
            table = self._tables[place]
            for key in sorted(table.cells):
                cell = table.cells[key]
                bucket = key & 7
                yield PriceEntry(
                    kind=table.kind,
                    segment=place & 0xFF,
                    rows=key >> 3,
                    context=0 if bucket == 0 else 1 << (bucket - 1 + CONTEXT_SHIFT),
                    num_runs=cell.num_runs(),
                    best_ns=cell.best_ns,
                    price_ns=cell.price_ns,
                )

    def snapshot(self) -> list[list[int]]:
        """The prices to remember between two runs of a game, as plain data: a list for each cell.

        It holds kind, segment, rows, bucket of contexts, best time, price, and ``NUM_KEPT`` runs
        that stand for the window; so few that the next game's own runs soon outvote them.
        """
        return [
            [
                int(table.kind),
                place & 0xFF,
                key >> 3,
                key & 7,
                cell.best_ns,
                cell.price_ns,
                *cell.sample(self._ranks),
            ]
            for place, table in sorted(self._tables.items())
            for key, cell in sorted(table.cells.items())
        ]

    def restore(self, rows: Iterable[object]) -> None:
        """Replaces all that was learned so far by a ``snapshot``.

        Prices are exactly the saved ones until a step is run again.

        Raises:
            UsageError: ``rows`` is not a snapshot; nothing has changed.
        """
        checked: dict[tuple[int, int], list[int]] = {}
        for index, row in enumerate(rows):
            _check_row(row, f"CostModel.restore() $[{index}]")
            assert isinstance(row, list | tuple)
            checked[row[0] << 8 | row[1], row[2] << 3 | row[3]] = list(row)
        self._tables = {}
        self.num_observed += 1
        for (place, key), (kind, _, _, _, best_ns, price_ns, *runs) in checked.items():
            table = self._tables.setdefault(place, Table(Kind(kind)))
            table.cells[key] = Cell.remembered(best_ns, price_ns, runs)


def _check_row(row: object, where: str) -> None:
    if not isinstance(row, list | tuple) or not 7 <= len(row) <= 6 + NUM_KEPT:
        raise UsageError(fault("cell", f"be a list of 7 to {6 + NUM_KEPT} integers", row, where))
    if any(type(value) is not int for value in row):
        raise UsageError(fault("cell", "hold integers only", row, where))
    kind, segment, rows, bucket, best_ns, price_ns, *runs = row
    known = kind in {int(one) for one in Kind} and 0 <= segment <= MAX_SEGMENT
    if not (known and 1 <= rows <= MAX_ROWS and 0 <= bucket <= MAX_CONTEXT_BUCKET):
        raise UsageError(fault("cell", "be of a known step", row, where))
    if not 1 <= best_ns <= min(runs) <= max(runs) <= MAX_STEP_NS:
        raise UsageError(fault("cell", "hold times, none below its best", row, where))
    if not 1 <= price_ns <= MAX_STEP_NS:
        raise UsageError(fault("cell", "have a price in range", row, where))
