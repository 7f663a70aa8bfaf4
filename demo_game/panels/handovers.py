"""Who was in charge of each villager in the last seconds, and the village's last hand-overs.

It only watches; nothing in the game depends on it. Invariant: a decision is noted once, in the
frame in which the runtime reported it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

import npcbrain as nb
from demo_game.people.villager import Villager
from demo_game.village.village import Village
from npcbrain.clock import NS_PER_MS

__all__ = ["Charge", "HandOver", "HandOvers"]

SAMPLE_FRAMES = 3
NUM_SAMPLES = 332  # a pixel each on the ribbon: sixteen seconds
SHARE_FRAMES = 60
NUM_KEPT = 12  # hand-overs; the panel shows the last few


class Charge(IntEnum):
    """Who makes a villager do and say what it does now."""

    DAY = 0  # its tree, going about the day in silence
    THINKING = 1  # the model, which has not decided yet
    MODEL = 2  # the model acts or speaks
    TREE = 3  # the tree speaks


@dataclass(frozen=True, slots=True)
class HandOver:
    """One decision and who had which part in it.

    Attributes:
        number: Counts hand-overs.
        frame: When the decision was whole.
        npc: The NPC.
        action: The action.
        by_model: Whether the model chose the deed.
        reason: Why the tree had to answer, or to speak; empty if the model did both.
        quoted: The source of the model's quote; empty for words of its own.
    """

    number: int
    frame: int
    npc: str
    action: str
    by_model: bool
    reason: str
    quoted: str


class HandOvers:
    """The past that the panel shows."""

    def __init__(self, village: Village) -> None:
        self.recent: deque[HandOver] = deque(maxlen=NUM_KEPT)
        self.frame = 0
        self.num_samples = 0
        self.thinking_frames = dict.fromkeys(village.villagers, 0)  # of the thought under way
        self._village = village
        self._num = 0
        self._spent_ms: deque[dict[str, float]] = deque(maxlen=SHARE_FRAMES)
        self._charges: dict[str, deque[Charge]] = {
            name: deque(maxlen=NUM_SAMPLES) for name in village.villagers
        }

    def note(self, report: nb.FrameReport, num_steps: int = 1) -> None:
        """Takes in a frame.

        Args:
            report: What the runtime did.
            num_steps: Sixtieths of a second that it lasted: 0, 1 or 2 at other rates than 60.
        """
        self.frame += num_steps
        self._share(report)
        for name, decision in report.decisions:
            if name not in self._village.villagers:
                continue
            by_model = decision.source == "model"
            self._num += 1
            over = HandOver(
                self._num,
                self.frame,
                name,
                decision.action,
                by_model,
                decision.reason,
                decision.quoted,
            )
            self.recent.appendleft(over)
        for name, villager in self._village.villagers.items():
            frames = self.thinking_frames[name]
            self.thinking_frames[name] = frames + num_steps if villager.npc.thinking else 0
        if num_steps and self.frame % SAMPLE_FRAMES < num_steps:
            self.num_samples += 1
            for name, villager in self._village.villagers.items():
                self._charges[name].append(self.charge(villager))

    def spent_ms(self, name: str) -> float:
        """The model's time for one villager a frame, on average over the last second.

        Villagers that think at the same time share batched runs, so a frame's time is split evenly.
        """
        total = sum(spent.get(name, 0.0) for spent in self._spent_ms)
        return total / max(1, len(self._spent_ms))

    def _share(self, report: nb.FrameReport) -> None:
        busy = [npc.name for npc in self._village.runtime.npcs.values() if npc.thinking]
        spent_ms = (report.prompts_ns + report.model_ns) / NS_PER_MS
        each = spent_ms / len(busy) if busy else 0.0
        self._spent_ms.append(dict.fromkeys(busy, each))

    def charge(self, villager: Villager) -> Charge:
        """Who is in charge of somebody now."""
        npc = villager.npc
        if npc.thinking:
            return Charge.THINKING if npc.answer is None and not npc.speech else Charge.MODEL
        decision = npc.decision
        if decision is not None and villager.is_speaking:
            return Charge.TREE if decision.source == "tree" or decision.reason else Charge.MODEL
        return Charge.TREE if villager.bark else Charge.DAY

    def charges(self, name: str) -> deque[Charge]:
        """The past of one villager, a sample every few frames, the newest last."""
        return self._charges[name]

    def last(self, name: str) -> HandOver | None:
        """The newest of one villager."""
        return next((over for over in self.recent if over.npc == name), None)
