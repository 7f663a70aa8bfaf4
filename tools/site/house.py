"""Draws the rooms of npcbrain on floors, and writes what was counted below the picture.

    python -m tools.site.house
    python -m tools.site.house FOLDER --name house-before

The first draws this checkout; the second another one, as ``git worktree add FOLDER COMMIT`` makes
it. The picture and its caption go to the page about the design. Invariant: the same sources give
the same bytes.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve
from matplotlib.textpath import TextPath

from tools.bench.plots import INK, LIMIT, PALE, STYLE
from tools.bench.record import ROOT
from tools.site.floors import Bend, Layout, Spot, lay_out
from tools.site.imports import House, circles, count_floors, reduced

__all__ = ["PAGE", "caption", "draw", "main", "write_caption"]

PAGE = ROOT / "docs" / "design.md"
FOLDER = "pictures"  # beside the page
WIDE, NARROW = (1000.0, 11.0), (760.0, 22.0)  # pixels, as all lengths: the picture, a gap
MARGIN = 34.0
HEADER = 62.0
PIXELS_AN_INCH = 100
LETTER, SMALL = 13.0, 11.0
PAD, BETWEEN = 7.0, 28.0
DOT, DOTS_A_ROW = 8.0, 12
ROOM, ROOM_EDGE, FILE_DOT = "#ecfdf5", "#0f766e", "#0f766e"
MANY = 50  # boxes that need the whole width
LEGEND = (
    "A green box is a sub-package, a dot in it a file; a white box is one file. Red: files that"
    " import each other.",
    "Arrows point down at what is imported, the wider the more often; those that follow from others"
    " are left out.",
)
ALONE, ALONE_EDGE, ARROW, FLOOR = "#ffffff", "#94a3b8", "#8492a6", "#f4f6f8"


class Box(NamedTuple):
    """What is drawn for a room."""

    name: str
    files: list[str]
    circles: list[list[str]]
    is_package: bool

    @property
    def lines(self) -> list[str]:
        """What is written below its name."""
        return [f"circle: {named(circle)}" for circle in self.circles]

    @property
    def num_rows(self) -> int:
        """Rows of dots, one for each file."""
        return -(-len(self.files) // DOTS_A_ROW) if self.is_package else 0

    @property
    def width(self) -> float:
        """Room for the name, the dots and what is written below."""
        wide = [length(self.name, LETTER), *(length(line, SMALL) for line in self.lines)]
        dots = min(len(self.files), DOTS_A_ROW) * DOT if self.is_package else 0
        return 2 * PAD + max(*wide, dots)

    @property
    def height(self) -> float:
        """The name, the rows of dots, and what is written below."""
        return LETTER + PAD * 1.5 + DOT * self.num_rows + (SMALL + 4) * len(self.lines)


def draw(house: House) -> Figure:
    """The rooms on their floors, with the arrows that do not follow from others."""
    within = circles(house.files)
    boxes = {
        room: Box(room, files, [c for c in within if set(c) <= set(files)], room in house.packages)
        for room, files in house.rooms.items()
    }
    widths = {room: box.width for room, box in boxes.items()}
    width, gap = WIDE if len(boxes) > MANY else NARROW
    layout = lay_out(reduced(house.graph), widths, width=width - 2 * MARGIN, gap=gap)
    bottoms, tops = levels(layout, boxes)
    height = tops[-1] + HEADER + 12
    figure = plt.figure(figsize=(width / PIXELS_AN_INCH, height / PIXELS_AN_INCH), layout="none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    write(
        axes,
        MARGIN,
        height - 20,
        f"npcbrain's imports: {summary(house)}",
        INK,
        15,
        left=True,
        weight="bold",
    )
    for place, line in enumerate(LEGEND):
        write(axes, MARGIN, height - 39 - 15 * place, line, PALE, SMALL, left=True)
    for floor, (bottom, top) in enumerate(zip(bottoms, tops, strict=True)):
        axes.axhspan(bottom - 5, top + 5, color=FLOOR, linewidth=0, zorder=0)
        write(axes, 13, (bottom + top) / 2, str(floor), PALE, SMALL)
    ends = ports(layout, boxes)
    for (upper, lower), way in layout.ways.items():
        thick = 0.7 + 0.45 * house.imports[upper, lower] ** 0.5
        draw_arrow(axes, way, layout, boxes, (bottoms, tops), ends[upper, lower], thick)
    for floor, row in enumerate(layout.floors):
        for spot in row:
            if isinstance(spot, str):
                middle = (bottoms[floor] + tops[floor]) / 2
                draw_box(axes, boxes[spot], MARGIN + layout.middles[spot], middle)
    return figure


def levels(layout: Layout, boxes: dict[str, Box]) -> tuple[list[float], list[float]]:
    """Bottom and top of each floor."""
    bottoms, tops = [], []
    at = 12.0
    for row in layout.floors:
        bottoms.append(at)
        tops.append(at + max(boxes[spot].height for spot in row if isinstance(spot, str)))
        at = tops[-1] + BETWEEN
    return bottoms, tops


def ports(layout: Layout, boxes: dict[str, Box]) -> dict[tuple[str, str], tuple[float, float]]:
    """Where each arrow leaves its upper box and meets its lower one, side by side."""
    leaves: dict[tuple[str, str], float] = {}
    meets: dict[tuple[str, str], float] = {}
    for name, box in boxes.items():
        for side, found in ((0, leaves), (1, meets)):
            mine = [pair for pair in layout.ways if pair[side] == name]
            nearest = {pair: layout.ways[pair][-2 if side else 1] for pair in mine}
            mine.sort(key=lambda pair, near=nearest: layout.middles[near[pair]])  # type: ignore[misc]
            step = min(14.0, (box.width - 2 * PAD) / max(1, len(mine)))
            for place, pair in enumerate(mine):
                shift = (place - (len(mine) - 1) / 2) * step
                found[pair] = MARGIN + layout.middles[name] + shift
    return {pair: (leaves[pair], meets[pair]) for pair in layout.ways}


def draw_arrow(
    axes: Axes,
    way: list[Spot],
    layout: Layout,
    boxes: dict[str, Box],
    heights: tuple[list[float], list[float]],
    ends: tuple[float, float],
    thick: float,
) -> None:
    """A smooth line from the upper box down to the lower one, upright where it passes a floor."""
    bottoms, tops = heights
    points: list[tuple[float, float]] = []
    floor_of = {spot: at for at, row in enumerate(layout.floors) for spot in row}
    for place, spot in enumerate(way):
        at = floor_of[spot]
        if isinstance(spot, Bend):
            x = MARGIN + layout.middles[spot]
            points += [(x, tops[at]), (x, bottoms[at])]
            continue
        middle, half = (bottoms[at] + tops[at]) / 2, boxes[spot].height / 2
        if place == 0:
            points += [(ends[0], middle - half), (ends[0], bottoms[at])]
        else:
            points += [(ends[1], tops[at]), (ends[1], middle + half + 3)]
    vertices, codes = [points[0]], [Curve.MOVETO]
    for place, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        if place % 2 == 0:  # upright, through a floor
            vertices.append((x1, y1))
            codes.append(Curve.LINETO)
        else:
            vertices += [(x0, (y0 + y1) / 2), (x1, (y0 + y1) / 2), (x1, y1)]
            codes += [Curve.CURVE4] * 3
    axes.add_patch(
        PathPatch(
            Curve(vertices, codes), facecolor="none", edgecolor=ARROW, linewidth=thick, zorder=1
        )
    )
    x, y = points[-1]
    axes.fill([x, x - 3.4, x + 3.4], [y - 3, y + 4, y + 4], color=ARROW, linewidth=0, zorder=3)


def draw_box(axes: Axes, box: Box, middle: float, level: float) -> None:
    """A rounded box with a name, a dot for each file, and its circles in red."""
    red = {name for circle in box.circles for name in circle}
    edge = LIMIT if red else ROOM_EDGE if box.is_package else ALONE_EDGE
    left, bottom = middle - box.width / 2, level - box.height / 2
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom),
            box.width,
            box.height,
            boxstyle="round,pad=0,rounding_size=5",
            facecolor=ROOM if box.is_package else ALONE,
            edgecolor=edge,
            linewidth=1.2 if box.is_package else 0.9,
            zorder=2,
        )
    )
    top = bottom + box.height
    write(axes, middle, top - PAD * 0.75 - LETTER / 2, box.name, INK, LETTER)
    if box.is_package:
        wide = min(len(box.files), DOTS_A_ROW) * DOT
        places = range(len(box.files))
        xs = [middle - wide / 2 + (place % DOTS_A_ROW + 0.5) * DOT for place in places]
        ys = [top - PAD - LETTER - (place // DOTS_A_ROW + 0.5) * DOT for place in places]
        for part, colour in (slice(len(red)), LIMIT), (slice(len(red), None), FILE_DOT):
            axes.plot(xs[part], ys[part], "o", color=colour, ms=4, markeredgewidth=0, zorder=3)
    for place, line in enumerate(reversed(box.lines)):
        write(axes, middle, bottom + PAD + 3 + (SMALL + 4) * place, line, LIMIT, SMALL)


def write(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str,
    size: float,
    *,
    left: bool = False,
    weight: str = "normal",
) -> None:
    """Words whose middle, or left end, is there; their size is in pixels."""
    axes.text(
        x,
        y,
        text,
        color=colour,
        fontsize=size * 72 / PIXELS_AN_INCH,
        fontweight=weight,
        ha="left" if left else "center",
        va="center_baseline",
        zorder=4,
    )


def length(text: str, size: float) -> float:
    """How long a word is."""
    return float(TextPath((0, 0), text, size=size).get_extents().width)


def summary(house: House) -> str:
    """What was counted, in a few words."""
    found = len(circles(house.files))
    told = f"{found} circle{'s' if found > 1 else ''}" if found else "no circle"
    return f"{len(house.files)} files, {count_floors(house.graph)} floors, {told}"


def caption(house: House) -> str:
    """What was counted, in a sentence."""
    found = circles(house.files)
    alone = len(house.rooms) - len(house.packages)
    told = f" ({'; '.join(named(circle) for circle in found)})" if found else ""
    return (
        f"{summary(house)}{told}: {len(house.packages)} sub-packages, and {alone} modules beside"
        " them."
    )


def named(modules: Sequence[str]) -> str:
    """The last parts of modules' names, in one line."""
    return ", ".join(module.rpartition(".")[2] for module in modules)


def write_caption(page: Path, name: str, text: str) -> None:
    """Puts the picture and what was counted where the page has a place for them."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    section = f"{begin}\n\n![{text}]({FOLDER}/{name}.svg)\n\n{text}\n\n{end}"
    old = page.read_text(encoding="utf-8")
    pattern = f"{re.escape(begin)}.*{re.escape(end)}"
    page.write_text(re.sub(pattern, lambda _: section, old, flags=re.DOTALL), encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    """Draws one checkout."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="a checkout")
    parser.add_argument("--name", default="house", help="the picture's name")
    parser.add_argument("--png", type=Path, help="draw it there instead, and change no page")
    wanted = parser.parse_args(argv)
    house = House.read(wanted.folder)
    if found := circles(house.graph):
        parser.error(f"rooms that import each other fit on no floors: {found}")
    with plt.rc_context(STYLE):
        figure = draw(house)
        if wanted.png:
            figure.savefig(wanted.png, dpi=PIXELS_AN_INCH)
        else:
            target = PAGE.parent / FOLDER / f"{wanted.name}.svg"
            figure.savefig(target, metadata={"Date": None, "Creator": None})
            write_caption(PAGE, wanted.name, caption(house))
        plt.close(figure)
    print(caption(house))


if __name__ == "__main__":
    main()
