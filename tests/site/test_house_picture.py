"""The picture of the house shows what the sources import, and leaves out what follows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from tools.site.floors import lay_out
from tools.site.house import PAGE, caption, write_caption
from tools.site.imports import House, circles, floors, reduced

SOURCES = {
    "__init__": "from npcbrain.attic import roof\n",
    "attic/__init__": "",
    "attic/roof": "import npcbrain.hall\nfrom npcbrain.cellar.wine import RED\n",
    "hall": "def f():\n    from npcbrain.cellar import wine, coal\n",
    "cellar/__init__": "",
    "cellar/wine": "import npcbrain.cellar.coal\n",
    "cellar/coal": "from npcbrain.cellar.wine import RED\n",
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    for name, text in SOURCES.items():
        path = tmp_path / "npcbrain" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return House.read(tmp_path)


def test_rooms_stand_above_what_they_import_and_circles_are_counted(house: House) -> None:
    assert house.graph == {
        "__init__": {"attic"},
        "attic": {"hall", "cellar"},
        "hall": {"cellar"},
        "cellar": set(),
    }
    assert floors(house.graph) == {"cellar": 0, "hall": 1, "attic": 2, "__init__": 3}
    assert house.imports["hall", "cellar"] == 2
    assert circles(house.files) == [["npcbrain.cellar.coal", "npcbrain.cellar.wine"]]
    assert caption(house) == (
        "7 files, 4 floors, 1 circle (coal, wine): 2 sub-packages, and 2 modules beside them."
    )


def test_arrows_that_follow_from_others_are_left_out(house: House) -> None:
    assert reduced(house.graph)["attic"] == {"hall"}


def test_nothing_overlaps_and_every_arrow_goes_down() -> None:
    graph = {
        f"{row}{place}": {f"{row - 1}{(place * 3) % 5}"} for row in (1, 2, 3) for place in range(5)
    }
    graph |= {f"0{place}": set() for place in range(5)}
    graph["30"].add("04")
    layout = lay_out(graph, dict.fromkeys(graph, 50.0), width=400, gap=10)
    level = {spot: floor for floor, row in enumerate(layout.floors) for spot in row}
    for row in layout.floors:
        boxes = [layout.middles[spot] for spot in row if isinstance(spot, str)]
        assert all(right - left >= 60 - 1e-6 for left, right in pairwise(boxes))
        assert all(25 - 1e-6 <= middle <= 375 + 1e-6 for middle in boxes)
    for way in layout.ways.values():
        assert all(level[upper] == level[lower] + 1 for upper, lower in pairwise(way))


def test_the_page_has_a_place_for_each_picture(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("house", "house-before"):
        write_caption(page, name, f"{name} is this")
        assert f"![{name} is this](pictures/{name}.svg)" in page.read_text(encoding="utf-8")
