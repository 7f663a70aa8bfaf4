"""The people of the village: their looks, where they start, how much their answers count.

Their characters are in ``personas/*.json``, their days in ``trees/*.xml``. Invariant: every name
here has a persona file and a tree file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from demo_game.drawing import palette
from demo_game.people.figure import Look

__all__ = ["CAST", "PERSONAS", "PLAYER_LOOK", "PLAYER_START", "STRANGERS", "Role"]

PERSONAS = Path(__file__).parents[1] / "personas"


@dataclass(frozen=True, slots=True)
class Role:
    """One villager.

    Attributes:
        look: Its figure.
        start: Where it stands at first.
        home: The place it calls its own.
        pace: Pixels a frame at a walk.
        importance: Its share of the model's time when several think at once.
    """

    look: Look
    start: tuple[int, int]
    home: str
    pace: float = 1.0
    importance: float = 1.0


CAST: dict[str, Role] = {
    "greta": Role(
        Look(
            coat=(178, 84, 78), apron=(246, 234, 210), style="bun", hair=(156, 86, 56), skirt=True,
            tool="mug",
        ),
        (466, 330), "inn", 1.0, 1.5,
    ),
    "borin": Role(
        Look(
            skin=palette.SKIN_TAN, coat=(98, 86, 96), apron=(112, 76, 58), beard=True,
            hair=(76, 52, 44), style="bald", tool="hammer", height=1.1,
        ),
        (842, 302), "forge", 0.9,
    ),
    "edda": Role(
        Look(
            coat=(72, 106, 142), hat="helmet", hat_colour=(176, 182, 194), tool="spear",
            cape=(178, 68, 64), hair=(112, 74, 50), height=1.05,
        ),
        (190, 400), "gate", 1.15, 1.2,
    ),
    "willow": Role(
        Look(
            skin=palette.SKIN_DARK, coat=(104, 140, 102), hat="hood", hat_colour=(82, 122, 90),
            skirt=True, tool="basket", hair=(52, 40, 42), style="long",
        ),
        (300, 604), "cottage", 0.95,
    ),
    "pip": Role(
        Look(
            coat=(234, 178, 86), hat="cap", hat_colour=(204, 78, 70), tool="kite",
            hair=(200, 144, 82), height=0.76,
        ),
        (660, 560), "home", 1.45,
    ),
    "tam": Role(
        Look(
            coat=(110, 146, 154), hat="straw", hat_colour=(228, 196, 118), beard=True,
            hair=(194, 188, 180), tool="rod", legs=(96, 84, 72),
        ),
        (1076, 546), "dock", 0.9,
    ),
    "mira": Role(
        Look(
            skin=palette.SKIN_TAN, coat=(150, 94, 152), hat="feather", hat_colour=(98, 72, 124),
            style="long", hair=(62, 44, 48),
        ),
        (742, 498), "market",
    ),
}  # fmt: skip

PLAYER_LOOK = Look(coat=(92, 128, 188), cape=(58, 86, 144), hair=(124, 82, 52))
PLAYER_START = (560, 392)

STRANGERS = (
    Look(coat=(126, 110, 92), hat="hood", hat_colour=(110, 96, 82), legs=(84, 76, 70)),
    Look(skin=palette.SKIN_TAN, coat=(136, 124, 140), hat="cap", hat_colour=(96, 88, 104)),
    Look(skin=palette.SKIN_DARK, coat=(120, 128, 110), style="long", skirt=True),
    Look(coat=(148, 120, 104), hat="straw", hat_colour=(206, 180, 124), beard=True),
)
