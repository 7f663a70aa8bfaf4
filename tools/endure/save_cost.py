"""Measures what a save costs the frame in which it is asked for: the whole call of ``save``.

It is only measured, not judged, because other programs use the machine, too.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from npcbrain.clock import NS_PER_MS
from npcbrain.npcs.memory import CAPACITY
from tools.endure.point import Point
from tools.endure.village import Village

__all__ = ["time_saves"]

NUM_NPCS = 100
NUM_FRAMES = 100  # after which some NPCs are in the middle of an answer
BOARD = {"hour": 7, "place": "inn", "mood": 0.5, "is_open": True, "route": ["well", 3, None]}


def time_saves(point: Point, most: int | None = None) -> None:
    """Saves for a point's time, or ``most`` times."""
    village = Village(NUM_NPCS, seed=point.seed)
    village.soak(NUM_FRAMES)
    for npc in village.runtime.npcs.values():
        npc.blackboard.update(BOARD)
        for number in range(CAPACITY):
            npc.remember(f"The player told a tale of the year {number}.")
    calls_ns: list[int] = []
    computed_ns: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in point.rounds(most):
            began_ns, computed = time.perf_counter_ns(), time.thread_time_ns()
            saving = village.runtime.save(Path(folder) / "costs.npcb")
            computed_ns.append(time.thread_time_ns() - computed)
            calls_ns.append(time.perf_counter_ns() - began_ns)
            point.expect(saving.wait(), "a save is written")
            village.frame()
    village.runtime.close()
    point.counts["saves"] = len(calls_ns)
    for what, found in (("call", calls_ns), ("computing of it", computed_ns)):
        point.figures[f"{what}, best, ms"] = min(found) / NS_PER_MS
        point.figures[f"{what}, median, ms"] = median(found) / NS_PER_MS
