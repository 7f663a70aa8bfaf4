"""Promises of ``npcbrain.commands.bench.trees``: what is compared, and what is told."""

from __future__ import annotations

import json
import sys

import pytest

from npcbrain.clock import SystemClock
from npcbrain.commands.bench.trees import Villager, bench_trees, our_tree
from npcbrain.commands.main import main
from npcbrain.tree import Status, compile


def test_the_tree_that_is_measured_has_ten_nodes_and_all_are_visited() -> None:
    tree = compile(our_tree(), Villager(), SystemClock())
    assert tree.tick() is Status.RUNNING
    statuses = [status for _, status in tree.statuses]
    assert len(statuses) == 10
    assert Status.IDLE not in statuses


def test_both_sides_answer_the_same() -> None:
    pytest.importorskip("py_trees")
    from npcbrain.commands.bench.trees import _peer_tick

    tick, _ = _peer_tick()
    tick()
    root = tick.__self__  # type: ignore[attr-defined]
    assert root.status.value == "RUNNING"
    theirs = [node.status.value for node in root.iterate()]
    assert sorted(theirs) == sorted(
        ["RUNNING"] * 3 + ["FAILURE"] * 4 + ["SUCCESS"] * 3
    )  # py_trees walks children first
    tree = compile(our_tree(), Villager(), SystemClock())
    tree.tick()
    assert sorted(status.name for _, status in tree.statuses) == sorted(theirs)


def test_the_command_tells_the_ratio_and_the_costs(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("py_trees")
    result = bench_trees(num_rounds=3)
    assert list(result) == [
        "ratio_vs_py_trees",
        "us_per_tick",
        "us_per_tick_py_trees",
        "ms_per_frame_500",
        "nodes",
        "py_trees",
    ]
    assert result["ratio_vs_py_trees"] > 1
    assert main(["bench", "trees", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == list(result)


def test_without_py_trees_the_error_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "py_trees", None)
    assert main(["bench", "trees", "--json"]) == 2
    assert capsys.readouterr().err == (
        "npcbrain: py_trees must be installed, got None - at npcbrain bench trees; "
        "pip install npcbrain[bench]\n"
    )
