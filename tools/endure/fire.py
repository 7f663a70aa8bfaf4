"""A game in which everything happens at the wrong moment: what is said is the same all the same.

People are asked, come, go, and are cancelled; the game is saved and loaded; budgets are anything;
slots run out; steps are stopped by the brake or fail. Invariant looked for: each answer is, token
for token, what the same question gets from an engine that does nothing else; and where the model
has a chooser, each choice is what a chooser chooses that does nothing else.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from npcbrain.engine.contract import BrakedError, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.tree import Selector, Succeed
from npcbrain.tree import Sequence as InOrder
from tools.endure.faulty_runner import FAULTS, FaultyRunner
from tools.endure.ledger import Ledger
from tools.endure.point import Point
from tools.endure.village import PEOPLE
from tools.endure.witness import QuietChooser, Witness

__all__ = ["BUDGETS", "Fire", "Reference", "fire"]

BUDGETS = (0.0, 0.3, 1.5, 1.5, math.inf)
NUM_SLOTS = 2
TICK_NS = 20_000  # that the clock moves whenever it is read
MOST_FRAMES = 4000  # until everybody is answered
TREE = Selector(
    InOrder(Heard(), Decide(ttl_ms=600_000), Act()), InOrder(Heard(), CannedReply()), Succeed()
)


class TickingClock:
    """Moves on a little whenever it is read."""

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        """A little later than before."""
        self._now_ns += TICK_NS
        return self._now_ns


class Reference:
    """What an undisturbed engine answers, and an undisturbed chooser chooses.

    Attributes:
        chooser: The latter.
    """

    def __init__(self, model: Model) -> None:
        self.chooser = QuietChooser(model)
        self._model = model
        self._engine = Engine(model)
        self._known: dict[object, list[int]] = {}

    def ids(self, prefix: str, news: str, options: dict[str, Any]) -> list[int]:
        """All tokens of a question and its answer."""
        key = (prefix, news, repr(sorted(options.items())))
        if key not in self._known:
            one = self._model.generation(prefix, news, **options)
            assert self._engine.open(one)
            while not one.finished:
                if one.num_to_copy:
                    self._run(self._engine.start_copy(one))
                elif one.num_pending > 1:
                    self._run(self._engine.start_prefill(one, 32))
                else:
                    self._run(self._engine.start_decode([one]))
            self._engine.close(one)
            self._known[key] = one.ids
        return self._known[key]

    def _run(self, wave: WaveLike) -> None:
        while wave in self._engine.waves:
            self._engine.run(wave)


class RecordingModel:
    """A model that notes what it is asked."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.asked: list[tuple[Generation, str, str, dict[str, Any]]] = []

    def generation(self, prefix: str, news: str, **options: Any) -> Generation:
        """As the model's."""
        one = self._model.generation(prefix, news, **options)
        self.asked.append((one, prefix, news, options))
        return one

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


class BrakingEngine(Engine):
    """Is stopped when told to; without probes, so that a runtime is made at once."""

    stops = False

    def probes(self) -> list[Any]:
        """None."""
        return []

    def run(self, wave: WaveLike) -> Any:
        """Runs a step, or is stopped before it has changed anything."""
        if self.stops:
            self.stops = False
            raise BrakedError("stopped")
        return super().run(wave)


class Fire:
    """One game.

    Attributes:
        num_equal: Answers that were compared to their ends.
        num_chosen: Choices that were compared.
        witness: Of the chooser; None where the model has none.
    """

    def __init__(self, model: Model, reference: Reference, folder: Path) -> None:
        self._model: Any = RecordingModel(model)
        self._reference = reference
        self._path = folder / "fire.npcb"
        self._path.unlink(missing_ok=True)
        self.engine = BrakingEngine(model)
        self.faults = FaultyRunner(self.engine._runner)
        self.engine._runner = self.faults  # type: ignore[assignment]
        self.runtime = Runtime(
            self._model,
            seed=5,
            clock=TickingClock(),
            engine=self.engine,
            price_file=None,
            temperature=0.8,
            memo=0,
        )
        assert self.runtime.scheduler is not None
        self._scheduler = self.runtime.scheduler
        self.ledger = Ledger(self._scheduler)
        self.witness = _witness(self.runtime)
        self.runtime.on_action("give", lambda npc, **args: None)
        self.num_equal = self.num_chosen = 0
        self._num_spawned = 0
        for _ in range(3):
            self.spawn()

    # What may happen between two frames.

    def spawn(self) -> None:
        """Somebody comes."""
        self._num_spawned += 1
        persona = Persona.from_dict({**PEOPLE, "name": f"Greta {self._num_spawned % 2}"})
        self.runtime.add_npc(f"npc {self._num_spawned}", persona=persona, tree=TREE)

    def leave(self, number: int) -> None:
        """Somebody goes."""
        if len(self.runtime.npcs) > 1:
            self.runtime.remove_npc(self._npc(number).name)

    def hear(self, number: int, word: int) -> None:
        """Somebody is talked to."""
        self._npc(number).hear(f"What of the {('bed', 'bell', 'key', 'ale')[word % 4]}?")

    def cancel(self, number: int) -> None:
        """Somebody's tree is halted."""
        self._npc(number).tree.halt()

    def weigh(self, number: int, importance: float) -> None:
        """Somebody matters more, or less."""
        self._npc(number).importance = importance

    def brake(self) -> None:
        """The next step is stopped."""
        self.engine.stops = True

    def fail(self, fault: str) -> None:
        """The next step fails."""
        self.faults.fail(fault)

    def fail_choosing(self) -> None:
        """The chooser's next step fails, if there is a chooser."""
        if self.witness is not None:
            self.witness.fails = True

    def save(self) -> None:
        """The game is saved."""
        self.runtime.save(self._path).wait()

    def load(self) -> None:
        """The game is as it was saved, if it was."""
        if self._path.exists():
            self._calm()
            self.runtime.load(self._path)

    def play(self, num_frames: int, budget_ms: float) -> None:
        """Some frames."""
        for _ in range(num_frames):
            self.runtime.update(budget_ms)
            self.check()

    # What must hold.

    def check(self) -> None:
        """Compares all that was written since the last call; raises where something is wrong."""
        assert self.ledger.is_right, "a request ended twice, or never"
        slots = self.engine._slots
        num_held = sum(slot.generation is not None for slot in slots)
        assert num_held == self._scheduler.num_thinking, "a slot is held by nobody"
        taken = [id(wave.buffers) for wave in self.engine.waves]
        assert len({*taken}) == len(taken), "two waves have the same buffers"
        going_on = []
        for asked in self._model.asked:
            one, *question = asked
            if one.finished and one.finish_reason != "error":
                assert one.ids == self._reference.ids(*question), "an answer is another one"
                self.num_equal += 1
            elif one.slot is None and one.num_generated:  # cut off for good
                ids = self._reference.ids(*question)
                assert one.ids == ids[: len(one.ids)], "an answer began as another one"
            else:
                going_on.append(asked)
        self._model.asked[:] = going_on[-64:]  # some were never begun
        if self.witness is not None:
            for situation, choice in self.witness.chosen:
                expected = self._reference.chooser.choice(situation)
                assert choice == expected, "a choice is another one"
                self.num_chosen += 1
            self.witness.chosen.clear()

    def forget(self) -> None:
        """Nothing that was written so far is to be compared."""
        self._model.asked.clear()

    def end(self) -> None:
        """In peace, everybody is answered; then the game is over, and all is given back."""
        self._calm()
        for _ in range(MOST_FRAMES):
            self.play(1, 4.0)
            if all(npc.event is None for npc in self.runtime.npcs.values()):
                break
        else:
            raise AssertionError("somebody starves")
        self.runtime.close()
        self.check()
        assert not self._scheduler.num_thinking + self._scheduler.num_waiting

    def _calm(self) -> None:
        """Nothing fails any more, nor is stopped."""
        self.faults.fail("")
        self.engine.stops = False
        if self.witness is not None:
            self.witness.fails = False

    def _npc(self, number: int) -> Npc:
        npcs = [*self.runtime.npcs.values()]
        return npcs[number % len(npcs)]


def _witness(runtime: Runtime) -> Witness | None:
    mind: Any = runtime._mind
    if mind._deliberation is None:
        return None
    mind._deliberation = witness = Witness(mind._deliberation)
    return witness


def fire(point: Point, models: Sequence[Model], folder: Path, most: int | None = None) -> None:
    """Games for a point's time, or so many of them, with each of these models in turn."""
    references = [Reference(model) for model in models]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of engines that fail
        for dice in point.rounds(most):
            number = point.counts["games"] % len(models)
            game = Fire(models[number], references[number], folder)
            try:
                for _ in range(30):
                    _something(game, dice)
                    point.counts["events"] += 1
                game.end()
            except AssertionError as error:
                point.expect(False, f"{error} (game {point.counts['games']})")
            point.counts["games"] += 1
            point.counts["answers compared"] += game.num_equal
            point.counts["choices compared"] += game.num_chosen
            point.counts["requests"] += game.ledger.num_submitted


def _something(game: Fire, dice: random.Random) -> None:
    number = dice.randrange(8)
    moves: list[Callable[[], None]] = [
        game.spawn,
        lambda: game.leave(number),
        lambda: game.cancel(number),
        lambda: game.weigh(number, dice.choice((0.01, 1.0, 100.0))),
        game.brake,
        game.fail_choosing,
        lambda: game.fail(dice.choice(FAULTS)),
        game.save,
        game.load,
    ]
    if dice.random() < 0.4:
        game.hear(number, dice.randrange(4))
    elif dice.random() < 0.5:
        dice.choice(moves)()
    game.play(dice.choice((1, 1, 3, 8)), dice.choice(BUDGETS))
