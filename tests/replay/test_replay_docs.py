"""What docs/replay.md shows, run; a recording of every version; the command line."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from replaying import Busy, build, recorded, tiny
from saving import TINY, TickingClock

import npcbrain as nb
from npcbrain import testing
from npcbrain.commands.main import main
from npcbrain.recording.stream import VERSION
from npcbrain.replay import games

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
GOLDEN = Path(__file__).parents[1] / "golden_recordings"
GAME = ["--game", "replaying:build"]


def script() -> str:
    """The example, with the tiny model in place of the one that ships."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code.count("Model.load()") == 1
    return str(code).replace("Model.load()", f"Model.load({str(TINY)!r})")


def test_the_script_of_the_page_runs_and_is_identical(tmp_path: Path) -> None:
    persona = {"name": "Greta", "role": "baker", "facts": ["There is one loaf left."]}
    (tmp_path / "greta.json").write_text(json.dumps(persona), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", script()],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len([line for line in script().splitlines() if line.strip()]) <= 14


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_a_recording_of_every_version_is_played(version: int) -> None:
    """Made by ``python tests/replay/test_replay_docs.py`` when the version is new, never again."""
    found = testing.replay(GOLDEN / f"{version}.npcr", build)
    assert (found.difference, found.whole) == (None, True)
    assert (found.num_frames, found.num_questions) == (120, 8)


def test_the_command_plays_with_and_without_the_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tmp_path / "a.npcr"
    recorded(tape, tiny(), frames=150)
    assert main(["replay", str(tape), *GAME]) == 0
    assert capsys.readouterr().out.endswith("identical: true\n")
    assert main(["replay", str(tape), *GAME, "--model", str(TINY), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["identical"], found["with_model"], found["num_checked"] > 0) == (True, True, True)


def test_the_command_finds_the_first_difference_between_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other, slower = (tmp_path / f"{name}.npcr" for name in "abc")
    recorded(one, tiny(), frames=150)
    shutil.copy(one, other)
    recorded(slower, tiny(), frames=150, clock=TickingClock(tick_ns=90_000))
    assert main(["replay", str(one), str(other), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["num_frames"] == 150
    assert main(["replay", str(one), str(slower), "--json"]) == 1
    difference = json.loads(capsys.readouterr().out)["difference"]
    assert (difference["kind"], difference["frame"] > 0) == ("ANSWER", True)
    assert main(["replay", str(one), str(slower)]) == 1
    assert capsys.readouterr().out.endswith("identical: false\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a recording must name its game, got None"),
        (["--game", "replaying"], "--game must be MODULE:FUNCTION"),
        (["--game", "replaying:nobody"], "a game must be there, got 'replaying:nobody'"),
        (["--game", "no_such_game:build"], "a game must be there"),
    ],
)
def test_a_game_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    tape = tmp_path / "a.npcr"
    recorded(tape, frames=1)
    assert main(["replay", str(tape), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_recording_that_names_an_installed_game_needs_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = tmp_path / "a.npcr"
    game = Busy(tiny(), record=tape)
    game.runtime.note({"game": "cooks"})
    game.play(30)
    game.runtime.close()
    assert main(["replay", str(tape)]) == 2
    assert "its game must be installed here, got 'cooks'" in capsys.readouterr().err
    entry = EntryPoint("cooks", "replaying:build", games.GROUP)
    monkeypatch.setattr(games, "entry_points", lambda group, name: [entry])
    assert main(["replay", str(tape)]) == 0
    assert nb.testing.replay(tape).identical


def test_a_recording_cannot_name_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tape = tmp_path / "a.npcr"
    game = Busy(None, record=tape)
    game.runtime.note({"game": "replaying:build"})
    game.play(2)
    game.runtime.close()
    assert main(["replay", str(tape)]) == 2
    assert "its game must be installed here" in capsys.readouterr().err


def test_testing_is_there_once_npcbrain_is_imported() -> None:
    code = "import sys, npcbrain as nb; assert 'npcbrain.testing' not in sys.modules; "
    code += "assert callable(nb.testing.replay)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_file_that_is_no_recording_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "a.npcb"
    other.write_bytes(b"npcbsave" + bytes(60))
    assert main(["replay", str(other), *GAME]) == 2
    assert "a recording must begin with 'npcbtape'" in capsys.readouterr().err


def make_golden() -> None:
    """Writes a recording of today's version."""
    GOLDEN.mkdir(exist_ok=True)
    path = GOLDEN / f"{VERSION}.npcr"
    if path.exists():
        raise SystemExit(f"{path} is there: raise VERSION first")
    game = Busy(tiny(), record=path)
    game.play(120)
    game.runtime.close()
    print(testing.replay(path, build))


if __name__ == "__main__":
    make_golden()
