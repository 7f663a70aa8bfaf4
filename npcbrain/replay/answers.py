"""Answers written by the model again, and held against those that were recorded.

Each is written at one go, however it was sliced and beside whom when it was recorded: answers do
not depend on that. Invariant: what is compared is tokens wherever they are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from npcbrain.clock import PlayClock
from npcbrain.engine.contract import Kind as StepKind
from npcbrain.engine.engine import Engine
from npcbrain.errors import UsageError, fault
from npcbrain.lm.model import Model
from npcbrain.npcs.contracts import Inquiry, Thought
from npcbrain.npcs.npc import Npc
from npcbrain.recording.moments import State
from npcbrain.recording.recorder import FrameClock, tokens_of
from npcbrain.replay.recording import Recording
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.saves.snapshot import Save
from npcbrain.situation import Decision
from npcbrain.thinker import EngineThinker, ThinkerSettings

__all__ = ["ModelAnswers"]

TTL_MS = 600_000.0  # the clock stands still: nobody's patience ends
MAX_FRAMES = 10_000  # without limit, each of which runs all that is to be run


class ModelAnswers:
    """The model, asked once more.

    Attributes:
        num_checked: Answers that were compared.
    """

    def __init__(self, model: Model, recording: Recording) -> None:
        """Loads nothing; the model is the caller's.

        Raises:
            UsageError: The recording is of another model, or was made without one.
        """
        settings, where = recording.settings, str(recording.path)
        if settings.mind != "model":
            advice = "play it without --model"
            rule = "be of a model in the game's process"
            raise UsageError(fault("a recording", rule, settings.mind, where, advice))
        digest = model.package.digest
        if digest != recording.model:
            advice = f"the recorded one's digest begins with {recording.model[:12]}"
            raise UsageError(fault("model", "be the recorded one", digest[:12], where, advice))
        clock = FrameClock(0)
        self._thinker = EngineThinker(
            model,
            ThinkerSettings(
                clock=clock,
                play=PlayClock(clock),
                seed=settings.seed,
                engine=UnmeasuredEngine(model),
                temperature=settings.temperature,
                top_p=settings.top_p,
                measure="in_frames",
                price_file=None,
                overlap=False,
                memo=0,  # each answer is to be written
            ),
        )
        self.num_checked = 0

    def ask(self, inquiry: Inquiry) -> Thought:
        """Puts a question, which is answered when that is to be compared."""
        return self._thinker.mind.ask(replace(inquiry, ttl_ms=TTL_MS, priority=1.0))

    def differs(
        self, thought: Thought, choice: Decision | None, state: State
    ) -> tuple[str, str] | None:
        """What was recorded and what the model writes, where they differ.

        Args:
            thought: The model's.
            choice: What was to be done, as far as it was recorded; None if it was not known.
            state: What else was recorded.
        """
        if choice is None and not state.done:
            return None
        if choice is None and not state.tokens and state.reason != "refused":
            thought.drop()  # it was over before a word of it was written
            return None
        self._write(thought)
        if choice is not None and thought.choice != choice:
            return str(choice), str(thought.choice or thought.reason)
        if not state.done:
            return None
        self.num_checked += 1
        written = tokens_of(thought)
        if state.tokens is not None and written is not None:
            if state.reason:  # it was cut off
                written = written[: len(state.tokens)]
            if written != state.tokens:
                return f"tokens {[*state.tokens]}", f"tokens {[*written]}"
        if not state.reason and thought.decision != state.decision:
            return str(state.decision), str(thought.decision or thought.reason)
        return None

    def load(self, save: Save) -> None:
        """A saved game is loaded: what was asked before is forgotten."""
        thinker, mind = self._thinker, self._thinker.mind
        thinker.scheduler.abandon()
        mind.forget_all()
        mind._seed = save.seed
        for saved in save.npcs:
            if saved.num_asked:
                mind._num_asked[saved.name] = saved.num_asked

    def forget(self, npc: Npc) -> None:
        """That NPC is gone."""
        self._thinker.forget(npc)

    def close(self) -> None:
        """Gives every slot back."""
        self._thinker.close()

    def _write(self, thought: Thought) -> None:
        """Has an answer written to its end, or as far as the model gets."""
        for _ in range(MAX_FRAMES):
            thought.listen()
            if thought.done:
                return
            self._thinker.think(0, NO_LIMIT_NS, FrameReport())


class UnmeasuredEngine(Engine):
    """An engine whose steps are not measured: nobody waits for it."""

    def probes(self) -> Sequence[tuple[StepKind, int, int]]:
        """None."""
        return ()
