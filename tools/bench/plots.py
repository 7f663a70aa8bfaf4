"""Draws the plots of ``docs/figures.md``, and writes that page, from the kept results.

    python -m tools.bench.plots

Reads ``bench_results``, measures nothing; a plot whose results are missing is left out, with a
message. Invariant: the same results give the same bytes, and each caption names the machine, the
date and the commit of its figures.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from npcbrain.commands.frame_clock import FRAME_NS
from tools.bench.page_tables import origin, peers_table, ways_table
from tools.bench.record import RESULTS, ROOT

__all__ = ["PLOTS", "Plot", "draw_all", "main"]

PAGE = ROOT / "docs" / "figures.md"
FOLDER = "plots"  # beside the page
PEERS = "peers.json"
FRAME_MS = FRAME_NS / 1e6
FRAMES_A_MINUTE = 3600
SIZE = (5.2, 3.3)  # inches; drawn for half the width of a README, so the letters are large

INK, PALE, GRID = "#1f2430", "#6b7280", "#e5e7eb"
OURS, OTHER, LIMIT = "#d9480f", "#94a3b8", "#b91c1c"
STYLE: dict[str, Any] = {
    "figure.figsize": SIZE,
    "figure.facecolor": "white",  # or else the letters would not show on a dark page
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 11.5,
    "text.color": INK,
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "axes.titlesize": 12.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "xtick.color": PALE,
    "ytick.color": PALE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 2.2,
    "lines.markersize": 6,
    "svg.fonttype": "path",
    "svg.hashsalt": "npcbrain",
}


class Plot(NamedTuple):
    """One picture.

    Attributes:
        name: The name of its file.
        needs: The result files that it reads.
        draw: Draws it from their contents, in that order; returns its caption.
    """

    name: str
    needs: tuple[str, ...]
    draw: Callable[..., tuple[Figure, str]]


def draw_frame_times(record: dict[str, Any], frames: dict[str, list[float]]) -> tuple[Figure, str]:
    """Histogram of frame times, with npcbrain and without."""
    figure, axes = plt.subplots()
    end = min(40.0, max(FRAME_MS * 1.45, *frames["on_ms"], *frames["off_ms"]))
    bins = np.arange(0, end + 0.5, 0.25)
    top = axes.get_xaxis_transform()  # x in milliseconds, y in shares of the height
    for column, colour, label, front in (
        ("off_ms", OTHER, "without", 1),
        ("on_ms", OURS, "with npcbrain", 2),
    ):
        times = np.minimum(frames[column], bins[-1] - 0.01)  # the rest is in the last bar
        axes.hist(times, bins, color=colour, alpha=0.75, zorder=front, label=label)
        p99 = float(np.quantile(frames[column], 0.99, method="higher"))
        axes.axvline(p99, color=colour, linewidth=1.4, linestyle=(0, (2, 2)), zorder=front)
        axes.text(p99 + 0.2, 0.96, "p99", color=colour, fontsize=10, transform=top, va="top")
    axes.axvline(FRAME_MS, color=LIMIT, linewidth=1.4)
    axes.text(
        FRAME_MS + 0.2, 0.96, "60\na second", color=LIMIT, va="top", fontsize=10, transform=top
    )
    axes.set_yscale("log")
    axes.set(
        xlabel="milliseconds of a frame",
        ylabel="frames",
        title="Frame times",
        xlim=(0, None),
        xticks=range(0, int(bins[-1]) + 1, 5),
        ylim=(0.7, 10 * axes.get_ylim()[1]),
    )
    axes.legend(
        frameon=False, loc="upper right", bbox_to_anchor=(1.0, 0.82), handlelength=0.9, fontsize=10
    )
    result = record["result"]
    return figure, (
        f"{result['npcs']} NPCs talked to without end, {result['budget_ms']:g} ms a frame for "
        f"npcbrain, {result['game_ms']:g} ms of game work, {result['frames']} frames each way: "
        f"frames over 16.67 ms: {result['hitches_on']} with npcbrain, {result['hitches_off']} "
        "without."
    )


def draw_budgets(record: dict[str, Any], alone: dict[str, Any]) -> tuple[Figure, str]:
    """Budget against answers a minute, with the chooser and without."""
    figure, axes = plt.subplots()
    for each, colour, name in (
        (record, OURS, "hearth"),
        (alone, PALE, "its language model alone"),
    ):
        budgets = [row["budget_ms"] for row in each["rows"]]
        minutes = each["frames"] / FRAMES_A_MINUTE
        answers = [row["decisions"] / minutes for row in each["rows"]]
        axes.plot(budgets, answers, "o-", color=colour)
        _name_line(axes, budgets, answers, name, colour, above=colour == PALE)
    axes.set(
        xlabel="milliseconds a frame for npcbrain",
        ylabel="answers a minute",
        title="What a budget buys",
        xlim=(0, None),
        ylim=(0, None),
    )
    return figure, "16 NPCs talked to without end, 60 frames a second: answers by the model."


def draw_slicing(record: dict[str, Any]) -> tuple[Figure, str]:
    """The model's speed in slices and in one piece."""
    rows = [row for row in record["rows"] if row["slicing_efficiency"] is not None]
    figure, axes = plt.subplots()
    budgets = [row["budget_ms"] for row in rows]
    whole = [row["tokens_per_s_unsliced"] for row in rows]
    sliced = [row["tokens_per_s_sliced"] for row in rows]
    axes.plot(budgets, whole, "o-", color=OTHER)
    axes.plot(budgets, sliced, "o-", color=OURS)
    axes.fill_between(budgets, sliced, whole, color=OURS, alpha=0.1, linewidth=0)
    _name_line(axes, budgets, whole, "in one piece", PALE, above=True)
    _name_line(axes, budgets, sliced, "in slices", OURS)
    axes.set(
        xlabel="milliseconds a frame for npcbrain",
        ylabel="tokens a second",
        title="What slicing costs",
        xlim=(0, None),
        ylim=(0, 1.15 * max(whole, default=1.0)),
    )
    shares = [row["slicing_efficiency"] for row in rows] or [0.0]
    return figure, (
        "Tokens a second of the language model's own time: the same questions answered in frames "
        "and in one piece, alternating in one run, with the same answers, bit for bit. In slices: "
        f"{min(shares):.0%} to {max(shares):.0%} of the speed in one piece."
    )


def draw_together(record: dict[str, Any]) -> tuple[Figure, str]:
    """The number of NPCs asked at once against their waits, in frames."""
    rows = record["rows"]
    figure, axes = plt.subplots()
    _draw_waits(axes, rows, "frames", 1)
    axes.set(
        xlabel="NPCs asked at once",
        ylabel="frames, 60 a second",
        title="Thinking side by side",
        xlim=(0, None),
        ylim=(0, None),
        xticks=[row["npcs"] for row in rows],
    )
    alone, last = rows[0], rows[-1]
    return figure, (
        f"Everybody is asked in the same frame, {alone['budget_ms']:g} ms a frame for "
        "npcbrain; lines are medians, bands reach to the 90th percentile. "
        f"{last['npcs']} answers take {last['all_frames'] / alone['all_frames']:.1f} times as long "
        "as one."
    )


def draw_crowds(record: dict[str, Any]) -> tuple[Figure, str]:
    """The number of NPCs against waiting and cost, one above the other."""
    rows = record["rows"]
    figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(SIZE[0], 4.8))
    npcs = [row["npcs"] for row in rows]
    _draw_waits(above, rows, "ms", 1000)
    above.set(ylabel="seconds", ylim=(0, None), title="Crowds: how long an answer takes")
    below.plot(npcs, [row["used_mean_ms"] for row in rows], "o-", color=OURS)
    below.plot(npcs, [row["trees_p50_ms"] for row in rows], "o-", color=OTHER)
    below.axhline(rows[0]["budget_ms"], color=LIMIT, linewidth=1.4)
    below.text(1, 0.98 * rows[0]["budget_ms"], "budget", color=LIMIT, va="top", fontsize=10)
    _name_line(below, npcs, [row["used_mean_ms"] for row in rows], "update", OURS)
    _name_line(below, npcs, [row["trees_p50_ms"] for row in rows], "of it trees", PALE, above=True)
    below.set(ylabel="ms a frame", xlabel="NPCs", ylim=(0, None), title="and what a frame costs")
    below.set_xscale("log")
    ticks = [n for n in (1, 4, 16, 64, 256, 1000) if npcs[0] <= n <= npcs[-1]]
    below.set_xticks(ticks, [f"{n}" for n in ticks])
    below.minorticks_off()
    last = rows[-1]
    share = last["by_model"] / max(1, last["by_model"] + last["by_tree"])
    return figure, (
        "Every NPC is spoken to each 20 seconds and waits 5 for the model; lines are medians, "
        f"bands reach to the 90th percentile. Of {last['npcs']} NPCs the model answers "
        f"{share:.0%}; the others' trees answer.{_idle_words(record)}"
    )


def _idle_words(record: dict[str, Any]) -> str:
    idle = record.get("idle")
    if idle is None:
        return ""
    return f" {idle['npcs']} that nobody talks to cost {idle['used_mean_ms']:.2f} ms a frame."


def draw_ways(record: dict[str, Any]) -> tuple[Figure, str]:
    """The ways of the field: p99 and worst frame of each."""
    rows = record["ways"][::-1]
    figure, axes = plt.subplots(figsize=(SIZE[0], 0.46 * len(rows) + 1.1))
    end = 4 * FRAME_MS  # ways that miss every frame would leave the others no room
    for place, row in enumerate(rows):
        colour = OURS if row["way"].startswith("npcbrain") else OTHER
        p99, worst = row["frame_p99_ms"], row["frame_max_ms"]
        if p99 > end:
            text = f"p99 {p99:.0f}, worst {worst:.0f} ms \N{RIGHTWARDS ARROW}"
            axes.text(end, place, text, color=colour, fontsize=10, ha="right", va="center")
            continue
        axes.plot([p99, worst], [place, place], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([p99], [place], "o", color=colour, markersize=8)
    axes.axvline(FRAME_MS, color=LIMIT, linewidth=1.4, zorder=0)
    labels = [row["way"].replace(" in the background", "\nin background") for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=10, linespacing=0.95)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color=GRID)
    axes.set(xlabel="ms: p99 (dot) to worst", xlim=(0, end))
    figure.suptitle(
        "Ways to run a model in a game", x=0.02, ha="left", fontsize=12.5, weight="bold"
    )
    return figure, (
        f"{record['npcs']} NPCs asked in rounds, {record['game_ms']:g} ms of game work; the line "
        "marks 60 frames a second."
    )


PLOTS = (
    Plot("frame-times", ("frames-4ms.json", "frames-4ms.csv"), draw_frame_times),
    Plot("budgets", ("sweep-budget.json", "sweep-budget-alone.json"), draw_budgets),
    Plot("slicing", ("sweep-budget-alone.json",), draw_slicing),
    Plot("together", ("sweep-together.json",), draw_together),
    Plot("crowds", ("sweep-npcs.json",), draw_crowds),
    Plot("ways", ("ways.json",), draw_ways),
)


def draw_all(results: Path, page: Path, plots: Sequence[Plot] = PLOTS) -> list[str]:
    """Draws what can be drawn and writes the page.

    Returns:
        A line for each plot or table left out, with the file it lacks.
    """
    folder = page.parent / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    left_out = []
    lines = ["# Figures", "", "Drawn by `python -m tools.bench.plots` from `bench_results`."]
    for plot in plots:
        missing = [name for name in plot.needs if not (results / name).is_file()]
        if missing:
            left_out.append(f"{plot.name} left out: no {', '.join(missing)} in {results}")
            continue
        contents = [_read(results / name) for name in plot.needs]
        with _styled():
            figure, caption = plot.draw(*contents)
            figure.savefig(folder / f"{plot.name}.svg", metadata={"Date": None, "Creator": None})
            plt.close(figure)
        lines += ["", f"![{caption}]({FOLDER}/{plot.name}.svg)", "", caption, origin(contents[0])]
        if plot.draw is draw_ways:
            lines += ["", *ways_table(contents[0])]
    peers = results / PEERS
    if peers.is_file():
        lines += ["", "## The same weights in llama.cpp", "", *peers_table(_read(peers))]
    else:
        left_out.append(f"the table of peers left out: no {PEERS} in {results}")
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return left_out


@contextmanager
def _styled() -> Iterator[None]:
    with plt.rc_context(STYLE):
        yield


def _draw_waits(axes: Axes, rows: Sequence[dict[str, Any]], unit: str, scale: float) -> None:
    """Medians of the first word and of the whole answer, with bands up to the 90th percentile."""
    for what, colour, label in (
        ("first_word", OURS, "first word"),
        ("whole", PALE, "whole answer"),
    ):
        fields = (f"{what}_p50_{unit}", f"{what}_p90_{unit}")
        known = [row for row in rows if row[fields[0]] is not None]
        at = [row["npcs"] for row in known]
        p50, p90 = ([row[field] / scale for row in known] for field in fields)
        axes.plot(at, p50, "o-", color=colour, label=label)
        axes.fill_between(at, p50, p90, color=colour, alpha=0.12, linewidth=0)
    axes.legend(frameon=False, loc="upper left", handlelength=1.2, fontsize=10)


def _name_line(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float],
    name: str,
    colour: str,
    *,
    above: bool = False,
) -> None:
    """Writes a line's name at its end, in its colour: shorter to read than a legend."""
    if not x:
        return
    axes.annotate(
        name,
        (x[-1], (max if above else min)(y[-2:])),  # not on a line that slopes at its end
        (4, 7) if above else (4, -15),
        textcoords="offset points",
        color=colour,
        fontsize=10.5,
        ha="right",
    )


def _read(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return json.loads(text)
    header, *rows = csv.reader(text.splitlines())
    columns = zip(*([float(value) for value in row] for row in rows), strict=True)
    return {name: list(column) for name, column in zip(header, columns, strict=True)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 when a plot was left out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR")
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE.md")
    options = parser.parse_args(arguments)
    left_out = draw_all(options.results, options.page)
    for line in left_out:
        print(line)
    return 1 if left_out else 0


if __name__ == "__main__":
    raise SystemExit(main())
