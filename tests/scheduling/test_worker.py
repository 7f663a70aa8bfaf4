"""The model on a thread of its own: the same answers, and two threads that take turns."""

from __future__ import annotations

import gc
import os
import re
import signal
import threading
import time
import weakref

import pytest
from cook import COOK, TREE

from npcbrain.commands.bench.overlap import bench_overlap
from npcbrain.errors import TreeError, UsageError
from npcbrain.lm.model import Model
from npcbrain.report import NO_LIMIT_NS, FrameReport
from npcbrain.runtime import Runtime
from npcbrain.scheduling.worker import Overlap, turn_ns
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock
from npcbrain.thinker import EngineThinker
from npcbrain.tree import Task

MS = 1_000_000


class Turns:
    """A scheduler's part of the contract, and work that lasts until it is interrupted."""

    def __init__(self) -> None:
        self.interrupted = False
        self.before_change = lambda: None
        self.tell = print
        self.has_begun = threading.Event()
        self.threads: set[int] = set()

    def work(self, deadline_ns: int, report: FrameReport) -> None:
        self.threads.add(threading.get_ident())
        self.has_begun.set()
        while not self.interrupted:
            report.add_step(deadline_ns, 1)


def answers(model: Model, *, overlap: bool) -> dict[str, Decision]:
    with Runtime(model, seed=5, temperature=0.8, overlap=overlap, price_file=None) as runtime:
        npcs = [runtime.add_npc(f"npc {i}", persona=COOK, tree=TREE) for i in range(5)]
        for npc in npcs:
            npc.hear("Is the soup done?")
        found: dict[str, Decision] = {}
        for _ in range(200_000):
            found.update(runtime.update(2.0).decisions)
            if len(found) == len(npcs):
                return found
    raise AssertionError("it never came")


def test_answers_are_the_same_as_on_the_games_own_thread(tiny: Model) -> None:
    assert answers(tiny, overlap=True) == answers(tiny, overlap=False)


def test_no_step_of_the_model_runs_on_the_games_thread(
    tiny: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Runtime(tiny, overlap=True, price_file=None) as runtime:
        engine = runtime._thinker.engine  # type: ignore[attr-defined]
        assert engine is not None
        threads, run = set(), engine.run

        def watched(wave: object) -> object:
            threads.add(threading.current_thread().name)
            return run(wave)  # type: ignore[arg-type]

        monkeypatch.setattr(engine, "run", watched)
        npc = runtime.add_npc("al", persona=COOK, tree=TREE)
        npc.hear("Is the soup done?")
        num_steps = 0
        for _ in range(200_000):
            report = runtime.update(2.0)
            num_steps += report.num_steps
            if report.decisions:
                break
    assert num_steps > 1
    assert threads == {"npcbrain overlap"}


def test_a_turn_ends_when_it_is_paused_and_what_it_did_is_collected_once() -> None:
    turns = Turns()
    overlap = Overlap(turns.work, turns, ManualClock())
    overlap.go(7)
    assert turns.has_begun.wait(60)
    report = FrameReport()

    assert overlap.collect(report) is None
    assert report.num_steps == report.num_tokens > 0
    assert report.largest_step_ns == 7
    assert not turns.interrupted
    again = FrameReport()
    assert overlap.collect(again) is None
    assert again.num_steps == 0
    assert threading.get_ident() not in turns.threads


def test_a_closed_runtime_leaves_no_thread_behind(tiny: Model) -> None:
    runtime = Runtime(tiny, overlap=True, price_file=None)
    npc = runtime.add_npc("al", persona=COOK, tree=TREE)
    runtime.warm(npc)
    runtime.update(2.0)
    thinker = runtime._thinker
    assert isinstance(thinker, EngineThinker)
    assert thinker._overlap is not None
    thread = thinker._overlap._thread
    runtime.close()
    runtime.close()
    assert not thread.is_alive()


def test_a_game_without_a_frame_limit_gets_its_measuring_done(tiny: Model) -> None:
    with Runtime(tiny, overlap=True, price_file=None, measure="in_frames") as runtime:
        for _ in range(200_000):
            runtime.update(8.0)
            if runtime.is_warm:
                break
        assert runtime.is_warm


def test_requests_change_only_while_no_turn_runs() -> None:
    turns = Turns()
    overlap = Overlap(turns.work, turns, ManualClock())
    overlap.go(7)
    assert turns.has_begun.wait(60)

    turns.before_change()

    report = FrameReport()
    overlap.collect(report)
    seen = report.num_steps
    overlap.collect(report)
    assert report.num_steps == seen


def test_the_worker_itself_may_change_requests() -> None:
    turns = Turns()
    done = threading.Event()

    def work(deadline_ns: int, report: FrameReport) -> None:
        turns.before_change()
        done.set()

    overlap = Overlap(work, turns, ManualClock())
    overlap.go(7)
    assert done.wait(60)
    overlap.pause()


def test_what_a_turn_raises_is_given_to_who_collects() -> None:
    def work(deadline_ns: int, report: FrameReport) -> None:
        raise ValueError("dropped")

    overlap = Overlap(work, Turns(), ManualClock())
    overlap.go(7)
    error = overlap.collect(FrameReport())
    assert str(error) == "dropped"
    assert overlap.collect(FrameReport()) is None


def test_the_thread_ends_with_its_owner() -> None:
    turns = Turns()
    overlap = Overlap(turns.work, turns, ManualClock())
    thread, alive = overlap._thread, weakref.ref(overlap)
    overlap.go(7)
    assert turns.has_begun.wait(60)
    del overlap
    gc.collect()
    assert alive() is None
    assert not thread.is_alive()
    turns.before_change()  # nobody is left to be paused


def test_an_npc_may_be_removed_while_the_worker_thinks_for_it(tiny: Model) -> None:
    with Runtime(tiny, overlap=True, price_file=None) as runtime:
        for number in range(20):
            npc = runtime.add_npc("al", persona=COOK, tree=TREE)
            npc.hear("Is the soup done?")
            for _ in range(1 + number % 4):
                runtime.update(50.0)
            runtime.remove_npc("al")
            assert runtime.scheduler is not None
            runtime.update(0.0)
            runtime._thinker.pause()
            assert runtime.scheduler.num_thinking + runtime.scheduler.num_waiting == 0


def test_a_tree_that_raises_does_not_keep_the_worker_from_its_turn(tiny: Model) -> None:
    def fail(npc: object) -> None:
        raise KeyError("soup")

    with Runtime(tiny, overlap=True, price_file=None) as runtime:
        runtime.add_npc("bo", persona=COOK, tree=Task("fail", fail))
        npc = runtime.add_npc("al", persona=COOK, tree=TREE)
        npc.hear("Is the soup done?")
        decided = False
        for _ in range(20_000):
            with pytest.raises(TreeError):
                runtime.update(2.0)
            if npc.decision is not None:
                decided = True
                break
    assert decided


def test_overlap_must_be_said_plainly(tiny: Model) -> None:
    message = "overlap must be True or False, got 1 - at Runtime()"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        Runtime(tiny, overlap=1)  # type: ignore[arg-type]


def test_the_bench_plays_both_ways_and_compares_what_was_answered(tiny: Model) -> None:
    cook = {"name": "Al", "role": "cook", "actions": [{"name": "say"}]}
    played: list[int] = []
    result = bench_overlap(
        tiny,
        num_npcs=2,
        num_frames=150,
        budget_ms=8.0,
        game_ms=0.0,
        on_progress=played.append,
        people=[cook],
    )
    assert played == [120, 150]
    assert result["tokens_per_s_inline"] > 0
    assert result["tokens_per_s_overlap"] > 0
    assert result["rounds_compared"] > 0
    assert result["same_answers"] is True


@pytest.mark.parametrize(
    ("budget_ms", "period_ms", "spent_ms", "turn_ms"),
    [
        (4.0, 16.0, 0.5, 4.0),  # as the game says
        (20.0, 16.0, 0.5, 20.0),
        (None, 16.0, 0.5, 15.2),  # to just before the next update
        (None, 1.0, 0.5, None),  # no step fits between: the next update waits for one
    ],
)
def test_a_turn_lasts_as_granted_or_till_the_next_update(
    budget_ms: float | None, period_ms: float, spent_ms: float, turn_ms: float | None
) -> None:
    budget_ns, want_ns = (NO_LIMIT_NS if x is None else round(x * MS) for x in (budget_ms, turn_ms))
    assert turn_ns(budget_ns, round(period_ms * MS), round(spent_ms * MS)) == want_ns


def test_beside_the_game_no_budget_is_all_the_time_there_is(tiny: Model) -> None:
    with Runtime(tiny, overlap=True, price_file=None) as runtime:
        assert runtime.update().budget_ns == NO_LIMIT_NS
    with (
        Runtime(tiny, price_file=None) as runtime,
        pytest.raises(UsageError, match="have budget_ms or until_ns"),
    ):
        runtime.update()


@pytest.mark.parametrize("is_put", [False, True])
def test_an_interrupt_in_the_midst_of_a_turn_s_beginning_leaves_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch, is_put: bool
) -> None:
    turns = Turns()
    overlap = Overlap(turns.work, turns, ManualClock())
    desk = overlap._desk
    put = desk.turns.put

    class Interrupting:
        """Ctrl-C, just before or just after the turn is handed over."""

        get = desk.turns.get

        def put(self, budget_ns: int) -> None:
            if budget_ns < 0:
                put(budget_ns)
                return
            if is_put:
                put(budget_ns)
            raise KeyboardInterrupt

    monkeypatch.setattr(desk, "turns", Interrupting())
    with pytest.raises(KeyboardInterrupt):
        overlap.go(5)
    monkeypatch.undo()
    overlap.pause()
    overlap.go(5)
    overlap.pause()
    assert overlap.close() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process.*multi-threaded:DeprecationWarning")
def test_a_forked_process_is_told_that_it_has_no_worker(tiny: Model) -> None:
    with Runtime(tiny, overlap=True, price_file=None) as runtime:
        runtime.add_npc("al", persona=COOK, tree=TREE)
        runtime.update(4.0)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                runtime.update(4.0)
            except UsageError as error:
                code = 7 if "make the Runtime after the fork" in str(error) else 2
            runtime.close()
            os._exit(code)
        for _ in range(200):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.05)
        else:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the forked process hangs")
        assert os.waitstatus_to_exitcode(status) == 7


def test_what_the_worker_says_aloud_points_at_the_games_own_line() -> None:
    turns = Turns()
    done = threading.Event()

    def work(deadline_ns: int, report: FrameReport) -> None:
        turns.tell("the budget is too small")
        done.set()

    overlap = Overlap(work, turns, ManualClock())
    overlap.go(7)
    assert done.wait(60)
    with pytest.warns(RuntimeWarning, match="^the budget is too small$") as caught:
        overlap.collect(FrameReport())
    assert caught[0].filename == __file__
    assert overlap.collect(FrameReport()) is None
