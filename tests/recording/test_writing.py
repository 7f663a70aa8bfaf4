"""Recordings on their way to the disk: no frame waits, nothing outgrows its limit, all is told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from replaying import build, kinds, recorded
from saving import Game

import npcbrain as nb
from npcbrain import testing
from npcbrain.errors import RecordingError, UsageError
from npcbrain.recording import recorder, writing
from npcbrain.recording.moments import Kind
from npcbrain.recording.writing import LAST_BYTES, Writer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    return tmp_path / "a.npcr"


def limited(monkeypatch: pytest.MonkeyPatch, num_bytes: int) -> None:
    monkeypatch.setattr(
        recorder, "Writer", lambda path, model: Writer(path, model, limit_bytes=num_bytes)
    )


def test_a_recording_stops_at_its_limit_and_is_played_up_to_there(
    tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited(monkeypatch, 6000)
    game = recorded(tape, frames=2000)
    assert 6000 - LAST_BYTES < tape.stat().st_size <= 6000
    assert Kind.STOP in kinds(tape)
    found = testing.replay(tape, build)
    assert found.identical
    assert 0 < found.num_frames < game.frame
    assert found.why_over == "it has reached its limit of 6000 bytes"


def test_what_was_recorded_before_is_kept_once(tape: Path) -> None:
    for frames in (1, 2, 3):
        recorded(tape, frames=frames)
    last = tape.with_name("a.npcr.last")
    assert testing.replay(last, build).num_frames == 2
    assert testing.replay(tape, build).num_frames == 3
    assert len([*tape.parent.iterdir()]) == 2


class Stuck:
    """A disk that does not answer."""

    def __init__(self, file: Any) -> None:
        self.answers = threading.Event()
        self._file = file

    def write(self, content: bytes) -> None:
        self.answers.wait(60)
        self._file.write(content)

    def flush(self) -> None:
        self._file.flush()

    def __enter__(self) -> None: ...

    def __exit__(self, *error: object) -> None:
        self._file.close()


def test_a_disk_that_hangs_holds_up_no_frame_and_ends_the_recording(
    tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "MAX_QUEUED", 50)
    game = Game(None, record=tape)
    tape_thread: Any = game.runtime._recorder._sink._tape  # type: ignore[union-attr]
    stuck = tape_thread._file = Stuck(tape_thread._file)
    game.play(200)  # would hang for a minute
    assert tape_thread.moments.qsize() <= 50
    stuck.answers.set()
    game.runtime.close()
    found = testing.replay(tape, build)
    assert (found.identical, found.why_over) == (True, "the disk was too slow")
    assert found.num_frames < 200


class Full(Stuck):
    def write(self, content: bytes) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_once_and_stops_nobody(tape: Path) -> None:
    game = Game(None, record=tape)
    tape_thread: Any = game.runtime._recorder._sink._tape  # type: ignore[union-attr]
    tape_thread._file = Full(tape_thread._file)
    game.play(5)
    with pytest.warns(RuntimeWarning, match="is not whole: .*No space left"):
        game.runtime.close()


def test_where_nothing_can_be_written_no_runtime_is_made(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="check that the folder exists"):
        nb.Runtime(None, record=tmp_path / "no" / "a.npcr")
    with pytest.raises(UsageError, match="record must be a file's path"):
        nb.Runtime(None, record=tmp_path)
    with pytest.raises(UsageError, match="record must be a file's path"):
        nb.Runtime(None, record="")
    with pytest.raises(UsageError, match="record must be a file's path"):
        nb.Runtime(None, record=7)  # type: ignore[arg-type]


def test_what_a_game_notes_must_be_plain(tape: Path) -> None:
    runtime = nb.Runtime(None, record=tape)
    with pytest.raises(RecordingError, match=r"value must be plain data.*Runtime\.note\(\)"):
        runtime.note(object())
    runtime.close()


CRASHES = """
import os, time
from saving import Game
game = Game(None, record="a.npcr")
game.play(40)
time.sleep(0.5)
game.npc("Ann").hear("The last words.")
print(len(game.runtime.npcs), flush=True)
{end}
"""


@pytest.mark.parametrize("end", ["os._exit(9)", "game.play(1)"], ids=["killed", "never closed"])
def test_a_game_that_ends_without_closing_has_its_frames(tape: Path, end: str) -> None:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
    subprocess.run(
        [sys.executable, "-c", CRASHES.format(end=end)],
        cwd=tape.parent,
        env=environment,
        check=end == "game.play(1)",
        capture_output=True,
    )
    found = testing.replay(tape, build)
    assert (found.identical, found.whole) == (True, False)
    assert found.num_frames == (41 if end == "game.play(1)" else 40)


def test_without_a_recorder_nothing_is_other_than_before() -> None:
    game = Game(None)
    assert type(game.npc("Ann")) is nb.Npc
    assert type(game.npc("Ann").blackboard) is nb.tree.Blackboard
    game.runtime.note({"keys": []})
    game.runtime.close()
