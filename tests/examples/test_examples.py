"""Promises of ``npcbrain.examples``: each runs as it stands, and its NPC answers."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import npcbrain as nb
from npcbrain.examples.__main__ import FOLDER, NEEDS, main

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 500  # a window of a machine without a graphics card, on a busy one
ANSWER = re.compile(r"^oda \((model|tree)\)", re.MULTILINE)
TOGETHER = ("asyncio_server", "text_world")  # these need no process of their own
MAX_LINES = 100  # what a person reads in a minute


@pytest.fixture(scope="module")
def model() -> nb.Model:
    return nb.Model.load()


@pytest.mark.parametrize("name", TOGETHER)
def test_an_example_without_a_window_plays_with_the_model_that_ships(
    name: str, model: nb.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    importlib.import_module(f"npcbrain.examples.{name}").main(model, headless=True)
    assert ANSWER.search(capsys.readouterr().out)


@pytest.mark.parametrize("name", sorted(name for name in NEEDS if NEEDS[name]))
def test_an_example_with_a_window_plays_where_there_is_none(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed: pip install npcbrain[examples]")
    run = subprocess.run(
        [sys.executable, "-m", "npcbrain.examples", name, "--headless"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert ANSWER.search(run.stdout), run.stderr


def test_the_turn_based_game_ends_on_the_other_bank(
    model: nb.Model, capsys: pytest.CaptureFixture[str]
) -> None:
    from npcbrain.examples import terminal_turns

    terminal_turns.main(model, headless=True)
    told = capsys.readouterr().out.splitlines()
    assert "oda (model): The crossing costs two coppers." in told
    assert told[-1] == "You are on the far bank. The end."


def test_an_empty_line_ends_the_turn_based_game(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from npcbrain.examples import terminal_turns

    monkeypatch.setattr("sys.stdin", io.StringIO("pay\n\npay\n"))
    terminal_turns.main(None)
    assert capsys.readouterr().out.count("> pay") == 1


def test_all_are_listed_with_their_first_line_though_nothing_is_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main([]) == 0
    *lines, gap, advice = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(NEEDS)
    assert (gap, advice.split(" (")[0]) == (
        "",
        "Play one: python -m npcbrain.examples terminal_turns",
    )
    assert lines[0] == (
        "arcade_window    An arcade window: type to a ferrywoman, Enter sends it. "
        "(pip install arcade)"
    )


def test_what_is_missing_is_told_with_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["pygame_loop"]) == 2
    assert capsys.readouterr().err == "pygame_loop needs pygame: pip install pygame-ce\n"


def test_the_source_of_an_example_is_a_file_to_begin_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["pygame_loop", "--source"]) == 0
    assert capsys.readouterr().out == (FOLDER / "pygame_loop.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NEEDS)
def test_an_example_is_one_short_file_that_uses_the_public_names_alone(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= MAX_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            assert all(alias.name.count(".") == 0 for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("npcbrain"):
            assert node.module == "npcbrain.tree"


def test_every_example_of_the_folder_is_listed() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "__main__"}
    assert files == NEEDS.keys()
