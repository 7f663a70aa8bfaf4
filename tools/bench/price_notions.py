"""The product's pricing with one notion switched off, or made plainer, for replays.

What they do is measured by ``price_variants``. Invariant: a variant is the product but for one
notion, and is gone when its ``as_variant`` ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partialmethod
from typing import Any, NamedTuple
from unittest import mock

from npcbrain.engine.contract import Kind
from npcbrain.pricing import cost, price_table
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling import forecast, policy, verdicts
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.testing import ManualClock, ScriptedEngine

__all__ = ["AS_IT_IS", "VARIANTS", "Variant", "as_variant"]

NEVER_NS = 1 << 62
NUM_MEASURED = 3  # runs of each shape before the first frame


class Variant(NamedTuple):
    """The product, but for what is put in another's place: an owner, a name and what it becomes."""

    name: str
    without: str
    replaced: tuple[tuple[object, str, object], ...] = ()


class PlainQuantile(price_table.Cell):
    """A price is the quantile: nothing on top for few runs, and no ceiling."""

    def observe(self, took_ns: int, ranks: tuple[int, ...]) -> None:
        """See ``Cell``."""
        super().observe(took_ns, ranks)
        self.price_ns = self._sorted[ranks[len(self._sorted)]]


class Unforgetting(price_table.Cell):
    """A doubt that was right does not clear the runs of the slow spell."""

    def observe(self, took_ns: int, ranks: tuple[int, ...]) -> None:
        """See ``Cell``."""
        if self._sorted:
            self.price_ns = max(self.price_ns, self.median_ns())
        super().observe(took_ns, ranks)


def _guess_blindly(table: price_table.Table, wanted: int) -> int:
    first_ns, further_ns = price_table.UNKNOWN_NS[table.kind]
    return first_ns + ((wanted >> 3) - 1) * further_ns


def _observe_first(
    prices: CostModel, kind: Kind, segment: int, rows: int, context: int, took_ns: int
) -> None:
    """Learns from the runs before the first frame only."""
    table = prices._tables.get(kind << 8 | segment)
    cell = None if table is None else table.cells.get(price_table.cell_key(rows, context))
    if cell is None or cell.num_runs() < NUM_MEASURED:
        _observe(prices, kind, segment, rows, context, took_ns)


def _doubt_evenly(prices: CostModel, kind: Kind, segment: int, rows: int, context: int) -> None:
    """A sixteenth at a time, down to the best, however many runs there were."""
    with mock.patch.object(cost, "YOUNG", cost.WINDOW + 1):
        _doubt(prices, kind, segment, rows, context)


def _warm_up_alone(one: Scheduler, repetitions: int = NUM_MEASURED) -> None:
    """Measures as ``Scheduler.warm_up`` does, but the time for which a step had a core."""
    engine, clock = one._engine, one._clock
    assert isinstance(engine, ScriptedEngine)
    assert isinstance(clock, ManualClock)
    for repetition in range(repetitions + 1):
        for kind, segment, rows in engine.probes():
            started_ns = clock.busy_ns()
            context = engine.probe(kind, segment, rows)
            if repetition:
                one.cost.observe(kind, segment, rows, context, clock.busy_ns() - started_ns)


def _speak_in_turns(reader: Any, speaker: Any, is_quorum: bool, last_start: Kind) -> bool:
    return _speaks_first(reader, speaker, True, last_start)


_observe, _doubt, _speaks_first = CostModel.observe, CostModel.doubt, policy._speaks_first


def _quantile_of(share: float) -> tuple[tuple[object, str, object], ...]:
    return ((CostModel, "__init__", partialmethod(CostModel.__init__, quantile=share)),)


def _zero(*args: object) -> int:
    return 0


AS_IT_IS = Variant("as it is", "nothing")
VARIANTS = (
    AS_IT_IS,
    Variant("median", "the upper quantile: half of all runs exceed a price", _quantile_of(0.5)),
    Variant("nine of ten", "the upper quantile: a run in ten exceeds a price", _quantile_of(0.9)),
    Variant("largest", "the quantile: a price is the largest of 64 runs", _quantile_of(0.9999)),
    Variant(
        "no cap",
        "the ceiling of twice the median",
        ((price_table, "SPIKE", 1 << 20),),
    ),
    Variant(
        "plain quantile",
        "cap and the margin of few runs at once",
        ((cost, "Cell", PlainQuantile),),
    ),
    Variant(
        "measured alone",
        "what others took of the core while steps were measured before the first frame",
        ((Scheduler, "warm_up", _warm_up_alone),),
    ),
    Variant(
        "measured once",
        "learning: three runs before the first frame set the price",
        ((CostModel, "observe", _observe_first),),
    ),
    Variant("never young", "`young`: neighbours have no say in few runs", ((cost, "YOUNG", 0),)),
    Variant(
        "blind guess",
        "`guess`: what was never run has the default price",
        ((price_table.Table, "guess_ns", _guess_blindly),),
    ),
    Variant(
        "no bound",
        "`bound`: what was never run takes no time at best",
        ((price_table.Table, "bound_ns", _zero),),
    ),
    Variant(
        "no ceiling",
        "`ceiling`: larger steps do not bound a best time",
        ((price_table.Table, "ceiling_ns", _zero),),
    ),
    Variant(
        "no lower",
        "`lower`: a best run does not lower smaller steps' best times",
        ((price_table.Table, "lower_ns", _zero),),
    ),
    Variant(
        "best as seen",
        "the share taken off the best of few runs, and with it `settled`",
        ((price_table.Cell, "least_ns", lambda cell: cell.best_ns),),
    ),
    Variant("no doubt", "`doubt`: a price nobody can pay stays", ((CostModel, "doubt", _zero),)),
    Variant(
        "even doubt",
        "the two speeds of `doubt`",
        ((CostModel, "doubt", _doubt_evenly),),
    ),
    Variant(
        "unforgetting",
        "clearing the runs after a doubt that was right",
        ((cost, "Cell", Unforgetting),),
    ),
    Variant(
        "no trials",
        "trials: one question let through after seconds of silence",
        ((verdicts, "TRIAL_NS", NEVER_NS), (verdicts, "BOLD_TRIAL_NS", NEVER_NS)),
    ),
    Variant(
        "refused on guesses",
        "waiting for four answers before anybody is refused",
        ((forecast, "MIN_ENDED", 0),),
    ),
    Variant("no quorum", "waiting for two of three", ((policy, "_speaks_first", _speak_in_turns),)),
    Variant("any chunk", "`waste`: any chunk that fits fills a frame", ((policy, "WASTE", 1e9),)),
)


@contextmanager
def as_variant(variant: Variant) -> Iterator[None]:
    """Puts the replacements in place meanwhile."""
    with ExitStack() as stack:
        for owner, name, value in variant.replaced:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield
