"""``Options``: a game's seed, who plays, for which ending, with which settings."""

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
    """Gives the pressed keys of a game that is played again."""

    def events(self, frame: int) -> list[pygame.event.Event]:
        """The events that the player caused in a frame."""
        ...


@dataclass(slots=True)
class Options:
    """How a game is run.

    Attributes:
        seed: Of the village and its minds.
        plays_itself: Whether a script is at the keys.
        goal: The ending that the script plays for.
        draws: Whether frames are drawn; this changes only their cost.
        trees: The folder of the tree files.
        settings: The player's choices.
        settings_file: The file that remembers them; None for none.
        saves: The folder of saved games; None for none.
        tape: The file in which the game is recorded, to be played again; None for none.
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
