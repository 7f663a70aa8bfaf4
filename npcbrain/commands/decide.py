"""Answers to single situations, in the frames of a game that does nothing else.

``npcbrain decide`` and ``npcbrain evaluate`` share it; a game uses ``Runtime``. Invariant: every
situation gets a decision, the model's or else the tree's with its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from npcbrain.asking.deliberation import Deliberation
from npcbrain.asking.models import ModelLike
from npcbrain.asking.pending_answer import LanguageThought
from npcbrain.asking.requester import LanguageMind
from npcbrain.clock import NS_PER_MS
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import UsageError, fault
from npcbrain.npcs.contracts import Inquiry
from npcbrain.npcs.responder import DEFAULT_LINE
from npcbrain.pricing.cost import CostModel
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.prompt import grammar as grammar_of
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Decision, Situation

__all__ = ["Decider", "Outcome", "tree_decision"]

TTL_MS = 60_000.0  # a minute of frames; a longer answer is not worth watching
NO_TTL_MS = 1e9  # eleven days
GROUPS = 4  # times the slots: so many situations at once leave few batches half empty


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision and how it came about.

    Attributes:
        decision: The model's, or the tree's.
        frames: Updates until it was there.
        first_word_frames: Updates until the first word of speech was there; None without speech.
        action_frames: Updates until the action was there; None without the model's decision.
        tokens: Answer tokens.
    """

    decision: Decision
    frames: int
    first_word_frames: int | None
    tokens: int
    action_frames: int | None = None


class Decider:
    """Puts situations to a model."""

    def __init__(
        self,
        model: ModelLike,
        engine: EngineLike,
        clock: FrameClock,
        *,
        reader: bool = True,
        words: str = "any",
        chooser: bool = True,
    ) -> None:
        """Measures the engine's steps (under a second).

        Args:
            model: The model.
            engine: Runs it.
            clock: The clock of the frames.
            reader: Whether classical reading helps; without it the model is alone.
            words: What may be said, see ``prompt.grammar``.
            chooser: Whether the model's chooser chooses, if it has one; else the model alone.
        """
        chooser = chooser and getattr(model, "encoder", None) is not None
        if words == "quotes" and not (model.has_marks or chooser):
            rule, advice = "be any or own", "this model was not taught to quote"
            raise UsageError(fault("words", rule, words, "Decider()", advice))
        self._reader = reader
        self._words = words if model.has_marks else "own"
        self._model = model
        self._engine = engine
        self._clock = clock
        self._prices = CostModel()
        Scheduler(engine, self._prices, clock).warm_up()
        own = model if chooser else None
        self._deliberation = Deliberation.of(own, self._prices, clock, reader=reader, words=words)
        if self._deliberation is not None:
            self._deliberation.measure()

    def decide(self, situation: Situation, budget_ms: float, *, ttl_ms: float = TTL_MS) -> Outcome:
        """Asks about one situation, with no other request in the way.

        Args:
            situation: What to decide about.
            budget_ms: Milliseconds of each frame; above 0.
            ttl_ms: How long the answer is worth waiting for.

        Raises:
            UsageError: ``budget_ms`` is not above 0.
        """
        if not budget_ms > 0:
            advice = "pass milliseconds, such as 4"
            raise UsageError(fault("budget_ms", "be above 0", budget_ms, "decide()", advice))
        clock = self._clock
        # A new scheduler each time: what it learned under one budget is wrong under another.
        scheduler = Scheduler(self._engine, self._prices, clock)
        mind = self._mind(scheduler)
        thought = self._ask(mind, situation, ttl_ms)
        budget_ns = min(NO_LIMIT_NS, int(budget_ms * NS_PER_MS)) if budget_ms < 1e9 else NO_LIMIT_NS
        frames, first_word, action = 0, None, None
        while not thought.done:
            report, started_ns = FrameReport(budget_ns=budget_ns), clock.now_ns()
            mind.prepare(started_ns + budget_ns)
            report.prompts_ns = clock.now_ns() - started_ns
            scheduler.run_frame(started_ns + budget_ns, report)
            clock.next_frame()
            frames += 1
            thought.listen()
            if action is None and thought.choice is not None:
                action = frames
            if first_word is None and thought.speech:
                first_word = frames
        return _outcome(situation, thought, frames, first_word, action)

    def decide_all(
        self, situations: Sequence[Situation], on_progress: Callable[[int], None]
    ) -> list[Outcome]:
        """Asks about many, several at a time and with no budget; their ``frames`` are 0.

        The answers are those that ``decide`` gives: they do not depend on the rest of a batch.

        Args:
            situations: What to decide about.
            on_progress: Called with the number answered so far.
        """
        scheduler = Scheduler(self._engine, self._prices, self._clock)
        mind = self._mind(scheduler)
        outcomes: list[Outcome] = []
        size = GROUPS * self._engine.num_slots
        for start in range(0, len(situations), size):
            group = situations[start : start + size]
            thoughts = [self._ask(mind, situation, NO_TTL_MS) for situation in group]
            while not all(thought.done for thought in thoughts):
                deadline_ns = self._clock.now_ns() + NO_LIMIT_NS
                mind.prepare(deadline_ns)
                scheduler.run_frame(deadline_ns, FrameReport(budget_ns=NO_LIMIT_NS))
                for thought in thoughts:
                    thought.listen()
            outcomes += [
                _outcome(situation, thought)
                for situation, thought in zip(group, thoughts, strict=True)
            ]
            on_progress(len(outcomes))
        return outcomes

    def _mind(self, scheduler: Scheduler) -> LanguageMind:
        return LanguageMind(
            self._model,
            scheduler,
            self._engine,
            self._clock,
            reader=self._reader,
            deliberation=self._deliberation,
        )

    def _ask(self, mind: LanguageMind, situation: Situation, ttl_ms: float) -> LanguageThought:
        legal, name = grammar_of(situation, self._words), situation.npc.name
        return mind.ask(Inquiry(situation, None, legal, name, ttl_ms))


def tree_decision(situation: Situation, reason: str) -> Decision:
    """The decision of the smallest tree: says something if it may, else does its first action."""
    action = next(filter(is_talk, situation.actions), situation.actions[0])
    args = {arg: values[0] for arg, values in action.args.items()}
    return Decision(action.name, args, say=DEFAULT_LINE, source="tree", reason=reason)


def _outcome(
    situation: Situation,
    thought: LanguageThought,
    frames: int = 0,
    first_word: int | None = None,
    action: int | None = None,
) -> Outcome:
    decision = thought.decision
    if decision is None:
        return Outcome(tree_decision(situation, thought.reason), frames, None, 0)
    return Outcome(decision, frames, first_word, thought.num_tokens, action)
