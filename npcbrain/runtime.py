"""``Runtime``: the one object a game holds; once a frame it spends a budget on thinking.

It orders the work of others: trees first, then the model, then what has landed. Floor 5. Invariant:
between two updates every tree, request and NPC is whole, whatever was raised in between.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType, TracebackType

from npcbrain.clock import NS_PER_MS, Clock, SystemClock
from npcbrain.cost import CostModel
from npcbrain.errors import TreeError, UsageError, fault
from npcbrain.mind import LanguageMind, ModelLike, NoMind
from npcbrain.npc import Handler, Host, Npc
from npcbrain.persona import Persona
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.scheduler import Scheduler
from npcbrain.steps import EngineLike
from npcbrain.tree import Node

__all__ = ["Runtime"]


class Runtime:
    """Runs NPCs inside a game's frames.

    Attributes:
        npcs: All NPCs by name, in the order in which they were added; a live view.
        clock: Where the runtime and its trees have the time from.
        prices: What the model's steps cost on this machine.
        scheduler: The model's work in flight; None without a model.
    """

    def __init__(
        self,
        model: ModelLike | None,
        *,
        seed: int = 0,
        clock: Clock | None = None,
        engine: EngineLike | None = None,
        temperature: float = 0.0,
        top_p: float = 1.0,
    ) -> None:
        """Measures what the model's steps cost here (under a second: do it on a title screen).

        Args:
            model: ``Model.load()``; None lets trees answer everything, with reason ``no_model``.
            seed: Where all randomness comes from.
            clock: The time; ``SystemClock()`` if None.
            engine: What runs the model; made from the model if None.
            temperature: 0 takes the likeliest token always; up to 1 varies the phrasing.
            top_p: Share of the likely tokens that are chosen from when ``temperature`` is above 0.

        Raises:
            UsageError: ``seed`` is not an integer, or ``temperature`` or ``top_p`` is out of range.
        """
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise UsageError(fault("seed", "be an integer", seed, "Runtime()"))
        self.clock: Clock = SystemClock() if clock is None else clock
        self.prices = CostModel()
        self.scheduler: Scheduler | None = None
        self._engine: EngineLike | None = None
        self._mind: LanguageMind | None = None
        if model is not None:
            from npcbrain.lm.sampler import SamplerConfig  # not above: it brings numpy along

            SamplerConfig(temperature, top_p)  # checks them: here, and not when the first NPC asks
            self._engine = _engine_of(model) if engine is None else engine
            self.scheduler = Scheduler(self._engine, self.prices, self.clock)
            self._mind = LanguageMind(
                model,
                self.scheduler,
                self._engine,
                self.clock,
                seed=seed,
                temperature=temperature,
                top_p=top_p,
            )
            self.scheduler.warm_up()
        self._host = Host(self._mind or NoMind(), self.clock, FrameReport())
        self._npcs: dict[str, Npc] = {}
        self.npcs: Mapping[str, Npc] = MappingProxyType(self._npcs)
        self._ticking: tuple[Npc, ...] = ()  # who is ticked: changes between frames only
        self._gone: list[Npc] = []  # removed in this frame
        self._num_frames = 0
        self._is_updating = False
        self._is_closed = False

    def __enter__(self) -> Runtime:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_npc(self, name: str, *, persona: Persona, tree: Node, importance: float = 1.0) -> Npc:
        """Adds a character; during an update it joins with the next one.

        Args:
            name: Its name in this runtime.
            persona: Who it is.
            tree: The definition of its behaviour tree; may be shared.
            importance: Its share of the model's time against others'.

        Raises:
            UsageError: The name is empty or taken, or an argument is of the wrong type.
            TreeError: ``tree`` is not a tree's definition.
        """
        where = "Runtime.add_npc()"
        self._check_open(where)
        if not isinstance(name, str) or not name:
            raise UsageError(fault("name", "be a string that is not empty", name, where))
        if name in self._npcs:
            raise UsageError(fault("name", "be new", name, where, "remove_npc() it first"))
        if not isinstance(persona, Persona):
            raise UsageError(
                fault("persona", "be a Persona", persona, where, "use Persona.load or .from_dict")
            )
        npc = Npc(name, persona, tree, self._host, importance=importance)
        self._npcs[name] = npc
        self._settle()
        return npc

    def remove_npc(self, name: str) -> None:
        """Removes a character: its thought is dropped and its tree halted.

        During an update it is ticked no more, and its tree is halted at the end.

        Raises:
            UsageError: There is none of that name.
        """
        where = "Runtime.remove_npc()"
        self._check_open(where)
        if not isinstance(name, str) or name not in self._npcs:
            raise UsageError(fault("name", "be an npc's", name, where))
        npc = self._npcs.pop(name)
        npc.drop_thought()
        if self._mind is not None:
            self._mind.forget(name)
        self._gone.append(npc)
        self._settle()

    def on_action(self, name: str, handler: Handler) -> None:
        """Says what the game does when an NPC decides on an action.

        Args:
            name: The action's name, such as ``"give"``.
            handler: Called as ``handler(npc, **args)``; answers None or a ``Status``, RUNNING to be
                called again at the next tick. Another handler for the same name replaces it.

        Raises:
            UsageError: ``name`` is not a string or ``handler`` cannot be called.
        """
        where = "Runtime.on_action()"
        self._check_open(where)
        if not isinstance(name, str) or not name:
            raise UsageError(fault("name", "be a string that is not empty", name, where))
        if not callable(handler):
            raise UsageError(fault("handler", "be callable", handler, where))
        self._host.handlers[name] = handler

    def update(self, budget_ms: float) -> FrameReport:
        """One frame: trees tick, the model thinks for what is left, decisions land.

        A decision that lands is acted on by the next tick. The trees always run; their time counts
        against the budget.

        Args:
            budget_ms: Wall milliseconds that this call may take. 0 or less means trees only,
                ``math.inf`` no limit.

        Raises:
            UsageError: ``budget_ms`` is not a number, the runtime is closed, or a tree called this.
            TreeError: The game's code raised in a tree or a handler (that is the cause). It is
                raised at the end: all other trees were ticked, and the model has had its time.
                That tree begins anew with the next update.
        """
        budget_ns = _budget_ns(budget_ms)
        self._check_open("Runtime.update()")
        if self._is_updating:
            advice = "a handler must not call it; the game loop does"
            raise UsageError(
                fault("update", "not be called in an update", None, "Runtime.update()", advice)
            )
        now_ns = self.clock.now_ns
        start_ns = now_ns()
        report = FrameReport(frame=self._num_frames, budget_ns=budget_ns)
        self._host.report = report
        self._is_updating = True
        try:
            error = self._tick(report.frame)
            report.trees_ns = now_ns() - start_ns
            if self.scheduler is not None and self._mind is not None:
                self._mind.prepare(start_ns + budget_ns)
                self.scheduler.run_frame(start_ns + budget_ns, report)
                for npc in self._ticking:
                    npc.listen()
            if error is not None:
                raise error
        finally:
            self._is_updating = False
            self._num_frames += 1
            self._settle()
            report.used_ns = now_ns() - start_ns
        return report

    def warm_up(self) -> None:
        """Reads every NPC's persona into the prefix cache, so that its first answer comes sooner.

        Optional, and no work for a frame: tens of milliseconds an NPC. Call it once all are added.
        Where thoughts hold every slot, there is no room to read in, and it does nothing.

        Raises:
            UsageError: The runtime is closed, or a tree called this.
        """
        self._check_open("Runtime.warm_up()")
        if self._is_updating:
            rule = "be called between frames"
            raise UsageError(fault("warm_up", rule, None, "Runtime.warm_up()"))
        if self._engine is None or self._mind is None:
            return
        # A scheduler of its own: these are no frames to learn the game's rhythm from.
        scheduler = Scheduler(self._engine, self.prices, self.clock)
        for npc in self._ticking:
            generation = self._mind.learn(*npc.introduction())
            if generation is not None:
                scheduler.submit(generation, name=npc.name, ttl_ns=NO_LIMIT_NS, priority=1.0)
        while scheduler.num_waiting or scheduler.num_thinking:
            report = FrameReport(budget_ns=NO_LIMIT_NS)
            scheduler.run_frame(self.clock.now_ns() + NO_LIMIT_NS, report)
            if not report.num_steps:
                return  # every slot is taken by somebody who thinks, and stays so

    def close(self) -> None:
        """Drops all thoughts and halts all trees; afterwards only ``npcs`` may be read. Idempotent.

        The model is the game's: other runtimes may go on with it.

        Raises:
            UsageError: A tree called this.
            TreeError: The game's code raised while its tree was halted; all are halted first.
        """
        if self._is_closed:
            return
        if self._is_updating:
            advice = "end the game loop first"
            raise UsageError(fault("close", "be called between frames", None, "close()", advice))
        self._is_closed = True
        for npc in self._ticking:
            npc.drop_thought()
        _halt(self._ticking)

    def _tick(self, frame: int) -> Exception | None:
        """Ticks everybody; returns the first error, from which nobody else shall suffer."""
        first: Exception | None = None
        gone = self._gone
        for npc in self._ticking:
            if gone and npc in gone:
                continue
            try:
                npc.tree.tick()
            except Exception as error:
                error.add_note(f"in the tree of npc {npc.name!r}, frame {frame}")
                if first is None:
                    first = error
                else:
                    first.add_note(f"and in the tree of npc {npc.name!r}: {error}")
        return first

    def _settle(self) -> None:
        """Lets NPCs that were added or removed come and go, unless trees are being ticked."""
        if self._is_updating:
            return
        if len(self._ticking) != len(self._npcs) or self._gone:
            self._ticking = tuple(self._npcs.values())
        if self._gone:
            gone, self._gone = self._gone, []
            _halt(gone)

    def _check_open(self, where: str) -> None:
        if self._is_closed:
            raise UsageError(fault("runtime", "be open", "closed", where, "make a new Runtime"))


def _budget_ns(budget_ms: object) -> int:
    if isinstance(budget_ms, bool) or not isinstance(budget_ms, int | float):
        advice = "pass milliseconds, such as 4.0"
        raise UsageError(fault("budget_ms", "be a number", budget_ms, "Runtime.update()", advice))
    if isinstance(budget_ms, float) and math.isnan(budget_ms):
        raise UsageError(fault("budget_ms", "not be NaN", budget_ms, "Runtime.update()"))
    if budget_ms <= 0:
        return 0
    return int(budget_ms * NS_PER_MS) if budget_ms < NO_LIMIT_NS // NS_PER_MS else NO_LIMIT_NS


def _halt(npcs: Iterable[Npc]) -> None:
    """Halts the trees of all of them, and only then raises what the first one raised."""
    first: TreeError | None = None
    for npc in npcs:
        try:
            npc.tree.halt()
        except TreeError as error:
            first = first or error
    if first is not None:
        raise first


def _engine_of(model: ModelLike) -> EngineLike:
    # Here and not above: a game without a model never loads ONNX Runtime.
    from npcbrain.engine import Engine
    from npcbrain.lm.model import Model

    if not isinstance(model, Model):
        advice = "use Model.load(), or None for trees alone"
        raise UsageError(fault("model", "be a Model", model, "Runtime()", advice))
    return Engine(model)
