"""The demonstration game in the hands of a test: a clock, a game, keys to press."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pygame

from demo_game.playing.game import Game
from demo_game.playing.options import Options
from demo_game.playing.pacer import FRAME_NS, Pacer
from demo_game.village.assets import Assets, load_assets
from demo_game.village.tree_words import TREES
from demo_game.world import land

__all__ = ["SCREEN", "Beat", "key", "letters", "new_game", "say", "shared_assets", "stand_by"]

SCREEN = (land.WIDTH, land.HEIGHT)


class Beat(Pacer):
    """A clock that moves between frames only, so that a slow machine changes nothing."""

    def __init__(self) -> None:
        super().__init__(sleeps=False)
        self._now_ns = 0

    def now_ns(self) -> int:
        return self._now_ns

    def next_frame(self) -> None:
        self._now_ns += FRAME_NS


@cache
def shared_assets() -> Assets:
    """Made once for all tests: it takes seconds, and no game writes to it."""
    pygame.display.init()
    pygame.display.set_mode(SCREEN)
    return load_assets()


def new_game(
    assets: Assets,
    *,
    seed: int = 7,
    plays_itself: bool = False,
    clock: Pacer | None = None,
    trees: Path = TREES,
) -> Game:
    pygame.display.init()
    pygame.font.init()
    screen = pygame.display.set_mode(SCREEN)
    game = Game(
        screen,
        assets,
        None,
        clock=Beat() if clock is None else clock,
        options=Options(seed=seed, plays_itself=plays_itself, trees=trees),
    )
    if not plays_itself:
        game.card = None  # it has been read
    return game


def key(code: int, *, mod: int = 0) -> Any:
    return pygame.event.Event(pygame.KEYDOWN, key=code, unicode="", mod=mod)


def letters(text: str) -> Any:
    return pygame.event.Event(pygame.TEXTINPUT, text=text)


def say(game: Game, line: str) -> None:
    """Types a line as a player does."""
    game.press(key(pygame.K_RETURN))
    for char in line:
        game.press(letters(char))
    game.press(key(pygame.K_RETURN))


def stand_by(game: Game, name: str) -> None:
    """Puts the player beside a villager."""
    body = game.village.villagers[name].body
    game.village.player.body.x, game.village.player.body.y = body.x, body.y + 20
