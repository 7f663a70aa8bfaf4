"""Who had the word: for each villager the last seconds, and the village's last hand-overs.

It watches and keeps; nothing of the game depends on it. Invariant: a decision is noted once, in the
frame in which the runtime reported it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import IntEnum

import npcbrain as nb
from demo_game.village import Village
from demo_game.villager import Villager

__all__ = ["Charge", "HandOver", "HandOvers"]

SAMPLE_FRAMES = 3
NUM_SAMPLES = 332  # a pixel each on the ribbon: sixteen seconds
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
        number: Counts them.
        frame: When it was whole.
        npc: Whose it is.
        action: What was done.
        by_model: Whether the model chose the deed.
        reason: Why the tree had to answer, or to speak; empty if the model did both.
        quoted: What the model quoted, if it found no words of its own.
    """

    number: int
    frame: int
    npc: str
    action: str
    by_model: bool
    reason: str
    quoted: str


class HandOvers:
    """What the panel shows of the past."""

    def __init__(self, village: Village) -> None:
        self.recent: deque[HandOver] = deque(maxlen=NUM_KEPT)
        self.frame = 0
        self.num_samples = 0
        self.thinking_frames = dict.fromkeys(village.villagers, 0)  # of the thought under way
        self._village = village
        self._num = 0
        self._charges: dict[str, deque[Charge]] = {
            name: deque(maxlen=NUM_SAMPLES) for name in village.villagers
        }

    def note(self, report: nb.FrameReport) -> None:
        """Takes in a frame."""
        self.frame += 1
        for name, decision in report.decisions:
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
            self.thinking_frames[name] = frames + 1 if villager.npc.thinking else 0
        if self.frame % SAMPLE_FRAMES == 0:
            self.num_samples += 1
            for name, villager in self._village.villagers.items():
                self._charges[name].append(self.charge(villager))

    def charge(self, villager: Villager) -> Charge:
        """Who is in charge of somebody now."""
        npc = villager.npc
        if npc.thinking:
            return Charge.THINKING if npc.answer is None and not npc.speech else Charge.MODEL
        decision = npc.decision
        if decision is not None and self._village.is_speaking(villager):
            return Charge.TREE if decision.source == "tree" or decision.reason else Charge.MODEL
        return Charge.TREE if villager.bark else Charge.DAY

    def charges(self, name: str) -> deque[Charge]:
        """The past of one villager, a sample every few frames, the newest last."""
        return self._charges[name]

    def last(self, name: str) -> HandOver | None:
        """The newest of one villager."""
        return next((over for over in self.recent if over.npc == name), None)
