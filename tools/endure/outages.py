"""ONNX Runtime fails in mid-game: NPCs go on with their trees, and the model comes back."""

from __future__ import annotations

import random
import warnings
from typing import Any

from npcbrain.lm.model import Model
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from tools.endure.faulty_runner import FAULTS, FaultyRunner
from tools.endure.fire import BrakingEngine, TickingClock
from tools.endure.ledger import Ledger
from tools.endure.point import Point
from tools.endure.village import PEOPLE, TREE

__all__ = ["Outage", "outages"]

NUM_NPCS = 3
REST_FRAMES = 4000  # until an engine that had failed is tried again and answers


class WithoutChooser:
    """A model that uses only the engine that fails, and no chooser."""

    encoder = None

    def __init__(self, model: Model) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class Outage:
    """A small game whose engine can be broken.

    Attributes:
        told: Warnings so far.
    """

    def __init__(self, model: Model, seed: int) -> None:
        self.engine = BrakingEngine(model)
        self.faults = FaultyRunner(self.engine._runner)
        self.engine._runner = self.faults  # type: ignore[assignment]
        self.runtime = Runtime(
            WithoutChooser(model),  # type: ignore[arg-type]
            seed=seed,
            clock=TickingClock(),
            engine=self.engine,
            price_file=None,
            memo=0,
        )
        assert self.runtime.scheduler is not None
        self.ledger = Ledger(self.runtime.scheduler)
        self.runtime.on_action("give", lambda npc, **args: None)
        for number in range(NUM_NPCS):
            persona = Persona.from_dict({**PEOPLE, "name": f"Greta {number}"})
            self.runtime.add_npc(f"npc {number}", persona=persona, tree=TREE)
        self.told: list[str] = []

    def ask_all(self) -> list[tuple[str, str]]:
        """Asks everybody; returns who answered, and why the model did not."""
        for npc in self.runtime.npcs.values():
            npc.hear("What is a bed?")
        found: list[tuple[str, str]] = []
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(REST_FRAMES):
                for _, decision in self.runtime.update(20.0).decisions:
                    found.append((decision.source, decision.reason))
                if all(npc.event is None for npc in self.runtime.npcs.values()):
                    break
        self.told += [str(one.message) for one in told if one.category is RuntimeWarning]
        return found

    def until_well(self) -> bool:
        """Plays on until the model answers again."""
        for _ in range(200):
            if {source for source, _ in self.ask_all()} == {"model"}:
                return True
            for _ in range(REST_FRAMES):
                self.runtime.update(0.0)
        return False


def outages(point: Point, model: Model, most: int | None = None) -> None:
    """Tries every kind of outage in turn, for a point's time or ``most`` times."""
    for dice in point.rounds(most):
        for fault in FAULTS:
            _try(point, Outage(model, dice.randrange(1000)), fault, dice)


def _try(point: Point, game: Outage, fault: str, dice: random.Random) -> None:
    game.faults.always = fault
    answers = [answer for _ in range(dice.choice((2, 3))) for answer in game.ask_all()]
    point.counts[f"answers while all fails ({fault})"] += len(answers)
    point.expect(
        {*answers} == {("tree", "engine_error")}, f"{fault}: trees answer: {sorted({*answers})}"
    )
    point.expect(len(answers) % NUM_NPCS == 0, f"{fault}: everybody is answered once")
    game.faults.always = ""
    game.faults.fail("")
    point.expect(game.until_well(), f"{fault}: the model answers again")
    about = [message for message in game.told if "times in a row" in message]
    point.expect(len(about) == 1, f"{fault}: it is told once: {game.told}")
    point.expect(game.ledger.is_right, f"{fault}: every request ends once")
    point.counts["outages"] += 1
    game.runtime.close()
