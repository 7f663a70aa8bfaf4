"""Promises of ``npcbrain.npcs.bubble``: what a player can read, and for how long."""

from __future__ import annotations

import pytest
from minds import GRETA, VILLAGER, HandDrivenMind

from npcbrain.npcs.bubble import reading_ms, whole_words
from npcbrain.npcs.contracts import Host
from npcbrain.npcs.npc import Npc
from npcbrain.report import FrameReport
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock

MS = 1_000_000
LINE = "A loaf costs two coppers, and a bun costs one."


class Oven:
    """Greta and a clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.mind = HandDrivenMind()
        self.npc = Npc("greta", GRETA, VILLAGER, Host(self.mind, self.clock, FrameReport()))

    def frame(self, ms: int = 16) -> str:
        self.npc.tree.tick()
        self.npc.listen()
        self.clock.advance_ns(ms * MS)
        return self.npc.bubble

    def ask(self) -> None:
        self.npc.hear("What does a loaf cost?")
        self.frame()

    def answer(self, line: str = LINE) -> None:
        self.mind.ideas[-1].succeed(Decision("say", say=line))
        self.npc.listen()
        self.frame()


@pytest.fixture
def oven() -> Oven:
    return Oven()


def test_it_grows_by_whole_words(oven: Oven) -> None:
    oven.ask()
    shown = []
    for end in range(1, len(LINE) + 1):
        oven.mind.ideas[0].speech = LINE[:end]
        shown.append(oven.frame())
    words = LINE.split()
    starts = [" ".join(words[:number]) for number in range(len(words) + 1)]
    assert {text.strip() for text in shown} <= set(starts)
    assert shown[-1] == LINE


def test_a_finished_line_stays_until_it_is_read(oven: Oven) -> None:
    oven.ask()
    oven.answer()
    assert oven.frame(reading_ms(LINE) - 100) == LINE
    assert oven.frame(200) == ""


def test_a_finished_line_stays_while_the_next_thought_begins(oven: Oven) -> None:
    oven.ask()
    oven.answer()
    oven.ask()
    assert oven.npc.thinking
    assert oven.npc.speech == ""
    oven.mind.ideas[-1].speech = "Two "
    assert oven.frame() == LINE
    assert oven.frame(reading_ms(LINE)) == "Two "


def test_a_newer_finished_line_takes_its_place_at_once(oven: Oven) -> None:
    oven.ask()
    oven.answer()
    oven.ask()
    oven.answer("Two coppers.")
    assert oven.npc.bubble == "Two coppers."


def test_a_short_line_stays_long_enough_to_be_seen() -> None:
    assert reading_ms("No.") == 1500


@pytest.mark.parametrize("text", ["", "Well", "Well,", "Well, d", "It's a "])
def test_no_half_word_is_shown(text: str) -> None:
    assert text.startswith(whole_words(text))
    assert whole_words(text).rstrip() in ("", "Well,", "It's a")


def test_words_of_a_game_that_was_loaded_are_shown_though_another_line_was_finished(
    oven: Oven,
) -> None:
    oven.ask()
    oven.answer()
    oven.clock.advance_ns(10_000 * MS)
    assert oven.npc.bubble == ""
    oven.npc.speech = "Good day to you."  # as loading sets it
    assert oven.npc.bubble == "Good day to you."
