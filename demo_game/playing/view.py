"""Everything on the screen, put together: the stage and the panels around it, once a frame.

It decides nothing. Invariant: without it the game would go on in the same way.
"""

from __future__ import annotations

import pygame

from demo_game.drawing.fonts import Fonts
from demo_game.drawing.glyphs import Glyphs
from demo_game.panels.card import Card, Cards
from demo_game.panels.clipboard import Clipboard
from demo_game.panels.handovers import HandOvers
from demo_game.panels.hud import Hud, Mode
from demo_game.panels.mind_panel import MindPanel
from demo_game.panels.mishap_card import MishapCard
from demo_game.panels.notebook import Notebook
from demo_game.panels.notices import Notices
from demo_game.panels.roster import Roster
from demo_game.panels.stage import Stage
from demo_game.panels.tally import Tally
from demo_game.panels.text_box import TextBox
from demo_game.people.villager import Villager
from demo_game.village.village import Village

__all__ = ["View"]

NOTICES_TOP = 12


class View:
    """The picture of a game.

    Attributes:
        text_box: The line in which the player types.
        overs: Who was in charge of whom.
        hud: The figures.
        notebook: What is known of the mystery.
        notices: Small notes.
        mind: The panel about a villager.
        mishaps: Messages about tree files.
        stage: The village.
    """

    def __init__(self, village: Village, seed: int, key_row: tuple[tuple[str, str], ...]) -> None:
        fonts = Fonts()
        self.text_box = TextBox(fonts, Clipboard())
        self.overs = HandOvers(village)
        self.hud = Hud(fonts, Roster(fonts, self.overs), list(village.villagers.values()), key_row)
        self.notebook = Notebook(fonts, village.mystery)
        self.notices = Notices(fonts)
        self.mind = MindPanel(fonts, Glyphs(), self.overs)
        self.mishaps = MishapCard(fonts)
        self.stage = Stage(village, fonts, seed)
        self._cards = Cards(fonts)
        self._village = village

    def is_panel(self, x: float, y: float) -> bool:
        """Whether a point lies on a panel."""
        panels = (self.mind.area, self.hud.area, self.notebook.area)
        return any(area.collidepoint(x, y) for area in panels)

    def draw(
        self,
        screen: pygame.Surface,
        *,
        listener: Villager | None,
        selected: Villager,
        card: Card | None,
        mode: Mode,
        tally: Tally,
    ) -> None:
        """Draws one frame.

        Args:
            screen: The screen.
            listener: The villager that hears the player, or None.
            selected: The villager that the panel is about.
            card: The card in the middle, or None.
            mode: How the game runs.
            tally: What happened so far.
        """
        mind = self.mind
        left = self.hud.area.union(self.notebook.area) if self.notebook.is_open else self.hud.area
        mind.place(selected, left)
        panels = [a for a in (self.hud.area, self.notebook.area, mind.area) if a.width]
        self.stage.draw(screen, listener, selected if mind.is_open else None, panels)
        self.stage.pouch_left = self.hud.keys_right + 8
        self.hud.draw(screen, mode, tally)
        self.notebook.draw(screen, self.hud.area)
        mind.draw(screen, selected, self._village.trees.title(selected.name))
        room = mind.room(self.hud.area)
        self.notices.draw(screen, *room, NOTICES_TOP)
        self.mishaps.draw(screen, *room)
        self.text_box.draw(screen, "" if listener is None else listener.title, tally.num_frames)
        self._cards.draw(screen, card)
        pygame.display.flip()
