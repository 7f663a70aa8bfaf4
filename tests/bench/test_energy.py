"""Promises of ``tools.bench.energy``: an answer's time is counted, and joules where they can be."""

from __future__ import annotations

from pathlib import Path

from npcbrain.lm.model import Model
from tools.bench.energy import joules, spent

TINY = Path(__file__).parents[1] / "models" / "tiny"
PEOPLE = ({"name": "Al", "role": "cook"},)


def test_an_answer_costs_what_its_frames_cost_and_an_idle_frame_next_to_nothing() -> None:
    row = spent(Model.load(TINY, num_slots=2), 2, PEOPLE, num_frames=40, num_idle=30)
    assert row["answers"] > 0
    assert row["answer_ms"] * row["answers"] >= 0.9 * row["frame_ms"] * 40
    assert 0 < row["idle_frame_ms"] < row["frame_ms"]


def test_joules_are_added_up_over_packages_and_unknown_where_there_is_no_counter(
    tmp_path: Path,
) -> None:
    assert joules(tmp_path) is None
    for package, microjoules in enumerate((1_500_000, 500_000)):
        folder = tmp_path / f"intel-rapl:{package}"
        folder.mkdir()
        (folder / "energy_uj").write_text(f"{microjoules}\n", encoding="utf-8")
    assert joules(tmp_path) == 2.0
