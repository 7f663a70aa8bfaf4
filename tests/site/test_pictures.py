"""The site's pictures are drawn from what is kept beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("matplotlib")

from tools.site.pictures import FOLDER, PICTURES, draw_all


def test_every_picture_is_drawn_and_the_same_twice(tmp_path: Path) -> None:
    draw_all(tmp_path / "one")
    draw_all(tmp_path / "two")
    for name in PICTURES:
        one, two = ((tmp_path / folder / f"{name}.svg").read_bytes() for folder in ("one", "two"))
        assert one == two
        assert (FOLDER / f"{name}.svg").exists()
