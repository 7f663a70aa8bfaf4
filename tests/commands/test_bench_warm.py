"""Promises of ``npcbrain.commands.bench.warm``: what counts as the frame of an answer."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from npcbrain.commands.bench.warm import WARM_FIELDS, bench_warm
from npcbrain.engine.contract import Kind, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model

TINY = Path(__file__).parents[1] / "models" / "tiny"
PEOPLE = ({"name": "Al", "role": "cook", "facts": ["A stew costs two coppers in the morning."]},)
ROOMY_MS = 1000.0


@pytest.fixture(scope="module")
def tiny() -> Model:
    return Model.load(TINY, num_slots=2)


class Watched(Engine):
    """Counts the prompt tokens it reads."""

    num_read = 0

    def run(self, wave: WaveLike):  # type: ignore[no-untyped-def]
        if wave.kind is Kind.PREFILL and wave.segment == 0:
            self.num_read += wave.rows
        return super().run(wave)


def test_with_all_the_time_in_the_world_everything_is_there_in_frame_one(tiny: Model) -> None:
    found = bench_warm(tiny, Engine(tiny), ROOMY_MS, PEOPLE, ("Hi?",))
    assert list(found) == list(WARM_FIELDS)
    assert found["warm_action_frames"] == found["warm_first_word_frames"] == 1
    assert found["warm_20_tokens_frames"] in (1, None)


def test_a_budget_that_fits_no_step_has_no_frames_and_is_not_said_again_and_again(
    tiny: Model,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = bench_warm(tiny, Engine(tiny), 0.0001, PEOPLE, ("Hi?", "Ho?"))
    assert found == dict.fromkeys(WARM_FIELDS)


def test_the_persona_was_read_before_and_is_not_read_again(tiny: Model) -> None:
    cold, warm = Watched(tiny), Watched(tiny)
    bench_warm(tiny, cold, ROOMY_MS, PEOPLE, ("Hi?",))
    bench_warm(tiny, warm, ROOMY_MS, PEOPLE, ("Hi?", "Ho?"))
    # One question more costs its news alone, far less than half of what came before.
    assert warm.num_read - cold.num_read < cold.num_read // 2


def test_a_prompt_too_long_for_the_model_counts_as_no_answer(tiny: Model) -> None:
    wordy = ({"name": "Al", "role": "cook", "facts": ["It rained for a very long time. " * 4] * 8},)
    assert bench_warm(tiny, Engine(tiny), ROOMY_MS, wordy, ("Hi?",)) == dict.fromkeys(WARM_FIELDS)
