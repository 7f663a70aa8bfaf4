"""What each notion of pricing is worth: replays with one of them switched off, or made plainer.

    python -m tools.bench.price_variants --times bench_results/steps-quiet.json \
        --times bench_results/steps-busy.json --remembered bench_results/steps-busy.json

The plays are those of ``refusals``, over few loads: steps measured beforehand, prices that are
remembered from a busier machine, and neither. The result, ``bench_results/price-variants.json``,
has a row for each variant and machine. The product is replayed with several seeds; what a variant
changes by less than they differ among themselves is nothing that can be seen here. Invariant: a
variant is the product but for one notion, and is gone when its plays are over.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partialmethod
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple
from unittest import mock

from rich.console import Console
from rich.progress import track
from rich.table import Table

from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.commands.bench.frame_log import quantile
from npcbrain.engine.contract import Kind
from npcbrain.pricing import cost, price_table
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling import forecast, policy, scheduler
from tools.bench.record import RESULTS, surroundings
from tools.bench.refusals import Cell, Frame, Play, judge
from tools.bench.step_times import StepTimes

__all__ = ["AS_IT_IS", "COLUMNS", "LOADS", "VARIANTS", "Load", "Variant", "compared", "measured"]

NEVER_NS = 1 << 62
NUM_MEASURED = 3  # runs of each shape before the first frame
MAX_SHADOWS = 3  # refusals of a play that are looked into
TAUGHT_NS = 3 * NS_PER_S  # of play, on the machine whose prices are remembered
COLUMNS = ("p99_ms", "p999_ms", "worst_ms", "used", "decided", "false_refusals", "late")


class Load(NamedTuple):
    """One load, and what is known of prices when it begins."""

    cell: Cell
    start: str  # "measured", "remembered" or "unknown"


LOADS = (
    Load(Cell(1, 60, 4.0), "measured"),
    Load(Cell(8, 60, 2.0), "measured"),
    Load(Cell(16, 60, 4.0), "measured"),
    Load(Cell(16, 144, 1.0), "measured"),
    Load(Cell(48, 30, 8.0), "measured"),
    Load(Cell(2, 60, 1.0), "remembered"),
    Load(Cell(12, 60, 4.0), "remembered"),
    Load(Cell(4, 60, 1.0), "unknown"),
    Load(Cell(12, 60, 4.0), "unknown"),
)


class Variant(NamedTuple):
    """The product, but for what is put in another's place: an owner, a name and what it becomes."""

    name: str
    without: str
    replaced: tuple[tuple[object, str, object], ...] = ()


class PlainQuantile(price_table.Cell):
    """A price is the quantile: nothing on top for few runs or surprises, and no ceiling."""

    def observe(self, took_ns: int, ranks: tuple[int, ...]) -> None:
        """See ``Cell``."""
        super().observe(took_ns, ranks)
        self.price_ns = self._sorted[ranks[len(self._sorted)]]


class NoSurprise(price_table.Cell):
    """A run far past its price does not raise it."""

    # What the class it derives from keeps there is never more than nothing.
    _extra_ns = property(lambda self: 0, lambda self, extra_ns: None)  # type: ignore[assignment]


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
    Variant("no surprise", "`extra`: a run far past its price", ((cost, "Cell", NoSurprise),)),
    Variant(
        "plain quantile",
        "cap, `extra` and the margin of few runs at once",
        ((cost, "Cell", PlainQuantile),),
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
        ((scheduler, "TRIAL_NS", NEVER_NS), (scheduler, "BOLD_TRIAL_NS", NEVER_NS)),
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


def measured(
    variant: Variant,
    times: StepTimes,
    taught_by: StepTimes,
    loads: Sequence[Load],
    *,
    seed: int = 0,
    played_ns: int = 10 * NS_PER_S,
) -> dict[str, float]:
    """A row: plays all loads under one variant.

    Args:
        variant: What is switched off.
        times: Of the machine.
        taught_by: Of the machine, in an earlier hour, whose prices are remembered.
        loads: What is played.
        seed: Other seeds give other draws.
        played_ns: How long each is played.
    """
    frames: list[Frame] = []
    asked = decided = false = late = 0.0
    with as_variant(variant):
        for load in loads:
            table = _taught(load.cell, taught_by) if load.start == "remembered" else None

            def begin(
                exempt: int | None, load: Load = load, table: list[list[int]] | None = table
            ) -> Play:
                prices = None
                if table is not None:
                    prices = CostModel()
                    prices.restore(table)
                return Play(
                    load.cell,
                    times,
                    exempt,
                    prices=prices,
                    measures=load.start != "unknown",
                    seed=seed,
                    played_ns=played_ns,
                )

            played, row = judge(begin, MAX_SHADOWS)
            frames += played.frames
            asked += row["asked"]
            decided += row["decided"]
            false += row["false_refusals"] * row["asked"]
            late += row["late"] * row["asked"]
    return _row(frames) | {
        "asked": asked,
        "decided": decided / max(1, asked),
        "false_refusals": false / max(1, asked),
        "late": late / max(1, asked),
    }


def _row(frames: Sequence[Frame]) -> dict[str, float]:
    """What became of budgets: overshoot where anything was done, use where there was more to do."""
    over_ns = sorted(frame.over_by_us_ns for frame in frames if frame.used_ns) or [0]
    hungry = [frame for frame in frames if frame.is_hungry]
    return {
        "p99_ms": quantile(over_ns, 0.99) / NS_PER_MS,
        "p999_ms": quantile(over_ns, 0.999) / NS_PER_MS,
        "worst_ms": over_ns[-1] / NS_PER_MS,
        "used": sum(f.used_ns for f in hungry) / max(1, sum(f.budget_ns for f in hungry)),
    }


def _taught(cell: Cell, times: StepTimes) -> list[list[int]]:
    """What a runtime remembers after a few seconds on a machine."""
    prices = CostModel()
    Play(cell, times, prices=prices, measures=False, played_ns=TAUGHT_NS).run()
    return prices.snapshot()


def compared(
    variants: Sequence[Variant],
    times: StepTimes,
    taught_by: StepTimes,
    *,
    loads: Sequence[Load],
    num_seeds: int,
    played_ns: int,
) -> list[dict[str, Any]]:
    """A row for each variant: means over the seeds, their spread, and what stands out.

    A column stands out where it differs from the product's by more than twice what chance would
    make of so many seeds.
    """
    rows: list[dict[str, Any]] = []
    for variant in track(variants, "variants"):
        plays = [
            measured(variant, times, taught_by, loads, seed=seed, played_ns=played_ns)
            for seed in range(num_seeds)
        ]
        means = {name: round(mean(play[name] for play in plays), 4) for name in plays[0]}
        spread = {name: round(stdev(play[name] for play in plays), 5) for name in COLUMNS}
        row = {"variant": variant.name, "without": variant.without, **means, "spread": spread}
        product = rows[0] if rows else row
        row["stands_out"] = [name for name in COLUMNS if _stands_out(row, product, name, num_seeds)]
        rows.append(row)
    return rows


def _stands_out(row: dict[str, Any], product: dict[str, Any], name: str, num_seeds: int) -> bool:
    chance = max(row["spread"][name], product["spread"][name]) * (2 / num_seeds) ** 0.5
    return bool(abs(row[name] - product[name]) > 2 * chance)


def show(rows: Sequence[dict[str, Any]], console: Console) -> None:
    """Prints a table; what stands out has a star."""
    table = Table("variant", *COLUMNS, box=None)
    for row in rows:
        cells = (f"{row[name]:.3f}{'*' * (name in row['stands_out'])}" for name in COLUMNS)
        table.add_row(row["variant"], *cells)
    console.print(table)


def main(argv: Sequence[str] | None = None) -> int:
    """Measures all variants on all machines, prints tables, keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=Path, action="append", required=True, metavar="FILE.json")
    parser.add_argument("--remembered", type=Path, required=True, metavar="FILE.json")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="at least 2")
    parser.add_argument("--seconds", type=int, default=10, metavar="N", help="of play, each")
    parser.add_argument("--only", nargs="*", metavar="VARIANT", help="beside the product itself")
    parser.add_argument("--out", type=Path, default=RESULTS / "price-variants.json")
    args = parser.parse_args(argv)
    if args.seeds < 2:
        parser.error("one seed has no spread; take 2 or more")
    console = Console(width=120)
    chosen = [one for one in VARIANTS if one is AS_IT_IS or not args.only or one.name in args.only]
    taught_by = _times_of(args.remembered)
    result: dict[str, Any] = {
        **surroundings(),
        "loads": [{**load.cell._asdict(), "start": load.start} for load in LOADS],
        "played_s": args.seconds,
        "seeds": args.seeds,
        "machines": {},
    }
    for path in args.times:
        rows = compared(
            chosen,
            _times_of(path),
            taught_by,
            loads=LOADS,
            num_seeds=args.seeds,
            played_ns=args.seconds * NS_PER_S,
        )
        result["machines"][path.stem] = rows
        console.print(path.stem)
        show(rows, console)
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def _times_of(path: Path) -> StepTimes:
    return StepTimes.of(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    raise SystemExit(main())
