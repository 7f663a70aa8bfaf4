"""Each point of ``tools.endure`` for a moment: what the command tries for minutes holds here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from npcbrain.lm.model import Model
from tools.endure import __main__ as command
from tools.endure import soak
from tools.endure.accidents import accidents
from tools.endure.files import KINDS, fuzz
from tools.endure.fire import NUM_SLOTS, fire
from tools.endure.outages import outages
from tools.endure.point import Point
from tools.endure.save_cost import time_saves
from tools.endure.soak import soak_real, soak_virtual
from tools.endure.tapes import play_again
from tools.endure.village import tiny
from tools.endure.words import try_words


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(tiny(), num_slots=NUM_SLOTS)


def tried(name: str) -> Point:
    return Point(name, 0.0, seed=7)


def test_random_kin_of_attacks_are_words() -> None:
    point = tried("words")
    try_words(point, tiny(), 20)
    assert point.broken == []
    assert point.counts["attacks"] > 450


def test_files_that_nobody_vouches_for_are_read_or_refused() -> None:
    point = tried("files")
    fuzz(point, 60)
    assert point.broken == []
    for kind in KINDS:
        assert point.counts[f"{kind} read"] > 0
        assert point.counts[f"{kind} refused"] > 20


def test_a_reader_that_breaks_its_promise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(path: Path) -> None:
        raise KeyError(path.name)

    monkeypatch.setattr("tools.endure.files._prices", careless)
    point = tried("files")
    fuzz(point, 2)
    assert any("prices.msgpack: KeyError" in found for found in point.broken)


def test_accidents_leave_the_old_save_or_the_new() -> None:
    point = tried("accidents")
    accidents(point, 2)
    assert point.broken == []
    assert point.counts["faults"] > 25
    assert point.counts["flipped bytes"] == 200


def test_answers_are_the_same_under_fire(model: Model, tmp_path: Path) -> None:
    point = tried("fire")
    fire(point, (model, model), tmp_path, 2)
    assert point.broken == []
    assert (point.counts["games"], point.counts["events"]) == (2, 60)
    assert point.counts["answers compared"] > 5


def test_when_onnx_runtime_fails_people_carry_on_by_tree_and_it_is_tried_again(
    model: Model,
) -> None:
    point = tried("outages")
    outages(point, model, 1)
    assert point.broken == []
    assert point.counts["outages"] == 3


def test_a_crowd_leaves_nothing_behind_and_nobody_waits_for_ever() -> None:
    point = tried("virtual")
    soak_virtual(point, 1200)
    assert point.broken == []
    assert point.counts["went"] > 3
    assert point.counts["engine faults"] > 1
    assert point.counts["vetoes"] > 0
    assert point.figures["bytes an NPC in a save, memory full"] < 10_000


def test_neither_does_one_of_a_real_model(model: Model) -> None:
    point = tried("real")
    soak_real(point, model, 200)
    point.broken = [found for found in point.broken if "memory" not in found]  # too short for that
    assert point.broken == []
    assert point.counts["requests"] > 5


def test_fewer_frames_than_the_long_form_has_do_not_hold() -> None:
    point = tried("virtual")
    soak_virtual(point, 240, whole=True)
    assert "216,000 frames are played: 264" in point.broken


def test_resident_memory_is_promised_of_a_long_game_and_said_where_nobody_tells_it(
    model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(soak, "SETTLED", 50)
    monkeypatch.setattr(soak, "_blocks", lambda: 1)
    found = iter(range(1000, 100_000, 100))
    monkeypatch.setattr(soak, "_resident", lambda: next(found))
    point = tried("real")
    soak_real(point, model, 100)
    assert any(text.startswith("resident memory stay flat") for text in point.broken)
    monkeypatch.setattr(soak, "_resident", lambda: 0)
    point = tried("real")
    soak_real(point, model, 100)
    assert point.untold == ["resident memory"]


def test_what_a_save_costs_is_measured() -> None:
    point = tried("cost")
    time_saves(point, 3)
    assert (point.broken, point.counts["saves"]) == ([], 3)
    assert point.figures["call, median, ms"] >= point.figures["call, best, ms"] > 0


def test_a_recorded_village_plays_again_with_the_model_and_without_it(model: Model) -> None:
    point = tried("tape")
    play_again(point, model, 1)
    assert point.broken == []
    assert point.counts["frames with the model"] == point.counts["frames without the model"] > 100
    assert point.counts["answers written again"] > 0


def test_one_point_can_be_tried_alone() -> None:
    (point,) = command.run(0.01, tiny(), 1, "a save is whole")
    assert (point.name, point.counts["faults"] > 0) == ("a save is whole", True)


def test_the_command_shows_and_stores_figures_and_tells_what_is_broken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def one(seconds: float, folder: Path, seed: int, only: str | None) -> list[Point]:
        point = Point("all is well", seconds, seed)
        point.counts["tries"] += 12
        point.figures["size"] = 1.5
        point.expect(seed == 1, "the seed is one")
        point.wanted["tries"] = 216_000
        return [point]

    monkeypatch.setattr(command, "run", one)
    out = tmp_path / "deep" / "endure.json"
    assert command.main(["--minutes", "0.5", "--model", "tiny", "--out", str(out)]) == 0
    (kept,) = json.loads(out.read_text("utf-8"))["points"]
    assert kept == {
        "promise": "all is well",
        "tried": {"tries": 12},
        "measured": {"size": 1.5},
        "of": {"tries": 216_000},
        "not told": [],
        "broken": [],
    }
    assert "12 of 216,000 tries" in capsys.readouterr().out
    assert command.main(["--hours", "1", "--seed", "2", "--out", str(out)]) == 1
    assert "the seed is one" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.main(["--minutes", "0"])
