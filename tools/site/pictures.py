"""Draws the pictures of the documentation site into ``docs/pictures``.

    python -m tools.site.pictures

Three drawings of how slicing works, and the trace that is kept beside them. It measures nothing.
Invariant: the same trace gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from tools.bench.plots import INK, LIMIT, OTHER, OURS, PALE, STYLE
from tools.bench.record import ROOT

__all__ = ["FOLDER", "PICTURES", "draw_all"]

FOLDER = ROOT / "docs" / "pictures"
TRACE = FOLDER / "trace.json"
TREES, FREE, HIS = "#0f766e", "#f1f5f9", "#7c3aed"
FRAME_MS = 16.67
WIDTH = 8.6  # inches; a page's column
SHOWN = range(116, 122)  # frames of the trace that are drawn
PANEL_MS = 4.9  # of a frame that is drawn: the game's own part of it is left out


def draw_frame() -> Figure:
    """What one frame's budget is spent on, and the step that does not start."""
    figure, axes = _canvas(2.6)
    _box(axes, 0, 6, 0, "the game's own work", OTHER)
    at = 6.0
    _box(axes, at, 0.35, 0, "", TREES)
    _note(axes, at + 0.17, -0.28, "trees", TREES)
    at += 0.35
    for name, took in (("step", 1.0), ("step", 0.8), ("step", 0.85)):
        _box(axes, at, took, 0, name, OURS)
        at += took
    _box(axes, at, 1.45, 0, "no room", "white", edge=OURS, dashed=True, ink=OURS)
    axes.axvline(10.0, color=LIMIT, linewidth=1.4, ymin=0.18, ymax=0.78)
    _note(axes, 10.0, 1.32, "the budget of 4 ms ends", LIMIT)
    _note(
        axes,
        10.8,
        0.5,
        "this step may take 1.45 ms:\nit waits for the next frame",
        INK,
        left=True,
    )
    axes.axvline(FRAME_MS, color=PALE, linewidth=1.4, ymin=0.18, ymax=0.78)
    _note(axes, FRAME_MS, 1.32, "16.7 ms", PALE)
    _bracket(axes, 6.0, at, "update()")
    axes.set(xlim=(-0.1, 17.6), ylim=(-0.75, 1.7), title="One frame")
    return figure


def draw_token() -> Figure:
    """One token that spans four frames."""
    figure, axes = _canvas(2.5)
    segment = 0
    for frame in range(4):
        left = 5.2 * frame
        _box(axes, left, 4.8, 0, "", FREE)
        _note(axes, left + 2.4, 1.15, f"frame {frame + 1}", PALE)
        for place in range(4):
            if segment > 13:
                break
            name, colour = ("head", LIMIT) if segment == 13 else (str(segment), OURS)
            _box(axes, left + 0.15 + 1.13 * place, 1.05, 0, name, colour, shrink=0.14)
            segment += 1
        if frame < 3:
            axes.annotate(
                "", (left + 5.35, 0.5), (left + 4.62, 0.5), arrowprops={"arrowstyle": "->"}
            )
    _note(axes, 5.0, -0.32, "between two steps the hidden states wait in memory", INK)
    _note(axes, 18.0, -0.32, "logits, mask, one token", LIMIT)
    axes.set(xlim=(-0.2, 20.8), ylim=(-0.7, 1.6), title="One token: 13 layers and the head")
    return figure


def draw_schedules() -> Figure:
    """Two schedules of the same two questions, and the same two answers."""
    figure, axes = _canvas(4.3)
    spells = {
        "alone, 4 ms a frame": [("A", 3), ("A", 3), ("A", 3), ("A", 2), ("B", 3), ("B", 3)],
        "together, 2 ms a frame": [("A", 1), ("AB", 1), ("AB", 2), ("A", 1), ("AB", 2), ("B", 1)],
    }
    colours = {"A": OURS, "B": HIS, "AB": PALE}
    for row, (name, frames) in enumerate(spells.items()):
        level = 3.3 - 1.7 * row
        _note(axes, 0, level + 1.15, name, INK, left=True)
        for place, (who, count) in enumerate(frames):
            left = 2.6 * place
            _box(axes, left, 2.4, level, "", FREE)
            for number in range(count):
                label = "A+B" if who == "AB" else who
                _box(
                    axes, left + 0.08 + 0.77 * number, 0.7, level, label, colours[who], shrink=0.14
                )
    for row, (name, words, colour) in enumerate(
        (
            ("A", ["There", "are", "beans", "in", "the", "stew", "."], OURS),
            ("B", ["Not", "before", "noon", ",", "dear", "."], HIS),
        )
    ):
        level = 0.35 - 0.95 * row
        _note(axes, 0.25, level + 0.3, name, colour)
        for place, word in enumerate(words):
            _box(axes, 0.7 + 1.75 * place, 1.65, level - 0.1, word, "white", edge=colour, ink=INK)
    _note(axes, 13.2, 0.35, "the same tokens,\nto the last bit", INK, left=True)
    axes.set(xlim=(-0.1, 16.2), ylim=(-0.9, 5.0), title="Two schedules, the same answers")
    return figure


def draw_trace() -> Figure:
    """Some frames of the trace that is kept, as a viewer of traces shows them."""
    events = json.loads(TRACE.read_text(encoding="utf-8"))["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    frames = {event["name"]: event for event in spans if event["tid"] == 1}
    shown = [frames[f"frame {number}"] for number in SHOWN]
    steps = [event for event in spans if event["tid"] == 2]
    figure, axes = _canvas(2.6)
    for place, frame in enumerate(shown):
        left = place * PANEL_MS
        took, about = frame["dur"] / 1e3, frame["args"]
        _box(axes, left, took, 1.2, frame["name"], OTHER)
        axes.plot([left + about["budget_ms"]] * 2, [0, 2.2], color=LIMIT, linewidth=1.2)
        for name in about["decisions"]:
            _note(axes, left + took / 2, 2.5, f"decided: {name}", INK)
        for step in steps:
            at, lasted = (step["ts"] - frame["ts"]) / 1e3, step["dur"] / 1e3
            if 0 <= at < took:
                colour = OURS if step["args"]["rows"] > 2 else HIS
                _box(axes, left + at, lasted, 0, step["name"].split()[1], colour)
    _note(axes, -0.3, 1.7, "frames", PALE, right=True)
    _note(axes, -0.3, 0.5, "steps", PALE, right=True)
    axes.set(xlim=(-2.2, len(shown) * PANEL_MS), ylim=(-0.2, 2.8))
    axes.set_title("Six frames of a trace, each with a budget of 4 ms (red)")
    return figure


PICTURES: dict[str, Callable[[], Figure]] = {
    "one-frame": draw_frame,
    "one-token": draw_token,
    "two-schedules": draw_schedules,
    "trace": draw_trace,
}


def draw_all(folder: Path = FOLDER) -> None:
    """Draws every picture into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        with plt.rc_context(STYLE):
            figure = draw()
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
            plt.close(figure)


def _canvas(height: float) -> tuple[Figure, Axes]:
    figure, axes = plt.subplots(figsize=(WIDTH, height))
    axes.grid(visible=False)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def _box(
    axes: Axes,
    left: float,
    width: float,
    level: float,
    text: str,
    colour: str,
    *,
    edge: str = "white",
    ink: str = "white",
    dashed: bool = False,
    shrink: float = 0.0,
) -> None:
    """A rounded box of height 1 with a word in it."""
    style: dict[str, Any] = {"linestyle": (0, (3, 2))} if dashed else {}
    height = 1 - 2 * shrink if edge == "white" else 0.8
    axes.add_patch(
        FancyBboxPatch(
            (left, level + (1 - height) / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=colour,
            edgecolor=edge,
            linewidth=1.2,
            **style,
        )
    )
    axes.text(left + width / 2, level + 0.48, text, color=ink, ha="center", va="center", fontsize=9)


def _note(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    left: bool = False,
    right: bool = False,
) -> None:
    side = "left" if left else "right" if right else "center"
    axes.text(x, y, text, color=colour, fontsize=10, ha=side, va="center", linespacing=1.3)


def _bracket(axes: Axes, left: float, right: float, text: str) -> None:
    axes.plot([left, left, right, right], [-0.42, -0.5, -0.5, -0.42], color=INK, linewidth=1.2)
    _note(axes, (left + right) / 2, -0.66, text, INK)


def main() -> None:
    """Draws them where the site has them."""
    draw_all()
    print(f"drew {len(PICTURES)} pictures into {FOLDER.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
