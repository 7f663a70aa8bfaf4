"""Invariance under fire: whatever happens between frames, answers are those of a quiet game."""

from __future__ import annotations

import tempfile
import warnings
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from npcbrain.lm.model import Model
from tools.endure.faulty_runner import FAULTS
from tools.endure.fire import BUDGETS, NUM_SLOTS, Fire, Reference
from tools.endure.village import tiny

NUMBERS = st.integers(0, 7)


@cache
def shared() -> tuple[Model, Reference]:
    """Loaded once: answers of the undisturbed engine are kept from one game to the next."""
    model = Model.load(tiny(), num_slots=NUM_SLOTS)
    return model, Reference(model)


class Game(RuleBasedStateMachine):
    """Everything at any moment; ``Fire.check`` holds after every frame, ``Fire.end`` at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.fire = Fire(*shared(), Path(self.folder.name))

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


Game.TestCase.settings = settings(
    max_examples=6,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
TestFire = Game.TestCase
