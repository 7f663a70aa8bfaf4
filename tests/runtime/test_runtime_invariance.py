"""Through the whole runtime: answers depend neither on the budget nor on the neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from npcbrain.lm.drafts import Drafter
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, Decide, Heard
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.situation import Decision
from npcbrain.tree import Sequence as InOrder

TINY = Path(__file__).parents[1] / "models" / "tiny"


class TickingClock:
    """Moves on a little whenever it is read: frames cut work at other places, repeatably."""

    def __init__(self, tick_ns: int) -> None:
        self._tick_ns = tick_ns
        self._now_ns = 0

    def now_ns(self) -> int:
        self._now_ns += self._tick_ns
        return self._now_ns


def answers(tiny: Model, tick_ns: int, budget_ms: float, num_npcs: int) -> dict[str, Decision]:
    clock = TickingClock(tick_ns)
    runtime = Runtime(tiny, seed=5, clock=clock, temperature=0.8)
    persona = Persona.from_dict({"name": "Al", "role": "cook"})
    root = InOrder(Heard(), Decide(ttl_ms=600_000), Act())
    npcs = [runtime.add_npc(f"npc {i}", persona=persona, tree=root) for i in range(num_npcs)]
    for npc in npcs:
        npc.hear("Is the soup done?")
    found: dict[str, Decision] = {}
    for _ in range(3000):
        found.update(runtime.update(budget_ms).decisions)
        if len(found) == num_npcs:
            return found
    raise AssertionError("it never came")


@pytest.mark.parametrize("drafts", [False, True])
def test_answers_depend_neither_on_the_budget_nor_on_the_neighbours(
    monkeypatch: pytest.MonkeyPatch, drafts: bool
) -> None:
    drafted: list[int] = []

    def draft(own: Drafter, ids: Sequence[int], most: int) -> list[int]:
        drafted.append(len(ids))
        return list(ids[-8:-7]) if most else []  # seldom right

    monkeypatch.setattr(Drafter, "draft", draft)
    tiny = Model.load(TINY, num_slots=3, drafts=drafts)
    alone = answers(tiny, 100, math.inf, 1)
    crowded = answers(tiny, 100, math.inf, 5)
    sliced = answers(tiny, 40_000, 1.5, 5)
    assert sliced == crowded
    assert alone["npc 0"] == crowded["npc 0"]
    assert {decision.source for decision in sliced.values()} == {"model"}
    assert bool(drafted) is drafts
