"""``RowPass``: some tokens' rows on their way through the chooser's layers, step by step.

It runs no graph. Invariant: the rows of a layer are cut at fixed places, and between two of these
wherever a frame ends; no row is left to run alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

__all__ = ["CHUNK", "CUT_ROWS", "LONE", "RowPass", "Shape", "steps_of"]

CHUNK = 24  # rows of a step, at most
# Rows of a step in a frame that has no room for as many. Each step costs as much as four rows
# before it has read any, so there are no smaller ones.
CUT_ROWS = (12, 6)
LONE = 1  # a row that runs alone is summed up in another order; so none is left over


class Shape(NamedTuple):
    """What a step's price depends on: which graph, how many rows, how many keys they look at."""

    segment: int
    rows: int
    context: int


class RowPass:
    """Some tokens on their way through the layers, chunk by chunk."""

    __slots__ = ("chunk", "hidden", "ids", "layer", "num_rows", "query", "sides", "start")

    def __init__(self, ids: tuple[int, ...], start: int, hidden: int, num_looking: int = 0) -> None:
        self.ids = np.array(ids, np.int64)
        self.start = start  # the first one's position
        self.layer = -1  # the graph that gives tokens their first states
        self.chunk = 0
        self.num_rows = len(ids)
        # Candidates that look at these tokens stand behind them, and join them later.
        self.hidden = np.empty((len(ids) + num_looking, hidden), np.float32)
        self.query = np.empty_like(self.hidden)
        self.sides = np.empty((2, len(ids), hidden), np.float32)  # this layer's keys and values

    @property
    def num_next(self) -> int:
        """Rows of the next step, unless it is cut."""
        num_steps = -(-self.num_rows // CHUNK)
        size = -(-self.num_rows // num_steps)  # alike, for the longest counts
        end = (self.chunk // size + 1) * size
        return min(end, self.num_rows) - self.chunk

    def join(self, looking: Rows) -> None:
        """Takes candidates along, from the next layer on."""
        self.hidden[self.num_rows :], self.query[self.num_rows :] = looking
        self.num_rows = len(self.hidden)

    def take(self, hidden: Rows, more: list[Rows]) -> None:
        """Keeps what the rows of a step became, and goes on to the next ones."""
        rows = slice(self.chunk, self.chunk + len(hidden))
        self.hidden[rows] = hidden
        if more:
            self.query[rows] = more[0]
            own = slice(rows.start, min(rows.stop, len(self.ids)))  # nobody looks at candidates
            count = max(0, own.stop - own.start)
            self.sides[0, own], self.sides[1, own] = more[1][:count], more[2][:count]
        self.chunk = rows.stop
        if self.chunk == self.num_rows:
            self.chunk = 0
            self.layer += 1


def steps_of(layer: int, rows: int, context: int) -> tuple[Shape, float]:
    """The steps of some rows through a layer."""
    size = min(CHUNK, max(rows, 1))
    return Shape(layer + 1, size, context), rows / size
