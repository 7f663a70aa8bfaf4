"""The gallery's pictures of the village, and the one command that makes every picture."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("pygame")
pytest.importorskip("matplotlib")

from tools import pictures
from tools.bench.record import ROOT
from tools.site.village import BEGIN, END, SCENES, section, write_section


def test_the_gallery_gets_its_section_and_the_same_one_again(tmp_path: Path) -> None:
    page = tmp_path / "gallery.md"
    page.write_text(f"# Gallery\n\n{BEGIN}\nold\n{END}\n\nThe rest.\n", encoding="utf-8")
    write_section(page)
    once = page.read_text(encoding="utf-8")
    write_section(page)
    assert page.read_text(encoding="utf-8") == once
    assert once.startswith("# Gallery\n\n")
    assert once.endswith("\n\nThe rest.\n")
    assert "old" not in once
    assert all(f"pictures/{name}.png" in section() for name in SCENES)


def test_the_gallery_has_a_place_for_the_section() -> None:
    text = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    assert text.index(BEGIN) < text.index(END)


@pytest.mark.parametrize("name", pictures.COMMANDS)
def test_every_picture_has_a_module_that_makes_it(name: str) -> None:
    assert importlib.util.find_spec(pictures.COMMANDS[name][0]) is not None


def test_what_fails_is_told_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def call(command: list[str], cwd: Path) -> int:
        ran.append(command[2])
        return int(command[2] == "tools.bench.plots")

    monkeypatch.setattr(subprocess, "call", call)
    assert pictures.main(["--only", "plots", "drawings"]) == 1
    assert ran == ["tools.bench.plots", "tools.site.pictures"]
    assert "not made: plots" in capsys.readouterr().err


def test_the_recording_takes_the_place_of_the_still_picture(tmp_path: Path) -> None:
    for name in pictures.PAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("![A village](docs/village.png)\n", encoding="utf-8")
    pictures.show_recording(tmp_path)
    for name in pictures.PAGES:
        assert "docs/village.gif" in (tmp_path / name).read_text(encoding="utf-8")
