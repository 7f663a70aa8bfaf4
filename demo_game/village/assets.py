"""``Assets``: all that is made once and never changes: pictures, map, ways, figures.

It is made on the title screen; any number of games may share it. Invariant: no game changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from demo_game.people.cast import CAST, PLAYER_LOOK, STRANGERS
from demo_game.people.figure import Figure
from demo_game.scenery.painter import Scenery, paint_scenery
from demo_game.world.flow import FlowMap
from demo_game.world.land import World

__all__ = ["Assets", "load_assets"]


@dataclass(frozen=True, slots=True)
class Assets:
    """The parts of a game that never change.

    Attributes:
        scenery: The village without people.
        world: Where one can walk.
        flow: Which way to walk.
        figures: The villagers' pictures, by name.
        player: The player's pictures.
        strangers: The pictures of the people of the caravan.
    """

    scenery: Scenery
    world: World
    flow: FlowMap
    figures: dict[str, Figure]
    player: Figure
    strangers: tuple[Figure, ...]


def load_assets() -> Assets:
    """Paints and computes everything; takes about two seconds. Needs pygame's display."""
    world = World()
    return Assets(
        paint_scenery(),
        world,
        FlowMap(world),
        {name: Figure(role.look) for name, role in CAST.items()},
        Figure(PLAYER_LOOK),
        tuple(Figure(look) for look in STRANGERS),
    )
