"""Helpers of the engine's tests: two questions to the tiny model, and ways to their answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from npcbrain.engine.contract import WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.errors import UsageError
from npcbrain.lm.generation import Generation
from npcbrain.lm.model import Model

TINY = Path(__file__).parent / "models" / "tiny"
NUM_SLOTS = 3
GRAMMAR = 'start: (" say\\n" | " give\\n" / [a-z]+\\n/) / [^ \\n][^\\n]{0,20}[.!?]/'
HILDA = "Hilda, innkeeper, keeps the room key\n"
OTTO = "Otto, smith, sells the player a key\n"


def ask(
    model: Model, prefix: str = HILDA, news: str = "give the key\n", **options: Any
) -> Generation:
    settings = {"grammar": GRAMMAR, "seed": 1, "max_new_tokens": 16, **options}
    return model.generation(prefix, news, **settings)


def finish_wave(engine: Engine, wave: WaveLike) -> Sequence[Any]:
    gained: Sequence[Any] = ()
    while wave in engine.waves:
        gained = engine.run(wave)
    return gained


def read(engine: Engine, *generations: Generation) -> None:
    """Opens them where needed and computes their prompts, up to the first token."""
    for one in generations:
        if one.slot is None:
            assert engine.open(one)
        while not one.num_generated:
            if one.num_to_copy:
                finish_wave(engine, engine.start_copy(one))
            else:
                finish_wave(engine, engine.start_prefill(one, 32))


def advance(engine: Engine, one: Generation) -> None:
    if one.num_pending > 1:
        finish_wave(engine, engine.start_prefill(one, 2))
    else:
        finish_wave(engine, engine.start_decode([one]))


def write(engine: Engine, *generations: Generation) -> list[list[int]]:
    """Brings answers to their ends one after the other, and returns their tokens."""
    for one in generations:
        while not one.finished:
            advance(engine, one)
    return [one.ids for one in generations]


def ready(engine: Engine, *generations: Generation) -> None:
    """Reads, and goes on until each waits for a decode."""
    read(engine, *generations)
    for one in generations:
        while one.num_pending > 1:
            advance(engine, one)
        assert not one.finished


def message_of(call: Any, *args: Any) -> str:
    with pytest.raises(UsageError) as caught:
        call(*args)
    return str(caught.value)
