"""What an NPC is lent: somebody to think for it, the time, the game's handlers, a report.

Contracts and one record; the NPC itself is in ``npc``. Invariant: an NPC reaches the model
through ``Mind`` and ``Thought`` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from npcbrain.clock import Clock
from npcbrain.errors import UsageError, fault
from npcbrain.npcs.line_filter import LineFilter
from npcbrain.npcs.memory import Memory
from npcbrain.npcs.turnstile import Turnstile
from npcbrain.one_thread import OneThread
from npcbrain.report import FrameReport
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Decision, Situation
from npcbrain.tree import Status

__all__ = ["Handler", "Host", "Inquiry", "Mind", "Thought"]

Handler = Callable[..., Status | bool | None]
"""``handler(npc, **args)``: performs an action in the game."""


class Thought(Protocol):
    """An answer being written for an NPC; it changes in ``listen`` and ``drop`` only.

    Attributes:
        choice: What the model will do, its arguments complete and its words still to come; None
            until that is decided. It stays what it is, however the thought ends.
        done: Whether ``decision`` and ``reason`` are final.
        decision: The whole answer, or as many whole sentences of it as were said when it was cut
            off; None until then, and if there are none.
        reason: Why there is no decision, or why it was cut off (``expired``, ...); empty if there
            is, or may be, a whole one.
        speech: What it says so far.
        emotion: The emotion, ``"neutral"`` until it is known.
    """

    choice: Decision | None
    done: bool
    decision: Decision | None
    reason: str
    speech: str
    emotion: str

    @property
    def is_still(self) -> bool:
        """Whether ``listen`` would find nothing, as for most of a crowd that waits."""
        ...

    def listen(self) -> None:
        """Takes in what the model has written since the last call."""
        ...

    def drop(self) -> None:
        """Gives up: nobody wants the rest of the answer. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an NPC asks a mind.

    Attributes:
        situation: What to decide about.
        memory: Where to take memories from, as many as fit; None asks with the situation's own, all
            of them.
        grammar: What a legal answer looks like: ``prompt.answer_grammar`` of the situation's
            actions.
        name: Who asks.
        ttl_ms: How long the answer is worth waiting for.
        priority: The NPC's importance.
        extent: How much of the answer must be there in time; ``grammar`` agrees with it.
        lines: Its own lines by occasion, to quote where one of them is chosen.
    """

    situation: Situation
    memory: Memory | None
    grammar: str
    name: str
    ttl_ms: float
    priority: float = 1.0
    extent: Extent = Extent.WHOLE
    lines: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Mind(Protocol):
    """Whoever writes the thoughts."""

    @property
    def may_quote(self) -> bool:
        """Whether a grammar may offer quotes."""
        ...

    def num_tokens_left(self, situation: Situation) -> int | None:
        """What a prompt has left beside who is asked; None where nobody counts."""
        ...

    def ask(self, inquiry: Inquiry) -> Thought:
        """Begins a thought. Never raises."""
        ...


@dataclass(slots=True)
class Host:
    """What a runtime lends its NPCs."""

    mind: Mind
    clock: Clock
    report: FrameReport  # of the frame that runs now
    handlers: dict[str, Handler] = field(default_factory=dict)
    line_filter: LineFilter | None = None
    alone: OneThread = field(default_factory=OneThread)  # in which one thread at a time may be
    turnstile: Turnstile = field(default_factory=Turnstile)  # to new events
    is_closed: bool = False

    def check_open(self, where: str) -> None:
        """Raises ``UsageError`` once the runtime is closed."""
        if self.is_closed:
            raise UsageError(fault("runtime", "be open", "closed", where, "make a new Runtime"))
