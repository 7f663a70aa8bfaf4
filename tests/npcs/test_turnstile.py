"""Promises of ``npcbrain.npcs.turnstile``: a bang that everybody hears costs no frame.

Turns are counted, not timed.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
from minds import GRETA, VILLAGER, HandDrivenMind

from npcbrain.errors import TreeError
from npcbrain.npcs.contracts import Host
from npcbrain.npcs.leaves import CannedReply, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.roster import Cast
from npcbrain.npcs.turnstile import LEAST_TURNS, MOST_TURNS, Turnstile, num_turns
from npcbrain.reasons import Reason
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.testing import ManualClock, replay
from npcbrain.tree import Selector, Sequence, Succeed, Task

REFLEX = Selector(Sequence(Heard(), CannedReply()), Succeed())


def crowd(num_npcs: int, root: Selector = REFLEX) -> Runtime:
    runtime = Runtime(None, clock=ManualClock())
    for index in range(num_npcs):
        runtime.add_npc(f"npc {index}", persona=GRETA, tree=root)
    return runtime


def answered(runtime: Runtime, budget_ms: float) -> list[str]:
    return [name for name, _ in runtime.update(budget_ms).decisions]


@pytest.mark.parametrize(("budget_ms", "most"), [(0.05, LEAST_TURNS), (0.8, 2), (2.0, 5)])
def test_as_many_turn_to_what_they_heard_as_the_budget_has_room_for(
    budget_ms: float, most: int
) -> None:
    runtime = crowd(100)
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    frames = [answered(runtime, budget_ms) for _ in range(100 // most)]
    assert [len(names) for names in frames] == [most] * (100 // most)
    assert [*chain(*frames)] == [f"npc {index}" for index in range(100)]


@pytest.mark.parametrize("budget_ms", [0.0, float("inf"), 1000.0])
def test_however_much_time_there_is_a_frame_has_its_bound(budget_ms: float) -> None:
    runtime = crowd(100)
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    assert len(answered(runtime, budget_ms)) == MOST_TURNS


def test_nobody_starves_while_others_hear_something_in_every_frame() -> None:
    runtime = crowd(10)
    runtime.npcs["npc 9"].hear("Psst.")
    for frame in range(10):
        for index in range(9):
            runtime.npcs[f"npc {index}"].hear(f"Noise {frame}.")
        if "npc 9" in answered(runtime, 0.1):
            break
    else:
        pytest.fail("npc 9 was never answered")


def test_whoever_waits_for_its_turn_goes_on_with_what_else_its_tree_does() -> None:
    idles: list[str] = []
    wander = Task("wander", lambda npc: idles.append(npc.name))
    runtime = crowd(4, Selector(Sequence(Heard(), CannedReply()), wander))
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    assert answered(runtime, 0.8) == ["npc 0", "npc 1"]
    assert idles == ["npc 2", "npc 3"]


def test_those_who_are_ticked_seldom_get_their_turn_too() -> None:
    runtime = crowd(6)
    for npc in runtime.npcs.values():
        runtime.tick_every(npc.name, 3)
        npc.hear("A bang!")
    told = chain(*(answered(runtime, 0.8) for _ in range(9)))
    assert sorted(told) == [f"npc {index}" for index in range(6)]


def test_whoever_leaves_takes_nobodys_turn() -> None:
    runtime = crowd(6)
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    answered(runtime, 0.8)
    for name in ("npc 2", "npc 3"):
        runtime.remove_npc(name)
    assert answered(runtime, 0.8) == ["npc 4", "npc 5"]


def test_between_frames_a_game_lets_its_npcs_turn_to_anything() -> None:
    runtime = crowd(6)
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    answered(runtime, 0.8)
    assert all(npc.attend() for npc in [*runtime.npcs.values()][2:])


def test_a_tree_that_raises_takes_its_own_turn_and_no_other() -> None:
    def fail(npc: Npc) -> None:
        if npc.name == "npc 0":
            raise ValueError("boom")

    runtime = crowd(3, Selector(Sequence(Heard(), Task("fail", fail), CannedReply()), Succeed()))
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    with pytest.raises(TreeError, match="boom"):
        runtime.update(0.8)
    runtime.npcs["npc 0"].finish_event()
    assert answered(runtime, 0.4) == ["npc 2"]


def test_a_frame_that_is_late_already_has_no_more_turns_than_others() -> None:
    runtime = crowd(100)
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    report = runtime.update(until_ns=runtime.clock.now_ns() - 1)
    assert len(report.decisions) == MOST_TURNS


def test_whoever_removes_itself_leaves_nothing_in_line() -> None:
    def leave(npc: Npc) -> None:
        runtime.remove_npc(npc.name)

    runtime = crowd(2)
    one = Selector(Sequence(Task("leave", leave), Heard(), CannedReply()), Succeed())
    runtime.add_npc("late", persona=GRETA, tree=one).hear("A bang!")
    for npc in runtime.npcs.values():
        npc.hear("A bang!")
    answered(runtime, 0.05)
    assert not runtime._host.turnstile.holds("late")
    assert not runtime._host.turnstile._line.keys() & {"late"}


def test_a_recording_is_played_with_the_same_turns_whatever_the_budget_is_now(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "bang.npcr", ManualClock()

    def game(runtime: Runtime, budget_ms: float) -> Callable[[], object]:
        npcs = [runtime.add_npc(f"npc {i}", persona=GRETA, tree=REFLEX) for i in range(8)]
        for npc in npcs:
            npc.hear("A bang!")
        return lambda: runtime.update(budget_ms)

    with Runtime(None, clock=clock, record=path) as runtime:
        frame = game(runtime, 0.3)
        for _ in range(6):
            frame()
            clock.advance_ns(16_000_000)
    played = replay(path, lambda play: game(Runtime(play.model), 4.0))
    assert played.identical, played


def test_a_turn_is_kept_for_whoever_is_called_and_comes_late() -> None:
    turnstile = Turnstile()
    turnstile.begin(2)
    assert [turnstile.passes(name) for name in "abc"] == [True, True, False]
    turnstile.begin(2)
    turnstile.begin(2)
    assert turnstile.passes("c")
    assert num_turns(10**15) == MOST_TURNS


@pytest.mark.parametrize(("num_turns", "most"), [(1, 1), (2, 4)])
def test_a_frame_of_one_turn_has_no_room_for_a_question_and_a_trees_answer_too(
    num_turns: int, most: int
) -> None:
    mind, report = HandDrivenMind(), FrameReport()
    host = Host(mind, ManualClock(), report, {})
    cast = Cast(host.turnstile)
    npcs = [Npc(f"npc {index}", GRETA, VILLAGER, host) for index in range(6)]
    for npc in npcs:
        cast.add(npc)
        npc.hear("A bang!")
    done: list[int] = []
    while not all(npc.is_idle for npc in npcs):
        num_asked, num_answered = len(mind.ideas), len(report.decisions)
        assert cast.tick(len(done), num_turns) is None
        asked = mind.asked[num_asked:]
        for idea in mind.ideas[num_asked:]:
            idea.fail(Reason.NO_BUDGET)
        cast.listen(len(done), [inquiry.name for inquiry in asked])
        cast.settle()
        done.append(len(asked) + len(report.decisions) - num_answered)
    assert sum(done) == 2 * len(npcs)
    assert max(done) == most
