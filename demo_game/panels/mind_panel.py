"""The panel about one villager: its tree at work, and the hand-overs from model to tree.

It changes nothing. Invariant: a frame in which nothing moved costs one blit.
"""

from __future__ import annotations

import pygame

import npcbrain as nb
from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas
from demo_game.drawing.fonts import Fonts
from demo_game.drawing.glyphs import Glyphs, tinted
from demo_game.drawing.palette import Colour, mix
from demo_game.panels.handovers import NUM_SAMPLES, SAMPLE_FRAMES, Charge, HandOver, HandOvers
from demo_game.panels.reason_words import reason_words
from demo_game.panels.ribbon import COLOURS, HEIGHT, Ribbon
from demo_game.panels.tree_view import MODEL_NODES, TREE_NODES, TreeView
from demo_game.people.figure import SIZE
from demo_game.people.villager import FPS, Villager
from demo_game.world import land

__all__ = ["MindPanel"]

PAD = 14
WIDTH = NUM_SAMPLES + 2 * PAD
TOP = 12
HEAD = 58
FOOT = 132  # the ribbon, its legend, and the list of hand-overs
MAX_TREE = land.HEIGHT - 2 * TOP - HEAD - FOOT - 40
LIST = 3  # hand-overs shown
USUAL_MS = 3000  # for a thought, if a tree does not say
LINK_FRAMES = 3 * FPS  # for which a new hand-over is drawn in the tree
DIM: Colour = (150, 142, 152)
SOFT: Colour = (196, 188, 192)
CHARGE_WORDS = {
    Charge.DAY: "its day",
    Charge.THINKING: "model thinks",
    Charge.MODEL: "model",
    Charge.TREE: "tree",
}


class MindPanel:
    """The panel at the right."""

    def __init__(self, fonts: Fonts, glyphs: Glyphs, overs: HandOvers) -> None:
        self.is_open = False
        self._fonts = fonts
        self._glyphs = glyphs
        self._overs = overs
        self._view = TreeView(fonts, glyphs, NUM_SAMPLES, MAX_TREE)
        self._ribbon = Ribbon()
        self._picture = pygame.Surface((WIDTH, 10), pygame.SRCALPHA)
        self._key: tuple[object, ...] = ()
        self._portraits: dict[str, pygame.Surface] = {}
        self._left = land.WIDTH - TOP - WIDTH
        self._ribbon_y = 0
        self._who = ""

    @property
    def area(self) -> pygame.Rect:
        """Where the panel is; empty if it is closed."""
        if not self.is_open:
            return pygame.Rect(0, 0, 0, 0)
        return self._picture.get_rect(topleft=(self._left, TOP))

    def place(self, villager: Villager, beside: pygame.Rect) -> None:
        """Moves the panel to a side where it does not hide its villager.

        Args:
            villager: The panel's villager.
            beside: The other panel, at the left.
        """
        x = villager.body.x
        far_left, far_right = beside.right + 8, land.WIDTH - TOP - WIDTH
        is_right = self._left == far_right
        if villager.name != self._who:
            self._who = villager.name
            is_right = x < far_right - 30
        elif is_right and x > far_right - 4:
            is_right = False
        elif not is_right and x < far_left + WIDTH + 4:
            is_right = True
        self._left = far_right if is_right else far_left

    def room(self, beside: pygame.Rect) -> tuple[int, int]:
        """The left and right end of the free part of the screen's top."""
        if not self.is_open:
            return beside.right, land.WIDTH - 8
        if self._left > land.WIDTH // 2:
            return beside.right, self._left
        return self._left + WIDTH, land.WIDTH

    def draw(self, screen: pygame.Surface, villager: Villager, file: str) -> None:
        """Draws the panel, if it is open.

        Args:
            screen: The screen.
            villager: The panel's villager.
            file: The name and state of its tree file.
        """
        if not self.is_open:
            return
        used = _used_share(villager.npc, self._overs.thinking_frames[villager.name])
        changed = self._view.look(villager.npc.tree, used)
        self._ribbon.show(villager.name, self._overs)
        key = self._state(villager, file)
        if changed or key != self._key:
            self._key = key
            self._paint(villager, file)
        area = self.area
        screen.blit(self._picture, area)
        # Drawn by itself, because it moves while the rest stands still.
        screen.blit(self._ribbon.picture, (area.x + PAD, area.y + self._ribbon_y))

    def _state(self, villager: Villager, file: str) -> tuple[object, ...]:
        newest = self._overs.recent[0].number if self._overs.recent else 0
        charge = self._overs.charge(villager)
        link = self._link(villager)
        return villager.name, file, charge, newest, link is None, self._overs.frame // FPS

    def _link(self, villager: Villager) -> HandOver | None:
        """The hand-over that was just made, from model to tree."""
        over = self._overs.last(villager.name)
        if over is None or not over.reason or self._overs.frame - over.frame > LINK_FRAMES:
            return None
        return over

    def _paint(self, villager: Villager, file: str) -> None:
        height = HEAD + self._view.height + FOOT + 22
        if self._picture.get_height() != height:
            self._picture = pygame.Surface((WIDTH, height), pygame.SRCALPHA)
        sheet = self._picture
        sheet.fill((0, 0, 0, 0))
        frame = sheet.get_rect()
        pygame.draw.rect(sheet, (*palette.PANEL, 238), frame, border_radius=14)
        pygame.draw.rect(sheet, (*palette.PANEL_LINE, 255), frame, 1, border_radius=14)
        self._head(sheet, villager, file)
        top = HEAD + 10
        self._view.paint(sheet, PAD, top)
        link = self._link(villager)
        if link is not None:
            self._hand_over(sheet, link, top)
        self._foot(sheet, top + self._view.height + 10)

    def _head(self, sheet: pygame.Surface, villager: Villager, file: str) -> None:
        pygame.draw.rect(
            sheet,
            (*tinted(palette.PANEL_LINE, 0.42), 255),
            (1, 1, WIDTH - 2, HEAD - 1),
            border_top_left_radius=13,
            border_top_right_radius=13,
        )
        pygame.draw.line(sheet, palette.PANEL_LINE, (1, HEAD), (WIDTH - 2, HEAD))
        sheet.blit(self._portrait(villager), (PAD - 4, 7))
        x = PAD + 48
        title = self._fonts.title.render(villager.title, True, palette.CREAM)
        sheet.blit(title, (x, 11))
        role = self._fonts.small.render(villager.npc.persona.profile.role, True, DIM)
        sheet.blit(role, (x + title.get_width() + 8, 14))
        name = self._fonts.tiny.render(file, True, tinted(DIM, 0.8))
        sheet.blit(name, (x, 34))
        self._charge_pill(sheet, villager)

    def _charge_pill(self, sheet: pygame.Surface, villager: Villager) -> None:
        charge = self._overs.charge(villager)
        text = CHARGE_WORDS[charge]
        decision = villager.npc.decision
        if charge is Charge.TREE and decision is not None and decision.reason:
            text = f"tree: {reason_words(decision.reason)}"
        colour = COLOURS[charge] if charge is not Charge.DAY else tinted(DIM, 0.35)
        if charge is Charge.THINKING:
            colour = mix(palette.TEAL, palette.PANEL, 0.35)
        word = self._fonts.tiny.render(text, True, (255, 255, 255))
        width = word.get_width() + 18
        x = WIDTH - PAD - width
        sheet.blit(self._glyphs.pill(width, 18, colour, palette.lighter(colour, 0.18)), (x, 31))
        sheet.blit(word, (x + 9, 31 + (18 - word.get_height()) // 2))

    def _hand_over(self, sheet: pygame.Surface, over: HandOver, top: int) -> None:
        """Draws a line from the model's leaves to the tree's, where the model handed over."""
        ends = self._view.middles(MODEL_NODES), self._view.middles(TREE_NODES)
        if not ends[0] or not ends[1]:
            return
        start = top + ends[0][0]
        end = top + (ends[0][-1] if over.by_model else ends[1][0])
        x = WIDTH - PAD - 3
        word = self._fonts.tiny.render(reason_words(over.reason), True, palette.INK)
        width = word.get_width() + 14
        pill = self._glyphs.pill(width, 15, palette.AMBER, palette.lighter(palette.AMBER, 0.3))
        points = [(x - 12, start), (x - 5, start), (x, start + 5), (x, end - 4)]
        is_free = PAD + self._view.right_at(end - top) < x - width
        if end > start + 10:
            if not is_free:  # then below the row, where it hides nothing
                points[-1] = (x, end + 10)
            pygame.draw.lines(sheet, palette.AMBER, False, points, 2)
            pygame.draw.circle(sheet, palette.lighter(palette.TEAL, 0.2), (x - 13, start), 3)
            spot = (x - width + 4, end - 8 if is_free else end + 10)
        else:
            spot = (x - width + 4, start - 7)
        sheet.blit(pill, spot)
        sheet.blit(word, (spot[0] + 7, spot[1] + (15 - word.get_height()) // 2))

    def _foot(self, sheet: pygame.Surface, y: int) -> None:
        pygame.draw.line(sheet, tinted(palette.PANEL_LINE, 0.7), (PAD, y), (WIDTH - PAD, y))
        seconds = NUM_SAMPLES * SAMPLE_FRAMES // FPS
        title = self._fonts.tiny.render(f"last {seconds} s", True, DIM)
        sheet.blit(title, (PAD, y + 8))
        x = WIDTH - PAD
        for charge, text in (
            (Charge.TREE, "tree"),
            (Charge.MODEL, "model"),
            (Charge.THINKING, "thinks"),
        ):
            word = self._fonts.tiny.render(text, True, SOFT)
            x -= word.get_width()
            sheet.blit(word, (x, y + 8))
            x -= 11
            pygame.draw.rect(sheet, COLOURS[charge], (x, y + 11, 7, 7), border_radius=2)
            x -= 10
        self._ribbon_y = y + 25
        y += 25 + HEIGHT + 8
        for over in list(self._overs.recent)[:LIST]:
            self._line(sheet, over, y)
            y += 19
        if not self._overs.recent:
            none = self._fonts.small.render(
                "nobody has been asked anything yet", True, tinted(DIM, 0.7)
            )
            sheet.blit(none, (PAD, y))

    def _line(self, sheet: pygame.Surface, over: HandOver, y: int) -> None:
        """One hand-over of the village: the NPC, the deed and the words, and who chose each."""
        age = max(0, self._overs.frame - over.frame) // FPS
        fonts = self._fonts
        name = fonts.small.render(over.npc.capitalize(), True, SOFT)
        sheet.blit(name, (PAD, y))
        x = PAD + 52
        parts = [("MODEL", over.action, palette.TEAL)] if over.by_model else []
        if over.quoted:
            parts.append(("QUOTE", over.quoted, palette.SLATE))
        if over.reason or not over.by_model:
            parts.append(("TREE", reason_words(over.reason), palette.AMBER))
        for label, text, colour in parts:
            shown = f"{label} {text}".strip()
            word = fonts.tiny.render(shown, True, (255, 255, 255))
            width = word.get_width() + 16
            sheet.blit(self._glyphs.pill(width, 16, colour, palette.lighter(colour, 0.18)), (x, y))
            sheet.blit(word, (x + 8, y + (16 - word.get_height()) // 2))
            x += width + 5
        ago = fonts.tiny.render("now" if age < 1 else f"{age} s", True, tinted(DIM, 0.75))
        sheet.blit(ago, (WIDTH - PAD - ago.get_width(), y + 2))

    def _portrait(self, villager: Villager) -> pygame.Surface:
        portrait = self._portraits.get(villager.name)
        if portrait is None:
            portrait = self._portraits[villager.name] = _portrait(villager)
        return portrait


def _portrait(villager: Villager) -> pygame.Surface:
    """Head and shoulders in a round frame."""
    size = 44
    figure = villager.body.figure
    picture = figure.picture("down", 0, False, (255, 255, 255))
    head = round((SIZE[1] - 6) - 50 * figure.look.height)
    view = pygame.Surface((32, 32), pygame.SRCALPHA)
    view.blit(picture, (16 - SIZE[0] // 2, 2 - head))
    sheet = Canvas(size, size)
    sheet.circle(palette.darker(palette.CREAM, 0.3), size / 2, size / 2, size / 2)
    sheet.circle((150, 172, 112), size / 2, size / 2, size / 2 - 1.5)
    plate = sheet.finish()
    large = pygame.transform.smoothscale(view, (46, 46))
    mask = Canvas(size, size)
    mask.circle((255, 255, 255), size / 2, size / 2, size / 2 - 1.5)
    stencil = mask.finish()
    layer = pygame.Surface((size, size), pygame.SRCALPHA)
    layer.blit(large, (-1, 2))
    layer.blit(stencil, (0, 0), special_flags=pygame.BLEND_RGBA_MULT)
    plate.blit(layer, (0, 0))
    return plate


def _used_share(npc: nb.Npc, frames: int) -> float:
    """The share of a thought's time that is over.

    Args:
        npc: The NPC.
        frames: For how long it has been thinking.
    """
    if not npc.thinking:
        return 0.0
    detail = next((node.detail for node in npc.tree.nodes if node.kind == "Decide"), "")
    number, _, unit = detail.partition(" ")
    if detail.startswith("{"):
        number, unit = npc.blackboard.get(detail[1:-1], USUAL_MS), "ms"
    try:
        seconds = float(number) / (1 if unit == "s" else 1000)
    except (TypeError, ValueError):
        seconds = USUAL_MS / 1000
    return min(1.0, frames / FPS / seconds) if seconds > 0 else 1.0
