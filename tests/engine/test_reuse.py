"""Promises of ``npcbrain.engine`` about what it keeps and what it tries out: no answer changes."""

from __future__ import annotations

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

from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
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


def test_a_new_prefix_waits_to_be_kept_once_it_is_computed(engine: Engine, model: Model) -> None:
    one = ask(model)
    engine.open(one)
    while one.context < one.num_prefix:
        assert not one.num_to_copy
        finish_wave(engine, engine.start_prefill(one, 32))
    assert one.context == one.num_to_copy == one.num_prefix
    wave = engine.start_copy(one)
    assert (wave.kind, wave.rows, wave.num_steps) == (Kind.COPY, one.num_prefix, 1)
    assert engine.run(wave) == ()
    assert one.num_to_copy == 0
    assert one.prefix_key in engine.prefix_cache


def test_a_kept_prefix_is_copied_instead_of_computed(
    engine: Engine, model: Model, alone: dict[str, list[int]]
) -> None:
    first, second = ask(model), ask(model)
    read(engine, first)
    engine.open(second)
    assert second.num_to_copy == second.num_prefix
    assert message_of(engine.start_prefill, second, 8) == (
        f"num_to_copy must be copied first, got {second.num_prefix} - at Engine.start_prefill()"
    )
    engine.run(engine.start_copy(second))
    assert (second.context, second.num_to_copy) == (second.num_prefix, 0)
    read(engine, second)
    assert write(engine, second) == [alone[HILDA]]


def test_a_prefix_dropped_while_it_waits_is_still_copied_right(
    engine: Engine, model: Model, alone: dict[str, list[int]]
) -> None:
    first, second = ask(model), ask(model)
    read(engine, first)
    engine.open(second)
    engine.prefix_cache.put((0,), np.zeros(engine.prefix_cache.max_bytes, dtype=np.uint8))
    assert second.prefix_key not in engine.prefix_cache
    read(engine, second)
    assert write(engine, second) == [alone[HILDA]]


@pytest.mark.parametrize("prefix_cache_bytes", [0, 100])
def test_a_prefix_that_does_not_fit_is_not_kept(model: Model, prefix_cache_bytes: int) -> None:
    engine, one = Engine(model, prefix_cache_bytes=prefix_cache_bytes), ask(model)
    engine.open(one)
    while not one.num_generated:
        finish_wave(engine, engine.start_prefill(one, 32))
        assert not one.num_to_copy
    assert len(engine.prefix_cache) == 0


def test_a_warm_slot_computes_only_what_is_new(
    engine: Engine, model: Model, alone: dict[str, list[int]]
) -> None:
    first = ask(model)
    read(engine, first)
    write(engine, first)
    engine.close(first)
    other_news, same = ask(model, news="give it\n"), ask(model)
    engine.open(other_news)
    assert other_news.context > other_news.num_prefix
    assert other_news.num_to_copy == 0
    engine.close(other_news)
    engine.open(same)
    assert same.num_pending < same.num_prompt - same.num_prefix
    read(engine, same)
    assert write(engine, same) == [alone[HILDA]]


def test_the_same_question_again_computes_two_tokens(engine: Engine, model: Model) -> None:
    first, second = ask(model), ask(model)
    read(engine, first)
    engine.close(first)
    engine.open(second)
    assert second.num_pending == 2


def test_probes_cover_every_shape_a_wave_can_have(engine: Engine) -> None:
    shapes = set(engine.probes())
    for segment in range(engine.num_segments):
        for rows in range(1, NUM_SLOTS + 1):
            assert (Kind.DECODE, segment, rows) in shapes
        for rows in engine.chunk_sizes:
            assert (Kind.PREFILL, segment, rows) in shapes
    assert any(kind is Kind.COPY for kind, _, _ in shapes)


def test_probing_disturbs_nobody(engine: Engine, model: Model, alone: dict[str, list[int]]) -> None:
    pair = hilda, otto = ask(model, HILDA), ask(model, OTTO)
    ready(engine, hilda)
    engine.open(otto)
    for shape in engine.probes():
        engine.probe(*shape)
    waves = [engine.start_decode([hilda]), engine.start_prefill(otto, 4)]
    for shape in engine.probes():
        engine.probe(*shape)
    for wave in waves:
        finish_wave(engine, wave)
    read(engine, otto)
    assert write(engine, *pair) == [alone[HILDA], alone[OTTO]]


def test_probing_leaves_what_a_free_slot_holds_valid(
    engine: Engine, model: Model, alone: dict[str, list[int]]
) -> None:
    first, second = ask(model), ask(model)
    read(engine, first)
    engine.close(first)
    for shape in engine.probes():
        engine.probe(*shape)
    read(engine, second)
    assert write(engine, second) == [alone[HILDA]]


def test_a_shape_that_does_not_exist_is_not_probed(engine: Engine) -> None:
    assert message_of(engine.probe, Kind.DECODE, 0, NUM_SLOTS + 1).startswith(
        "shape must be one of probes(), got "
    )


def test_a_full_engine_is_not_probed(engine: Engine, model: Model) -> None:
    for _ in range(NUM_SLOTS):
        engine.open(ask(model))
    assert message_of(engine.probe, Kind.DECODE, 0, 1) == (
        "a slot must be free, got None - at Engine.probe(); probe before the game"
    )
