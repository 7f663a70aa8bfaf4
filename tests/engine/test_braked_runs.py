"""Runs of the model that are stopped half-way: nothing has happened, and no answer changes."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from tiny_engine import HILDA, NUM_SLOTS, OTTO, TINY, ask, finish_wave, read, ready, write

from npcbrain.engine.contract import BrakedError, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.engine.trace import Trace
from npcbrain.errors import EngineError
from npcbrain.lm.drafts import Drafter
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from npcbrain.lm.segments import SegmentRunner
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Scheduler, State
from npcbrain.testing import ManualClock

MS = 1_000_000


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(TINY, num_slots=NUM_SLOTS)


@pytest.fixture
def engine(model: Model) -> Engine:
    return Engine(model)


@pytest.fixture(scope="module")
def alone(model: Model) -> dict[str, list[int]]:
    """The tokens of each prefix's answer, with an engine to itself and no brake."""
    answers = {}
    for prefix in (HILDA, OTTO):
        engine, one = Engine(model), ask(model, prefix)
        read(engine, one)
        answers[prefix] = write(engine, one)[0]
    return answers


def brake(engine: Engine) -> None:
    """Pulls it for the next run, which is then stopped at its first node."""
    engine.brake.arm(1, ManualClock(1))
    for _ in range(5000):
        if engine.brake.has_stopped:
            return
        time.sleep(0.001)
    raise AssertionError("the brake never came")


def run_braked(engine: Engine, wave: WaveLike) -> str:
    brake(engine)
    with pytest.raises(BrakedError) as caught:
        engine.run(wave)
    engine.brake.release()
    return str(caught.value)


def state_of(engine: Engine, *generations: Generation) -> list[Any]:
    """All that an engine knows of its generations and waves."""
    slots = [(slot.generation, slot.reach, tuple(slot.held)) for slot in engine._slots]
    waves = [(wave, wave.segment, tuple(wave.live)) for wave in engine._waves]  # type: ignore[attr-defined]
    ones = [
        (
            g.slot,
            g.in_wave,
            g.context,
            g.num_pending,
            g.num_generated,
            tuple(g.ids),
            g.text,
            g.num_to_copy,
        )
        for g in generations
    ]
    return [slots, waves, ones, len(engine._buffers)]


def test_a_braked_run_says_which(engine: Engine, model: Model) -> None:
    one = ask(model)
    engine.open(one)
    wave = engine.start_prefill(one, 8)
    message = run_braked(engine, wave)
    assert message.startswith("step must end before it is stopped, got ")
    assert message.endswith(" - at prefill, segment 0, 8 rows; it can be run again")


def test_a_braked_run_prints_nothing(
    engine: Engine, model: Model, capfd: pytest.CaptureFixture[str]
) -> None:
    one = ask(model)
    engine.open(one)
    run_braked(engine, engine.start_prefill(one, 8))
    assert capfd.readouterr() == ("", "")


def test_a_braked_guess_has_changed_nothing(
    alone: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    comes = alone[HILDA]
    monkeypatch.setattr(Drafter, "draft", lambda own, ids, most: comes[len(ids) : len(ids) + 1])
    model = Model.load(TINY, num_slots=NUM_SLOTS, drafts=True)
    engine, one = Engine(model), ask(model)
    read(engine, one)
    while not one.draft:
        finish_wave(engine, engine.start_prefill(one, 2))
    wave = engine.start_verify(one)
    for _ in range(wave.num_steps):
        before, draft = state_of(engine, one), list(one.draft)
        run_braked(engine, wave)
        assert (state_of(engine, one), list(one.draft)) == (before, draft)
        engine.run(wave)
    assert one.context > len(one.ids) - 2
    assert one.ids == comes[: len(one.ids)]


@pytest.mark.parametrize("segment", [0, 1])
def test_a_braked_chunk_has_changed_nothing(
    engine: Engine, model: Model, alone: dict[str, list[int]], segment: int
) -> None:
    one = ask(model)
    engine.open(one)
    wave = engine.start_prefill(one, 8)
    for _ in range(segment):
        engine.run(wave)
    before = state_of(engine, one)
    for _ in range(3):
        run_braked(engine, wave)
        assert state_of(engine, one) == before
    finish_wave(engine, wave)
    read(engine, one)
    assert write(engine, one) == [alone[HILDA]]


def test_a_braked_chunk_goes_on_after_another_has_run(
    engine: Engine, model: Model, alone: dict[str, list[int]]
) -> None:
    """Its hidden states are as before, and are put aside for the other's."""
    one, other = ask(model), ask(model, OTTO)
    for generation in (one, other):
        engine.open(generation)
    wave = engine.start_prefill(one, 8)
    engine.run(wave)
    run_braked(engine, wave)
    finish_wave(engine, engine.start_prefill(other, 8))
    finish_wave(engine, wave)
    read(engine, one, other)
    assert write(engine, one, other) == [alone[HILDA], alone[OTTO]]


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_a_braked_decode_has_changed_nothing_for_anyone(
    engine: Engine, model: Model, alone: dict[str, list[int]], segment: int
) -> None:
    pair = [ask(model, HILDA), ask(model, OTTO)]
    ready(engine, *pair)
    wave = engine.start_decode(pair)
    for _ in range(segment):
        engine.run(wave)
    before = state_of(engine, *pair)
    run_braked(engine, wave)
    assert state_of(engine, *pair) == before
    finish_wave(engine, wave)
    assert write(engine, *pair) == [alone[HILDA], alone[OTTO]]


def test_a_braked_wave_can_be_left(
    engine: Engine, model: Model, alone: dict[str, list[int]]
) -> None:
    pair = hilda, otto = ask(model, HILDA), ask(model, OTTO)
    ready(engine, *pair)
    wave = engine.start_decode(pair)
    run_braked(engine, wave)
    engine.close(otto)
    finish_wave(engine, wave)
    assert write(engine, hilda) == [alone[HILDA]]


def test_a_run_that_fails_by_itself_is_not_taken_for_braked(
    engine: Engine, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    one = ask(model)
    engine.open(one)
    wave = engine.start_prefill(one, 8)
    engine.brake.arm(1 << 61, ManualClock())
    monkeypatch.setattr(SegmentRunner, "run", fail)
    with pytest.raises(EngineError) as caught:
        engine.run(wave)
    assert not isinstance(caught.value, BrakedError)
    assert list(engine.waves) == []


class Stopper:
    """Stops runs at random: before they write a thing, or when they have written everything."""

    def __init__(self, engine: Engine, patch: pytest.MonkeyPatch) -> None:
        self.engine = engine
        self.num_stopped = 0
        self._dice = random.Random(7)
        for name in ("run", "run_head"):
            patch.setattr(SegmentRunner, name, self.stopping(getattr(SegmentRunner, name)))

    def stopping(self, real: Any) -> Any:
        def run(runner: SegmentRunner, *shape: int) -> None:
            end = self._dice.choice(("", "", "early", "late"))
            if end != "early":
                real(runner, *shape)
            if end:
                self.num_stopped += 1
                watch = self.engine.brake._watch
                watch.has_stopped = runner.options.terminate = True
                raise RuntimeError("Exiting due to terminate flag being set to true.")

        return run


def play(engine: Engine, *generations: Generation) -> list[FrameReport]:
    """A game on manual time, in which every step takes a millisecond."""

    class Ticking(ManualClock):
        def now_ns(self) -> int:
            self.advance_ns(MS // 8)
            return super().now_ns()

    clock = Ticking()
    scheduler = Scheduler(engine, CostModel(), clock)
    requests = [
        scheduler.submit(one, name=str(i), ttl_ns=10**15) for i, one in enumerate(generations)
    ]
    reports = []
    while not all(request.done for request in requests) and len(reports) < 2000:
        reports.append(FrameReport())
        scheduler.run_frame(clock.now_ns() + 9 * MS, reports[-1])
        clock.advance_ns(7 * MS)
    assert [request.state for request in requests] == [State.DONE] * len(requests)
    return reports


def test_answers_are_the_same_to_the_last_token_whatever_is_braked(
    engine: Engine, model: Model
) -> None:
    questions = [(prefix, news) for prefix in (HILDA, OTTO) for news in ("the key\n", "a room\n")]
    several = [ask(model, *question, max_new_tokens=24) for question in questions]
    with pytest.MonkeyPatch.context() as patch:
        stopper = Stopper(engine, patch)
        reports = play(engine, *several)
    assert sum(report.braked for report in reports) == stopper.num_stopped > 20
    for question, one in zip(questions, several, strict=True):
        other, fresh = ask(model, *question, max_new_tokens=24), Engine(model)
        read(fresh, other)
        assert [one.ids] == write(fresh, other)


def test_a_game_without_a_brake_is_told_of_none(engine: Engine, model: Model) -> None:
    assert sum(report.braked for report in play(engine, ask(model))) == 0


def test_a_trace_passes_the_brake_on_and_shows_what_it_stopped(
    engine: Engine, model: Model
) -> None:
    trace = Trace(engine, ManualClock())
    one = ask(model)
    trace.open(one)
    wave = trace.start_prefill(one, 8)
    assert trace.brake is engine.brake
    brake(engine)
    with pytest.raises(BrakedError):
        trace.run(wave)
    engine.brake.release()
    finish_wave(trace, wave)  # type: ignore[arg-type]
    names = [event["name"] for event in trace.to_dict()["traceEvents"] if event["ph"] == "X"]
    assert names == ["prefill 0 braked", "prefill 0", "prefill 1"]
