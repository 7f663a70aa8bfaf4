"""The first difference between two recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from replaying import recorded, tiny
from saving import Game, TickingClock

from npcbrain.replay.difference import Difference, first_between
from npcbrain.replay.recording import Recording


def between(first: Path, second: Path) -> tuple[int, Difference | None]:
    return first_between(Recording(first), Recording(second))


@pytest.fixture
def one(tmp_path: Path) -> Path:
    path = tmp_path / "a.npcr"
    recorded(path)
    return path


def test_the_same_game_twice_has_none(one: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "b.npcr", clock=TickingClock(tick_ns=777))  # times are no difference
    assert between(one, tmp_path / "b.npcr") == (30, None)


@pytest.mark.parametrize(
    ("options", "kind", "frame"),
    [
        ({"seed": 6}, "SETTINGS", 0),
        ({"names": ("Ann", "Bob", "Cid")}, "ADD", 0),
        ({"frames": 29}, "FRAME", 29),
    ],
)
def test_what_differs_is_told_with_its_frame(
    one: Path, tmp_path: Path, options: dict[str, Any], kind: str, frame: int
) -> None:
    recorded(tmp_path / "b.npcr", **options)
    _, found = between(one, tmp_path / "b.npcr")
    assert found is not None
    assert (found.kind, found.frame) == (kind, frame)


def test_another_line_is_told_with_both(one: Path, tmp_path: Path) -> None:
    game = Game(None, record=tmp_path / "b.npcr")
    game.play(9)
    game.npc("Cid").hear("Fire!")
    game.play(21)
    game.runtime.close()
    num_frames, found = between(one, tmp_path / "b.npcr")
    assert found is not None
    assert (num_frames, found.frame) == (9, 9)
    assert found.second == "EVENT Cid, ['speech', 'player', 'Fire!']"
    assert str(found).startswith("frame 9, FRAME: FRAME 9 | EVENT Cid")


def test_a_model_and_none_differ_at_once(one: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "b.npcr", tiny())
    _, found = between(one, tmp_path / "b.npcr")
    assert found is not None
    assert found.kind == "SETTINGS"
