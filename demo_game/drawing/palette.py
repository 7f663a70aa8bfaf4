"""The colours of the village and the arithmetic on them; draws nothing.

Invariant: a colour is a tuple of three ints 0..255; alpha, where needed, travels apart.
"""

from __future__ import annotations

__all__ = [
    "AMBER",
    "CREAM",
    "INK",
    "LAMP",
    "ROSE",
    "TEAL",
    "Colour",
    "darker",
    "lighter",
    "mix",
]

Colour = tuple[int, int, int]

# Interface
INK: Colour = (46, 40, 48)
INK_SOFT: Colour = (110, 98, 96)
CREAM: Colour = (253, 246, 230)
PANEL: Colour = (36, 32, 42)
PANEL_LINE: Colour = (78, 70, 84)
TEAL: Colour = (38, 158, 144)  # the model's colour
AMBER: Colour = (226, 150, 52)  # the trees' colour
ROSE: Colour = (214, 92, 82)  # over the line
SPARE: Colour = (58, 54, 66)  # time left over
SLATE: Colour = (130, 120, 200)  # the game's own time; far from TEAL for every eye

# Ground
GRASS_DARK: Colour = (94, 126, 66)
GRASS: Colour = (122, 154, 80)
GRASS_LIGHT: Colour = (156, 178, 96)
PATH: Colour = (214, 186, 138)
PATH_DARK: Colour = (182, 148, 102)
WATER: Colour = (92, 158, 164)
WATER_DEEP: Colour = (52, 112, 132)
WATER_LIGHT: Colour = (164, 208, 200)
SAND: Colour = (222, 202, 154)
WHEAT: Colour = (222, 184, 88)
SOIL: Colour = (124, 90, 62)

# Buildings
WALL: Colour = (238, 222, 188)
STONE: Colour = (164, 156, 148)
STONE_DARK: Colour = (112, 104, 104)
TIMBER: Colour = (112, 76, 52)
TIMBER_LIGHT: Colour = (160, 114, 74)
ROOF_RED: Colour = (186, 88, 64)
ROOF_BLUE: Colour = (84, 108, 140)
ROOF_STONE: Colour = (104, 96, 108)
THATCH: Colour = (206, 168, 96)
GLASS: Colour = (74, 88, 108)

# Light
LAMP: Colour = (255, 152, 68)
FIRE: Colour = (255, 118, 44)

# People
SKIN: Colour = (240, 200, 164)
SKIN_TAN: Colour = (204, 152, 112)
SKIN_DARK: Colour = (150, 102, 74)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` moved towards ``b`` by ``share`` (0 gives ``a``, 1 gives ``b``).

    >>> mix((0, 0, 0), (100, 200, 50), 0.5)
    (50, 100, 25)
    """
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def darker(colour: Colour, share: float = 0.2) -> Colour:
    """``colour`` towards a warm dark, never towards grey: shadows in sunlight keep their hue."""
    return mix(colour, (48, 30, 46), share)


def lighter(colour: Colour, share: float = 0.2) -> Colour:
    """``colour`` towards a warm white."""
    return mix(colour, (255, 244, 214), share)
