"""What each notion of pricing is worth: replays with one of them switched off, or made plainer.

    python -m tools.bench.price_variants --times bench_results/steps-quiet.json \
        --times bench_results/steps-busy.json --remembered bench_results/steps-busy.json

The plays are those of ``refusals``, over few loads: steps measured beforehand, prices that are
remembered from a busier machine, and neither. The result, ``bench_results/price-variants.json``,
has a row for each variant and machine. The product is replayed with several seeds; what a variant
changes by less than they differ among themselves is nothing that can be seen here. Invariant: all
variants play the same loads with the same draws.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.commands.bench.frame_log import quantile
from npcbrain.pricing.cost import CostModel
from tools.bench.price_notions import AS_IT_IS, VARIANTS, Variant, as_variant
from tools.bench.record import RESULTS, surroundings
from tools.bench.refusals import Cell, Frame, Play, judge
from tools.bench.step_times import StepTimes

__all__ = ["COLUMNS", "LOADS", "Load", "compared", "measured"]

MAX_SHADOWS = 3  # refusals of a play that are looked into
TAUGHT_NS = 3 * NS_PER_S  # of play, on the machine whose prices are remembered
SLOWER = 3  # times the other machine's times: one that saves its battery, say
COLUMNS = ("p99_ms", "p999_ms", "worst_ms", "used", "decided", "false_refusals", "late")


class Load(NamedTuple):
    """One load, and what is known of prices when it begins."""

    cell: Cell
    start: str  # "measured", "remembered", "slower" (remembered from a slower one) or "unknown"


LOADS = (
    Load(Cell(1, 60, 4.0), "measured"),
    Load(Cell(6, 60, 4.0), "measured"),
    Load(Cell(16, 60, 8.0), "measured"),
    Load(Cell(3, 144, 2.0), "measured"),
    Load(Cell(2, 60, 1.5), "remembered"),
    Load(Cell(6, 60, 4.0), "remembered"),
    Load(Cell(2, 60, 1.5), "unknown"),
    Load(Cell(6, 60, 4.0), "unknown"),
)
# In these windows fill up, and what is wrong at first has the time to be put right.
FEW = (
    Load(Cell(1, 60, 4.0), "measured"),
    Load(Cell(4, 60, 4.0), "measured"),
    Load(Cell(2, 60, 1.0), "measured"),
    Load(Cell(4, 60, 4.0), "slower"),
)


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
            table = None
            if load.start in ("remembered", "slower"):
                table = _taught(load.cell, taught_by, SLOWER if load.start == "slower" else 1)

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


def _taught(cell: Cell, times: StepTimes, slowness: int) -> list[list[int]]:
    """What a runtime remembers after a few seconds on a machine, or on one so much slower."""
    prices = CostModel()
    times = replace(times, medians={name: slowness * ns for name, ns in times.medians.items()})
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
    parser.add_argument("--few", action="store_true", help="few loads, to be played for longer")
    args = parser.parse_args(argv)
    loads = FEW if args.few else LOADS
    if args.seeds < 2:
        parser.error("one seed has no spread; take 2 or more")
    console = Console(width=120)
    chosen = [one for one in VARIANTS if one is AS_IT_IS or not args.only or one.name in args.only]
    taught_by = _times_of(args.remembered)
    result: dict[str, Any] = {
        **surroundings(),
        "loads": [{**load.cell._asdict(), "start": load.start} for load in loads],
        "played_s": args.seconds,
        "seeds": args.seeds,
        "machines": {},
    }
    for path in args.times:
        rows = compared(
            chosen,
            _times_of(path),
            taught_by,
            loads=loads,
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
