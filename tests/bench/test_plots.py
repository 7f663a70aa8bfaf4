"""Promises of ``tools.bench.plots``: drawn from kept results alone, the same bytes every time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib")

from tools.bench.plots import PLOTS, draw_all

ORIGIN = {
    "date": "2026-01-02",
    "commit": "0123456789ab",
    "processor": "Abacus",
    "cores": 2,
    "system": "Linux",
}
FRAMES = {
    "npcs": 16,
    "budget_ms": 4.0,
    "game_ms": 6.0,
    "frames": 4,
    "hitches_on": 1,
    "hitches_off": 0,
}
CSV = """frame,on_ms,off_ms,used_ms,over_ms,largest_step_ms,tokens,thinking,waiting
0,10.0,6.0,3.9,0.0,0.9,3,8,8
1,10.5,6.5,3.9,0.0,0.9,0,8,8
2,9.5,6.0,3.2,0.0,0.9,1,8,8
3,17.0,6.0,3.2,0.0,0.9,1,8,8
"""


def budget_row(budget_ms: float, efficiency: float | None) -> dict[str, Any]:
    speed = None if efficiency is None else 100 * efficiency
    return {
        "budget_ms": budget_ms,
        "tokens_per_s": speed or 0.0,
        "decisions": 12,
        "slicing_efficiency": efficiency,
        "tokens_per_s_sliced": speed,
        "tokens_per_s_unsliced": None if efficiency is None else 100.0,
    }


def crowd_row(npcs: int, wait_ms: float | None) -> dict[str, Any]:
    waits = ("first_word_p50_ms", "first_word_p90_ms", "whole_p50_ms", "whole_p90_ms")
    return {
        "npcs": npcs,
        "budget_ms": 4.0,
        "by_model": 3,
        "by_tree": 1,
        "used_mean_ms": 1.5,
        "trees_p50_ms": 0.1,
        **dict.fromkeys(waits, wait_ms),
    }


def group_row(npcs: int, frames: int | None) -> dict[str, Any]:
    waits = (f"{what}_p{share}_frames" for what in ("first_word", "whole") for share in (50, 90))
    return {"npcs": npcs, "budget_ms": 4.0, "all_frames": 20.0, **dict.fromkeys(waits, frames)}


WAY = {
    "way": "npcbrain",
    "rule": "a budget",
    "frame_p50_ms": 8.0,
    "frame_p99_ms": 10.0,
    "frame_max_ms": 12.0,
    "missed_percent": 0.0,
    "answers_per_minute": 120.0,
}


PEERS = {
    "decode": 1.1,
    "prefill_128": 2.5,
    "targets": {"decode": 1.0, "prefill_128": 2.0},
    "contenders": [
        {
            "name": "npcbrain",
            "decode_ms": 12.0,
            "decode_limit_ms": 8.0,
            "prefill_128_ms": 130.0,
            "aggregate_8_tokens_per_s": 400.0,
        }
    ],
    "weights": "a.gguf",
    "threads": 1,
    "rounds": 9,
    "segments": 5,
    "llama_cpp": "xllamacpp 1",
    "bandwidth_gb_s": 17.0,
    "llama_cpp_note": "this build is slow",
    "note": "",
}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    ways = {"npcs": 16, "game_ms": 6.0, "skipped": {"onnxruntime-genai": "x"}, "llama_cpp_note": ""}
    for name, content in (
        ("frames-4ms", {"result": FRAMES}),
        ("sweep-budget", {"frames": 1200, "rows": [budget_row(0.5, None), budget_row(4.0, None)]}),
        (
            "sweep-budget-alone",
            {"frames": 1200, "rows": [budget_row(0.5, None), budget_row(4.0, 0.9)]},
        ),
        ("sweep-npcs", {"rows": [crowd_row(1, 400.0), crowd_row(1000, None)]}),
        ("sweep-together", {"rows": [group_row(1, 12), group_row(16, None)]}),
        ("peers", {"result": PEERS}),
        ("ways", {**ways, "ways": [WAY, {**WAY, "way": "another"}]}),
    ):
        path = folder / f"{name}.json"
        path.write_text(json.dumps({**ORIGIN, **content}), encoding="utf-8")
    (folder / "frames-4ms.csv").write_text(CSV, encoding="utf-8")
    return folder


def test_every_plot_is_drawn_and_on_the_page_with_where_it_comes_from(
    results: Path, tmp_path: Path
) -> None:
    page = tmp_path / "docs" / "figures.md"
    assert draw_all(results, page) == []
    text = page.read_text(encoding="utf-8")
    for plot in PLOTS:
        assert (page.parent / "plots" / f"{plot.name}.svg").stat().st_size > 1000
        assert f"](plots/{plot.name}.svg)" in text
    assert text.count("Abacus, 2 cores, Linux, 2026-01-02, commit `0123456`.") == len(PLOTS) + 1
    assert "| npcbrain | 8.0 ms | 10.0 ms | 12.0 ms | 0.0 % | 120 |" in text
    assert "| npcbrain | 12.0 ms | 8.0 ms | 130 ms | 400 tokens/s |" in text
    assert "npcbrain over llama.cpp's best: decode 1.10, prefill_128 2.50." in text
    assert "\nThis build is slow.\n" in text


def test_the_same_results_give_the_same_bytes(results: Path, tmp_path: Path) -> None:
    plots = PLOTS[:1]
    for name in ("one", "two"):
        draw_all(results, tmp_path / name / "figures.md", plots)
    one, two = (tmp_path / name / "plots" / f"{plots[0].name}.svg" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_plot_whose_results_are_missing_is_left_out_and_said(
    results: Path, tmp_path: Path
) -> None:
    (results / "ways.json").unlink()
    (results / "peers.json").unlink()
    page = tmp_path / "docs" / "figures.md"
    assert draw_all(results, page, PLOTS[-1:]) == [
        f"ways left out: no ways.json in {results}",
        f"the table of peers left out: no peers.json in {results}",
    ]
    assert "ways.svg" not in page.read_text(encoding="utf-8")
