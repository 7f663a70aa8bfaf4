"""Promises of ``npcbrain.asking.calibration``: measured and read in frames that nobody needs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from minds import GRETA, ScriptedModel

from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
from npcbrain.errors import UsageError
from npcbrain.lm.model import Model
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.npc import Npc
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport
from npcbrain.runtime import Runtime
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration, default_cost_ns
from npcbrain.tree import Selector, Sequence, Succeed

TINY = Path(__file__).parents[1] / "models" / "tiny"
FRAME_NS = 16_666_667
MOST_FRAMES = 60  # until somebody has decided, whatever a price file says
MIND = Selector(
    Sequence(Heard(), Decide(ttl_ms=2500), Act()), Sequence(Heard(), CannedReply()), Succeed()
)


class CountingEngine(ScriptedEngine):
    """A scripted engine that counts what is measured of it."""

    def __init__(self, clock: ManualClock, **options: Any) -> None:
        super().__init__(clock, **options)
        self.probed: Counter[tuple[Kind, int, int]] = Counter()
        self.num_shapes = len(list(self.probes()))

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        self.probed[kind, segment, rows] += 1
        return super().probe(kind, segment, rows)


class Title:
    """A runtime on a title screen."""

    def __init__(self, *, measure: str = "in_frames", **options: Any) -> None:
        self.clock = ManualClock()
        self.engine = CountingEngine(self.clock, **options)
        self.model = ScriptedModel()
        self.runtime = Runtime(self.model, clock=self.clock, engine=self.engine, measure=measure)
        self.greta = self.add("greta")

    def add(self, name: str) -> Npc:
        return self.runtime.add_npc(name, persona=GRETA, tree=MIND)

    def frame(self, budget_ms: float = 4.0) -> FrameReport:
        started_ns = self.clock.now_ns()
        report = self.runtime.update(budget_ms)
        self.clock.advance_ns(max(0, started_ns + FRAME_NS - self.clock.now_ns()))
        return report

    def frames_until_warm(self, budget_ms: float = 12.0) -> list[FrameReport]:
        reports = []
        while not self.runtime.is_warm:
            assert len(reports) < 2000, "it never ended"
            reports.append(self.frame(budget_ms))
        return reports


def test_measuring_at_once_takes_no_frame() -> None:
    title = Title(measure="now")
    assert title.runtime.is_warm
    assert set(title.engine.probed.values()) == {4}


def test_measuring_in_frames_starts_with_the_first_and_keeps_to_budgets() -> None:
    title = Title()
    assert not title.engine.probed
    reports = title.frames_until_warm()
    assert len(reports) > 10
    assert set(title.engine.probed.values()) == {4}
    assert len(title.engine.probed) == title.engine.num_shapes
    known = default_cost_ns(Kind.DECODE, 0, 1, 0)
    assert known <= title.runtime.prices.price_ns(Kind.DECODE, 0, 1, 0) < 2 * known
    assert max(report.over_budget_ns for report in reports) == 0


def test_a_frame_without_a_budget_measures_nothing() -> None:
    title = Title()
    for _ in range(10):
        title.frame(0)
    assert not title.engine.probed


def test_a_step_that_no_frame_has_room_for_is_left_out() -> None:
    title = Title(cost_ns=lambda kind, segment, rows, context: rows * 1_000_000)
    title.frames_until_warm(4.0)
    assert title.engine.probed[Kind.PREFILL, 0, 1] == 4
    assert all(rows < 16 for kind, _, rows in title.engine.probed if kind is Kind.PREFILL)


def test_nothing_is_measured_while_somebody_thinks() -> None:
    title = Title()
    title.greta.hear("Good day!")
    for _ in range(1000):
        if title.greta.event is None:
            break
        before = title.engine.probed.total()
        if title.frame().num_thinking:
            assert title.engine.probed.total() == before
    assert title.greta.speech == "Well met."
    title.frames_until_warm()
    assert len(title.engine.probed) == title.engine.num_shapes


def test_without_a_limit_all_is_measured_in_one_frame() -> None:
    title = Title()
    title.frame(float("inf"))
    assert title.runtime.is_warm


def test_a_persona_is_read_in_frames_and_asks_for_nothing_more() -> None:
    title = Title(measure="now")
    title.runtime.warm(title.greta)
    assert not title.runtime.is_warm
    reports = title.frames_until_warm()
    assert len(title.model.news) == 1
    assert 1 <= sum(report.num_tokens for report in reports) < len(title.model.answer.split())
    assert [(report.decisions, report.fallbacks) for report in reports] == [([], [])] * len(reports)
    assert title.frame().num_thinking == 0


def test_personas_are_read_one_at_a_time_behind_those_who_think() -> None:
    title = Title(measure="now", num_slots=4)
    others = [title.add(f"npc {index}") for index in range(6)]
    for npc in others:
        title.runtime.warm(npc)
    title.greta.hear("Good day!")
    num_thinking = []
    for _ in range(2000):
        if title.greta.event is None:
            break
        num_thinking.append(title.frame().num_thinking)
    assert title.greta.speech == "Well met."
    assert max(num_thinking) <= 2
    title.frames_until_warm()
    assert len(title.model.news) == 7


def test_an_npc_that_is_gone_is_not_read() -> None:
    title = Title(measure="now")
    title.runtime.warm(title.greta)
    title.runtime.remove_npc("greta")
    assert title.runtime.is_warm


def test_a_persona_read_in_advance_spares_its_npc_the_reading() -> None:
    model = Model.load(TINY, num_slots=2)
    steps = []
    for warm in (False, True):
        clock = ManualClock()
        runtime = Runtime(model, clock=clock, engine=Engine(model), price_file=None)
        greta = runtime.add_npc("greta", persona=GRETA, tree=MIND)
        if warm:
            runtime.warm(greta)
            while not runtime.is_warm:
                runtime.update(1e6)
        greta.hear("Hi!")
        report = runtime.update(1e6)
        steps.append(report.num_steps)
        runtime.close()
    assert steps[1] < steps[0]


def test_without_a_model_there_is_nothing_to_warm() -> None:
    runtime = Runtime(None)
    runtime.warm(runtime.add_npc("greta", persona=GRETA, tree=MIND))
    assert runtime.is_warm


def test_only_an_npc_of_this_runtime_can_be_warmed() -> None:
    title, other = Title(measure="now"), Title(measure="now")
    with pytest.raises(UsageError) as caught:
        title.runtime.warm(other.greta)
    assert str(caught.value) == (
        "npc must be one of this runtime, got <Npc greta> - at Runtime.warm()"
    )


def test_a_failing_probe_ends_the_measuring_and_not_the_game() -> None:
    title = Title()

    def fail(kind: Kind, segment: int, rows: int) -> int:
        from npcbrain.errors import EngineError

        raise EngineError("no")

    title.engine.probe = fail  # type: ignore[method-assign]
    title.frame()
    assert title.runtime.is_warm


def test_a_runtime_that_closes_while_it_reads_gives_back_its_slots() -> None:
    title = Title(measure="now")
    title.runtime.warm(title.greta)
    for _ in range(3):
        title.frame(1.0)
    assert not title.runtime.is_warm
    title.runtime.close()
    for _ in range(title.engine.num_slots):
        assert title.engine.open(ScriptedGeneration())


@pytest.mark.parametrize("measure", ["now", "in_frames"])
@pytest.mark.parametrize("num_idle", [0, 60])
def test_remembered_prices_a_thousand_times_too_high_delay_no_first_decision(
    measure: str, num_idle: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Title(measure="now", cost_ns=100_000).runtime.prices.snapshot()
    poisoned = [[*row[:4], *(1000 * price for price in row[4:])] for row in honest]

    class Poisoned:
        def load(self, prices: CostModel) -> bool:
            prices.restore(poisoned)
            return True

    monkeypatch.setattr("npcbrain.thinker.price_file_of", lambda model, path: Poisoned())
    clock, model = ManualClock(), ScriptedModel()
    engine = CountingEngine(clock, cost_ns=100_000)
    runtime = Runtime(model, clock=clock, engine=engine, measure=measure, price_file="a.msgpack")
    runtime.on_action("give", lambda npc, **args: None)
    greta = runtime.add_npc("greta", persona=GRETA, tree=MIND)
    if measure == "in_frames":
        assert runtime.prices.price_ns(Kind.DECODE, 0, 1, 0) > 10_000_000

    def decided() -> bool:
        started_ns = clock.now_ns()
        decisions = runtime.update(4.0).decisions
        clock.advance_ns(max(0, started_ns + FRAME_NS - clock.now_ns()))
        return bool(decisions)

    for _ in range(num_idle):
        decided()
    if num_idle:
        assert runtime.prices.price_ns(Kind.DECODE, 0, 1, 0) < 4_000_000
    greta.hear("Good day!")
    num_frames = next(number for number in range(MOST_FRAMES + 1) if decided())
    assert num_frames < MOST_FRAMES
    assert greta.decision is not None
    if num_idle or measure == "now":  # else no frame was free to try a step, and the tree answers
        assert greta.decision.source == "model"
