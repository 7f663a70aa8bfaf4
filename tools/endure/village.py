"""A crowd that is talked to, comes and goes, while its engine fails now and then.

It plays by a clock that moves only when told to, with answers that are known beforehand; or by the
real clock with a real model. Invariant: by the virtual clock all depends on the seed alone.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from npcbrain.clock import NS_PER_MS, NS_PER_S, SystemClock
from npcbrain.engine.contract import GenerationLike, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration
from npcbrain.tree import Concurrent, Selector, Status, Succeed, Wait
from npcbrain.tree import Sequence as InOrder
from tools.endure.attacks import read_attacks
from tools.endure.faulty_runner import FaultyRunner
from tools.endure.ledger import Ledger

__all__ = ["Village"]

FRAME_NS = NS_PER_S // 60
PATIENCE_S = 30  # within which everybody has an answer, the model's or the tree's
ANSWERS = (
    " say\n happy\n Well met, traveller.",
    " give\n ale\n player\n proud\n Here you are. Mind the foam.",
    " say\n sad\n No.",
)
PEOPLE = {
    "role": "innkeeper",
    "traits": ["patient"],
    "facts": ["A bed costs five coppers.", "The bell rings at noon."],
    "actions": [
        {"name": "say"},
        {"name": "give", "args": {"item": ["ale", "key"], "to": ["player"]}},
    ],
    "lines": {"fallback": ["Busy!", "Later."]},
}
TREE = Concurrent(
    Selector(
        InOrder(Heard(), Decide(ttl_ms=2500), Act()), InOrder(Heard(), CannedReply()), Succeed()
    ),
    InOrder(Wait(1.5), Succeed()),
)
SPEECHES = ("Good day!", "What is a bed?", "Give me the key.", "Who rings the bell?")
MOST_CHARS = 2000  # of an attack that is used here; longer ones would cost the soak too many frames


class ScriptedModel:
    """A model with known answers."""

    has_marks = True

    def __init__(self, dice: random.Random) -> None:
        self.tokenizer = self
        self._dice = dice

    def count(self, text: str) -> int:
        """Counts words as tokens."""
        return len(text.split())

    def generation(
        self, prefix: str, news: str, *, max_new_tokens: int, **rest: Any
    ) -> ScriptedGeneration:
        """One of a few answers."""
        return ScriptedGeneration(self._dice.choice(ANSWERS), max_new_tokens=max_new_tokens)


class FaultyScript(ScriptedEngine):
    """Fails when told to."""

    fails = False

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        """Runs a step, or fails it."""
        self._failures = frozenset((self._num_run,)) if self.fails else frozenset()
        self.fails = False
        self.steps.clear()
        return super().run(wave)


class Village:
    """A village of NPCs.

    Attributes:
        runtime: Their runtime.
        ledger: The account of requests.
        counts: How often each thing happened.
        longest_wait_s: The longest wait for an answer, by the clock.
        reasons: The reasons of fallbacks.
    """

    def __init__(
        self, num_npcs: int, *, seed: int, model: Model | None = None, **options: Any
    ) -> None:
        self.dice = random.Random(seed)
        self.clock = ManualClock()
        self.engine: Any
        chosen: Any = model
        if model is None:
            # Dice of its own: what happens must not depend on who is asked first.
            chosen = ScriptedModel(random.Random(seed + 1))
            self.engine = FaultyScript(self.clock)
            options = {"clock": self.clock, "measure": "in_frames", **options}
        else:
            self.engine = Engine(model)
            self.faults = self.engine._runner = FaultyRunner(self.engine._runner)
            options = {"clock": SystemClock(), "memo": 0, **options}
        self.is_real = model is not None
        self.runtime = Runtime(chosen, seed=seed, engine=self.engine, price_file=None, **options)
        assert self.runtime.scheduler is not None
        self.ledger = Ledger(self.runtime.scheduler)
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.longest_wait_s = 0.0
        attacks = (one.text for one in read_attacks() if len(one.text) <= MOST_CHARS)
        self._speeches = [*SPEECHES * 20, *attacks]  # a fifth is harmless
        self._since: dict[Npc, tuple[object, int]] = {}
        self.runtime.on_action("give", self._give)
        for _ in range(num_npcs):
            self._add()

    def soak(self, num_frames: int) -> None:
        """Plays some frames, with all that happens in them."""
        for _ in range(num_frames):
            self.frame()

    def frame(self, budget_ms: float | None = None) -> FrameReport:
        """One frame, and what happens in it."""
        dice = self.dice
        if dice.random() < 0.35:
            self._somebody().hear(
                dice.choice(self._speeches), speaker=dice.choice(("player", "Ann"))
            )
        if dice.random() < 0.05:
            self._somebody().notice("gift", source="player", text="A loaf of bread.")
        if dice.random() < 0.01:
            self._churn()
        if dice.random() < 0.003:
            self.counts["engine faults"] += 1
            if self.is_real:
                self.faults.fail(dice.choice(("error", "memory", "nan")))
            else:
                self.engine.fails = True
        if budget_ms is None:
            budget_ms = dice.choice((0.0, 1.0, 4.0, 4.0, 4.0, 8.0))
        report = self.runtime.update(budget_ms)
        self.counts["frames"] += 1
        self.counts["answers"] += len(report.decisions)
        self.reasons.update(reason for _, reason in report.fallbacks)
        self._watch()
        if not self.is_real:
            self.clock.advance_ns(max(NS_PER_MS, FRAME_NS - report.used_ns))
        return report

    def settle(self, num_frames: int = 3000) -> bool:
        """Plays on without trouble; returns whether everybody gets an answer."""
        for _ in range(num_frames):
            report = self.runtime.update(8.0)
            self.counts["answers"] += len(report.decisions)
            self._watch()
            if not self.is_real:
                self.clock.advance_ns(FRAME_NS)
            if all(npc.event is None for npc in self.runtime.npcs.values()):
                return True
        return False

    def prices(self) -> Mapping[tuple[int, ...], int]:
        """The current prices of steps, by their shapes."""
        return {
            tuple(cell[:4]): cell[5] for cell in self.runtime.prices.snapshot() if len(cell) > 5
        }

    def _watch(self) -> None:
        now_ns = self.runtime.clock.now_ns()
        for npc in self.runtime.npcs.values():
            event = npc.event
            known, since_ns = self._since.get(npc, (None, now_ns))
            if event is not known:
                since_ns = now_ns
                if event is None:
                    self._since.pop(npc, None)
                else:
                    self._since[npc] = event, now_ns
            self.longest_wait_s = max(self.longest_wait_s, (now_ns - since_ns) / NS_PER_S)

    def _somebody(self) -> Npc:
        return self.dice.choice([*self.runtime.npcs.values()])

    def _add(self) -> None:
        self.counts["came"] += 1
        name = f"npc {self.counts['came']}"
        persona = Persona.from_dict({**PEOPLE, "name": f"Greta {self.counts['came'] % 7}"})
        importance = self.dice.choice((0.2, 1.0, 1.0, 5.0))
        self.runtime.add_npc(name, persona=persona, tree=TREE, importance=importance)

    def _churn(self) -> None:
        npc = self._somebody()
        move = self.dice.random()
        if move < 0.6:
            self._since.pop(npc, None)
            self.runtime.remove_npc(npc.name)
            self.counts["went"] += 1
            self._add()
        elif move < 0.8:
            self.runtime.tick_every(npc.name, self.dice.choice((1, 2, 30)))
        else:
            npc.importance = self.dice.choice((0.2, 1.0, 5.0))

    def _give(self, npc: Npc, **args: str) -> Status | None:
        self.counts["deeds"] += 1
        if self.dice.random() < 0.1:
            self.counts["vetoes"] += 1
            return Status.FAILURE
        return None


def tiny() -> Path:
    """The tiny model of the tests."""
    return Path(__file__).resolve().parents[2] / "tests" / "models" / "tiny"
