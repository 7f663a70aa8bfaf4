"""Where the boxes of a layered drawing stand: few crossings, short and straight arrows.

The usual steps: nodes on floors, an order on each floor, a place for each. An arrow that passes a
floor has a bend there, which is ordered and placed like a box. Invariant: the same graph gives the
same layout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from tools.site.imports import Graph, floors

__all__ = ["Bend", "Layout", "lay_out"]

SWEEPS = 40
PULLS, ROUNDS = 200, 20
CLOSE = 0.6  # how near two arrows may come, in gaps


class Bend(NamedTuple):
    """Where the arrow from one node to another passes a floor."""

    upper: str
    lower: str
    floor: int


Spot = str | Bend


class Layout(NamedTuple):
    """Floors from the ground up, where things stand on them, and the way of each arrow."""

    floors: list[list[Spot]]
    middles: dict[Spot, float]
    ways: dict[tuple[str, str], list[Spot]]


def lay_out(graph: Graph, widths: Mapping[str, float], *, width: float, gap: float) -> Layout:
    """Finds a place for each node of a graph without circles, and for each of its arrows.

    Args:
        graph: Each node and those below it that it points to.
        widths: How wide each node is.
        width: How wide the drawing is, in the same unit.
        gap: What is free at least between two neighbours on a floor.
    """
    level = settled(graph)
    ways: dict[tuple[str, str], list[Spot]] = {}
    for upper, others in graph.items():
        for lower in sorted(others):
            between = range(level[upper] - 1, level[lower], -1)
            ways[upper, lower] = [upper, *(Bend(upper, lower, at) for at in between), lower]
    rows: list[list[Spot]] = [[] for _ in range(1 + max(level.values()))]
    for node in sorted(graph):
        rows[level[node]].append(node)
    above: dict[Spot, list[Spot]] = defaultdict(list)
    below: dict[Spot, list[Spot]] = defaultdict(list)
    for way in ways.values():
        for bend in way[1:-1]:
            rows[bend.floor].append(bend)  # type: ignore[union-attr]
        for one, other in pairwise(way):
            below[one].append(other)
            above[other].append(one)
    rows = ordered(rows, above, below)
    middles = placed(rows, above, below, widths, width, gap)
    straighten(rows, ways, middles, widths, width, gap)
    edges = [middles[one] + side * widths[one] / 2 for one in graph for side in (-1, 1)]
    edges += [middle for spot, middle in middles.items() if isinstance(spot, Bend)]
    shift = (width - min(edges) - max(edges)) / 2  # as much free on the left as on the right
    return Layout(rows, {spot: middle + shift for spot, middle in middles.items()}, ways)


def settled(graph: Graph) -> dict[str, int]:
    """The floor of each node: as low as can be, or higher where that makes arrows shorter."""
    level = floors(graph)
    importers: dict[str, set[str]] = {node: set() for node in graph}
    for upper, others in graph.items():
        for lower in others:
            importers[lower].add(upper)
    for _ in range(len(graph)):
        moved = False
        for node in sorted(graph, key=lambda one: -level[one]):
            highest = min((level[one] - 1 for one in importers[node]), default=level[node])
            if len(importers[node]) > len(graph[node]) and highest > level[node]:
                level[node], moved = highest, True
        if not moved:
            break
    return level


def ordered(
    rows: list[list[Spot]],
    above: Mapping[Spot, Sequence[Spot]],
    below: Mapping[Spot, Sequence[Spot]],
) -> list[list[Spot]]:
    """The order on each floor with the fewest crossings that sweeps up and down come upon."""
    best, fewest = rows, crossings(rows, below)
    current = rows
    for sweep in range(SWEEPS):
        up = sweep % 2 == 0
        neighbours = below if up else above
        current = [list(row) for row in current]
        for floor in range(len(rows)) if up else reversed(range(len(rows))):
            next_floor = floor - 1 if up else floor + 1
            if not 0 <= next_floor < len(rows):
                continue
            rank = {spot: place for place, spot in enumerate(current[next_floor])}
            row = current[floor]
            stays = {spot: place * len(rank) / len(row) for place, spot in enumerate(row)}
            row.sort(
                key=lambda spot, rank=rank, stays=stays: (  # type: ignore[misc]
                    sum(rank[one] for one in neighbours[spot]) / len(neighbours[spot])
                    if neighbours[spot]
                    else stays[spot]
                )
            )
        if (now := crossings(current, below)) < fewest:
            best, fewest = current, now
    return swapped(best, above, below)


def swapped(
    rows: list[list[Spot]],
    above: Mapping[Spot, Sequence[Spot]],
    below: Mapping[Spot, Sequence[Spot]],
) -> list[list[Spot]]:
    """Changes neighbours' places for as long as that saves a crossing."""
    rank = {spot: place for row in rows for place, spot in enumerate(row)}
    saved = True
    while saved:
        saved = False
        for row in rows:
            for place in range(len(row) - 1):
                left, right = row[place], row[place + 1]
                gain = sum(
                    (rank[a] > rank[b]) - (rank[a] < rank[b])
                    for side in (above, below)
                    for a in side[left]
                    for b in side[right]
                )
                if gain > 0:
                    row[place], row[place + 1] = right, left
                    rank[left], rank[right] = rank[right], rank[left]
                    saved = True
    return rows


def crossings(rows: list[list[Spot]], below: Mapping[Spot, Sequence[Spot]]) -> int:
    """How often arrows cross between floors."""
    found = 0
    for lower, upper in pairwise(rows):
        rank = {spot: place for place, spot in enumerate(lower)}
        ends = [place for spot in upper for place in sorted(rank[one] for one in below[spot])]
        found += sum(a > b for at, b in enumerate(ends) for a in ends[:at])
    return found


def placed(
    rows: list[list[Spot]],
    above: Mapping[Spot, Sequence[Spot]],
    below: Mapping[Spot, Sequence[Spot]],
    widths: Mapping[str, float],
    width: float,
    gap: float,
) -> dict[Spot, float]:
    """The middle of each spot: near its neighbours above and below, in order, without overlap."""

    def half(spot: Spot) -> float:
        return widths[spot] / 2 if isinstance(spot, str) else 0.0

    middles: dict[Spot, float] = {}
    for row in rows:
        middles |= {spot: width * (place + 0.5) / len(row) for place, spot in enumerate(row)}
    for sweep in range(PULLS):
        for row in rows if sweep % 2 else reversed(rows):
            offsets = [half(row[0])]
            for left, right in pairwise(row):
                apart = gap if isinstance(left, str) or isinstance(right, str) else gap * CLOSE
                offsets.append(offsets[-1] + half(left) + half(right) + apart)
            free = max(0.0, width - offsets[-1] - half(row[-1]))
            wishes, weights = [], []
            for spot, offset in zip(row, offsets, strict=True):
                near = [middles[one] for one in (*above[spot], *below[spot])] or [middles[spot]]
                wishes.append(sum(near) / len(near) - offset)
                weights.append(len(near))
            for spot, offset, shift in zip(row, offsets, rising(wishes, weights), strict=True):
                middles[spot] = offset + min(max(shift, 0.0), free)
    return middles


def straighten(
    rows: list[list[Spot]],
    ways: Mapping[tuple[str, str], list[Spot]],
    middles: dict[Spot, float],
    widths: Mapping[str, float],
    width: float,
    gap: float,
) -> None:
    """Puts the bends of each arrow upon each other, as many in a row as neighbours leave free."""
    free: dict[Spot, tuple[Spot | None, Spot | None]] = {}
    for row in rows:
        free |= zip(row, zip([None, *row], [*row[1:], None], strict=False), strict=False)

    def limits(bend: Spot) -> tuple[float, float]:
        left, right = free[bend]
        return (
            edge(left, middles, widths, gap, 1) if left else 0.0,
            edge(right, middles, widths, gap, -1) if right else width,
        )

    for _ in range(ROUNDS):
        for way in ways.values():
            run: list[Spot] = []
            low, high = 0.0, 0.0
            for bend in [*way[1:-1], None]:
                lowest, highest = limits(bend) if bend else (0.0, 0.0)
                if run and (bend is None or max(low, lowest) > min(high, highest)):
                    wish = sum(middles[one] for one in run) / len(run)
                    middles |= dict.fromkeys(run, min(max(wish, low), high))
                    run = []
                if bend:
                    low = max(low, lowest) if run else lowest
                    high = min(high, highest) if run else highest
                    run.append(bend)


def edge(
    spot: Spot, middles: Mapping[Spot, float], widths: Mapping[str, float], gap: float, side: int
) -> float:
    """How near a bend may come to its neighbour, on whose right (1) or left (-1) side it is."""
    apart = widths[spot] / 2 + gap if isinstance(spot, str) else gap * CLOSE
    return middles[spot] + side * apart


def rising(wishes: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The numbers nearest to the wishes, by weighted squares, of which none falls."""
    blocks: list[tuple[float, float, int]] = []
    for wish, weight in zip(wishes, weights, strict=True):
        block = (wish, weight, 1)
        while blocks and blocks[-1][0] > block[0]:
            mean, heavy, count = blocks.pop()
            total = heavy + block[1]
            block = ((mean * heavy + block[0] * block[1]) / total, total, count + block[2])
        blocks.append(block)
    return [mean for mean, _, count in blocks for _ in range(count)]
