"""A mind that a test drives by hand, somebody to have it, and a stage to stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from npcbrain.npcs.contracts import Handler, Host, Inquiry
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.report import FrameReport
from npcbrain.situation import Decision, Situation
from npcbrain.testing import ScriptedGeneration
from npcbrain.tree import Node, Selector, Sequence, Status, Succeed

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

    is_still = False

    def __init__(self) -> None:
        self.choice: Decision | None = None
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

    def choose(self, action: str, **args: str) -> None:
        self.choice = Decision(action, args)

    def succeed(self, decision: Decision) -> None:
        self.choice = replace(decision, emotion="neutral", say="")
        self.done, self.decision, self.speech = True, decision, decision.say

    def cut(self, decision: Decision, reason: str) -> None:
        """Ends too early, after some sentences."""
        self.succeed(decision)
        self.reason = reason

    def fail(self, reason: str) -> None:
        self.done, self.reason = True, reason


class HandDrivenMind:
    may_quote = False

    def __init__(self) -> None:
        self.asked: list[Inquiry] = []
        self.ideas: list[Idea] = []

    def num_tokens_left(self, situation: Situation) -> None: ...

    def ask(self, inquiry: Inquiry) -> Idea:
        self.asked.append(inquiry)
        self.ideas.append(Idea())
        return self.ideas[-1]


ANSWER = Decision("give", {"item": "loaf"}, "happy", "Here you are.")
VILLAGER = Selector(
    Sequence(Heard(), Decide(ttl_ms=2500), Act()), Sequence(Heard(), CannedReply()), Succeed()
)


class Stage:
    """One NPC, its mind and its game."""

    def __init__(self, root: Node = VILLAGER, **handlers: Handler) -> None:
        self.mind = HandDrivenMind()
        self.report = FrameReport()
        host = Host(self.mind, StillClock(), self.report, dict(handlers))
        self.npc = Npc("greta", GRETA, root, host)

    def tick(self) -> Status:
        return self.npc.tree.tick()

    def frame(self) -> Status:
        """What a frame does to an NPC: the tree, then what the model has written."""
        status = self.tick()
        self.npc.listen()
        return status


class WordCounter:
    """A tokenizer whose tokens are words."""

    def count(self, text: str) -> int:
        return len(text.split())


class ScriptedModel:
    """A model whose answers are known, and which notes what it was asked.

    Args:
        answer: Of every generation.
        on_ask: Called for every generation, before it is made; may raise or let time pass.
    """

    has_marks = True

    def __init__(
        self,
        answer: str = " say\n happy\n Well met.",
        on_ask: Callable[[str], None] | None = None,
    ) -> None:
        self.answer = answer
        self.tokenizer = WordCounter()
        self.news: list[str] = []
        self.grammars: list[str] = []
        self.seeds: list[int] = []
        self._on_ask = on_ask

    def generation(
        self, prefix: str, news: str, *, grammar: str, seed: int, max_new_tokens: int, **rest: Any
    ) -> ScriptedGeneration:
        if self._on_ask is not None:
            self._on_ask(news)
        self.news.append(news)
        self.grammars.append(grammar)
        self.seeds.append(seed)
        return ScriptedGeneration(self.answer, max_new_tokens=max_new_tokens)
