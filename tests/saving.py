"""A small game to be saved: four cooks, the tiny model, a clock that tests move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision
from npcbrain.tree import Concurrent, Node, Selector, Succeed, Wait
from npcbrain.tree import Sequence as InOrder

TINY = Path(__file__).parent / "models" / "tiny"
NAMES = ("Ann", "Bob", "Cid", "Dot")
COOK: dict[str, Any] = {
    "role": "cook",
    "facts": ["The soup is done.", "The key is in the room."],
    "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["key", "room"]}}],
    "lines": {"fallback": ["Mind the pot!", "Busy!"]},
}
TREE = Concurrent(
    Selector(
        InOrder(Heard(), Decide(ttl_ms=600_000), Act()),
        InOrder(Heard(), CannedReply()),
        Succeed(),
    ),
    InOrder(Wait(2), Succeed()),
)


class TickingClock:
    """Moves on a little whenever it is read."""

    def __init__(self, tick_ns: int = 20000, now_ns: int = 0) -> None:
        self._tick_ns = tick_ns
        self._now_ns = now_ns

    def now_ns(self) -> int:
        self._now_ns += self._tick_ns
        return self._now_ns


class UnmeasuredEngine(Engine):
    """An engine without probes: a runtime is made at once."""

    def probes(self) -> list[Any]:
        return []


class Game:
    """Cooks who are asked things, and a log of what they decided and did."""

    def __init__(
        self,
        model: Model | None,
        *,
        names: tuple[str, ...] = NAMES,
        tree: Node = TREE,
        cook: dict[str, Any] = COOK,
        seed: int = 5,
        now_ns: int = 0,
        **options: Any,
    ) -> None:
        engine = None if model is None else UnmeasuredEngine(model)
        options = {"clock": TickingClock(now_ns=now_ns), "temperature": 0.8, **options}
        self.runtime = Runtime(model, seed=seed, engine=engine, price_file=None, **options)
        self.decisions: dict[str, list[Decision]] = defaultdict(list)
        self.deeds: dict[str, list[str]] = defaultdict(list)
        self.runtime.on_action("give", self._give)
        for name in names:
            persona = Persona.from_dict({**cook, "name": name})
            self.runtime.add_npc(name, persona=persona, tree=tree)
        self.frame = 0

    def npc(self, name: str) -> Npc:
        return self.runtime.npcs[name]

    def ask(self) -> None:
        """What happens in a frame, by its number alone."""
        for number, npc in enumerate(self.runtime.npcs.values()):
            if self.frame < 40 and self.frame % 20 == 5 * number:
                npc.hear(f"Is the soup number {self.frame} done?")

    def play(self, num_frames: int, budget_ms: float = 1.5) -> None:
        for _ in range(num_frames):
            self.ask()
            for name, decision in self.runtime.update(budget_ms).decisions:
                self.decisions[name].append(decision)
            self.frame += 1

    @property
    def is_over(self) -> bool:
        """Whether nobody has anything to answer any more."""
        return all(npc.event is None for npc in self.runtime.npcs.values())

    def end(self, budget_ms: float = 1.5) -> None:
        """Plays until it is over."""
        for _ in range(3000):
            self.play(1, budget_ms)
            if self.frame > 40 and self.is_over:
                return
        raise AssertionError("it never ended")

    def past(self) -> tuple[dict[str, list[Decision]], dict[str, list[str]]]:
        """What everybody has decided and done so far."""
        decisions = {name: [*found] for name, found in self.decisions.items() if found}
        return decisions, {name: [*found] for name, found in self.deeds.items() if found}

    def go_back(
        self, frame: int, past: tuple[dict[str, list[Decision]], dict[str, list[str]]]
    ) -> None:
        """Sets the log and the number of the frame; the runtime is loaded by the test."""
        self.frame = frame
        self.decisions.clear()
        self.deeds.clear()
        for name, decisions in past[0].items():
            self.decisions[name] = [*decisions]
        for name, deeds in past[1].items():
            self.deeds[name] = [*deeds]

    def _give(self, npc: Npc, item: str) -> None:
        self.deeds[npc.name].append(item)


def people(runtime: Runtime) -> Iterator[tuple[Any, ...]]:
    """What can be seen of everybody."""
    for npc in runtime.npcs.values():
        yield (
            npc.name,
            npc.importance,
            npc.scene,
            npc.actions,
            [(entry.told, entry.importance, entry.order, entry.weight) for entry in npc.memory],
            npc.speech,
            npc.emotion,
            npc.reason,
            npc.decision,
            npc.answer,
            npc.event,
            npc.num_waiting,
            npc.num_missed,
            npc.blackboard.snapshot(),
            [status for _, status in npc.tree.statuses],
        )
