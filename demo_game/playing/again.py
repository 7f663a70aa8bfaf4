"""A recorded game, played again: ``npcbrain replay FILE --game demo_game.playing.again:build``.

The pressed keys come from the recording's notes (``Runtime.note``); the same seed gives the same
village, and ``play.model`` gives the same answers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pygame

from demo_game.playing.game import Game
from demo_game.playing.pacer import Pacer
from demo_game.playing.presses import events_of, options_of
from demo_game.village.assets import load_assets
from demo_game.world import land

if TYPE_CHECKING:
    from npcbrain.replay.play import Play

__all__ = ["Again", "build"]


def build(play: Play) -> Again:
    """Builds the village for a recording of it."""
    return Again(play)


class Again:
    """A village that is played again; called once a frame."""

    def __init__(self, play: Play) -> None:
        os.environ["SDL_VIDEODRIVER"] = "dummy"
        pygame.display.init()
        pygame.font.init()
        self._play = play
        notes = play.notes
        options = options_of(notes[0] if notes else None)
        options.again = self
        screen = pygame.display.set_mode((land.WIDTH, land.HEIGHT))
        clock = Pacer(sleeps=False)
        self.game = Game(screen, load_assets(), play.model, clock=clock, options=options)

    def __call__(self) -> None:
        """One frame."""
        self.game.frame()

    def close(self) -> None:
        """Ends the game."""
        self.game.close()
        pygame.quit()

    def events(self, frame: int) -> list[pygame.event.Event]:
        """The events that the player caused in a frame of the game."""
        for note in self._play.notes:
            if isinstance(note, list) and len(note) == 2 and note[0] == frame:
                return events_of(note[1])
        return []
