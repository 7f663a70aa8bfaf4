"""The demonstration game in the hands of a test: a clock, a game, keys to press."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pygame

from demo_game import world
from demo_game.assets import Assets
from demo_game.game import Game
from demo_game.pacer import FRAME_NS, Pacer
from demo_game.trees import TREES

__all__ = ["SCREEN", "Beat", "key", "new_game", "say", "stand_by"]

SCREEN = (world.WIDTH, world.HEIGHT)


class Beat(Pacer):
    """A clock that moves between frames only, so that a slow machine changes nothing."""

    def __init__(self) -> None:
        super().__init__(sleeps=False)
        self._now_ns = 0

    def now_ns(self) -> int:
        return self._now_ns

    def next_frame(self) -> None:
        self._now_ns += FRAME_NS


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
    return Game(
        screen,
        assets,
        None,
        seed=seed,
        budget_ms=4.0,
        clock=Beat() if clock is None else clock,
        plays_itself=plays_itself,
        trees=trees,
    )


def key(code: int, char: str = "") -> Any:
    return pygame.event.Event(pygame.KEYDOWN, key=code, unicode=char, mod=0)


def say(game: Game, line: str) -> None:
    """Types a line as a player does."""
    game.press(key(pygame.K_RETURN))
    for char in line:
        game.press(key(0, char))
    game.press(key(pygame.K_RETURN))


def stand_by(game: Game, name: str) -> None:
    """Puts the player beside a villager."""
    body = game.village.villagers[name].body
    game.village.player.body.x, game.village.player.body.y = body.x, body.y + 20
