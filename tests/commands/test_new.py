"""Promises of ``npcbrain new``: what it makes works as made, and nothing is written over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from npcbrain.commands.main import main
from npcbrain.commands.new import make
from npcbrain.errors import UsageError
from npcbrain.npcs.persona import Persona

ROOT = Path(__file__).resolve().parents[2]


def test_the_test_that_it_makes_passes_as_made(tmp_path: Path) -> None:
    make("old_borin", tmp_path)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "old_borin"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "SYSTEMROOT": "C:\\Windows"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "4 passed" in run.stdout


def test_it_tells_what_it_made(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["new", "mira", "--in", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    folder = tmp_path / "mira"
    assert told == {
        "folder": str(folder),
        "files": ["mira.json", "mira_npc.py", "persona.schema.json", "test_mira.py"],
    }
    assert sorted(path.name for path in folder.iterdir()) == told["files"]
    assert main(["new", "tam", "--in", str(tmp_path)]) == 0
    assert f"npcbrain chat {tmp_path / 'tam' / 'tam.json'}" in capsys.readouterr().out


def test_the_persona_is_called_as_asked_and_names_a_schema_beside_it(tmp_path: Path) -> None:
    make("old_borin", tmp_path)
    path = tmp_path / "old_borin" / "old_borin.json"
    assert Persona.load(path).name == "Old Borin"
    assert (path.parent / json.loads(path.read_text(encoding="utf-8"))["$schema"]).is_file()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    make("mira", tmp_path)
    (tmp_path / "mira" / "mira.json").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="folder must be new, got 'mira' - at "):
        make("mira", tmp_path)
    assert (tmp_path / "mira" / "mira.json").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["mira"]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Old Borin", "; use old_borin"),
        ("3rd-guard", ""),
        ("", ""),
        ("../mira", "; use mira"),
        ("class", ""),
        ("x" * 41, f"; use {'x' * 40}"),
        ("Åsa", "; use sa"),
    ],
)
def test_a_name_that_python_could_not_spell_is_refused(
    name: str, advice: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        make(name, tmp_path)
    assert str(caught.value).endswith(f"at npcbrain new{advice}")
    if advice:
        make(advice.removeprefix("; use "), tmp_path)


def test_a_place_where_nothing_can_be_made_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    assert main(["new", "mira", "--in", str(file)]) == 2
    assert capsys.readouterr().err.startswith("npcbrain: folder must be writable, got ")
