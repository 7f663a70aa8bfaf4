"""Puts the village on the screen: scenery, people, bubbles, markers; decides nothing.

Invariant: drawing changes neither village nor runtime, so a run is the same with or without it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pygame

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas
from demo_game.drawing.fonts import Fonts
from demo_game.panels.bubble import Bubble, Bubbles, BubbleText
from demo_game.people.villager import Villager
from demo_game.scenery.effects import Effects
from demo_game.village.crowd import Stranger
from demo_game.village.village import Village
from npcbrain import Decision
from npcbrain.situation import clean_text

__all__ = ["Stage", "deed_text"]

READABLE_FRAMES = 20
MAX_SAID = 140  # characters of the player's own words
SAID_FRAMES = 150  # for which the player's own words stay


def deed_text(decision: Decision) -> str:
    """The deed of a decision in words, for the foot of a bubble.

    >>> deed_text(Decision("give", {"item": "ale", "to": "player"}))
    'gives you ale'
    >>> deed_text(Decision("say"))
    ''
    """
    if decision.action == "give":
        return f"gives you {decision.args.get('item', 'something')}"
    if decision.action == "go_to":
        return f"goes to the {decision.args.get('place', 'place')}"
    if decision.action == "lead":
        return f"leads you to the {decision.args.get('place', 'place')}"
    if decision.action in ("fetch", "open"):
        what = decision.args.get("item") or decision.args.get("what", "something")
        return f"goes to fetch {what}" if decision.action == "fetch" else f"opens the {what}"
    if decision.action == "accuse":
        return f"is about to take {decision.args.get('who', 'somebody')}"
    return {
        "follow": "follows you",
        "flee": "runs away",
        "refuse": "refuses",
        "raise_alarm": "raises the alarm",
        "attack": "shoves you",
    }.get(decision.action, "")


class Stage:
    """Everything between the sky and the figures."""

    def __init__(self, village: Village, fonts: Fonts, seed: int) -> None:
        self._village = village
        self._fonts = fonts
        self._effects = Effects(village.scenery, seed)
        self._bubbles = Bubbles(fonts)
        self._bubble = {name: Bubble() for name in village.villagers}
        self._said = Bubble()
        self._said_text = ""
        self._said_frames = 0
        self._tags = {
            name: fonts.outlined(fonts.label, villager.title, palette.CREAM, palette.INK)
            for name, villager in village.villagers.items()
        }
        self._marker = _marker()
        self._ring = _ring()
        self._corners = _corners()
        self._alarm = fonts.outlined(fonts.title, "!", (255, 214, 110), palette.INK)
        self._shrug = _cross()
        self.pouch_left = 0  # where the row of things may begin
        self._chips: dict[str, pygame.Surface] = {}
        self._marks = {
            "...": _mark(fonts, "...", palette.SLATE),
            "model": _mark(fonts, "M", palette.TEAL),
            "tree": _mark(fonts, "T", palette.AMBER),
        }
        self._frame = 0

    def shows_answer(self, sources: tuple[str, ...]) -> bool:
        """Whether an answer from one of these sources has been shown long enough to be read."""
        return any(
            bubble.age > READABLE_FRAMES
            and bubble.content is not None
            and bubble.content.source in sources
            and self._village.villagers[name].is_speaking
            and not self._village.villagers[name].npc.thinking
            for name, bubble in self._bubble.items()
        )

    def say(self, text: str) -> None:
        """Shows the player's own words."""
        # Cleaned, because not every string that can be typed can be drawn.
        self._said_text = clean_text(text)[:MAX_SAID]
        self._said_frames = SAID_FRAMES

    def draw(
        self,
        screen: pygame.Surface,
        listener: Villager | None,
        selected: Villager | None,
        keep_off: Sequence[pygame.Rect],
    ) -> None:
        """Draws one frame.

        Args:
            screen: The screen.
            listener: The villager that will hear the player, or None.
            selected: The villager that the panel is about, or None.
            keep_off: Areas without bubbles.
        """
        village = self._village
        self._frame += 1
        screen.blit(village.daylight.picture, (0, 0))
        self._effects.draw_below(screen, village.daylight)
        if listener is not None:
            x, y = listener.body.position
            screen.blit(self._ring, (x - 22, y - 12))
        if selected is not None:
            x, y = selected.body.position
            screen.blit(self._corners, (x - 26, y - 58))
        strangers = [stranger.body for stranger in village.crowd.strangers]
        for body in sorted([*village.bodies, *strangers], key=lambda body: body.y):
            body.draw(screen, village.scenery, village.daylight)
        smith = village.villagers["borin"].body
        self._effects.draw_above(screen, village.daylight, hammering=smith.busy and smith.x > 780)
        for stranger in village.crowd.strangers:
            self._draw_mark(screen, stranger)
        for villager in village.villagers.values():
            self._draw_signs(screen, villager)
        if listener is not None:
            x, y = listener.body.head
            bounce = math.sin(self._frame * 0.12) * 3
            screen.blit(self._marker, (x - 9, y - 16 + bounce))
        self._draw_gifts(screen)
        self._draw_bubbles(screen, keep_off)
        self._draw_pouch(screen)

    def _draw_mark(self, screen: pygame.Surface, stranger: Stranger) -> None:
        """A stranger's mark: who answered last, or that it thinks. Bubbles would hide too much."""
        npc, (x, y) = stranger.npc, stranger.body.head
        mark = "..." if npc.thinking else "" if npc.decision is None else npc.decision.source
        if mark:
            picture = self._marks[mark]
            screen.blit(picture, (x - picture.get_width() // 2, y - 12))

    def _draw_signs(self, screen: pygame.Surface, villager: Villager) -> None:
        x, y = villager.body.position
        tag = self._tags[villager.name]
        screen.blit(tag, (x - tag.get_width() // 2, y + 5))
        hx, hy = villager.body.head
        if villager.alarmed:
            screen.blit(self._alarm, (hx - 4, hy - 22))
        if villager.shrug:
            screen.blit(self._shrug, (hx - 8 + math.sin(self._frame * 0.5) * 3, hy - 18))

    def _draw_bubbles(self, screen: pygame.Surface, keep_off: Sequence[pygame.Rect]) -> None:
        items = []
        for name, villager in self._village.villagers.items():
            bubble = self._bubble[name]
            bubble.show(self._words(villager), self._bubbles)
            items.append((bubble, villager.body.head))
            if villager.npc.thinking and bubble.content is None:
                self._bubbles.draw_thinking(screen, villager.body.head, self._frame)
        self._said_frames = max(0, self._said_frames - 1)
        said = BubbleText(self._said_text, "you") if self._said_frames else None
        self._said.show(said, self._bubbles)
        items.append((self._said, self._village.player.body.head))
        self._bubbles.draw(screen, items, keep_off)

    def _words(self, villager: Villager) -> BubbleText | None:
        npc = villager.npc
        if npc.thinking:
            words = npc.speech
            if words and words[-1] not in ".!?":
                words = words.rpartition(" ")[0]  # only whole words
            deed = "" if npc.answer is None else deed_text(npc.answer)
            if not words and not deed:
                return None
            return BubbleText(words, "model", emotion=npc.emotion, deed=deed)
        decision = npc.decision
        if decision is not None and villager.is_speaking:
            return BubbleText(
                decision.say,
                "tree" if decision.reason else decision.source,
                decision.reason,
                decision.emotion,
                deed_text(decision),
                decision.source,
            )
        return BubbleText(villager.bark, "tree") if villager.bark else None

    def _draw_gifts(self, screen: pygame.Surface) -> None:
        village = self._village
        for gift in village.deeds.gifts:
            to = village.villagers[gift.to].body if gift.to else village.player.body
            ex, ey = to.head
            share = min(1.0, gift.share * 1.6)
            share = share * share * (3 - 2 * share)
            sx, sy = gift.start
            x = sx + (ex - sx) * share
            y = sy + (ey - sy) * share - math.sin(share * math.pi) * 34
            chip = self._chip(gift.item)
            screen.blit(chip, (x - chip.get_width() // 2, y - 10))

    def _draw_pouch(self, screen: pygame.Surface) -> None:
        right, y = screen.get_width() - 12, screen.get_height() - 24
        x, pouch = right, self._village.player.pouch
        for number in range(len(pouch), 0, -1):
            chip = self._chip(f"{number}  {pouch[number - 1]}")
            if x - chip.get_width() < self.pouch_left:
                x, y = right, y - chip.get_height() - 1
            x -= chip.get_width()
            screen.blit(chip, (x, y))
            x -= 4

    def _chip(self, item: str) -> pygame.Surface:
        chip = self._chips.get(item)
        if chip is None:
            word = self._fonts.label.render(item, True, palette.INK)
            width = word.get_width() + 24
            sheet = Canvas(width, 22)
            sheet.rect(palette.darker(palette.CREAM, 0.35), 0, 0, width, 22, radius=11)
            sheet.rect((250, 226, 170), 1, 1, width - 2, 20, radius=10)
            sheet.circle((206, 128, 66), 12, 11, 5)
            sheet.circle((238, 176, 96), 10.8, 9.8, 3)
            chip = sheet.finish()
            chip.blit(word, (20, 11 - word.get_height() // 2))
            self._chips[item] = chip
        return chip


def _mark(fonts: Fonts, text: str, colour: palette.Colour) -> pygame.Surface:
    word = fonts.tiny.render(text, True, (255, 255, 255))
    sheet = pygame.Surface((max(14, word.get_width() + 6), 13), pygame.SRCALPHA)
    pygame.draw.rect(sheet, palette.INK, sheet.get_rect(), border_radius=6)
    pygame.draw.rect(sheet, colour, sheet.get_rect().inflate(-2, -2), border_radius=5)
    sheet.blit(word, word.get_rect(center=sheet.get_rect().center))
    return sheet


def _marker() -> pygame.Surface:
    sheet = Canvas(18, 14)
    sheet.polygon(palette.INK, [(0.5, 1), (17.5, 1), (9, 13.5)])
    sheet.polygon((255, 214, 110), [(2.6, 2.2), (15.4, 2.2), (9, 11.6)])
    return sheet.finish()


def _ring() -> pygame.Surface:
    sheet = Canvas(44, 24)
    for start in (0.02, 0.27, 0.52, 0.77):
        sheet.arc((255, 224, 140), 22, 12, 19, 9, start, start + 0.2, 2)
    return sheet.finish()


def _corners() -> pygame.Surface:
    """The mark around the villager that the panel is about."""
    width, height = 52, 70
    sheet = Canvas(width, height)
    for colour, thick in ((palette.INK, 4.0), (palette.lighter(palette.TEAL, 0.45), 2.2)):
        for x, dx in ((3.0, 9.0), (width - 3.0, -9.0)):
            for y, dy in ((3.0, 9.0), (height - 3.0, -9.0)):
                sheet.line(colour, [(x + dx, y), (x, y), (x, y + dy)], thick)
    return sheet.finish()


def _cross() -> pygame.Surface:
    sheet = Canvas(16, 16)
    for a, b in (((4, 4), (12, 12)), ((12, 4), (4, 12))):
        sheet.line(palette.INK, [a, b], 4.4)
    for a, b in (((4, 4), (12, 12)), ((12, 4), (4, 12))):
        sheet.line(palette.ROSE, [a, b], 2.6)
    return sheet.finish()
