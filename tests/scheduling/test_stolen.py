"""Promises about time that others take: it is told, and no price learns from it."""

from __future__ import annotations

import os
import time

import pytest
from frame_game import MS, Game
from minds import GRETA

import npcbrain as nb
from npcbrain.clock import PlayClock, SystemClock, busy_time_of
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.engine.contract import Kind
from npcbrain.pricing.cost import CostModel
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.testing import ManualClock, ScriptedEngine
from npcbrain.tree import Status, Task


def disturbed_game(stolen_ns: int) -> Game:
    """Each step takes 1 ms, and in play others take the core away for so long in its midst."""
    game: Game

    def cost_ns(kind: Kind, segment: int, rows: int, context: int) -> int:
        if game.asked:
            game.clock.steal_ns(stolen_ns)
        return MS

    game = Game(cost_ns, warm=False)
    game.scheduler.warm_up()
    return game


def test_a_price_learns_only_from_the_time_a_step_had_a_core() -> None:
    games = disturbed_game(7 * MS), disturbed_game(0)
    for game in games:
        game.ask()
        game.frames(40)
    disturbed, quiet = ({entry[:4]: entry.price_ns for entry in g.cost.entries()} for g in games)
    assert disturbed == quiet


def test_where_the_clock_cannot_tell_prices_learn_from_all_of_it() -> None:
    game = disturbed_game(7 * MS)
    game.scheduler._runner._busy_ns = None
    game.ask()
    game.frames(40)
    assert max(entry.price_ns for entry in game.cost.entries()) >= 2 * MS


def test_a_step_on_several_threads_is_told_by_the_wall_clock() -> None:
    clock = ManualClock()
    engine = ScriptedEngine(clock)
    for threads, tells in (1, True), (2, False):
        engine.threads = threads  # type: ignore[attr-defined]
        runner = Scheduler(engine, CostModel(), clock)._runner
        assert (runner._busy_ns is not None) is tells


@pytest.mark.parametrize("stolen_ms", [0, 3])
def test_an_update_tells_what_was_stolen_in_it(stolen_ms: int) -> None:
    clock = ManualClock()

    def work(_: object) -> Status:
        clock.advance_ns(2 * MS)
        clock.steal_ns(stolen_ms * MS)
        return Status.SUCCESS

    with nb.Runtime(None, clock=clock) as runtime:
        runtime.add_npc("greta", persona=GRETA, tree=Task("work", work))
        report = runtime.update(1.0)
    assert report.stolen_ns == stolen_ms * MS
    assert report.over_budget_ns == (1 + stolen_ms) * MS
    assert report.over_by_us_ns == MS


def test_a_clock_without_a_count_of_its_own_tells_nothing() -> None:
    class Plain:
        def now_ns(self) -> int:
            return time.perf_counter_ns()

    with nb.Runtime(None, clock=Plain()) as runtime:
        assert runtime.update(1.0).stolen_ns is None


@pytest.mark.skipif(os.name == "nt", reason="there a thread's time goes in ticks of 15.6 ms")
def test_the_machines_clock_counts_the_time_of_this_thread_and_no_sleep() -> None:
    for clock in (SystemClock(), PlayClock(SystemClock()), FrameClock()):
        busy_ns = busy_time_of(clock)
        assert busy_ns is not None
        wall_ns, before_ns = time.perf_counter_ns(), busy_ns()
        time.sleep(0.05)
        assert busy_ns() - before_ns < time.perf_counter_ns() - wall_ns - 30 * MS
