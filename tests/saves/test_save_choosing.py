"""Saves taken in mid-choice: the chooser begins anew, and chooses what it would have chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from saving import Game
from toy_chooser import load_chooser_model, make_chooser_model

from npcbrain.choosing.choice import Choice
from npcbrain.choosing.chooser import Chooser
from npcbrain.errors import EngineError
from npcbrain.lm.model import Model
from npcbrain.situation import Situation

FEW_MS = 0.24  # a few steps of the chooser, by a clock that moves on when it is read


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_chooser_model(tmp_path_factory.mktemp("model") / "toy")


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return load_chooser_model(folder, 3, own_words=9.0)


def is_choosing(game: Game) -> bool:
    """Whether a choice has begun and is not over."""
    mind: Any = game.runtime._mind
    return mind._deliberation._next_shape is not None


def num_chosen(game: Game) -> int:
    """How many have been chosen for whose prompts are still to be made."""
    mind: Any = game.runtime._mind
    return sum(request.chosen is not None for request in mind._line)


def ask_all(game: Game) -> None:
    for number, npc in enumerate(game.runtime.npcs.values()):
        npc.hear(f"Is the soup number {number} done?")
    game.frame = 100  # nothing more is asked


def play(game: Game, num_frames: int) -> None:
    game.play(num_frames, FEW_MS)


@pytest.mark.parametrize(
    ("overlap", "own_words"),
    [(False, 9.0), (False, -2.0), (True, 9.0)],
    ids=["inline", "quotes", "overlap"],
)
def test_saves_in_mid_choice_load_and_go_on_to_the_same_answers(
    folder: Path, tmp_path: Path, overlap: bool, own_words: float
) -> None:
    model = load_chooser_model(folder, 3, own_words)
    whole = Game(model)
    ask_all(whole)
    whole.end()
    said = [one for found in whole.decisions.values() for one in found]
    assert {bool(one.quoted) for one in said} == {own_words < 0}
    num_saves = num_in_midst = 0
    game = Game(model, overlap=overlap)
    ask_all(game)
    while not game.is_over and num_in_midst < 4:
        play(game, 1)
        path = tmp_path / f"{num_saves}.npcb"
        game.runtime.save(path).wait()
        in_midst = is_choosing(game) or num_chosen(game) > 0
        if in_midst and num_saves % 2 == 0:
            num_in_midst += 1
            other = Game(model, seed=1, overlap=overlap)
            other.go_back(game.frame, game.past())
            report = other.runtime.load(path)
            assert str(report) == ""
            assert report.num_resumed > 0
            other.end()
            assert other.past() == whole.past()
            other.runtime.close()
        num_saves += 1
    game.end()
    assert game.past() == whole.past()
    assert num_in_midst == 4
    game.runtime.close()


def test_what_is_half_chosen_is_forgotten_when_another_game_is_loaded(
    model: Model, tmp_path: Path
) -> None:
    """Nobody gets a choice that belongs to the game before."""
    game = Game(model)
    ask_all(game)
    game.runtime.save(tmp_path / "asked.npcb").wait()
    game.end()
    answers = game.past()
    game.go_back(100, ({}, {}))
    for npc in game.runtime.npcs.values():
        npc.hear("Give me the key!")
    while not is_choosing(game):
        play(game, 1)
    game.runtime.load(tmp_path / "asked.npcb")
    game.end()
    assert game.past() == answers


@pytest.mark.filterwarnings("ignore:the model's chooser failed")
def test_an_answer_that_the_model_finds_alone_goes_on_so(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chooser failed when it was asked, and is well when the game is loaded."""

    def fail(own: Chooser, rows: int) -> None:
        raise EngineError("broken")

    game = Game(model)
    with monkeypatch.context() as patch:
        patch.setattr(Chooser, "step", fail)
        ask_all(game)
        for _ in range(400):
            game.play(1)
            if any(npc.speech for npc in game.runtime.npcs.values()):
                break
    said = {name: npc.speech for name, npc in game.runtime.npcs.items() if npc.speech}
    assert said
    game.runtime.save(tmp_path / "a.npcb").wait()
    past = game.past()
    game.end()
    other = Game(model)
    other.go_back(100, past)
    report = other.runtime.load(tmp_path / "a.npcb")
    assert report.notes == []
    for name, words in said.items():
        assert other.npc(name).speech == words
    other.end()
    for name in said:
        assert other.decisions[name] == game.decisions[name]


@pytest.mark.parametrize(
    "strange",
    [
        {"text": "\0" * 200},
        {"text": "\ud800\u202e" * 60},
        {"text": "x" * 2000},
        {"text": ""},
    ],
    ids=["NUL", "surrogates", "long", "nothing"],
)
def test_a_choice_about_a_strange_line_is_made_or_left_to_the_model(
    model: Model, strange: dict[str, str]
) -> None:
    game = Game(model)
    npc = game.npc("Ann")
    npc.hear("Well?")
    event = npc.event
    assert event is not None
    situation = Situation(npc.persona.profile, npc.scene, replace(event, **strange), npc.actions)
    mind: Any = game.runtime._mind
    assert isinstance(mind.choose_now(situation), Choice | None)
