"""``Runtime``: the one object a game holds; once a frame it spends a budget on thinking.

It orders the work: trees first, then the model, then the decisions that have landed. Invariant:
between two updates every tree, request and NPC is consistent, whatever was raised in an update.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from types import TracebackType

from npcbrain.asking.models import ModelLike
from npcbrain.asking.work_price import WorkPrice
from npcbrain.clock import Clock, PlayClock, SystemClock, busy_time_of
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import UsageError, fault, warn_game
from npcbrain.npcs.line_filter import LineCheck, LineFilter
from npcbrain.npcs.npc import Handler, Host, Npc
from npcbrain.npcs.persona import Persona
from npcbrain.npcs.roster import Cast
from npcbrain.npcs.turnstile import num_turns
from npcbrain.npcs.wiring import Wiring
from npcbrain.one_thread import alone, alone_at
from npcbrain.recording.moments import Kind
from npcbrain.recording.recordable import Recordable
from npcbrain.recording.recorder import recorder_of
from npcbrain.report import FrameReport
from npcbrain.settings import budget_in_ns, check_settings
from npcbrain.thinker import Brain, ThinkerSettings, thinker_of
from npcbrain.tree import Node
from npcbrain.warmable import Warmable

__all__ = ["Runtime"]

MAX_CADENCE = 3600  # frames; a minute
LANDING_SHARE = 8  # of a budget, at most, for taking in what has been answered


class Runtime(Recordable, Warmable):
    """Runs NPCs inside a game's frames.

    Attributes:
        npcs: All NPCs by name, in the order in which they were added; a live view.
        clock: Where the runtime and its trees have the time from.
        prices: What the model's steps cost on this machine.
        scheduler: The model's work in flight; None without a model.
    """

    def __init__(
        self,
        model: ModelLike | Brain | None,
        *,
        seed: int = 0,
        clock: Clock | None = None,
        engine: EngineLike | None = None,
        temperature: float = 0.0,
        top_p: float = 1.0,
        measure: str = "now",
        price_file: str | os.PathLike[str] | None = "auto",
        overlap: bool = False,
        memo: int = 256,
        record: str | os.PathLike[str] | None = None,
        line_filter: LineCheck | None = None,
    ) -> None:
        """Measures what the model's steps cost here (under a second: do it on a title screen).

        The measured prices are remembered from one start of the game to the next. Later starts run
        each step only once, to warm caches, in about half the time. Prices go on adapting in play.
        They are saved here and by ``close``, never by ``update``.

        Args:
            model: ``Model.load()``, a ``Remote`` or a ``Hybrid``; None lets trees answer
                everything, with reason ``no_model``.
            seed: Where all randomness comes from.
            clock: The time; ``SystemClock()`` if None.
            engine: What runs the model; made from the model if None. Not without a model.
            temperature: 0 to 2. 0 takes the likeliest token always, up to 1 varies the phrasing,
                and beyond it is likely to lose the thread.
            top_p: Share of the likely tokens that are chosen from when ``temperature`` is above 0.
            measure: ``"now"`` measures here; ``"in_frames"`` leaves it to the first updates in
                which nobody thinks, within their budgets, until ``is_warm``.
            price_file: Where prices are remembered: a file; ``"auto"`` for one in the user's cache
                folder (see ``npcbrain.pricing.price_file``), but nowhere with a clock or an engine
                of the caller's own; None for nowhere.
            overlap: Runs the model's steps on a thread between two updates, for games with a core
                to spare. The answers stay the same; ``update`` waits for the rest of a step at
                most, and ``update()`` without a budget leaves the thread all the time in between.
            memo: How many answers to keep, so that a question with exactly the same prompt, as in
                crowds of one persona, gets the same answer at once; 0 for none. Only at
                temperature 0.
            record: A file in which all that happens is recorded, to be played again by
                ``npcbrain.testing.replay``; None for none. See ``docs/replay.md``.
            line_filter: Called as ``line_filter(npc, line)`` with each line that a model would have
                an NPC say; unless it answers True, the tree's line is said instead, with reason
                ``filtered``. With it, words come whole and do not stream.

        Raises:
            UsageError: ``seed`` is not an integer, or another argument is out of range.
            RecordingError: The recording cannot be written.
        """
        check_settings(seed, measure, price_file, overlap, memo)
        super().__init__(model)
        self.clock: Clock = SystemClock() if clock is None else clock
        recorder = recorder_of(record, model, self._model_digest, self.clock)
        self._recorder = recorder
        self._play = PlayClock(self.clock)
        self._busy_ns = busy_time_of(self.clock)
        self._thinker = thinker_of(
            model,
            ThinkerSettings(
                clock=self.clock,
                play=self._play,
                seed=seed,
                engine=engine,
                temperature=temperature,
                top_p=top_p,
                measure=measure,
                price_file=price_file,
                overlap=overlap,
                memo=memo,
            ),
        )
        self.prices = self._thinker.prices
        self.scheduler = self._thinker.scheduler
        self._overlaps = overlap
        trees_clock = self.clock if recorder is None else recorder.clock
        self._host = Host(self._thinker.mind, trees_clock, FrameReport())
        if line_filter is not None:
            self._host.line_filter = LineFilter(line_filter)
        self._cast = Cast(self._host.turnstile)
        self._wiring = Wiring()
        self.npcs: Mapping[str, Npc] = self._cast.npcs
        self._num_frames = 0
        self._alone = self._host.alone
        self._landing = WorkPrice(0)
        self._is_updating = False
        self._is_shaken = False  # whether an interrupt came in the middle of an update
        self._is_ended = False  # nothing is left to be done
        if recorder is not None:
            recorder.start(seed, temperature, top_p, self._thinker)

    def __enter__(self) -> Runtime:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @alone
    def add_npc(self, name: str, *, persona: Persona, tree: Node, importance: float = 1.0) -> Npc:
        """Adds a character; during an update it joins with the next one.

        It warns if the persona leaves the model too little room (``Npc.num_tokens_left``). The
        first update warns of actions without a handler.

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
        if name in self.npcs:
            raise UsageError(fault("name", "be new", name, where, "remove_npc() it first"))
        if not isinstance(persona, Persona):
            raise UsageError(
                fault("persona", "be a Persona", persona, where, "use Persona.load or .from_dict")
            )
        npc = self._made(name, persona, tree, importance)
        self._cast.add(npc)
        if mistake := self._wiring.add(npc):
            warn_game(mistake)
        return npc

    @alone
    def remove_npc(self, name: str) -> None:
        """Removes a character: its thought is dropped and its tree halted.

        During an update it is ticked no more, and its tree is halted at the end.

        Raises:
            UsageError: There is none of that name.
        """
        where = "Runtime.remove_npc()"
        self._check_open(where)
        if not isinstance(name, str) or name not in self.npcs:
            raise UsageError(fault("name", "be an npc's", name, where))
        self._thinker.pause()
        npc = self.npcs[name]
        with self._told(Kind.REMOVE, npc):
            npc.drop_thought()
            self._thinker.forget(npc)
            self._cast.remove(npc)

    @alone
    def tick_every(self, name: str, num_frames: int) -> None:
        """Level of detail: ticks a character's tree only in one of so many frames.

        For characters that are far away or out of sight. Their turns are spread evenly over the
        frames, and a character costs nothing between its turns. Events that it hears wait for its
        turn, its timers go by the clock as usual, and its answers are written no slower. A call
        during an update counts from the next one.

        Args:
            name: The character's.
            num_frames: 1, as for everybody at first, to 3600.

        Raises:
            UsageError: There is none of that name, or ``num_frames`` is out of range.
        """
        where = "Runtime.tick_every()"
        self._check_open(where)
        if not isinstance(name, str) or name not in self.npcs:
            raise UsageError(fault("name", "be an npc's", name, where))
        whole = isinstance(num_frames, int) and not isinstance(num_frames, bool)
        if not whole or not 1 <= num_frames <= MAX_CADENCE:
            rule = f"be an integer of 1 to {MAX_CADENCE}"
            raise UsageError(fault("num_frames", rule, num_frames, where))
        with self._told(Kind.TICK_EVERY, self.npcs[name], num_frames):
            self._cast.tick_every(self.npcs[name], num_frames)

    @alone
    def on_action(self, name: str, handler: Handler) -> None:
        """Says what the game does when an NPC decides on an action.

        Args:
            name: The action's name, such as ``"give"``.
            handler: Called as ``handler(npc, **args)``. It answers as a tree's ``Task`` does:
                None, True or SUCCESS when it is done, False or FAILURE when it will not, RUNNING
                to be called again at the next tick. Another handler for the same name replaces it.

        Raises:
            UsageError: ``name`` is not a string or ``handler`` cannot be called.
        """
        where = "Runtime.on_action()"
        self._check_open(where)
        if not isinstance(name, str) or not name:
            raise UsageError(fault("name", "be a string that is not empty", name, where))
        if not callable(handler):
            raise UsageError(fault("handler", "be callable", handler, where))
        self._host.handlers[name] = self._heard_of(name, handler)
        self._wiring.has_news = True

    def update(self, budget_ms: float | None = None, *, until_ns: int | None = None) -> FrameReport:
        """One frame: trees tick, the model thinks in the time that is left, decisions land.

        The next tick acts on a decision that has landed. The trees always run; their time counts
        against the budget. In a frame, one NPC for each 0.4 ms of it turns to a new event (1 to
        10; 0 or 1 below 0.8 ms); the others follow in the next frames, in order. If no update has a
        budget for more than 250 ms, the game counts as paused and no question runs out of time.

        Args:
            budget_ms: Wall milliseconds that this call may take. 0 or less means trees only,
                ``math.inf`` no limit. With ``overlap``, the time that the worker may take until the
                next update; without a number it takes all the time until then.
            until_ns: Instead of it, the moment by ``clock`` at which the call must end, as a
                ``FramePacer`` knows it.

        Raises:
            UsageError: Not one of the two is given (with ``overlap``, both are), it is not a
                number, the runtime is closed, a tree called this, or another thread uses the
                runtime just now.
            TreeError: The game's code raised in a tree, in a filter, or in a handler
                (``HandlerError``, which names NPC and action); that is the cause. It is raised at
                the end: all other trees were ticked, and the model has had its time. That tree
                begins anew with the next update.
        """
        if budget_ms is None and until_ns is None and self._overlaps:
            budget_ms = math.inf
        budget_ns = budget_in_ns(budget_ms, until_ns, self.clock.now_ns())
        self._check_open("Runtime.update()")
        if self._wiring.has_news:
            self._tell_mistakes()
        self._alone.enter("Runtime.update()")
        if self._is_updating:
            self._alone.leave()
            advice = "a handler must not call it; the game loop does"
            raise UsageError(
                fault("update", "not be called in an update", None, "Runtime.update()", advice)
            )
        play, busy_ns = self._play, self._busy_ns
        play.begin(pays=budget_ns > 0)
        start_ns = trees_start_ns = play.now_ns()
        busy_start_ns = 0
        report = FrameReport(frame=self._num_frames, budget_ns=budget_ns)
        self._host.report = report
        recorder, error, turns = self._recorder, None, num_turns(budget_ns)
        if recorder is not None:
            turns = num_turns(recorder.trees_budget_ns(budget_ns))
            recorder.begin(report.frame, budget_ns)
        try:
            self._is_updating = True
            self._recover()
            error = self._collect(report)  # may wait for a worker; that is not stolen time
            trees_start_ns = play.now_ns()
            busy_start_ns = 0 if busy_ns is None else busy_ns()
            tree_error = self._cast.tick(report.frame, turns)
            if tree_error is not None and error is not None:
                tree_error.add_note(f"and beside the game: {error}")
            error = tree_error or error
            report.trees_ns = play.now_ns() - trees_start_ns
            if self._thinker.is_beside:
                self._thinker.think(start_ns, budget_ns, report)
            else:  # what landing answers has taken of late is kept for it
                landing_ns = max(0, min(self._landing.ns, budget_ns // LANDING_SHARE))
                self._thinker.think(start_ns, budget_ns - landing_ns, report)
                thought_ns = play.now_ns()
                self._listen(report)
                self._landing.learn(play.now_ns() - thought_ns)
            if self._host.line_filter is not None:
                error = error or self._host.line_filter.take_error()
            if error is not None:
                raise error
        except BaseException as raised:
            self._is_shaken |= not isinstance(raised, Exception)
            raise
        finally:
            self._is_updating = False
            self._num_frames += 1
            try:
                self._cast.settle()
            finally:
                if recorder is not None:
                    recorder.end(report, error)
                self._alone.leave()
            end_ns = play.now_ns()
            report.used_ns = end_ns - start_ns
            if busy_ns is not None:
                report.stolen_ns = max(0, end_ns - trees_start_ns - busy_ns() + busy_start_ns)
        return report

    @alone_at("Runtime.update()")
    def _tell_mistakes(self) -> None:
        for mistake in self._wiring.mistakes(self.npcs, self._host.handlers):
            warn_game(mistake)

    def _recover(self) -> None:
        """Drops the thoughts of an update that was interrupted, wherever that was."""
        if self._is_shaken:
            self._thinker.abandon()
            self._is_shaken = False

    def _collect(self, report: FrameReport) -> BaseException | None:
        """Lets answers land that were thought beside the game, before the trees are ticked."""
        if not self._thinker.is_beside:
            return None
        error = self._thinker.collect(report)
        self._listen(report)
        return error

    def _listen(self, report: FrameReport) -> None:
        askers = self._thinker.take_askers()
        self._cast.listen(report.frame, askers)
        if self._recorder is not None:
            self._recorder.heard(askers, self._thinker)

    @alone
    def close(self) -> None:
        """Drops all thoughts and halts all trees; afterwards only ``npcs`` may be read. Idempotent.

        The model is the game's: other runtimes may go on with it.

        Raises:
            UsageError: A tree called this.
            TreeError: The game's code raised while its tree was halted; all are halted first.
        """
        if self._is_ended:
            return
        if self._is_updating:
            advice = "end the game loop first"
            raise UsageError(fault("close", "be called between frames", None, "close()", advice))
        self._host.is_closed = True
        try:
            self._thinker.abandon()  # all at once, not by request: it may have been interrupted
            self._finish_saving()
            with self._unheard():
                self._cast.halt()
        finally:
            error = self._thinker.close()
            if self._recorder is not None:
                self._recorder.close()
            self._is_ended = True  # last, so that another call goes on after an interrupt
        if error is not None:
            raise error

    def _check_open(self, where: str) -> None:
        self._host.check_open(where)
