"""The shipped doubles keep the contracts they stand in for, and insist on them."""

from __future__ import annotations

import pytest

from npcbrain.engine.contract import Kind
from npcbrain.errors import EngineError, UsageError
from npcbrain.testing import ManualClock, ScriptedEngine, ScriptedGeneration


def opened(engine: ScriptedEngine, **script: object) -> ScriptedGeneration:
    generation = ScriptedGeneration(**script)  # type: ignore[arg-type]
    assert engine.open(generation)
    return generation


def test_a_manual_clock_stands_still_until_advanced() -> None:
    clock = ManualClock(5)
    assert clock.now_ns() == clock.now_ns() == 5
    clock.advance_ns(7)
    assert clock.now_ns() == 12


def test_a_manual_clock_never_goes_back() -> None:
    with pytest.raises(UsageError) as caught:
        ManualClock().advance_ns(-1)
    assert str(caught.value) == "step_ns must be 0 or more, got -1 - at ManualClock.advance_ns()"


def test_a_step_takes_its_scripted_time_and_surprise() -> None:
    clock = ManualClock()
    engine = ScriptedEngine(clock, cost_ns=100, surprises={1: 1000})
    wave = engine.start_prefill(opened(engine), 16)
    engine.run(wave)
    assert clock.now_ns() == 100
    engine.run(wave)
    assert clock.now_ns() == 1200


def test_an_answer_is_given_out_token_by_token() -> None:
    engine = ScriptedEngine(ManualClock())
    generation = opened(engine, answer=" say\n Hello there.", num_prompt=3)
    wave = engine.start_prefill(generation, 4)
    assert [list(engine.run(wave)) for _ in range(3)] == [[], [], [generation]]
    assert (generation.text, generation.context, generation.num_pending) == (" say", 3, 1)
    for text in (" say\n Hello", " say\n Hello there."):
        wave = engine.start_decode([generation])
        for _ in range(3):
            engine.run(wave)
        assert generation.text == text
    assert (generation.finished, generation.finish_reason) == (True, "stop")


def test_an_answer_is_cut_at_its_limit() -> None:
    engine = ScriptedEngine(ManualClock(), num_segments=1)
    generation = opened(engine, num_prompt=1, max_new_tokens=1)
    engine.run(engine.start_decode([generation]))
    assert (generation.finished, generation.finish_reason) == (True, "length")


def test_a_cached_prefix_is_copied_before_it_is_read() -> None:
    engine = ScriptedEngine(ManualClock())
    generation = opened(engine, num_prompt=20, num_cached=12)
    with pytest.raises(UsageError, match=r"^generation must be copied before it is read, got "):
        engine.start_prefill(generation, 4)
    engine.run(engine.start_copy(generation))
    assert (generation.context, generation.num_pending, generation.num_to_copy) == (12, 8, 0)


def test_forced_tokens_become_pending() -> None:
    engine = ScriptedEngine(ManualClock(), num_segments=1)
    generation = opened(engine, num_prompt=1, forced={1: 3})
    engine.run(engine.start_decode([generation]))
    assert generation.num_pending == 4


def test_a_scripted_draft_is_right_and_gains_all_of_its_tokens_at_once() -> None:
    engine = ScriptedEngine(ManualClock(), num_segments=1, draft_sizes=(2, 4))
    generation = opened(engine, answer="a b c d e f", num_prompt=1, drafts={1: 3})
    engine.run(engine.start_decode([generation]))
    assert (generation.num_pending, len(generation.draft)) == (1, 3)
    with pytest.raises(UsageError, match="be ready to decode"):
        engine.start_decode([generation])
    assert engine.run(engine.start_verify(generation)) == [generation] * 4
    assert (generation.num_generated, generation.context, generation.num_pending) == (5, 5, 1)
    with pytest.raises(UsageError, match="have a draft of a known size"):
        engine.start_verify(generation)


def test_slots_run_out_and_come_back() -> None:
    engine = ScriptedEngine(ManualClock(), num_slots=1)
    first = opened(engine)
    second = ScriptedGeneration()
    assert not engine.open(second)
    engine.close(first)
    engine.close(first)
    assert engine.open(second)


def test_closing_mid_wave_leaves_its_neighbours_in_it() -> None:
    engine = ScriptedEngine(ManualClock(), num_segments=2)
    one, two = opened(engine, num_prompt=1), opened(engine, num_prompt=1)
    wave = engine.start_decode([one, two])
    engine.run(wave)
    engine.close(one)
    assert engine.run(wave) == [two]


def test_a_wave_without_rows_is_gone() -> None:
    engine = ScriptedEngine(ManualClock())
    generation = opened(engine, num_prompt=1)
    wave = engine.start_decode([generation])
    engine.close(generation)
    assert list(engine.waves) == []
    with pytest.raises(UsageError, match=r"^wave must be in flight, got "):
        engine.run(wave)


def test_a_decode_spans_its_gaps() -> None:
    engine = ScriptedEngine(ManualClock(), num_slots=4)
    generations = [opened(engine, num_prompt=1) for _ in range(4)]
    assert engine.start_decode([generations[0], generations[3]]).rows == 4


def test_a_scripted_failure_drops_the_wave() -> None:
    engine = ScriptedEngine(ManualClock(), failures={0})
    generation = opened(engine)
    wave = engine.start_prefill(generation, 4)
    with pytest.raises(EngineError, match=r"^step 0 was scripted to fail$"):
        engine.run(wave)
    assert list(engine.waves) == []
    assert not generation.in_wave


def test_a_generation_is_in_one_wave_at_most() -> None:
    engine = ScriptedEngine(ManualClock())
    generation = opened(engine)
    engine.start_prefill(generation, 4)
    with pytest.raises(UsageError, match=r"^generation must be in one wave at most, got "):
        engine.start_prefill(generation, 4)


def test_a_prefill_that_leaves_tokens_skips_the_head() -> None:
    engine = ScriptedEngine(ManualClock(), num_segments=3)
    assert engine.start_prefill(opened(engine, num_prompt=5), 4).num_steps == 2
    assert engine.start_prefill(opened(engine, num_prompt=4), 4).num_steps == 3


def test_probes_cover_every_shape_of_a_step() -> None:
    engine = ScriptedEngine(ManualClock(), num_segments=2, num_slots=2, chunk_sizes=(1, 4))
    shapes = set(engine.probes())
    assert sum(kind is not Kind.COPY for kind, _, _ in shapes) == 8
    assert {(Kind.DECODE, 1, 2), (Kind.COPY, 0, 16)} < shapes
