"""Each operation on files fails by itself, and processes die in it: the old save or the new one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dying_save import EXIT_CODE, crowd, known, tell
from saving import Game, people

from npcbrain.errors import SaveError
from npcbrain.saves.store import Disk, last_of, put
from tools.endure.faulty_disk import OPERATIONS, FaultyDisk

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).resolve().parents[1] / "dying_save.py"
STEPS = (
    "create",
    "fill",
    "flush",
    "sync",
    "read",
    "remove",
    "link",
    "replace",
    "replace",
    "settle",
)


@pytest.fixture(scope="module")
def saves() -> list[bytes]:
    """Three that can be told apart: 1, 2 and 3."""
    found = []
    for number in (1, 2, 3):
        runtime = crowd(2)
        tell(runtime, number)
        found.append(runtime._snapshot().packed(lambda: None))
    return found


def two_saves(path: Path, saves: list[bytes]) -> None:
    for number in (0, 1):
        put(path, saves[number], Disk())


def number_in(path: Path, num_npcs: int = 2) -> int:
    """What everybody knows who is loaded from there."""
    runtime = crowd(num_npcs)
    runtime.load(path)
    (number,) = known(runtime)
    return number


def test_a_save_does_these_operations_in_this_order(tmp_path: Path, saves: list[bytes]) -> None:
    path, disk = tmp_path / "a.npcb", FaultyDisk(0, kills=False, half=False)
    two_saves(path, saves)
    put(path, saves[2], disk)
    assert tuple(disk.calls) == STEPS
    assert {*STEPS} == {*OPERATIONS}


@pytest.mark.parametrize("half", [False, True], ids=["before", "halfway"])
@pytest.mark.parametrize(
    ("step", "is_told", "number", "last"),
    [
        (0, True, 2, 1),  # create
        (1, True, 2, 1),  # fill
        (2, True, 2, 1),  # flush
        (3, True, 2, 1),  # sync
        (4, False, 3, 1),  # read: what cannot be read is no good save, and pushes out none
        (5, True, 2, 1),  # remove
        (6, False, 3, 2),  # link: there are file systems without
        (7, False, 3, 2),  # replace the last one: it is done without a link then
        (8, True, 2, 2),  # replace the newest
        (9, True, 3, 2),  # settle: it is in place, and whether it will stay is unknown
    ],
)
def test_an_error_in_an_operation_is_told_or_made_up_for(
    tmp_path: Path, saves: list[bytes], step: int, is_told: bool, number: int, last: int, half: bool
) -> None:
    path = tmp_path / "a.npcb"
    two_saves(path, saves)
    disk = FaultyDisk(step + 1, kills=False, half=half)
    if is_told:
        with pytest.raises(SaveError, match=r"No space left on device' - at .*a\.npcb"):
            put(path, saves[2], disk)
    else:
        put(path, saves[2], disk)
    assert disk.calls[step] == STEPS[step]
    assert number_in(path) == number
    assert last_of(path).read_bytes() == saves[last - 1]
    assert not (tmp_path / "a.npcb.new").exists()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("fails_at", "half", "number"),
    [*((step, False, 2 if step < 10 else 3) for step in range(1, 12)), (2, True, 2), (9, True, 3)],
)
def test_a_process_that_dies_in_an_operation_leaves_the_old_save_or_the_new(
    tmp_path: Path, fails_at: int, half: bool, number: int
) -> None:
    path = tmp_path / "a.npcb"
    runtime = crowd()
    for before in (1, 2):
        tell(runtime, before)
        runtime.save(path).wait()
    command = [sys.executable, str(PROGRAM), "die", str(path), str(fails_at)]
    died = subprocess.run(
        [*command, "half" if half else "before"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
    )
    assert (died.returncode, died.stderr) == (EXIT_CODE if fails_at <= len(STEPS) else 0, "")
    assert number_in(path, 30) == number
    for after in (4, 5):  # what the dead one left behind is in nobody's way, and goes
        tell(runtime, after)
        runtime.save(path).wait()
        assert number_in(path, 30) == after
    assert {*tmp_path.iterdir()} == {path, last_of(path)}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("num_saves", [1, 2, 5])
def test_a_game_killed_while_it_saves_has_all_that_it_was_told_is_saved(
    tmp_path: Path, num_saves: int
) -> None:
    path = tmp_path / "a.npcb"
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), "go on", str(path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as game:
        assert game.stdout is not None
        told = [game.stdout.readline() for _ in range(num_saves)]
        game.kill()
        told += game.stdout.readlines()
    told = [line for line in told if line.endswith("\n")]
    assert len(told) >= num_saves
    assert number_in(path, 30) >= int(told[-1])


@pytest.mark.parametrize("half", [False, True], ids=["an error", "half of it"])
def test_a_newest_save_that_cannot_be_read_back_gives_way_to_the_last(
    tmp_path: Path, saves: list[bytes], half: bool
) -> None:
    path = tmp_path / "a.npcb"
    two_saves(path, saves)
    runtime = crowd(2)
    runtime._disk = FaultyDisk(1, kills=False, half=half)
    with pytest.warns(RuntimeWarning, match="loaded instead of a newer save"):
        report = runtime.load(path)
    assert known(runtime) == {1}
    assert ("bytes of data" if half else "No space left") in report.last_good


def test_where_neither_save_can_be_read_back_nothing_changes(
    tmp_path: Path, saves: list[bytes]
) -> None:
    class Dead(FaultyDisk):
        def _fails(self, name: str) -> bool:
            return True

    path = tmp_path / "a.npcb"
    two_saves(path, saves)
    game = Game(None, names=("npc 0", "npc 1"))
    game.play(3)
    before = [*people(game.runtime)]
    game.runtime._disk = Dead(0, kills=False, half=False)
    with pytest.raises(SaveError, match="No space left") as told:
        game.runtime.load(path)
    assert any("the one before it" in note for note in told.value.__notes__)
    assert [*people(game.runtime)] == before
