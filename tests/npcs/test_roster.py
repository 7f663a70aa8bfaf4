"""Promises of ``npcbrain.npcs.roster``: a frame does the work of those who are due, and no more.

Work is counted in calls, not in time.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from minds import GRETA, ScriptedModel

from npcbrain.errors import UsageError
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.roster import SWEEP_FRAMES
from npcbrain.runtime import Runtime
from npcbrain.testing import ManualClock, ScriptedEngine
from npcbrain.tree import Concurrent, Node, Selector, Sequence, Succeed, Task

FRAME_NS = 16_666_667
MIND = Selector(
    Sequence(Heard(), Decide(ttl_ms=2500), Act()), Sequence(Heard(), CannedReply()), Succeed()
)


class Crowd:
    """A runtime with many NPCs that count their ticks."""

    def __init__(self, num_npcs: int, *, has_model: bool = True) -> None:
        self.clock = ManualClock()
        self.ticks: Counter[str] = Counter()
        model = ScriptedModel() if has_model else None
        engine = ScriptedEngine(self.clock, 500_000) if has_model else None
        self.runtime = Runtime(model, clock=self.clock, engine=engine)
        self.npcs = [self.add(f"npc {index}") for index in range(num_npcs)]

    def add(self, name: str, root: Node = MIND) -> Npc:
        tree = Concurrent(Task("count", lambda npc: self.ticks.update([npc.name])), root)
        return self.runtime.add_npc(name, persona=GRETA, tree=tree)

    def frames(self, num_frames: int = 1) -> None:
        for _ in range(num_frames):
            started_ns = self.clock.now_ns()
            self.runtime.update(4.0)
            self.clock.advance_ns(max(0, started_ns + FRAME_NS - self.clock.now_ns()))

    def frames_until_answered(self, npc: Npc) -> int:
        for frame in range(2000):
            if npc.event is None:
                return frame
            self.frames()
        raise AssertionError("it never came")


@pytest.fixture
def listens(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts calls of ``Npc.listen`` by name."""
    counted: Counter[str] = Counter()
    listen = Npc.listen

    def count(npc: Npc) -> None:
        counted[npc.name] += 1
        listen(npc)

    monkeypatch.setattr(Npc, "listen", count)
    return counted


def test_a_thousand_idle_npcs_are_ticked_and_hardly_listened_to(listens: Counter[str]) -> None:
    crowd = Crowd(1000)
    crowd.frames(SWEEP_FRAMES)
    assert crowd.ticks.total() == 1000 * SWEEP_FRAMES
    assert listens.total() == 1000


def test_what_a_frame_listens_to_grows_with_those_who_think(listens: Counter[str]) -> None:
    crowd = Crowd(1000)
    for npc in crowd.npcs[:3]:
        npc.hear("Good day!")
    crowd.frames()
    listens.clear()
    crowd.frames()
    assert {npc.name for npc in crowd.npcs[:3]} <= set(listens)
    assert listens.total() <= 3 + 1000 // SWEEP_FRAMES + 1


def test_a_thousand_npcs_far_away_cost_a_frame_no_more_than_their_share() -> None:
    crowd = Crowd(1000)
    for npc in crowd.npcs:
        crowd.runtime.tick_every(npc.name, 50)
    loads = []
    for _ in range(100):
        before = crowd.ticks.total()
        crowd.frames()
        loads.append(crowd.ticks.total() - before)
    assert set(loads) == {20}
    assert set(crowd.ticks.values()) == {2}


def test_an_npc_far_away_answers_too() -> None:
    crowd = Crowd(1)
    (npc,) = crowd.npcs
    crowd.runtime.tick_every(npc.name, 10)
    npc.hear("Good day!")
    crowd.frames_until_answered(npc)
    assert npc.speech == "Well met."
    assert npc.decision is not None
    assert npc.decision.source == "model"


def test_the_answer_of_an_npc_far_away_is_written_between_its_turns() -> None:
    crowd = Crowd(1)
    (npc,) = crowd.npcs
    npc.hear("Good day!")
    crowd.frames()
    crowd.runtime.tick_every(npc.name, 500)
    for _ in range(100):
        crowd.frames()
    assert npc.speech == "Well met."
    assert not npc.thinking


def test_whoever_comes_near_is_ticked_in_the_next_frame() -> None:
    crowd = Crowd(1)
    crowd.runtime.tick_every("npc 0", 3600)
    crowd.frames(5)
    crowd.ticks.clear()
    crowd.runtime.tick_every("npc 0", 1)
    crowd.frames(5)
    assert crowd.ticks["npc 0"] == 5


def test_a_tree_may_change_a_cadence_from_the_next_frame_on() -> None:
    crowd = Crowd(0)
    crowd.add("a", Task("slow", lambda npc: crowd.runtime.tick_every("b", 3600)))
    crowd.add("b")
    crowd.frames()
    assert crowd.ticks["b"] == 1
    crowd.frames(20)
    assert crowd.ticks["b"] <= 2


@pytest.mark.parametrize("has_model", [True, False])
def test_an_npc_put_to_rest_by_a_leaf_of_the_games_own_wakes_again(has_model: bool) -> None:
    def ignore(npc: Npc) -> None:
        if npc.attend():
            ignored.append(npc.event.text if npc.event else "")
            npc.finish_event(rest=True)

    ignored: list[str] = []
    crowd = Crowd(0, has_model=has_model)
    npc = crowd.add("a", Task("ignore", ignore))
    npc.hear("One.")
    npc.hear("Two.")
    crowd.frames(SWEEP_FRAMES + 1)
    assert ignored == ["One.", "Two."]


def test_an_npc_that_is_gone_is_neither_ticked_nor_listened_to(listens: Counter[str]) -> None:
    crowd = Crowd(2)
    crowd.npcs[0].hear("Good day!")
    crowd.frames()
    crowd.runtime.remove_npc("npc 0")
    crowd.ticks.clear()
    listens.clear()
    crowd.frames(SWEEP_FRAMES)
    assert crowd.ticks == {"npc 1": SWEEP_FRAMES}
    assert listens == {"npc 1": 1}


@pytest.mark.parametrize(
    ("name", "num_frames", "message"),
    [
        ("tom", 2, "name must be an npc's, got 'tom' - at Runtime.tick_every()"),
        (
            "npc 0",
            0,
            "num_frames must be an integer of 1 to 3600, got 0 - at Runtime.tick_every()",
        ),
        (
            "npc 0",
            2.5,
            "num_frames must be an integer of 1 to 3600, got 2.5 - at Runtime.tick_every()",
        ),
        (
            "npc 0",
            True,
            "num_frames must be an integer of 1 to 3600, got True - at Runtime.tick_every()",
        ),
    ],
)
def test_a_cadence_that_is_none_is_refused(name: str, num_frames: Any, message: str) -> None:
    crowd = Crowd(1)
    with pytest.raises(UsageError) as caught:
        crowd.runtime.tick_every(name, num_frames)
    assert str(caught.value) == message
