"""Invariance under fire: whatever happens between frames, answers are those of a quiet game."""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from toy_chooser import load_chooser_model, make_chooser_model

from npcbrain.lm.model import Model
from npcbrain.situation import Situation
from tools.endure.faulty_runner import FAULTS
from tools.endure.fire import BUDGETS, NUM_SLOTS, Fire, Reference
from tools.endure.village import tiny

NUMBERS = st.integers(0, 7)
SOUP: dict[str, Any] = {
    "npc": {"name": "Al", "role": "cook", "facts": ["Soup is hot."]},
    "actions": [{"name": "say"}],
    "event": {"kind": "speech", "from": "player", "text": "Is the soup done?"},
}


@cache
def without_chooser() -> tuple[Model, Reference]:
    """Loaded once: answers of the undisturbed engine are kept from one game to the next."""
    model = Model.load(tiny(), num_slots=NUM_SLOTS)
    return model, Reference(model)


@cache
def with_chooser() -> tuple[Model, Reference]:
    """A model that chooses before it speaks; half of its answers are quotes."""
    with tempfile.TemporaryDirectory() as place:
        folder = make_chooser_model(Path(place) / "toy")
        model = load_chooser_model(folder, NUM_SLOTS, own_words=5.0)
    return model, Reference(model)


class Game(RuleBasedStateMachine):
    """Everything at any moment; ``Fire.check`` holds after every frame, ``Fire.end`` at the end."""

    shared = staticmethod(without_chooser)

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.fire = Fire(*self.shared(), Path(self.folder.name))

    @rule(number=NUMBERS, word=st.integers(0, 3))
    def hear(self, number: int, word: int) -> None:
        self.fire.hear(number, word)

    @rule(num_frames=st.integers(1, 8), budget_ms=st.sampled_from(BUDGETS))
    def play(self, num_frames: int, budget_ms: float) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of engines that fail
            self.fire.play(num_frames, budget_ms)

    @precondition(lambda self: len(self.fire.runtime.npcs) < 6)
    @rule()
    def spawn(self) -> None:
        self.fire.spawn()

    @rule(number=NUMBERS)
    def leave(self, number: int) -> None:
        self.fire.leave(number)

    @rule(number=NUMBERS)
    def cancel(self, number: int) -> None:
        self.fire.cancel(number)

    @rule(number=NUMBERS, importance=st.sampled_from((0.01, 1.0, 100.0)))
    def weigh(self, number: int, importance: float) -> None:
        self.fire.weigh(number, importance)

    @rule()
    def brake(self) -> None:
        self.fire.brake()

    @rule(fault=st.sampled_from(FAULTS))
    def fail(self, fault: str) -> None:
        self.fire.fail(fault)

    @rule()
    def save(self) -> None:
        self.fire.save()

    @rule()
    def load(self) -> None:
        self.fire.load()

    @invariant()
    def every_request_ends_once_and_slots_are_conserved(self) -> None:
        self.fire.check()

    def teardown(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            self.fire.end()
        self.folder.cleanup()


class ChoosingGame(Game):
    """The same where a chooser chooses first: each choice, too, is that of a quiet game."""

    shared = staticmethod(with_chooser)

    @rule()
    def fail_choosing(self) -> None:
        self.fire.fail_choosing()


SETTINGS = settings(
    max_examples=6,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
Game.TestCase.settings = ChoosingGame.TestCase.settings = SETTINGS
TestFire, TestChoosingFire = Game.TestCase, ChoosingGame.TestCase


@pytest.mark.parametrize("shared", [without_chooser, with_chooser])
def test_games_under_fire_compare_answers_and_choices(
    shared: Callable[[], tuple[Model, Reference]], tmp_path: Path
) -> None:
    """What the machines above look at is there to be looked at, saves in mid-choice included."""
    game, num_cut_saves = Fire(*shared(), tmp_path), 0
    for frame in range(30):
        game.hear(frame, frame // 3)
        game.play(1, (0.3, 0.3, 1.5)[frame % 3])
        if frame % 4 == 0:
            game.save()
            num_cut_saves += game.witness is not None and game.witness.is_in_midst
            game.load()
    game.end()
    assert game.num_equal > 0
    if game.witness is not None:
        assert game.num_chosen > game.num_equal  # some are quotes
        assert num_cut_saves > 0


def test_another_choice_is_found(tmp_path: Path) -> None:
    model, reference = with_chooser()
    game = Fire(model, reference, tmp_path)
    assert game.witness is not None
    game.hear(0, 0)
    game.play(30, math.inf)
    situation = Situation.from_dict(SOUP)
    choice = reference.chooser.choice(situation)
    assert choice is not None
    game.witness.chosen.append((situation, replace(choice, quote="Another one.")))
    with pytest.raises(AssertionError, match="a choice is another one"):
        game.check()
    game.runtime.close()
