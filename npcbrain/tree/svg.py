"""``svg``: a tree as a picture, with the last answers in colour.

It writes the text of the file itself: no drawing library, no fonts. Invariant: no name can break
the picture, wherever it comes from: names are escaped and cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from npcbrain.tree.node import NodeInfo
from npcbrain.tree.outline import GAME
from npcbrain.tree.status import Status

__all__ = ["svg"]

WIDTH, HEIGHT = 132, 40  # of a node's box
GAP_X, GAP_Y = 14, 34
MARGIN = 16
MAX_CHARS, MAX_SMALL_CHARS = 18, 24  # of the two lines of text in a box; about what fits
COLOURS = {
    Status.IDLE: ("#f4f1ea", "#b9b2a3"),
    Status.SUCCESS: ("#d5ecd4", "#4c9a52"),
    Status.FAILURE: ("#f3d3cc", "#c0574a"),
    Status.RUNNING: ("#fbe7b8", "#d4922a"),
    Status.SKIPPED: ("#e6e6ea", "#9a9aa6"),
}


def svg(nodes: Sequence[NodeInfo], statuses: Sequence[Status] | None = None) -> str:
    """The picture as the text of an SVG file.

    Args:
        nodes: ``Tree.nodes``.
        statuses: The last answer of each; all IDLE if None.

    >>> from npcbrain.clock import SystemClock
    >>> from npcbrain.tree import Fail, Selector, compile
    >>> tree = compile(Selector(Fail(), name="a < b"), None, SystemClock())
    >>> svg(tree.nodes).count("<rect"), "a &lt; b" in svg(tree.nodes)
    (2, True)
    """
    centres, num_columns = _layout(nodes)
    width = 2 * MARGIN + num_columns * (WIDTH + GAP_X) - GAP_X
    height = 2 * MARGIN + (max(node.depth for node in nodes) + 1) * (HEIGHT + GAP_Y) - GAP_Y
    numbers = {node.path: number for number, node in enumerate(nodes)}
    lines, boxes = [], []
    for number, node in enumerate(nodes):
        status = Status.IDLE if statuses is None else statuses[number]
        fill, edge = COLOURS[status]
        x, y = centres[number], MARGIN + node.depth * (HEIGHT + GAP_Y)
        parent = node.path.rpartition("/")[0]
        if parent:
            above = centres[numbers[parent]]
            middle = y - GAP_Y / 2
            strong = 1 if status is Status.IDLE else 2.5
            lines.append(
                f'<path d="M{above:g} {y - GAP_Y}V{middle:g}H{x:g}V{y}" fill="none" '
                f'stroke="{edge}" stroke-width="{strong}"/>'
            )
        boxes.append(
            f"<g><title>{escape(node.path)}: {status.name}</title>"
            f'<rect x="{x - WIDTH / 2:g}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="7" '
            f'fill="{fill}" stroke="{edge}" stroke-width="1.5"/>{_words(node, x, y)}</g>'
        )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" text-anchor="middle">',
            *lines,
            *boxes,
            "</svg>",
            "",
        ]
    )


def _words(node: NodeInfo, x: float, y: float) -> str:
    shown = _shown(node.name, MAX_CHARS)
    second = node.detail or ("" if node.kind in (node.name, *GAME) else node.kind)
    if not second:
        return f'<text x="{x:g}" y="{y + 25}" font-size="13" fill="#332f28">{shown}</text>'
    return (
        f'<text x="{x:g}" y="{y + 17}" font-size="13" fill="#332f28">{shown}</text>'
        f'<text x="{x:g}" y="{y + 32}" font-size="10" fill="#7a7466">'
        f"{_shown(second, MAX_SMALL_CHARS)}</text>"
    )


def _shown(text: str, limit: int) -> str:
    cut = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return escape("".join(char if char.isprintable() else " " for char in cut))


def _layout(nodes: Sequence[NodeInfo]) -> tuple[list[float], int]:
    """The centre of each box, and how many boxes stand side by side: a column for each leaf."""
    centres = [0.0] * len(nodes)
    children: dict[str, list[int]] = {}
    num_columns = 0
    for number in range(len(nodes) - 1, -1, -1):  # children come after their parents
        node = nodes[number]
        below = children.get(node.path)
        if below:
            centres[number] = (centres[below[0]] + centres[below[-1]]) / 2
        else:
            num_columns += 1
            centres[number] = -float(num_columns)
        children.setdefault(node.path.rpartition("/")[0], []).append(number)
    step = WIDTH + GAP_X
    return [MARGIN + WIDTH / 2 + (c + num_columns) * step for c in centres], num_columns
