"""How a game is run: its seed, who plays, for which ending, with which settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pygame

from demo_game.playing.settings import Settings
from demo_game.story.ending import EndingKind
from demo_game.village.tree_words import TREES

__all__ = ["Options", "Pressed"]


class Pressed(Protocol):
    """Who knows what was pressed in a game that is played again."""

    def events(self, frame: int) -> list[pygame.event.Event]:
        """What was pressed in a frame."""
        ...


@dataclass(slots=True)
class Options:
    """How a game is run.

    Attributes:
        seed: Of the village and its minds.
        plays_itself: Whether a script is at the keys.
        goal: Which ending the script plays for.
        draws: Whether frames are drawn; without, nothing changes but their cost.
        trees: Where the tree files are.
        settings: What the player has chosen.
        settings_file: Where that is remembered; None for nowhere.
        saves: The folder of saved games; None for nowhere.
        tape: Where the game is recorded, to be played again; None for nowhere.
        again: A recording that is played again, whose keys count in place of the player's.
    """

    seed: int = 7
    plays_itself: bool = False
    goal: EndingKind = EndingKind.JUSTICE
    draws: bool = True
    trees: Path = TREES
    settings: Settings = field(default_factory=Settings)
    settings_file: Path | None = None
    saves: Path | None = None
    tape: Path | None = None
    again: Pressed | None = None
