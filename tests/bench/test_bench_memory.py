"""Promises of ``tools.bench.memory``: each way loads the same model, each stage is told."""

from __future__ import annotations

import mmap
from pathlib import Path

import pytest

from npcbrain.lm import sessions
from npcbrain.lm.model import Model
from tools.bench.memory import WAYS, loading, resident, stages

TINY = Path(__file__).parents[1] / "models" / "tiny"
PEOPLE = ({"name": "Al", "role": "cook"},)
HAS_PROC = Path("/proc/self/smaps_rollup").exists()


@pytest.mark.skipif(not HAS_PROC, reason="Linux alone tells what is resident")
def test_each_stage_tells_what_is_resident() -> None:
    found = stages((), TINY, PEOPLE, num_frames=5)
    assert list(found)[:2] == ["imported", "loaded"]
    for stage in found:
        assert found[stage]["resident"] >= found[stage]["alone"] > 1


@pytest.mark.skipif(not HAS_PROC, reason="Linux alone tells what is resident")
def test_memory_that_is_taken_is_seen() -> None:
    before = resident()["alone"]
    with mmap.mmap(-1, 32_000_000) as taken:  # what was freed before cannot be given again
        for page in range(0, len(taken), mmap.PAGESIZE):
            taken[page] = 1
        assert resident()["alone"] > before + 25


@pytest.mark.parametrize("name", WAYS)
def test_each_way_loads_a_model_and_the_next_one_is_loaded_as_ever(name: str) -> None:
    before = sessions.session_options, sessions.open_session
    with loading(WAYS[name]):
        assert Model.load(TINY, num_slots=1).num_slots == 1
    assert (sessions.session_options, sessions.open_session) == before
