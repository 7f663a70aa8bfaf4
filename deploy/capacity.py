"""How many cores serve how many NPCs: a model from measured figures, and its plot.

``python -m deploy.capacity bench_results/deploy.json --plot docs/plots/capacity.png``. The file
has the answers a second of some numbers of replicas, as ``deploy.load`` measures them. The model is
one division, and its assumptions are arguments. Invariant: only this division extrapolates.

It assumes that each NPC asks at random moments, independently of the others; that replicas share
nothing, so that their rates add up; that a replica may be busy for seven tenths of the time, since
beyond that answers queue up for longer than players wait; and that the memo recalls nothing, which
is too pessimistic for crowds of one persona.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["BUSY", "cores", "plot", "rates"]

BUSY = 0.7  # of the time
EVERY_S = (10.0, 60.0, 600.0)  # NPCs that talk; that go about; in the background
CROWDS = (100, 1_000, 10_000, 100_000, 1_000_000)


def cores(num_npcs: int, every_s: float, rate: float, busy: float = BUSY) -> int:
    """How many replicas of one core are needed.

    Args:
        num_npcs: How many NPCs.
        every_s: How often each asks.
        rate: Answers a second of one replica that never rests.
        busy: The share of the time for which it may be busy.

    >>> cores(1000, 10.0, rate=5.0, busy=0.5)
    40
    """
    return max(1, math.ceil(num_npcs / every_s / (rate * busy)))


def rates(results: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Answers a second of one replica at its best load, by the kind of answer."""
    best: dict[str, float] = {}
    for result in results:
        what, replicas = str(result["what"]), int(str(result["replicas"]))
        rate = float(str(result["answers_per_s"])) / replicas
        best[what] = max(rate, best.get(what, 0.0))
    return best


def plot(by_what: Mapping[str, float], out: Path) -> None:
    """Draws cores over NPCs, to a million of them."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.0, 4.5))
    crowds = [round(10 ** (2 + step / 10)) for step in range(41)]
    for (what, rate), style in zip(sorted(by_what.items()), ("-", "--", ":"), strict=False):
        for every_s, colour in zip(EVERY_S, ("tab:red", "tab:orange", "tab:green"), strict=True):
            needed = [cores(crowd, every_s, rate) for crowd in crowds]
            label = f"{what}, each NPC every {every_s:g} s"
            axes.plot(crowds, needed, style, color=colour, label=label)
    axes.set(xscale="log", yscale="log", xlabel="NPCs", ylabel="cores (replicas of one)")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=8)
    axes.set_title(f"Cores at {BUSY:.0%} busy, by the rates measured")
    figure.tight_layout()
    figure.savefig(out, dpi=120)


def main() -> None:
    """Prints a table, and draws the plot."""
    parser = argparse.ArgumentParser(prog="python -m deploy.capacity")
    parser.add_argument("results", type=Path, help="bench_results/deploy.json")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    by_what = rates(json.loads(options.results.read_text(encoding="utf-8"))["loads"])
    for what, rate in sorted(by_what.items()):
        print(f"{what}: {rate:.2f} answers a second of a replica")
        for every_s in EVERY_S:
            needed = (f"{crowd:,} NPCs: {cores(crowd, every_s, rate):,}" for crowd in CROWDS)
            print(f"  each every {every_s:g} s: {'; '.join(needed)}")
    if options.plot is not None:
        plot(by_what, options.plot)


if __name__ == "__main__":
    main()
