"""``Hybrid``: important NPCs think here, crowds on a server; if both are late, trees answer.

Invariant: a thought is asked for in one place at a time, and changes place at most once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from npcbrain.asking.models import ModelLike
from npcbrain.clock import NS_PER_MS, Clock
from npcbrain.errors import UsageError, fault
from npcbrain.npcs.contracts import Inquiry, Mind, Thought
from npcbrain.npcs.npc import Npc
from npcbrain.pricing.cost import CostModel
from npcbrain.reasons import Reason
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.situation import Decision, Situation
from npcbrain.thinker import Brain, Thinker, ThinkerSettings, thinker_of

__all__ = ["Hybrid"]

# The reasons to ask in the other place: the thought was never begun, or broke off with nothing.
MOVES = frozenset(
    (Reason.WOULD_EXCEED, Reason.NO_BUDGET, Reason.UNREACHABLE, Reason.ENGINE_ERROR, Reason.REFUSED)
)
Elsewhere = Callable[[], Thought]


class Hybrid:
    """Two brains for one runtime.

    Attributes:
        near: A model here, for NPCs whose importance is ``near_from`` or more.
        far: A server, for the others.
        near_from: See ``near``.
    """

    __slots__ = ("far", "near", "near_from")

    def __init__(self, near: ModelLike, far: Brain, *, near_from: float = 1.0) -> None:
        """If one cannot answer in time, the other is asked with the time that is left.

        Args:
            near: ``Model.load()``.
            far: A ``Remote``.
            near_from: NPCs of this ``importance`` or more think here. NPCs have importance 1, so
                lower the crowd's; or raise ``near_from``, and the importance of NPCs that the
                player meets.

        Raises:
            UsageError: An argument is not of its kind.
        """
        where = "Hybrid()"
        if isinstance(near, Brain) or near is None:
            raise UsageError(fault("near", "be a model", near, where, "use Model.load()"))
        if not isinstance(far, Brain) or isinstance(far, Hybrid):
            raise UsageError(fault("far", "be a server", far, where, "use Remote(url)"))
        number = isinstance(near_from, int | float) and not isinstance(near_from, bool)
        if not number or not near_from >= 0.0:
            raise UsageError(fault("near_from", "be a number of 0 or more", near_from, where))
        self.near = near
        self.far = far
        self.near_from = float(near_from)

    def thinker(self, settings: ThinkerSettings) -> HybridThinker:
        """The thinker of one runtime."""
        near = thinker_of(self.near, settings)
        return HybridThinker(near, self.far.thinker(settings), settings.play, self.near_from)


class HybridThinker:
    """Both at work, the one here first."""

    __slots__ = ("_far", "_mind", "_near", "prices")
    is_beside = True

    def __init__(self, near: Thinker, far: Thinker, clock: Clock, near_from: float) -> None:
        self._near = near
        self._far = far
        self._mind = HybridMind(near.mind, far.mind, clock, near_from)
        self.prices: CostModel = near.prices

    @property
    def scheduler(self) -> Scheduler | None:
        """The near one's."""
        return self._near.scheduler

    @property
    def mind(self) -> Mind:
        """Chooses between the two."""
        return self._mind

    @property
    def is_warm(self) -> bool:
        """Whether both are warm."""
        return self._near.is_warm and self._far.is_warm

    def collect(self, report: FrameReport) -> BaseException | None:
        """Collects the answers of both."""
        error = self._near.collect(report)
        return self._far.collect(report) or error

    def think(self, started_ns: int, budget_ns: int, report: FrameReport) -> None:
        """Lets both think; the near one sets the report's counts, the far one adds to them."""
        self._near.think(started_ns, budget_ns, report)
        self._far.think(started_ns, budget_ns, report)

    def take_askers(self) -> tuple[str, ...]:
        """The names that both give."""
        return tuple(dict.fromkeys((*self._near.take_askers(), *self._far.take_askers())))

    def pause(self) -> None:
        """Pauses both."""
        self._near.pause()
        self._far.pause()

    def read(self, npc: Npc) -> None:
        """Has a persona read in the place where it would think."""
        (self._near if npc.importance >= self._mind.near_from else self._far).read(npc)

    def read_at_once(self, npcs: Iterable[Npc]) -> None:
        """Reads the personas of those who think here."""
        self._near.read_at_once([npc for npc in npcs if npc.importance >= self._mind.near_from])

    def forget(self, npc: Npc) -> None:
        """Has both forget an NPC that is gone."""
        self._near.forget(npc)
        self._far.forget(npc)

    def abandon(self) -> None:
        """Abandons both."""
        self._near.abandon()
        self._far.abandon()

    def close(self) -> BaseException | None:
        """Closes both."""
        error = self._near.close()
        return self._far.close() or error


class HybridMind:
    """Asks near or far, by importance."""

    __slots__ = ("_clock", "_far", "_near", "near_from")

    def __init__(self, near: Mind, far: Mind, clock: Clock, near_from: float) -> None:
        self._near = near
        self._far = far
        self._clock = clock
        self.near_from = near_from

    @property
    def may_quote(self) -> bool:
        """Whether the near mind may, since grammars are made for it."""
        return self._near.may_quote

    def num_tokens_left(self, situation: Situation) -> int | None:
        """As the near mind counts."""
        return self._near.num_tokens_left(situation)

    def ask(self, inquiry: Inquiry) -> HybridThought:
        """Begins a thought in one of two places."""
        deadline_ns = self._clock.now_ns() + round(inquiry.ttl_ms * NS_PER_MS)

        def asked(mind: Mind) -> Thought:
            left_ms = (deadline_ns - self._clock.now_ns()) / NS_PER_MS
            return mind.ask(replace(inquiry, ttl_ms=max(0.0, left_ms)))

        first, second = self._near, self._far
        if inquiry.priority < self.near_from:
            first, second = second, first
        return HybridThought(asked(first), lambda: asked(second))


class HybridThought:
    """A thought in one place, and in the other if nothing came of it; see ``Thought``."""

    __slots__ = (
        "_elsewhere",
        "_thought",
        "choice",
        "decision",
        "done",
        "emotion",
        "reason",
        "speech",
    )
    is_still = False

    def __init__(self, thought: Thought, elsewhere: Elsewhere) -> None:
        self._thought = thought
        self._elsewhere: Elsewhere | None = elsewhere
        self.choice: Decision | None = None
        self.done = False
        self.decision: Decision | None = None
        self.reason = ""
        self.speech = ""
        self.emotion = "neutral"

    def listen(self) -> None:
        """Takes in news, and asks in the other place if they are a refusal."""
        self._thought.listen()
        if self._thought.done and self._elsewhere is not None:
            elsewhere, self._elsewhere = self._elsewhere, None
            if self._thought.choice is None and self._thought.reason in MOVES:
                self._thought = elsewhere()
                self._thought.listen()
        self._take()

    def drop(self) -> None:
        """Gives the thought up, wherever it is."""
        self._elsewhere = None
        self._thought.drop()
        self._take()

    def _take(self) -> None:
        thought = self._thought
        self.choice = thought.choice
        self.decision = thought.decision
        self.reason = thought.reason
        self.speech = thought.speech
        self.emotion = thought.emotion
        self.done = thought.done
