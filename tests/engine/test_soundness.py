"""Numbers that are none: found at once, dropped, told, and never read again."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from tiny_engine import HILDA, NUM_SLOTS, OTTO, TINY, ask, finish_wave, read, write

from npcbrain.choosing.chooser import Chooser
from npcbrain.clock import SystemClock
from npcbrain.engine.engine import Engine
from npcbrain.errors import EngineError
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model
from npcbrain.lm.soundness import is_sound
from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.tree import Selector, Sequence

NONE = [np.nan, np.inf, -np.inf]
COOK = Persona.from_dict({"name": "Al", "role": "cook", "lines": {"fallback": ["Not now."]}})
TREE = Selector(Sequence(Heard(), Decide(ttl_ms=600_000), Act()), Sequence(Heard(), CannedReply()))


@pytest.fixture(scope="module")
def tiny() -> Model:
    return Model.load(TINY, num_slots=NUM_SLOTS)


@pytest.fixture
def engine(tiny: Model) -> Engine:
    return Engine(tiny)


def clean(model: Model, prefix: str = HILDA) -> list[int]:
    return write_one(Engine(model), model, prefix)


def write_one(engine: Engine, model: Model, prefix: str = HILDA) -> list[int]:
    one = ask(model, prefix)
    read(engine, one)
    (ids,) = write(engine, one)
    engine.close(one)
    return ids


def test_a_sum_tells_what_is_no_number() -> None:
    numbers = np.linspace(-1e4, 1e4, 10_000, dtype=np.float32).reshape(10, -1)
    assert is_sound(numbers)
    for none in NONE:
        broken = numbers.copy()
        broken[3, 5] = none
        assert not is_sound(broken)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not is_sound(np.array([np.inf, -np.inf], np.float16))


@pytest.mark.parametrize("none", NONE)
def test_keys_that_are_no_numbers_fail_one_answer_and_no_other(
    engine: Engine, tiny: Model, none: float
) -> None:
    expected = clean(tiny)
    assert write_one(engine, tiny) == expected
    engine._pool.array[:, :, :, 3] = none  # of every slot, what its last prompt left behind
    for saved in engine.prefix_cache._kept.values():
        saved[:, :, 3] = none
    one = ask(tiny)
    with pytest.raises(EngineError, match="numbers that are none"):
        read(engine, one)
    engine.close(one)
    assert engine.waves == []
    assert write_one(engine, tiny) == expected


def speak(engine: Engine, *generations: Generation) -> None:
    """Token after token, all together, to the end of the first."""
    while True:
        for one in generations:
            while one.num_pending > 1:
                finish_wave(engine, engine.start_prefill(one, 2))
        finish_wave(engine, engine.start_decode(generations))


def test_who_shares_a_batch_with_numbers_that_are_none_keeps_what_it_has_read(
    engine: Engine, tiny: Model
) -> None:
    hilda, otto = ask(tiny), ask(tiny, OTTO)
    read(engine, hilda, otto)
    slot = hilda.slot
    assert slot is not None
    engine._pool.array[:, slot, :, 3] = np.nan
    with pytest.raises(EngineError):
        speak(engine, hilda, otto)
    for one in (hilda, otto):
        engine.close(one)
    held = [len(slot.held) for slot in engine._slots]
    assert held.count(0) >= 1
    assert otto.num_prompt in held
    assert [write_one(engine, tiny, who) for who in (HILDA, OTTO)] == [
        clean(tiny, who) for who in (HILDA, OTTO)
    ]


def test_a_prefix_that_is_no_numbers_is_never_kept(engine: Engine, tiny: Model) -> None:
    one = ask(tiny)
    assert engine.open(one)
    while not one.num_to_copy:
        wave = engine.start_prefill(one, 32)
        while wave in engine.waves:
            engine.run(wave)
    engine._pool.array[1, one.slot, :, 2] = np.nan
    with pytest.raises(EngineError):
        engine.run(engine.start_copy(one))
    engine.close(one)
    assert len(engine.prefix_cache) == 0
    assert write_one(engine, tiny) == clean(tiny)


def test_the_game_is_told_what_went_wrong_and_the_next_question_is_answered(tiny: Model) -> None:
    with Runtime(tiny, price_file=None) as runtime:
        npc = runtime.add_npc("al", persona=COOK, tree=TREE)
        engine = runtime._thinker.engine  # type: ignore[attr-defined]

        def talk() -> tuple[str, tuple[str, ...]]:
            npc.hear("Is the soup done?")
            faults: tuple[str, ...] = ()
            for _ in range(1000):
                report = runtime.update(50.0)
                faults += report.faults
                if report.decisions:
                    ((_, decision),) = report.decisions
                    return decision.source, faults
            raise AssertionError("it never came")

        assert talk()[0] == "model"
        engine._pool.array[:] = np.nan
        for saved in engine.prefix_cache._kept.values():
            saved[:] = np.nan
        npc.memory.clear()
        npc.remember("The soup is burnt.")
        source, faults = talk()
        assert source == "tree"
        assert len(faults) == 1
        assert "numbers that are none" in faults[0]
        npc.remember("The soup is cold.")
        assert talk() == ("model", ())


def test_a_persona_of_the_chooser_that_is_no_numbers_is_read_again() -> None:
    folder = Path(__file__).parents[2] / "models" / "hearth"
    encoder = Model.load(folder).encoder
    if encoder is None:
        pytest.skip("a model without a chooser")
    from npcbrain.asking.deliberation import NOBODY, Deliberation
    from npcbrain.pricing.cost import CostModel

    chooser = Chooser(encoder)
    deliberation = Deliberation(chooser, CostModel(), SystemClock())
    deliberation.begin(NOBODY)
    expected = deliberation.run(1 << 62)
    for read_persona in chooser._kept.values():
        read_persona.sides[:, :, 2] = np.nan
    deliberation.begin(NOBODY)
    with pytest.raises(EngineError, match="find numbers"):
        deliberation.run(1 << 62)
    deliberation.begin(NOBODY)
    assert deliberation.run(1 << 62) == expected
