"""A mind that a test drives by hand, and somebody to have it."""

from __future__ import annotations

from typing import Any

from npcbrain.memory import Memory
from npcbrain.persona import Persona
from npcbrain.situation import Decision, Situation

GRETA = Persona.from_dict(
    {
        "name": "Greta",
        "role": "baker",
        "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["loaf"]}}],
        "lines": {"fallback": ["Mind the oven!", "Busy!"]},
    }
)


class StillClock:
    def now_ns(self) -> int:
        return 0


class Idea:
    """A thought that says and decides what the test says."""

    def __init__(self) -> None:
        self.done = False
        self.decision: Decision | None = None
        self.reason = ""
        self.speech = ""
        self.emotion = "neutral"
        self.drops = 0

    def listen(self) -> None: ...

    def drop(self) -> None:
        self.drops += 1
        self.done, self.reason = True, "cancelled"

    def succeed(self, decision: Decision) -> None:
        self.done, self.decision, self.speech = True, decision, decision.say

    def fail(self, reason: str) -> None:
        self.done, self.reason = True, reason


class HandDrivenMind:
    def __init__(self) -> None:
        self.asked: list[tuple[Situation, dict[str, Any]]] = []
        self.ideas: list[Idea] = []

    def ask(self, situation: Situation, memory: Memory, grammar: str, **rest: Any) -> Idea:
        self.asked.append((situation, rest))
        self.ideas.append(Idea())
        return self.ideas[-1]
