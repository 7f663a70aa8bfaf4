"""Promises of ``commands.bench.limits`` and of ``bench frames --assert``, which asks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from npcbrain.commands.bench.limits import Limits, broken_limits
from npcbrain.commands.main import main
from npcbrain.errors import UsageError

TINY = str(Path(__file__).parents[1] / "models" / "tiny")
KEPT = {"over_budget_p99_ms": 0.5, "hitches_on": 7, "hitches_off": 4, "frames": 3000, "note": ""}
COMMAND = ["bench", "frames", "--model", TINY, "--json"]


def broken(**changed: Any) -> list[str]:
    return broken_limits({**KEPT, **changed}, Limits())


def test_a_run_at_its_limits_keeps_them() -> None:
    assert broken() == []


def test_an_update_too_far_over_its_budget_is_named_with_the_distance() -> None:
    assert broken(over_budget_p99_ms=0.75) == [
        "over_budget_p99_ms must be at most 0.5 ms, got 0.75 - "
        "at npcbrain bench frames --assert; 0.25 ms too much"
    ]


def test_hitches_that_npcbrain_adds_are_named_with_their_number() -> None:
    assert broken(hitches_on=9) == [
        "hitches_on must be at most 7 (4 without npcbrain and 0.1 % of 3000 frames), got 9 - "
        "at npcbrain bench frames --assert; 2 too many"
    ]


def test_every_broken_limit_is_named_and_what_the_machine_did_beside() -> None:
    note = "other programs took 40% of the core; they are in these times too"
    messages = broken(over_budget_p99_ms=2.0, hitches_on=99, note=note)
    assert [message.partition(" ")[0] for message in messages] == [
        "over_budget_p99_ms",
        "hitches_on",
    ]
    assert all(message.endswith(f"; {note}") for message in messages)


def test_hitches_of_the_game_itself_are_not_held_against_npcbrain() -> None:
    assert broken(hitches_on=500, hitches_off=500) == []


@pytest.mark.parametrize("limit", [-1.0, float("nan"), float("inf")])
def test_a_limit_must_be_a_number_of_0_or_more(limit: float) -> None:
    with pytest.raises(UsageError, match=r"^--max-over-p99-ms must be 0 or more, got "):
        Limits(over_p99_ms=limit)
    with pytest.raises(UsageError, match=r"^--max-extra-hitches must be 0 or more, got "):
        Limits(extra_hitches=limit)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command's run of frames comes to; nothing is played."""
    result = dict(KEPT)
    monkeypatch.setattr(
        "npcbrain.commands.bench.frames.bench_frames", lambda model, **arguments: dict(result)
    )
    return result


def test_a_run_that_keeps_its_limits_is_code_0(
    capsys: pytest.CaptureFixture[str], run: dict[str, Any]
) -> None:
    assert main([*COMMAND, "--assert"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["broken"] == []
    assert captured.err == ""


def test_a_run_that_breaks_one_is_code_1_and_says_which(
    capsys: pytest.CaptureFixture[str], run: dict[str, Any]
) -> None:
    run["hitches_on"] = 9
    assert main([*COMMAND, "--assert"]) == 1
    captured = capsys.readouterr()
    (message,) = json.loads(captured.out)["broken"]
    assert captured.err == f"npcbrain: {message}\n"
    assert message.startswith("hitches_on must be at most 7 ")


def test_the_limits_are_the_games_own(
    capsys: pytest.CaptureFixture[str], run: dict[str, Any]
) -> None:
    strict = ["--max-over-p99-ms", "0.25", "--max-extra-hitches", "0"]
    assert main([*COMMAND, "--assert", *strict]) == 1
    assert len(json.loads(capsys.readouterr().out)["broken"]) == 2


def test_without_assert_nothing_is_judged(
    capsys: pytest.CaptureFixture[str], run: dict[str, Any]
) -> None:
    run["hitches_on"] = 9
    assert main(COMMAND) == 0
    assert "broken" not in json.loads(capsys.readouterr().out)


def test_a_wrong_limit_is_said_before_minutes_are_spent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["bench", "frames", "--model", "none", "--max-extra-hitches", "-1"]) == 2
    assert capsys.readouterr().err == (
        "npcbrain: --max-extra-hitches must be 0 or more, got -1.0 - at the command line\n"
    )
