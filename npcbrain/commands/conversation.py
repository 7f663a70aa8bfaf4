"""A conversation with one NPC, in the frames of a game that does nothing else.

``npcbrain chat`` plays it; ``chat_view`` shows it. Invariant: every line that is heard gets an
answer, the model's or the tree's, and every answer says who chose it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from npcbrain.asking.models import ModelLike
from npcbrain.clock import NS_PER_MS, NS_PER_S
from npcbrain.commands.credit import told
from npcbrain.commands.frame_clock import FRAME_NS, FrameClock
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard, Reflex
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.plain_text import clean_text
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision
from npcbrain.tree import Node, Selector, Sequence, Succeed

__all__ = ["Conversation", "Turn"]

TTL_MS = 2500.0


@dataclass(slots=True)
class Turn:
    """A line, the answer to it and its cost.

    Attributes:
        heard: The line.
        decision: The answer; None until it is whole.
        chosen: Who chose it, and why; see ``credit.told``.
        frames: Updates until the answer was whole.
        first_word_frames: Updates until its first word was there; None without words.
        tokens: Tokens that the language model wrote; a quote needs none.
        choosing_ns: Time spent on choosing, and on making prompts.
        writing_ns: Time spent in steps of the language model.
        longest_frame_ns: The longest update.
    """

    heard: str
    decision: Decision | None = None
    chosen: str = ""
    frames: int = 0
    first_word_frames: int | None = None
    tokens: int = 0
    choosing_ns: int = 0
    writing_ns: int = 0
    longest_frame_ns: int = 0

    def add(self, report: FrameReport, speech: str) -> None:
        """Counts a frame."""
        self.frames += 1
        self.tokens += report.num_tokens
        self.choosing_ns += report.prompts_ns
        self.writing_ns += report.model_ns
        self.longest_frame_ns = max(self.longest_frame_ns, report.used_ns)
        if speech and self.first_word_frames is None:
            self.first_word_frames = self.frames

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "heard": self.heard,
            **({} if self.decision is None else self.decision.to_dict()),
            "chosen": self.chosen,
            "frames": self.frames,
            "first_word_frames": self.first_word_frames,
            "tokens": self.tokens,
            "choosing_ms": round(self.choosing_ns / NS_PER_MS, 2),
            "writing_ms": round(self.writing_ns / NS_PER_MS, 2),
            "longest_frame_ms": round(self.longest_frame_ns / NS_PER_MS, 2),
        }


class Conversation:
    """A persona to talk to."""

    def __init__(
        self, persona: Persona, model: ModelLike | None, *, budget_ms: float, is_live: bool = False
    ) -> None:
        """Measures the model's steps (under a second).

        Args:
            persona: Who answers.
            model: Who thinks; None leaves everything to the tree.
            budget_ms: The budget of each frame.
            is_live: Whether somebody watches; then frames take as long as in a game.
        """
        self.persona = persona
        self.budget_ms = budget_ms
        self._is_live = is_live
        self._clock = FrameClock()
        self._runtime = Runtime(model, clock=self._clock)
        self._npc = self._runtime.add_npc(persona.name, persona=persona, tree=_tree())
        for action in persona.actions:
            self._runtime.on_action(action.name, _do_nothing)
        self._runtime.warm_up()

    def say(self, line: str, watch: Callable[[Turn, Npc, FrameReport], None]) -> Turn | None:
        """Says a line and plays frames until it is answered; None if there is nothing to hear.

        Args:
            line: What the player says.
            watch: Called after each frame.
        """
        if not clean_text(line):
            return None
        npc, turn = self._npc, Turn(line)
        npc.hear(line)
        while npc.event is not None:
            report = self._runtime.update(self.budget_ms)
            turn.add(report, npc.speech)
            watch(turn, npc, report)
            if self._is_live and report.used_ns < FRAME_NS:
                time.sleep((FRAME_NS - report.used_ns) / NS_PER_S)
            self._clock.next_frame()
        turn.decision = npc.decision
        if npc.decision is not None:
            turn.chosen = told(npc.decision, self.persona.profile.facts)
        return turn

    def close(self) -> None:
        """Closes the runtime."""
        self._runtime.close()


def _tree() -> Node:
    return Selector(
        Sequence(Heard(), Decide(ttl_ms=TTL_MS), Act()),
        Sequence(Heard(), Selector(Reflex(), CannedReply())),
        Succeed(),
    )


def _do_nothing(npc: Npc, **args: str) -> None:
    """The handler of all actions: without a game, a decision is shown but not done."""
