"""A behaviour tree at work: each node in the colour of its answer.

A node that answered stays lit for a moment, so that an answer of one tick can be seen. Invariant:
it reads the tree and never ticks it; a frame in which no answer changed paints nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pygame

from demo_game.drawing import palette
from demo_game.drawing.fonts import Fonts
from demo_game.drawing.glyphs import Glyphs, tinted
from demo_game.drawing.palette import Colour, mix
from demo_game.panels.tree_layout import CHIP, GLYPH, ROW, Box, Layout, lay_out
from npcbrain.tree import NodeInfo, Status, Tree

__all__ = ["MODEL_NODES", "TREE_NODES", "TreeView"]

FADE_FRAMES = (3, 16, 32)  # after an answer, when it is shown more and more dimly
GOLD: Colour = (255, 208, 112)
GREEN: Colour = (118, 184, 128)
RED: Colour = (206, 112, 108)
DIM: Colour = (150, 142, 152)
LINE: Colour = (78, 71, 86)
MODEL_NODES = frozenset({"Decide", "Act"})  # leaves in which the model is in charge
TREE_NODES = frozenset({"CannedReply", "Reflex"})
STEPS = 24  # of the bar that shows how much of its time a thought has used


def _told(node: NodeInfo, read: Mapping[str, object]) -> NodeInfo:
    """A node with the current value of a setting that is on the blackboard."""
    value = read.get(node.detail[1:-1]) if node.detail.startswith("{") else None
    return node if value is None else node._replace(detail=str(value))


@dataclass(frozen=True, slots=True)
class Tint:
    """The colours of one node."""

    fill: Colour
    rim: Colour
    ink: Colour
    soft: Colour


class TreeView:
    """The picture of one tree.

    Args:
        fonts: The game's.
        glyphs: The game's.
        width: Pixels there are.
        height: Pixels there are; nodes that do not fit are counted, not shown.
    """

    def __init__(self, fonts: Fonts, glyphs: Glyphs, width: int, height: int) -> None:
        self._fonts = fonts
        self._glyphs = glyphs
        self._width = width
        self._max_height = height
        self._tree: Tree | None = None
        self._nodes: tuple[object, ...] = ()
        self._layout = Layout((), (), 0)
        self._shown: list[Status] = []
        self._ages: list[int] = []
        self._levels: list[int] = []
        self._words: dict[tuple[str, bool, Colour], pygame.Surface] = {}
        self._bar = 0
        self._read: dict[str, object] = {}  # entries of the blackboard, as they were last shown

    @property
    def height(self) -> int:
        """Of the picture."""
        return min(self._layout.height, self._max_height)

    def look(self, tree: Tree, used: float) -> bool:
        """Takes in the answers of a tick.

        Args:
            tree: The tree.
            used: The share of a thought's time that is over; 0 without a thought.

        Returns:
            Whether there is anything to paint.
        """
        changed = False
        if (
            tree is not self._tree
            or tree.nodes is not self._nodes
            or any(tree.blackboard.get(key) != value for key, value in self._read.items())
        ):
            self._begin(tree)
            changed = True
        bar = min(STEPS, int(used * STEPS + 0.999))
        if bar != self._bar:
            self._bar, changed = bar, True
        for number, (_, status) in enumerate(tree.statuses):
            if status is not Status.IDLE:
                self._ages[number] = 0
                if self._shown[number] is not status or self._levels[number]:
                    self._shown[number], self._levels[number] = status, 0
                    changed = True
            elif self._shown[number] is not Status.IDLE:
                age = self._ages[number] = self._ages[number] + 1
                level = sum(age > frames for frames in FADE_FRAMES)
                if level == len(FADE_FRAMES):
                    self._shown[number], level = Status.IDLE, 0
                    changed = True
                elif level != self._levels[number]:
                    changed = True
                self._levels[number] = level
        return changed

    def middles(self, kinds: frozenset[str]) -> list[int]:
        """The heights at which nodes of these kinds stand, from the picture's top."""
        tree = self._tree
        if tree is None:
            return []
        boxes = [box for box in self._layout.boxes if tree.nodes[box.number].kind in kinds]
        return [box.middle for box in boxes if box.y + box.height <= self._max_height]

    def right_at(self, y: int) -> int:
        """The right end of the row at a height."""
        boxes = [box for box in self._layout.boxes if box.y <= y < box.y + box.height]
        return max((box.x + box.width for box in boxes), default=0)

    def paint(self, sheet: pygame.Surface, left: int, top: int) -> None:
        """Paints the tree as it was last looked at."""
        for guide in self._layout.guides:
            if guide.bottom > self._max_height:
                continue
            lit = [n for n in guide.children if self._shown[n] is Status.RUNNING]
            colour = mix(LINE, GOLD, 0.75) if lit else LINE
            x, y = left + guide.x, top + guide.bottom
            if not lit:
                pygame.draw.line(sheet, colour, (x, top + guide.top), (x, y))
            pygame.draw.line(sheet, colour, (x, y), (left + guide.right - 2, y))
        for guide in self._layout.guides:  # lit lines on top
            if guide.bottom <= self._max_height and any(
                self._shown[n] is Status.RUNNING for n in guide.children
            ):
                x = left + guide.x
                lit_line = mix(LINE, GOLD, 0.75)
                pygame.draw.line(sheet, lit_line, (x, top + guide.top), (x, top + guide.bottom))
        hidden = 0
        for box in self._layout.boxes:
            if box.y + box.height > self._max_height:
                hidden += 1 + len(box.wraps)
                continue
            if box.is_branch:
                self._row(sheet, box, left, top)
            else:
                self._chip(sheet, box, left, top)
        if hidden:
            more = self._word(f"and {hidden} more", True, DIM)
            sheet.blit(more, (left + self._width - more.get_width(), top + self._max_height))

    def _begin(self, tree: Tree) -> None:
        is_other = tree is not self._tree or tree.nodes is not self._nodes
        self._tree, self._nodes = tree, tree.nodes
        fonts, board = self._fonts, tree.blackboard
        keys = [node.detail[1:-1] for node in tree.nodes if node.detail.startswith("{")]
        self._read = {key: board.get(key) for key in keys}
        self._layout = lay_out(
            [_told(node, self._read) for node in tree.nodes],
            self._width,
            lambda text, bold: (fonts.label if bold else fonts.small).size(text)[0],
        )
        if is_other:
            self._shown = [Status.IDLE] * len(tree.nodes)
            self._ages = [0] * len(tree.nodes)
            self._levels = [0] * len(tree.nodes)
        self._words = {}

    def _row(self, sheet: pygame.Surface, box: Box, left: int, top: int) -> None:
        x, y = left + box.x, top + box.y + (ROW - GLYPH) // 2
        for number in (*box.wraps, box.number):
            tint = self._tint(number)
            kind = self._kind(number)
            sheet.blit(self._glyphs.sign(kind, tint.ink, tint.fill), (x, y))
            x += GLYPH
        if box.name:
            word = self._word(box.name, False, self._tint(box.number).ink)
            sheet.blit(word, (x + 5, top + box.y + (ROW - word.get_height()) // 2))

    def _chip(self, sheet: pygame.Surface, box: Box, left: int, top: int) -> None:
        tint = self._tint(box.number)
        x, y = left + box.x, top + box.y
        if not box.leads:
            self._step(sheet, box, x - 5, top + box.middle)
        sheet.blit(self._glyphs.pill(box.width, CHIP, tint.fill, tint.rim), (x, y))
        if self._bar and self._kind(box.number) == "Decide":
            length = (box.width - 16) * self._bar // STEPS
            pygame.draw.rect(sheet, palette.lighter(palette.TEAL, 0.4), (x + 8, y + 14, length, 2))
        x += 7
        for number in box.wraps:
            wrap = self._tint(number)
            sheet.blit(self._glyphs.sign(self._kind(number), wrap.ink, tint.fill), (x - 2, y + 1))
            x += GLYPH
        word = self._word(box.name, True, tint.ink)
        room = left + box.x + box.width - x - 5
        sheet.blit(word, (x, y + (CHIP - word.get_height()) // 2), (0, 0, room, CHIP))
        if box.detail:
            x += word.get_width() + 5
            detail = self._word(box.detail, True, tint.soft)
            sheet.blit(detail, (x, y + (CHIP - detail.get_height()) // 2))

    def _step(self, sheet: pygame.Surface, box: Box, x: int, y: int) -> None:
        """The mark between two leaves: the second comes after the first, or instead of it."""
        kind = self._kind(box.parent) if box.parent >= 0 else ""
        if kind.endswith("Selector"):
            pygame.draw.line(sheet, LINE, (x, y - 3), (x, y + 3))
        elif "Sequence" in kind:
            pygame.draw.aalines(sheet, DIM, False, [(x - 1, y - 3), (x + 1, y), (x - 1, y + 3)])
        else:
            pygame.draw.circle(sheet, LINE, (x, y), 1)

    def _kind(self, number: int) -> str:
        return "" if self._tree is None else self._tree.nodes[number].kind

    def _tint(self, number: int) -> Tint:
        status, level = self._shown[number], self._levels[number]
        kind = self._kind(number)
        if status is Status.IDLE or status is Status.SKIPPED:
            return Tint(tinted(DIM, 0.14), tinted(DIM, 0.3), DIM, tinted(DIM, 0.8))
        light = 1.0 - level * 0.3
        if kind in MODEL_NODES and status is not Status.FAILURE:
            colour, depth = palette.lighter(palette.TEAL, 0.25), 0.62
        elif kind in TREE_NODES and status is not Status.FAILURE:
            colour, depth = palette.AMBER, 0.6
        elif status is Status.RUNNING:
            colour, depth = GOLD, 0.34
        else:
            colour, depth = (GREEN, 0.34) if status is Status.SUCCESS else (RED, 0.18)
        running = status is Status.RUNNING
        ink = mix(colour, palette.CREAM, 0.8 if running else 0.5)
        return Tint(
            tinted(colour, depth * light),
            tinted(colour, (1.0 if running else 0.55) * light),
            mix(DIM, ink, light),
            mix(tinted(DIM, 0.8), mix(ink, tinted(colour, 0.5), 0.35), light),
        )

    def _word(self, text: str, small: bool, colour: Colour) -> pygame.Surface:
        key = (text, small, colour)
        word = self._words.get(key)
        if word is None:
            font = self._fonts.small if small else self._fonts.label
            shown = "".join(char if char.isprintable() else " " for char in text)
            word = self._words[key] = font.render(shown, True, colour)
        return word
