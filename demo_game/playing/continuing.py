"""Goes from the village that is played to a saved one.

Invariant: if a slot cannot be loaded, the village that is played stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from demo_game.playing import prompts
from demo_game.playing.game import Game
from demo_game.playing.slots import SlotError

__all__ = ["continued"]


def continued(game: Game, new_game: Callable[[int], Game]) -> Game:
    """Loads the slot that a game wants.

    Args:
        game: The current game; closed once the other is there.
        new_game: Makes a village of a seed.

    Returns:
        The saved game; or the current one, with a card that tells why.
    """
    menu, number = game.menu, game.menu.wanted
    menu.wanted = 0
    fresh = None
    try:
        saved, name = menu.read(number)
        fresh = new_game(saved.seed)
        saved.put_back(fresh.village)
        told = menu.load_minds(number, fresh.village)
    except SlotError as error:
        if fresh is not None:
            fresh.village.close()
        game.card = menu.card("load", str(error))
        return game
    game.close()
    fresh.card = prompts.loaded(name, told, fresh.keys)
    return fresh
