"""Promises of ``npcbrain.engine`` one by one; ``test_invariance`` walks through them at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tiny_engine import (
    HILDA,
    NUM_SLOTS,
    OTTO,
    TINY,
    ask,
    finish_wave,
    message_of,
    read,
    ready,
    write,
)

from npcbrain.engine.engine import Engine
from npcbrain.errors import EngineError
from npcbrain.lm.model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(TINY, num_slots=NUM_SLOTS)


@pytest.fixture
def engine(model: Model) -> Engine:
    return Engine(model)


@pytest.fixture(scope="module")
def alone(model: Model) -> dict[str, list[int]]:
    """The tokens of each prefix's answer, with an engine to itself."""
    answers = {}
    for prefix in (HILDA, OTTO):
        engine, one = Engine(model), ask(model, prefix)
        read(engine, one)
        answers[prefix] = write(engine, one)[0]
    return answers


def test_an_answer_is_written_and_ends(engine: Engine, model: Model) -> None:
    one = ask(model, max_new_tokens=60)
    read(engine, one)
    write(engine, one)
    assert one.finish_reason == "stop"
    assert one.text[-1] in ".!?"
    assert one.text == model.tokenizer.decode(one.ids[one.num_prompt :])


def test_an_answer_that_is_too_long_is_cut_off(engine: Engine, model: Model) -> None:
    one = ask(model, max_new_tokens=5)
    read(engine, one)
    write(engine, one)
    assert (one.finish_reason, one.num_generated) == ("length", 5)


def test_an_answer_may_fill_the_context_to_its_last_token(engine: Engine, model: Model) -> None:
    one = ask(model, news="a" * 150, grammar="start: /[a-z]{500}/", max_new_tokens=64)
    one.max_new_tokens = 256 - one.num_prompt
    read(engine, one)
    write(engine, one)
    assert one.finish_reason == "length"
    assert len(one.ids) == 256


@pytest.mark.parametrize("rows", [2, 4, 8, 16, 32])
def test_no_chunk_writes_beyond_its_slot(engine: Engine, model: Model, rows: int) -> None:
    one = ask(model, prefix="", news="a" * 250, max_new_tokens=4)
    engine.open(one)
    while not one.num_generated:
        wave = engine.start_prefill(one, rows)
        # The last of the 256 positions is for rows that take no part in a decode.
        assert wave.context + wave.rows <= 255
        finish_wave(engine, wave)


def test_there_are_only_so_many_slots(engine: Engine, model: Model) -> None:
    several = [ask(model) for _ in range(NUM_SLOTS)]
    assert all(engine.open(one) for one in several)
    late = ask(model)
    assert not engine.open(late)
    engine.close(several[1])
    assert engine.open(late)


def test_closing_twice_or_before_opening_does_nothing(engine: Engine, model: Model) -> None:
    one, other = ask(model), ask(model)
    engine.close(one)
    engine.open(one)
    engine.close(one)
    engine.open(other)
    engine.close(one)
    assert other.slot is not None


def test_an_answer_that_has_begun_cannot_be_opened_again(engine: Engine, model: Model) -> None:
    one = ask(model)
    read(engine, one)
    engine.close(one)
    assert message_of(engine.open, one) == (
        f"generation must be new, got {one.text!r} - at Engine.open()"
    )


def test_another_engines_generations_are_refused(engine: Engine) -> None:
    assert message_of(engine.close, 7) == (
        "generation must come from Model.generation(), got 7 - at Engine.close()"
    )


def test_the_head_runs_only_where_a_token_is_due(engine: Engine, model: Model) -> None:
    one = ask(model, prefix="")
    engine.open(one)
    first = engine.start_prefill(one, 4)
    assert first.num_steps == engine.num_segments - 1
    finish_wave(engine, first)
    last = engine.start_prefill(one, 32)
    assert last.num_steps == engine.num_segments
    assert finish_wave(engine, last) == [one]


def test_context_grows_only_with_the_last_segment(engine: Engine, model: Model) -> None:
    one = ask(model)
    engine.open(one)
    wave = engine.start_prefill(one, 8)
    seen = []
    while wave in engine.waves:
        seen.append((one.context, one.in_wave))
        engine.run(wave)
    assert seen == [(0, True)] * (engine.num_segments - 1)
    assert (one.context, one.in_wave) == (8, False)


def test_a_chunk_has_no_more_rows_than_it_needs(engine: Engine, model: Model) -> None:
    one = ask(model, prefix="", news="abc")
    engine.open(one)
    assert engine.start_prefill(one, 32).rows == 8


def test_a_decode_spans_the_slots_between(engine: Engine, model: Model) -> None:
    first, middle, last = several = [ask(model, seed=seed) for seed in range(3)]
    ready(engine, *several)
    assert [one.slot for one in several] == [0, 1, 2]
    assert engine.decode_rows([last, first]) == 3
    assert engine.decode_rows([middle]) == 1
    assert engine.start_decode([last, first]).rows == 3


def test_a_decode_gives_every_generation_a_token(engine: Engine, model: Model) -> None:
    several = [ask(model, seed=seed) for seed in range(3)]
    ready(engine, *several)
    before = [one.num_generated for one in several]
    gained = finish_wave(engine, engine.start_decode(several))
    assert list(gained) == several
    assert all(one.num_generated > count for one, count in zip(several, before, strict=True))


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("closed", [0, 1])
def test_closing_one_row_of_a_decode_leaves_the_others_unharmed(
    model: Model, alone: dict[str, list[int]], step: int, closed: int
) -> None:
    engine = Engine(model, prefix_cache_bytes=0)
    pair = [ask(model, HILDA), ask(model, OTTO)]
    ready(engine, *pair)
    wave = engine.start_decode(pair)
    for _ in range(step):
        if wave in engine.waves:
            engine.run(wave)
    engine.close(pair[closed])
    newcomer = ask(model, HILDA, "another\n")
    assert engine.open(newcomer)
    finish_wave(engine, engine.start_prefill(newcomer, 2))
    finish_wave(engine, wave)
    survivor = pair[1 - closed]
    assert write(engine, survivor) == [alone[(HILDA, OTTO)[1 - closed]]]


def test_a_wave_without_living_rows_is_gone(engine: Engine, model: Model) -> None:
    pair = [ask(model, HILDA), ask(model, OTTO)]
    ready(engine, *pair)
    wave = engine.start_decode(pair)
    engine.run(wave)
    for one in pair:
        engine.close(one)
    assert list(engine.waves) == []
    assert message_of(engine.run, wave).startswith("wave must be in flight, got Wave(")


def test_waves_can_come_and_go_forever(engine: Engine, model: Model) -> None:
    for _ in range(3 * NUM_SLOTS):
        one = ask(model)
        engine.open(one)
        wave = engine.start_copy(one) if one.num_to_copy else engine.start_prefill(one, 4)
        engine.run(wave)
        engine.close(one)
    assert list(engine.waves) == []


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_a_failing_step_drops_its_wave_and_nothing_else(
    model: Model, alone: dict[str, list[int]], segment: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(model)
    pair = hilda, otto = ask(model, HILDA), ask(model, OTTO)
    ready(engine, *pair)
    wave = engine.start_decode([hilda])
    for _ in range(segment):
        engine.run(wave)

    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    with monkeypatch.context() as patch:
        patch.setattr(type(engine._runner), "run_head" if segment == 2 else "run", fail)
        with pytest.raises(EngineError) as caught:
            engine.run(wave)
    assert str(caught.value) == (
        f"step must run, got 'out of luck' - at decode, segment {segment}, 1 rows"
    )
    assert list(engine.waves) == []
    assert not hilda.in_wave
    assert write(engine, otto) == [alone[OTTO]]
    engine.close(hilda)
    again = ask(model, HILDA)
    read(engine, again)
    assert write(engine, again) == [alone[HILDA]]


def test_a_broken_logit_ends_one_answer_and_not_its_neighbours(
    engine: Engine, model: Model, alone: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = hilda, otto = ask(model, HILDA), ask(model, OTTO)
    ready(engine, *pair)
    runner = engine._runner
    real = type(runner).run_head

    def break_first_row(own: Any, rows: int, part: int) -> None:
        real(own, rows, part)
        own.logits[0] = np.nan

    with monkeypatch.context() as patch:
        patch.setattr(type(runner), "run_head", break_first_row)
        finish_wave(engine, engine.start_decode(pair))
    assert (hilda.finished, hilda.finish_reason) == (True, "error")
    assert hilda.error == "logit must be finite, got nan - at pick()"
    assert write(engine, otto) == [alone[OTTO]]


def test_engines_of_one_model_do_not_meet(model: Model, alone: dict[str, list[int]]) -> None:
    pairs = [(Engine(model), ask(model, HILDA)), (Engine(model), ask(model, OTTO))]
    for engine, one in pairs:
        ready(engine, one)
    waves = [engine.start_decode([one]) for engine, one in pairs]
    for _ in range(3):
        for (engine, _), wave in zip(pairs, waves, strict=True):
            engine.run(wave)
    assert [write(*pair)[0] for pair in pairs] == [alone[HILDA], alone[OTTO]]


def test_the_whole_of_an_answer_can_be_forced(engine: Engine, model: Model) -> None:
    one = ask(model, grammar='start: " say\\n happy"')
    read(engine, one)
    assert (one.text, one.finish_reason) == (" say\n happy", "stop")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("closed", "generation must hold a slot, got None - at Engine; call open() and mind its"),
        ("in wave", "generation must be at rest and unfinished, got '' - at Engine.start_prefill"),
        ("rows", "rows must be one of (2, 4, 8, 16, 32), got 3 - at Engine.start_prefill()"),
        ("decode", "num_pending must be 1, got "),
        ("twice", "generations must be one or more, each once, got 2 - at Engine.start_decode()"),
        ("nobody", "generations must be one or more, each once, got 0 - at Engine.start_decode()"),
        ("copy", "num_to_copy must be above 0, got 0 - at Engine.start_copy()"),
    ],
)
def test_a_wave_that_cannot_be_is_refused(
    engine: Engine, model: Model, what: str, message: str
) -> None:
    one = ask(model)
    if what == "closed":
        got = message_of(engine.start_prefill, one, 8)
    else:
        engine.open(one)
        if what == "in wave":
            engine.start_prefill(one, 8)
            got = message_of(engine.start_prefill, one, 8)
        elif what == "rows":
            got = message_of(engine.start_prefill, one, 3)
        elif what == "copy":
            got = message_of(engine.start_copy, one)
        else:
            group = {"decode": [one], "twice": [one, one], "nobody": []}[what]
            got = message_of(engine.start_decode, group)
    assert got.startswith(message)
    assert one.context == 0
