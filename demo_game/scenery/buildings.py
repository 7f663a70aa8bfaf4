"""Houses: walls, timber, roofs and lit windows, seen from the south and a little above.

Painted at load. Invariant: the picture's foot is the middle of the front wall.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from demo_game.drawing import palette
from demo_game.drawing.canvas import Canvas, Point
from demo_game.drawing.palette import Colour, darker, lighter, mix
from demo_game.drawing.prop import Prop, Sketch
from demo_game.scenery.fittings import paint_hearth, paint_sign, paint_window

__all__ = ["HOUSES", "House", "paint_house"]

EAVES = 9  # pixels the roof reaches past the wall on each side


@dataclass(frozen=True, slots=True)
class House:
    """The measures of a house.

    Attributes:
        width: Of the front wall.
        wall: Height of the front wall.
        roof: Height of the roof as seen.
        tiles: Colour of the roof.
        face: Colour of the wall.
        thatched: Straw instead of tiles.
        timbered: Beams on the wall.
        windows: Where panes are, as shares of the wall's width.
        storeys: Rows of windows.
        door: Where the door is, as a share of the wall's width.
        chimney: Where the chimney is, as a share of the roof's width.
        gable: Whether a dormer with a pane sits on the roof.
        sign: Beside the door: ``"lantern"``, ``"hammer"``, ``"leaf"``, ``"fish"`` or none.
    """

    width: int
    wall: int
    roof: int
    tiles: Colour
    face: Colour = palette.WALL
    thatched: bool = False
    timbered: bool = True
    windows: tuple[float, ...] = (0.22, 0.78)
    storeys: int = 1
    door: float = 0.5
    chimney: float = 0.8
    gable: bool = False
    sign: str = ""


HOUSES: dict[str, House] = {
    "inn": House(
        214,
        74,
        82,
        palette.ROOF_RED,
        windows=(0.1, 0.27, 0.44, 0.76, 0.91),
        storeys=2,
        door=0.6,
        chimney=0.84,
        gable=True,
        sign="lantern",
    ),
    "forge": House(
        170,
        50,
        62,
        palette.ROOF_STONE,
        palette.STONE,
        timbered=False,
        windows=(0.14,),
        door=0.34,
        chimney=0.76,
        sign="hammer",
    ),
    "cottage": House(
        124, 44, 62, palette.THATCH, thatched=True, windows=(0.2, 0.8), chimney=0.22, sign="leaf"
    ),
    "home": House(116, 44, 54, palette.ROOF_BLUE, windows=(0.2, 0.82), door=0.52, chimney=0.74),
    "hut": House(
        82,
        36,
        40,
        mix(palette.TIMBER_LIGHT, palette.STONE, 0.45),
        palette.TIMBER_LIGHT,
        timbered=False,
        windows=(0.74,),
        door=0.32,
        chimney=0.8,
        sign="fish",
    ),
}


def paint_house(house: House, seed: int) -> Prop:
    """Paints one house."""
    rng = random.Random(seed)
    margin, chimney_top = EAVES + 9, 16
    overlap = house.wall * 0.12  # the eaves hang over the top of the wall
    width = house.width + 2 * margin
    height = chimney_top + house.roof + house.wall + 6
    foot = (width // 2, height - 6)
    sketch = Sketch(width, height, foot)
    left, top = margin, height - 6 - house.wall
    _wall(sketch, house, left, top, rng)
    _windows(sketch, house, left, top)
    _door(sketch, house, left, top)
    if house is HOUSES["forge"]:
        paint_hearth(sketch, left + house.width * 0.52, foot[1])
    _chimney(sketch, house, left, top - house.roof, rng)
    _roof(sketch, house, left, top + overlap, rng)
    if house.gable:
        _gable(sketch, house, left + house.width * 0.3, top - house.roof * 0.3)
    if house.sign:
        drop = house.wall * (0.56 if house.storeys > 1 else 0.3)
        paint_sign(sketch, house.sign, left + house.width * house.door + 21, top + drop)
    w = house.width / 2
    reach = (house.wall + house.roof) * 0.5
    shadow: tuple[Point, ...] = (
        (-w, -house.wall * 0.5),
        (-w, 2),
        (w, 2),
        (w + reach, -reach * 0.38),
        (w + reach, -reach * 0.38 - house.wall * 0.7),
        (w, -house.wall),
    )
    return sketch.prop(shadow)


def _wall(sketch: Sketch, house: House, left: float, top: float, rng: random.Random) -> None:
    body, width, height = sketch.body, house.width, house.wall
    body.rect(house.face, left, top, width, height)
    for i in range(8):  # light from above, earth colours from below
        body.rect(
            palette.TIMBER,
            left,
            top + height * (0.5 + i / 16),
            width,
            height * (0.5 - i / 16),
            alpha=9,
        )
    if house.face == palette.STONE:
        _stones(body, left, top, width, height, rng)
    elif house.timbered:
        beam = palette.TIMBER
        body.rect(beam, left, top, 5, height)
        body.rect(beam, left + width - 5, top, 5, height)
        rows = house.storeys
        for row in range(1, rows):
            body.rect(beam, left, top + height * row / rows + 1, width, 4)
        for share in (0.35, 0.68) if width > 150 else ():
            body.rect(beam, left + width * share, top, 4, height)
    else:
        planks = int(width // 9)
        for i in range(1, planks):
            x = left + width * i / planks
            body.line(darker(house.face, 0.3), [(x, top), (x, top + height)], 1)
    body.rect(darker(palette.STONE, 0.1), left - 2, top + height - 6, width + 4, 7, radius=2)
    for i in range(int(width // 12)):
        x = left - 1 + i * 12 + rng.uniform(0, 3)
        body.rect(
            mix(palette.STONE, palette.STONE_DARK, rng.random() * 0.6),
            x,
            top + height - 5.5,
            9.5,
            5.5,
            radius=2,
        )
    body.rect((40, 26, 40), left, top, width, 13, alpha=70)  # the shade of the eaves
    body.rect((40, 26, 40), left, top, width, 8, alpha=60)


def _stones(
    body: Canvas, left: float, top: float, width: float, height: float, rng: random.Random
) -> None:
    body.rect(palette.STONE_DARK, left, top, width, height)
    row_height = 8.0
    for row in range(int(height // row_height) + 1):
        x = left + rng.uniform(-8, 0)
        while x < left + width:
            w = rng.uniform(11, 19)
            shade = mix(palette.STONE, palette.STONE_DARK, rng.random() * 0.55)
            x0, x1 = max(x, left), min(x + w - 1.2, left + width)
            if x1 - x0 > 2:
                body.rect(shade, x0, top + row * row_height, x1 - x0, row_height - 1.2, radius=2.4)
                body.rect(
                    lighter(shade, 0.2),
                    x0 + 1,
                    top + row * row_height + 0.6,
                    x1 - x0 - 3,
                    1.6,
                    radius=1,
                )
            x += w


def _windows(sketch: Sketch, house: House, left: float, top: float) -> None:
    for row in range(house.storeys):
        # The eaves hide the top of the wall, so panes sit below the middle of their storey.
        y = top + house.wall * (row + 0.5) / house.storeys + (3 if row < house.storeys - 1 else -2)
        for share in house.windows:
            x = left + house.width * share
            below = row == house.storeys - 1
            if below and abs(share - house.door) < 0.12:
                continue
            paint_window(sketch, x, y, 15, 14 if house.storeys > 1 else 17, flowers=below)
            if below:
                sketch.light(x, y + house.wall * 0.5, 74, palette.LAMP, 0.5)


def _door(sketch: Sketch, house: House, left: float, top: float) -> None:
    body = sketch.body
    x, bottom = left + house.width * house.door, top + house.wall
    h = min(31.0, house.wall * 0.74)
    body.rect(darker(palette.TIMBER, 0.35), x - 11, bottom - h - 3, 22, h + 3, radius=9)
    body.rect(darker(palette.TIMBER, 0.35), x - 11, bottom - 12, 22, 12)
    wood = mix(palette.TIMBER, palette.ROOF_RED, 0.25)
    body.rect(wood, x - 8.5, bottom - h, 17, h, radius=7)
    body.rect(wood, x - 8.5, bottom - 12, 17, 12)
    for offset in (-3, 3):
        body.line(darker(wood, 0.3), [(x + offset, bottom - h + 3), (x + offset, bottom)], 0.9)
    body.circle((236, 196, 104), x + 5.5, bottom - h * 0.42, 1.3)
    body.rect(palette.STONE, x - 13, bottom - 1, 26, 5, radius=2)
    body.rect(lighter(palette.STONE, 0.2), x - 13, bottom - 1, 26, 2, radius=1)


def _roof(sketch: Sketch, house: House, left: float, bottom: float, rng: random.Random) -> None:
    body = sketch.body
    lean = house.width * 0.07
    x0, x1 = left - EAVES, left + house.width + EAVES
    top = bottom - house.roof
    outline = [(x0, bottom), (x0 + lean, top), (x1 - lean, top), (x1, bottom)]
    body.polygon(
        darker(house.tiles, 0.45),
        [(x0 - 1, bottom + 3), (x0 + lean - 1, top), (x1 - lean + 1, top), (x1 + 1, bottom + 3)],
    )
    with body.clipped(outline) as roof:
        roof.polygon(house.tiles, outline)
        rows = max(4, round(house.roof / 8))
        for row in range(rows, -1, -1):
            y = top + house.roof * row / rows
            if house.thatched:
                _straw(roof, house.tiles, x0, x1, y, house.roof / rows, rng)
            else:
                _tiles(roof, house.tiles, x0, x1, y, house.roof / rows, row, rng)
        for i in range(6):  # the slope darkens to the right, away from the sun
            roof.polygon(
                (50, 26, 48),
                [
                    (x1, top),
                    (x1, bottom),
                    (x0 + (x1 - x0) * (0.5 + i * 0.08), bottom),
                    (x0 + (x1 - x0) * (0.62 + i * 0.08), top),
                ],
                alpha=10,
            )
    ridge = lighter(house.tiles, 0.18) if not house.thatched else darker(house.tiles, 0.12)
    body.rect(
        darker(house.tiles, 0.35), x0 + lean - 3, top - 2, x1 - x0 - 2 * lean + 6, 7, radius=3
    )
    body.rect(ridge, x0 + lean - 3, top - 3, x1 - x0 - 2 * lean + 6, 5.5, radius=2.5)


def _tiles(
    roof: Canvas,
    colour: Colour,
    x0: float,
    x1: float,
    y: float,
    height: float,
    row: int,
    rng: random.Random,
) -> None:
    step = 9.5
    x = x0 - (step / 2 if row % 2 else 0)
    while x < x1:
        shade = mix(darker(colour, 0.17), lighter(colour, 0.14), rng.random())
        roof.rect(darker(colour, 0.42), x, y - 2, step, height + 3.4, radius=3.4)
        roof.rect(shade, x + 0.3, y - 2, step - 0.6, height + 2.2, radius=3.2)
        roof.rect(lighter(shade, 0.15), x + 1.4, y + height - 2.6, step - 4, 1.3, radius=0.6)
        x += step


def _straw(
    roof: Canvas, colour: Colour, x0: float, x1: float, y: float, height: float, rng: random.Random
) -> None:
    x = x0 - 3
    while x < x1 + 3:
        shade = mix(darker(colour, 0.26), lighter(colour, 0.22), rng.random())
        length = height + rng.uniform(1, 5)
        roof.line(shade, [(x, y), (x + rng.uniform(-1.2, 1.2), y + length)], rng.uniform(1.4, 2.4))
        x += 1.7
    roof.line(darker(colour, 0.3), [(x0, y + 1), (x1, y + 1)], 0.8, alpha=120)


def _chimney(sketch: Sketch, house: House, left: float, top: float, rng: random.Random) -> None:
    x = left + house.width * house.chimney
    body = sketch.body
    body.rect(palette.STONE_DARK, x - 8, top - 10, 16, 40, radius=2)
    for row in range(5):
        for column in range(2):
            shade = mix(palette.STONE, mix(palette.ROOF_RED, palette.STONE_DARK, 0.5), rng.random())
            body.rect(shade, x - 7.4 + column * 7.6, top - 8 + row * 5.4, 7, 4.6, radius=1.5)
    body.rect(darker(palette.STONE_DARK, 0.2), x - 9.5, top - 13, 19, 5, radius=2)
    sketch.chimney(x, top - 14)


def _gable(sketch: Sketch, house: House, x: float, y: float) -> None:
    body = sketch.body
    for centre in (x, x + house.width * 0.4):
        body.polygon(house.face, [(centre - 14, y + 14), (centre, y - 15), (centre + 14, y + 14)])
        body.rect(house.face, centre - 13, y - 1, 26, 16)
        paint_window(sketch, centre, y + 5, 12, 12, flowers=False)
        for side in (-1, 1):
            roof = [
                (centre, y - 22),
                (centre + side * 20, y + 4),
                (centre + side * 20, y + 9),
                (centre, y - 14),
            ]
            body.polygon(darker(house.tiles, 0.28 if side > 0 else 0.12), roof)
            body.line(
                lighter(house.tiles, 0.18), [(centre, y - 21), (centre + side * 19, y + 4)], 1.4
            )
