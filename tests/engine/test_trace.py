"""The recording shows what ran, changes nothing, and stays bounded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from timed_chooser import ChoosingModel, toy_encoder

import npcbrain as nb
from npcbrain.engine.trace import Trace
from npcbrain.errors import UsageError
from npcbrain.pricing.cost import CostModel
from npcbrain.report import FrameReport
from npcbrain.scheduling.scheduler import Scheduler, State
from npcbrain.situation import Decision
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration

MS = 1_000_000
TINY = Path(__file__).parents[1] / "models" / "tiny"


def played(num_frames: int = 4, **script: object) -> tuple[ScriptedEngine, Trace]:
    clock = ManualClock()
    engine = ScriptedEngine(clock, MS, **script)  # type: ignore[arg-type]
    trace = Trace(engine, clock)
    scheduler = Scheduler(trace, CostModel(), clock)
    scheduler.warm_up()
    request = scheduler.submit(ScriptedGeneration(num_prompt=4), name="greta", ttl_ns=10**12)
    for frame in range(num_frames):
        report = FrameReport(frame=frame, budget_ns=5 * MS, used_ns=5 * MS)
        scheduler.run_frame(clock.now_ns() + 5 * MS, report)
        report.decisions.append(("greta", Decision("say")))
        trace.add_frame(report)
    assert request.state is (State.FAILED if "failures" in script else State.DONE)
    return engine, trace


def complete(trace: Trace, row: int) -> list[dict]:
    events = trace.to_dict()["traceEvents"]
    return [event for event in events if event["ph"] == "X" and event["tid"] == row]


def test_every_step_is_shown_with_its_time() -> None:
    engine, trace = played()
    shown = complete(trace, 2)
    assert len(shown) == len(engine.steps)
    assert {event["dur"] for event in shown} == {1000.0}
    assert shown[0]["name"] == "prefill 0"
    assert shown[0]["args"] == {"rows": 4, "context": 0, "generations": 1, "tokens": 0}
    assert sum(event["args"]["tokens"] for event in shown) == 4


def test_every_frame_is_shown_with_its_outcome() -> None:
    _, trace = played()
    shown = complete(trace, 1)
    assert [event["name"] for event in shown] == [f"frame {i}" for i in range(4)]
    assert shown[0]["args"]["decisions"] == ["greta: say"]


def test_a_failed_step_is_shown_as_such() -> None:
    _, trace = played(failures={0})
    assert complete(trace, 2)[0]["name"] == "prefill 0 failed"


def test_the_oldest_events_are_dropped() -> None:
    trace = Trace(ScriptedEngine(ManualClock()), ManualClock(), max_events=3)
    for frame in range(5):
        trace.add_frame(FrameReport(frame=frame))
    assert [event["name"] for event in complete(trace, 1)] == ["frame 2", "frame 3", "frame 4"]


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    _, trace = played()
    trace.write(tmp_path / "frames.json")
    assert json.loads((tmp_path / "frames.json").read_text(encoding="utf-8")) == trace.to_dict()


def test_a_trace_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        Trace(ScriptedEngine(ManualClock()), ManualClock(), max_events=0)
    assert str(caught.value) == "max_events must be 1 or more, got 0 - at Trace()"


def test_a_trace_of_a_model_is_an_engine_for_a_runtime(tmp_path: Path) -> None:
    model = nb.Model.load(TINY, num_slots=1)
    trace = nb.Trace.of(model)
    with nb.Runtime(model, engine=trace, price_file=None) as runtime:
        trace.add_frame(runtime.update(budget_ms=4.0))
    trace.write(tmp_path / "frames.json")
    events = json.loads((tmp_path / "frames.json").read_text(encoding="utf-8"))["traceEvents"]
    assert "frame 0" in {event["name"] for event in events}


def test_steps_of_the_chooser_are_shown_among_the_others(tmp_path: Path) -> None:
    clock = ManualClock()
    trace = Trace(ScriptedEngine(clock, MS), clock)
    model = ChoosingModel(toy_encoder(tmp_path / "toy"), clock, MS // 2)
    with nb.Runtime(model, clock=clock, engine=trace, measure="in_frames") as runtime:
        persona = nb.Persona.from_dict({"name": "Al", "role": "cook", "actions": [{"name": "say"}]})
        runtime.add_npc("al", persona=persona, tree=nb.minds.talker()).hear("Soup?")
        for _ in range(40):
            trace.add_frame(runtime.update(budget_ms=4.0))
            clock.advance_ns(12 * MS)
    shown = [event for event in complete(trace, 2) if event["name"].startswith("choose ")]
    graphs = [event for event in shown if event["name"][7:].isdigit()]
    assert len(graphs) == model.encoder.num_runs > 4
    assert {event["dur"] for event in graphs} == {500.0}
    assert {"choose layout", "choose news"} <= {event["name"] for event in shown}
    frames = [(one["ts"], one["ts"] + one["dur"]) for one in complete(trace, 1)]
    for event in graphs:
        assert any(start <= event["ts"] < end for start, end in frames)


def test_a_step_of_the_chooser_that_failed_is_shown_as_such() -> None:
    trace = Trace(ScriptedEngine(ManualClock()), ManualClock(MS))
    trace.add_choosing("3", 32, 128, MS // 2, True)
    (event,) = complete(trace, 2)
    assert (event["name"], event["ts"], event["dur"]) == ("choose 3 failed", 500.0, 500.0)
