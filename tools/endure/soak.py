"""Sixty-four NPCs for a long time: nothing grows, nothing drifts, nobody waits for ever."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

from npcbrain.clock import NS_PER_S
from npcbrain.lm.model import Model
from npcbrain.npcs.memory import CAPACITY
from tools.endure.attacks import read_attacks
from tools.endure.point import Point
from tools.endure.village import FRAME_NS, PATIENCE_S, Village

__all__ = ["soak_real", "soak_virtual"]

NUM_NPCS = 64
FLAT = 0.02  # the share by which memory may grow after warm-up
WARM_UP = 0.25  # of the frames; then caches are full and free lists have their size
STEADY = 0.05  # the share by which a price may move if every step takes its usual time
Prices = Mapping[tuple[int, ...], int]
SETTLED = 3000  # frames of a real model, after which resident memory is settled
VIRTUAL_FRAMES, REAL_FRAMES = 216_000, 36_000  # of the long form
STAT = Path("/proc/self/statm")  # tells the memory of a process, on some platforms


def soak_virtual(point: Point, num_frames: int | None = None, *, whole: bool = False) -> None:
    """Plays by a virtual clock, with known answers, as fast as the machine can.

    Args:
        point: Takes the figures.
        num_frames: None for as many as there is time for.
        whole: Whether to play all of the long form, however long it takes.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of engines that fail
        village = Village(NUM_NPCS, seed=point.seed)
        first = 200 if num_frames is None else num_frames // 10
        started_s = time.monotonic()
        village.soak(first)
        per_frame_s = (time.monotonic() - started_s) / first
        in_time = max(600, int(0.9 * point.seconds / per_frame_s))
        most = VIRTUAL_FRAMES - first
        total = num_frames or (most if whole else min(most, in_time))
        _soak(point, village, total)
        _count_frames(point, VIRTUAL_FRAMES, whole=whole)


def soak_real(
    point: Point, model: Model, num_frames: int | None = None, *, whole: bool = False
) -> None:
    """Plays 60 frames a second with a real model, 4 ms each; ``whole`` as in ``soak_virtual``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        village = Village(NUM_NPCS, seed=point.seed, model=model)
        in_time = max(120, int(point.seconds * NS_PER_S / FRAME_NS))
        total = num_frames or (REAL_FRAMES if whole else min(REAL_FRAMES, in_time))
        _soak(point, village, total, rest=num_frames is None, whole=whole)
        _count_frames(point, REAL_FRAMES, whole=whole)


def _count_frames(point: Point, wanted: int, *, whole: bool) -> None:
    point.wanted["frames"] = wanted
    num = point.counts["frames"]
    point.expect(num >= wanted or not whole, f"{wanted:,} frames are played: {num:,}")


def _soak(
    point: Point, village: Village, total: int, *, rest: bool = False, whole: bool = False
) -> None:
    warm = int(WARM_UP * total)
    is_settled = village.is_real and total >= 2 * SETTLED
    if is_settled:
        warm = max(warm, SETTLED)
    blocks: list[int] = []
    resident: list[int] = []
    prices: Prices = {}
    next_s = time.monotonic()
    end_s = next_s + 1.2 * point.seconds  # because the machine has other things to do
    for number in range(total):
        village.frame(4.0 if village.is_real else None)
        if rest:
            if next_s > end_s and not whole:
                break
            next_s += FRAME_NS / NS_PER_S
            time.sleep(max(0.0, next_s - time.monotonic()))
            next_s = max(next_s, time.monotonic() - 0.1)  # does not catch up after a slow spell
        if number == warm:
            prices = village.prices()
        if number >= warm and number % max(1, total // 40) == 0:
            blocks.append(_blocks())
            resident.append(_resident())
        if number % 50 == 0:
            point.expect(village.ledger.is_right, "every request ends once")
    point.expect(village.settle(), "everybody is answered at last")
    point.expect(village.ledger.is_right, "every request ends once")
    point.expect(not village.ledger._live, "no request is left over")
    scheduler = village.runtime.scheduler
    assert scheduler is not None
    point.expect(not scheduler.num_thinking, "slots are given back")
    point.expect(village.longest_wait_s < PATIENCE_S, "nobody waits for ever")
    _flat(point, "blocks of memory", blocks)
    if resident[0]:
        _flat(point, "resident memory", resident, is_promised=is_settled)
    else:
        point.untold.append("resident memory")
    point.counts += village.counts
    point.counts["requests"] += village.ledger.num_submitted
    point.figures["longest wait, s"] = village.longest_wait_s
    if not village.is_real:
        _compare_prices(point, prices, village.prices())
    _save(point, village)
    started_s = time.monotonic()
    village.runtime.close()
    point.figures["close, ms"] = 1000 * (time.monotonic() - started_s)


def _flat(point: Point, what: str, seen: list[int], *, is_promised: bool = True) -> None:
    """Compares the medians of the first and the last third, because single frames vary."""
    third = max(1, len(seen) // 3)
    early, late = sorted(seen[:third])[third // 2], sorted(seen[-third:])[third // 2]
    point.figures[f"growth of {what}, %"] = 100 * (late / early - 1)
    if is_promised:
        point.expect(late <= early * (1 + FLAT), f"{what} stay flat: {early} to {late}")


def _compare_prices(point: Point, before: Prices, after: Prices) -> None:
    """Checks that prices have stayed, because steps took the same time throughout."""
    drift = max(abs(after[shape] / price - 1) for shape, price in before.items())
    point.figures["drift of prices, %"] = 100 * drift
    point.counts["prices"] = len(before)
    point.expect(drift <= STEADY, f"prices do not drift: {drift:.3f}")


def _save(point: Point, village: Village) -> None:
    """Measures the size of an NPC with a full memory in a save."""
    words = " ".join(attack.text for attack in read_attacks() if len(attack.text) < 200).split()
    for npc in village.runtime.npcs.values():
        for _ in range(CAPACITY):
            npc.remember(" ".join(village.dice.choices(words, k=12)))
    with tempfile.TemporaryDirectory() as folder:
        saving = village.runtime.save(Path(folder) / "soaked.npcb")
        saving.wait()
        each = saving.num_bytes / len(village.runtime.npcs)
        point.figures["bytes an NPC in a save, memory full"] = each
        report = village.runtime.load(Path(folder) / "soaked.npcb")
        point.expect(str(report) == "", "a soaked village is saved and loaded")


def _blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def _resident() -> int:
    return int(STAT.read_text(encoding="utf-8").split()[1]) if STAT.exists() else 0
