"""All that a body can see and bump into: the map, the light, the player and everybody else.

A villager knows these, but not the village that holds it, so that imports run one way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from demo_game.people.body import Body
from demo_game.scenery.daylight import Daylight
from demo_game.world.flow import FlowMap
from demo_game.world.land import World

__all__ = ["Surroundings"]


@dataclass(slots=True)
class Surroundings:
    """The world around a villager.

    Attributes:
        world: Where one can walk.
        flow: Which way to walk.
        daylight: The hour.
        player: The player's body.
        bodies: Everybody's, the player's included.
    """

    world: World
    flow: FlowMap
    daylight: Daylight
    player: Body
    bodies: list[Body] = field(default_factory=list)
