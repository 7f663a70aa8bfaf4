"""Frames leave nothing behind: no memory that grows, no cycle for the garbage collector."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from braking_engine import BrakingGame
from minds import GRETA, ScriptedModel
from tiny_engine import NUM_SLOTS, TINY, ask

from npcbrain.engine.engine import Engine
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.testing import ManualClock, ScriptedEngine
from npcbrain.tree import Selector, Sequence, Succeed

MS = 1_000_000
KIB = 1024
TREE = Selector(
    Sequence(Heard(), Decide(ttl_ms=2000), Act()), Sequence(Heard(), CannedReply()), Succeed()
)


class Village:
    """A game of many NPCs on manual time, with a scripted model."""

    def __init__(self, num_npcs: int, **script: object) -> None:
        self.clock = ManualClock()
        engine = ScriptedEngine(self.clock, **script)  # type: ignore[arg-type]
        self.runtime = Runtime(ScriptedModel(), clock=self.clock, engine=engine)
        self.runtime.on_action("say", lambda npc: None)
        self.num_decisions = 0
        for index in range(num_npcs):
            self.runtime.add_npc(f"npc {index}", persona=GRETA, tree=TREE)

    def frame(self) -> None:
        report = self.runtime.update(4.0)
        self.num_decisions += len(report.decisions)
        self.clock.advance_ns(16 * MS)


class Talkers:
    """The tiny model, in a game on manual time in which everything takes an eighth of a ms."""

    class Ticking(ManualClock):
        def now_ns(self) -> int:
            self.advance_ns(MS // 8)
            return super().now_ns()

    def __init__(self, model: Model) -> None:
        self.model = model
        self.clock = self.Ticking()
        self.scheduler = Scheduler(Engine(model), CostModel(), self.clock)
        self.scheduler.warm_up()

    def ask(self, num_tokens: int) -> list[Generation]:
        options = {"grammar": "start: /[a-z ]{1000,1200}/", "max_new_tokens": num_tokens}
        several = [ask(self.model, seed=seed, **options) for seed in range(NUM_SLOTS)]
        for one in several:
            self.scheduler.submit(one, name="npc", ttl_ns=10**15)
        return several

    def frame(self) -> None:
        self.scheduler.run_frame(self.clock.now_ns() + 3 * MS // 2, FrameReport())
        self.clock.advance_ns(14 * MS)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(TINY, num_slots=NUM_SLOTS)


def blocks_kept(frame: Callable[[], None], num_frames: int, num_before: int = 60) -> int:
    """Blocks of memory in use after the frames that were not before."""
    gc.collect()
    for _ in range(num_before):  # fills the interpreter's free lists, which a collection empties
        frame()
    before = sys.getallocatedblocks()
    for _ in range(num_frames):
        frame()
    return sys.getallocatedblocks() - before


def most_at_once(frame: Callable[[], None], num_frames: int) -> int:
    """Bytes that a frame has on top of what it found, at the worst moment of the worst frame."""
    most = 0
    tracemalloc.start()
    try:
        for _ in range(num_frames):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            frame()
            _, peak = tracemalloc.get_traced_memory()
            most = max(most, peak - before)
    finally:
        tracemalloc.stop()
    return most


@contextmanager
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("num_npcs", [1, 300])
def test_an_idle_frame_keeps_nothing(num_npcs: int) -> None:
    village = Village(num_npcs)
    for _ in range(80):
        village.frame()
    assert blocks_kept(village.frame, 200) <= 5


@pytest.mark.parametrize("num_npcs", [1, 300])
def test_an_idle_frame_needs_less_than_a_kilobyte_however_many_npcs(num_npcs: int) -> None:
    village = Village(num_npcs)
    for _ in range(80):
        village.frame()
    assert most_at_once(village.frame, 10) < KIB


def test_no_idle_frame_starts_the_collector() -> None:
    village = Village(300)
    for _ in range(80):
        village.frame()
    started: list[str] = []
    gc.collect()
    gc.callbacks.append(lambda phase, info: started.append(phase))
    try:
        for _ in range(500):
            village.frame()
    finally:
        gc.callbacks.pop()
    assert started == []


def test_a_frame_in_mid_sentence_keeps_what_is_said_and_nothing_else(model: Model) -> None:
    talkers = Talkers(model)
    several = talkers.ask(180)
    while not all(one.num_generated > 30 for one in several):
        talkers.frame()
    said = sum(one.num_generated for one in several)
    kept = blocks_kept(talkers.frame, 60)
    assert not any(one.finished for one in several)
    said = sum(one.num_generated for one in several) - said
    assert said > 60
    # Its number, and what the guard against repetition knows of it.
    assert kept <= 3 * said


def test_a_frame_in_mid_sentence_needs_a_few_kilobytes(model: Model) -> None:
    talkers = Talkers(model)
    several = talkers.ask(180)
    while not all(one.num_generated > 30 for one in several):
        talkers.frame()
    assert most_at_once(talkers.frame, 30) < 16 * KIB
    assert not any(one.finished for one in several)


def test_answers_that_have_ended_leave_nothing(model: Model) -> None:
    talkers = Talkers(model)

    def round_of_answers() -> None:
        several = talkers.ask(8)
        while not all(one.finished for one in several):
            talkers.frame()
        talkers.frame()

    # Before that, prices remember more and more runs: 64 of each shape.
    assert blocks_kept(round_of_answers, 20, num_before=80) <= 20


def test_nothing_is_left_to_the_collector_by_answers_failures_and_replies() -> None:
    village = Village(6, failures={40, 300})
    with collector_off():
        for _ in range(5):
            for npc in village.runtime.npcs.values():
                npc.hear("Good evening!")
            for _ in range(100):
                village.frame()
        assert gc.collect() == 0
    assert village.num_decisions == 30


def test_nothing_is_left_to_the_collector_by_the_model(model: Model) -> None:
    talkers = Talkers(model)
    with collector_off():
        for _ in range(3):
            several = talkers.ask(20)
            while not all(one.finished for one in several):
                talkers.frame()
        del several
        assert gc.collect() == 0


def test_nothing_is_left_to_the_collector_by_a_whole_game(model: Model) -> None:
    runtime = Runtime(model, clock=Talkers.Ticking())
    runtime.on_action("say", lambda npc: None)
    npcs = [runtime.add_npc(f"npc {i}", persona=GRETA, tree=TREE) for i in range(4)]
    num_decisions = 0
    with collector_off():
        for _ in range(2):
            for npc in npcs:
                npc.hear("Good evening!")
            for _ in range(100):
                num_decisions += len(runtime.update(9.0).decisions)
        assert gc.collect() == 0
    assert num_decisions == 8


def test_nothing_is_left_to_the_collector_by_the_brake() -> None:
    game = BrakingGame(slow={1: 90 * MS, 9: 90 * MS})
    request = game.ask()
    with collector_off():
        assert sum(report.braked for report in game.frames(40)) == 2
        assert gc.collect() == 0
    assert request.done


@pytest.mark.parametrize("is_on", [True, False])
def test_an_update_leaves_the_collector_as_the_game_has_it(is_on: bool) -> None:
    village = Village(2)
    with collector_off():
        if is_on:
            gc.enable()
        village.frame()
        assert gc.isenabled() is is_on
