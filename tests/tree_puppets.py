"""Doubles for the tests of behaviour trees: scripted leaves, and a clock moved by hand.

A script is a string of letters, one for each time the leaf is asked: S success, F failure,
R running; the last letter stands for ever. What happens is told in short words: ``a!`` is leaf
``a`` starting, ``a.`` running on, ``a#`` halted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from npcbrain.clock import NS_PER_MS
from npcbrain.tree import Context, Node, StatefulLeaf, Status, Tree, compile

LETTERS = {"S": Status.SUCCESS, "F": Status.FAILURE, "R": Status.RUNNING}


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start_ns: int = 0) -> None:
        self.ns = start_ns

    def now_ns(self) -> int:
        return self.ns

    def advance(self, ms: float) -> None:
        self.ns += round(ms * NS_PER_MS)


@dataclass
class Stage:
    """The owner of a tree of puppets: their scripts, and what happened so far."""

    scripts: dict[str, str]
    asked: dict[str, int] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def answer(self, name: str) -> Status:
        count = self.asked.get(name, 0)
        self.asked[name] = count + 1
        script = self.scripts[name]
        return LETTERS[script[min(count, len(script) - 1)]]

    def allows(self, name: str) -> bool:
        self.log.append(f"{name}?")
        return self.answer(name) is Status.SUCCESS

    def take_log(self) -> str:
        text = " ".join(self.log)
        self.log.clear()
        return text


@dataclass(frozen=True, slots=True)
class Puppet(StatefulLeaf):
    """A leaf that answers by its script and notes what was asked of it."""

    name: str

    def on_start(self, ctx: Context) -> Status:
        ctx.owner.log.append(f"{self.name}!")
        return ctx.owner.answer(self.name)

    def on_running(self, ctx: Context) -> Status:
        ctx.owner.log.append(f"{self.name}.")
        return ctx.owner.answer(self.name)

    def on_halted(self, ctx: Context) -> None:
        ctx.owner.log.append(f"{self.name}#")


A, B, C = Puppet("a"), Puppet("b"), Puppet("c")


class Play:
    """A tree of puppets on its stage."""

    def __init__(self, definition: Node, **scripts: str) -> None:
        self.stage = Stage(scripts)
        self.clock = HandClock()
        self.tree: Tree = compile(definition, self.stage, self.clock)

    def tick(self) -> str:
        """Ticks once: what happened, then the tree's answer: ``"a! b! RUNNING"``."""
        status = self.tree.tick()
        return f"{self.stage.take_log()} {status.name}".strip()

    def ticks(self, count: int) -> list[str]:
        return [self.tick() for _ in range(count)]

    def halt(self) -> str:
        self.tree.halt()
        return self.stage.take_log()
