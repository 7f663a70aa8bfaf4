"""``Thinker``: thinks for a runtime's NPCs. Here are an engine in this process, and nobody.

A runtime ticks trees and listens; all thinking is behind ``Thinker``. Other things that a runtime
may be given instead of a model, such as a server, make a thinker of their own, see ``Brain``.
Invariant: a runtime has one thinker, which may be ``NullThinker`` but is never None.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, runtime_checkable

from npcbrain.asking.calibration import Warming, read_at_once, think
from npcbrain.asking.deliberation import Deliberation
from npcbrain.asking.models import ModelLike
from npcbrain.asking.no_mind import NoMind
from npcbrain.asking.requester import LanguageMind
from npcbrain.clock import Clock, PlayClock, SystemClock
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import UsageError, fault
from npcbrain.npcs.contracts import Mind
from npcbrain.npcs.npc import Npc
from npcbrain.pricing.cost import CostModel
from npcbrain.pricing.price_file import PriceFile, price_file_of
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.scheduling.worker import Overlap, turn_ns
from npcbrain.settings import engine_of

__all__ = ["Brain", "EngineThinker", "NullThinker", "Thinker", "ThinkerSettings", "thinker_of"]


@dataclass(frozen=True, slots=True)
class ThinkerSettings:
    """A runtime's settings for thinking; see ``Runtime`` for each."""

    clock: Clock
    play: PlayClock
    seed: int
    engine: EngineLike | None
    temperature: float
    top_p: float
    measure: str
    price_file: str | os.PathLike[str] | None
    overlap: bool
    memo: int


class Thinker(Protocol):
    """Thinks for NPCs, for a share of every frame.

    Attributes:
        prices: What the engine's steps cost on this machine; empty without an engine.
    """

    prices: CostModel

    @property
    def scheduler(self) -> Scheduler | None:
        """The engine's work in flight; None without an engine."""
        ...

    @property
    def mind(self) -> Mind:
        """The mind that NPCs ask."""
        ...

    @property
    def is_beside(self) -> bool:
        """Whether it thinks beside the game.

        If so, ``collect`` brings its answers before the trees are ticked. If not, it thinks only in
        ``think``, and the answers land afterwards.
        """
        ...

    @property
    def is_warm(self) -> bool:
        """Whether nothing is left to do that is best done before NPCs ask."""
        ...

    def collect(self, report: FrameReport) -> BaseException | None:
        """Adds the work since the last update to a report; returns an error that was raised."""
        ...

    def think(self, started_ns: int, budget_ns: int, report: FrameReport) -> None:
        """Does its share of an update that began at ``started_ns``, after the trees' ticks."""
        ...

    def take_askers(self) -> tuple[str, ...]:
        """Names of the NPCs that are to listen from now on, each once."""
        ...

    def pause(self) -> None:
        """Leaves requests and NPCs alone until the next ``think``."""
        ...

    def read(self, npc: Npc) -> None:
        """Has a persona read when there is time."""
        ...

    def read_at_once(self, npcs: Iterable[Npc]) -> None:
        """Has personas read now, outside of frames."""
        ...

    def forget(self, npc: Npc) -> None:
        """Forgets an NPC that is gone."""
        ...

    def abandon(self) -> None:
        """Drops all work at once, because an interrupt came in the middle of it."""
        ...

    def close(self) -> BaseException | None:
        """Ends all work, when no thought is wanted any more; returns an error that was raised."""
        ...


@runtime_checkable
class Brain(Protocol):
    """Something that can be given to a runtime in place of a model."""

    def thinker(self, settings: ThinkerSettings) -> Thinker:
        """The thinker of one runtime."""
        ...


class NullThinker:
    """Nobody: trees answer everything, with reason ``no_model``."""

    __slots__ = ("prices",)
    scheduler: Scheduler | None = None
    is_beside = False
    is_warm = True

    def __init__(self) -> None:
        self.prices = CostModel()

    @property
    def mind(self) -> Mind:
        """Declines."""
        return NoMind()

    def collect(self, report: FrameReport) -> BaseException | None:
        """Nothing was thought."""
        return None

    def think(self, started_ns: int, budget_ns: int, report: FrameReport) -> None:
        """Nothing to do."""

    def take_askers(self) -> tuple[str, ...]:
        """Nobody is waited for."""
        return ()

    def pause(self) -> None:
        """Nothing goes on."""

    def read(self, npc: Npc) -> None:
        """Nothing to read for."""

    def read_at_once(self, npcs: Iterable[Npc]) -> None:
        """Nothing to read for."""

    def forget(self, npc: Npc) -> None:
        """Nothing is known of it."""

    def abandon(self) -> None:
        """Nothing is being thought."""

    def close(self) -> BaseException | None:
        """Nothing to end."""
        return None


class EngineThinker:
    """An engine in this process; its steps run inside updates or on a worker between two."""

    __slots__ = (
        "_mind",
        "_overlap",
        "_play",
        "_price_file",
        "_think",
        "_warming",
        "engine",
        "prices",
        "scheduler",
    )

    def __init__(self, model: ModelLike, settings: ThinkerSettings) -> None:
        """Measures the engine's steps, unless that is left to the first updates."""
        from npcbrain.lm.sampler import SamplerConfig  # not above: it imports numpy

        # Checked here, not when the first NPC asks.
        SamplerConfig(settings.temperature, settings.top_p)
        engine = engine_of(model) if settings.engine is None else settings.engine
        self.prices = CostModel()
        self._play = play = settings.play
        self.scheduler: Scheduler = Scheduler(engine, self.prices, play)
        self.engine = engine
        deliberation = Deliberation.of(model, self.prices, play)
        if deliberation is not None:
            deliberation.watch = getattr(engine, "add_choosing", None)
        self._mind = LanguageMind(
            model,
            self.scheduler,
            engine,
            play,
            seed=settings.seed,
            temperature=settings.temperature,
            top_p=settings.top_p,
            memo=settings.memo,
            deliberation=deliberation,
        )
        self._price_file: PriceFile | None = None
        # A clock or an engine of the caller's own may be a test double, whose times mean nothing.
        is_own = settings.engine is None and isinstance(settings.clock, SystemClock)
        if settings.price_file != "auto" or is_own:
            self._price_file = price_file_of(model, settings.price_file)
        known = self._price_file is not None and self._price_file.load(self.prices)
        self._warming = Warming(engine, self.prices, play, self.scheduler, self._mind, known=known)
        self._overlap: Overlap | None = None
        if settings.measure == "now":
            self._warming.measure_all()
            if deliberation is not None:
                deliberation.measure(known=known)
            if not known:
                self._save_prices()  # now, in case the game never gets to close()
        self._think = partial(think, self._mind, self._warming, self.scheduler, play)
        if settings.overlap:
            self._overlap = Overlap(self._think, self.scheduler, play)

    @property
    def mind(self) -> LanguageMind:
        """Asks the model."""
        return self._mind

    @property
    def is_beside(self) -> bool:
        """Whether a worker thinks between two updates."""
        return self._overlap is not None

    @property
    def is_warm(self) -> bool:
        """Whether all is measured, and every persona that was to be read is."""
        return self._warming.done

    def collect(self, report: FrameReport) -> BaseException | None:
        """Ends the worker's turn, and collects its answers."""
        return None if self._overlap is None else self._overlap.collect(report)

    def think(self, started_ns: int, budget_ns: int, report: FrameReport) -> None:
        """Runs steps, or has the worker begin its turn."""
        if self._overlap is None:
            self._think(started_ns + budget_ns, report)
            return
        spent_ns = self._play.now_ns() - started_ns
        self._overlap.go(turn_ns(budget_ns, self.scheduler.budget_history.period_ns, spent_ns))

    def take_askers(self) -> tuple[str, ...]:
        """Names of the NPCs that have asked since the last call."""
        return self._mind.take_askers()

    def pause(self) -> None:
        """Keeps the worker from thinking until the next update."""
        if self._overlap is not None:
            self._overlap.pause()

    def read(self, npc: Npc) -> None:
        """Has a persona read in the frames to come."""
        self._warming.read(npc)

    def read_at_once(self, npcs: Iterable[Npc]) -> None:
        """Reads personas now."""
        read_at_once(npcs, self._mind, self.engine, self.prices, self._play)
        self._mind.read_now()

    def forget(self, npc: Npc) -> None:
        """Drops the questions of an NPC that is gone, and its persona."""
        self._mind.forget(npc.name)
        self._warming.forget(npc)

    def abandon(self) -> None:
        """Gives every slot back."""
        self.pause()
        self._mind.give_up()
        self.scheduler.abandon()

    def close(self) -> BaseException | None:
        """Ends the worker, saves prices, and gives every slot back."""
        error = None if self._overlap is None else self._overlap.close()
        self._save_prices()
        self.scheduler.abandon()  # a persona that is being read belongs to no thought
        return error

    def _save_prices(self) -> None:
        if self._price_file is not None and not self._overlap:  # its times hold waits
            self._price_file.save(self.prices)


def thinker_of(model: ModelLike | Brain | None, settings: ThinkerSettings) -> Thinker:
    """The thinker of a runtime that was given ``model``.

    Raises:
        UsageError: There is an engine but no model for it to run.
    """
    if model is None:
        if settings.engine is not None:
            advice = "pass a model too; npcbrain.testing.ScriptedModel is one for tests"
            raise UsageError(fault("engine", "come with a model", None, "Runtime()", advice))
        return NullThinker()
    if isinstance(model, Brain):
        return model.thinker(settings)
    return EngineThinker(model, settings)
