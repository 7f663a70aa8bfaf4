"""``npcbrain bench frames``: what thinking costs a game's frames, and what frames cost thinking.

A village that is talked to without end, played without a screen. Invariant: whatever is
compared was measured in one run, alternating, so that the machine's noise hits both sides.

What is compared:

* **Frames with npcbrain and without.** Each frame is played twice: the game's work and an update,
  then the game's work alone. A frame is a hitch when it takes longer than 16.67 ms. The game's work
  is a fixed amount of computing, measured beforehand to take ``game_ms``: what disturbs the machine
  makes it longer, as it would a game's. The idle rest of a frame is skipped, see ``pacing``.
* **The model in slices and in one piece.** The village is asked in rounds: everybody at once, and
  again when all have answered. After each round a second village, with the same people, is asked
  the same and answers in one update without a limit. The answers are the same, token for token,
  and so is who waited for whom, so that the model's times can be compared:
  ``slicing_efficiency`` is the time in one piece over the time in slices. A round in which
  somebody's time or budget ran out did other work and is left out, and both villages forget
  all, for they would remember different answers; of the others the median counts.
* **One warm NPC alone**: see ``warm_bench``.

All of it is wall time, because that is what a player sees. ``cpu_share`` tells what it is worth:
the bench never sleeps, so on a quiet machine it has its core all the time. Where others took the
core away, their work is in these numbers too, and a frame over budget may be theirs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np

from npcbrain.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from npcbrain.commands.bench.frame_log import FrameLog, ms, quantile
from npcbrain.commands.bench.warm import bench_warm
from npcbrain.commands.bench.workload import CAST, QUESTIONS, Round, Village
from npcbrain.commands.frame_clock import FRAME_NS, FrameClock
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model

__all__ = ["Comparison", "GameWork", "bench_frames", "busy_note"]

MIN_ROUND_FRAMES = 30  # nobody is asked twice in half a second, even if trees answer at once
CALIBRATION_NS = 400 * NS_PER_MS
MAX_CALIBRATION_RUNS = 10_000
BUSY_SHARE = 0.95  # of a core; below it, the machine was at something else as well
WARM_UP_FRAMES = 30
MAX_FURTHER_FRAMES = 3600  # for the last round; one that takes longer than a minute is given up
COMPARISON_FIELDS = (
    "slicing_efficiency",
    "rounds_compared",
    "same_answers",
    "tokens_per_s_sliced",
    "tokens_per_s_unsliced",
)


class CpuClock:
    """Counts the time for which this thread had a core, and no other."""

    __slots__ = ()

    now_ns = staticmethod(time.thread_time_ns)


class GameWork:
    """A game's own work: a fixed amount of computing on memory of its own.

    Args:
        game_ms: What it should take with a core to itself; 0 is no work.
        cpu: Measures that.
    """

    __slots__ = ("_field", "_num_rounds")

    def __init__(self, game_ms: float, cpu: Clock) -> None:
        self._field = np.ones(1 << 17, dtype=np.float32)  # 512 KB: out of the first-level cache
        self._num_rounds = 50
        num_runs, took_ns = 0, 0
        started_ns = cpu.now_ns()
        # For long enough to be exact where this clock moves in steps of 16 ms.
        while took_ns < CALIBRATION_NS and num_runs < MAX_CALIBRATION_RUNS:
            self.run()
            num_runs += 1
            took_ns = cpu.now_ns() - started_ns
        share = game_ms * NS_PER_MS * num_runs / max(1, took_ns)
        self._num_rounds = round(self._num_rounds * share)

    def run(self) -> None:
        """Does one frame's work."""
        field = self._field
        for _ in range(self._num_rounds):
            np.multiply(field, 1.0, out=field)


class Comparison:
    """The rounds played both ways, added up.

    Attributes:
        same_answers: Whether all of them agreed in every answer.
    """

    __slots__ = ("_num_tokens", "_ratios", "_sliced_ns", "_whole_ns", "same_answers")

    def __init__(self) -> None:
        self.same_answers = True
        self._ratios: list[float] = []
        self._num_tokens = self._sliced_ns = self._whole_ns = 0

    def add(self, sliced: Round, whole: Round) -> bool:
        """Adds a round, unless it was disturbed; whether it could."""
        if sliced.disturbed or whole.disturbed or not sliced.model_ns or not whole.model_ns:
            return False
        self._ratios.append(whole.model_ns / sliced.model_ns)
        self.same_answers = self.same_answers and sliced.answers == whole.answers
        self._num_tokens += sliced.num_tokens
        self._sliced_ns += sliced.model_ns
        self._whole_ns += whole.model_ns
        return True

    def to_dict(self) -> dict[str, Any]:
        """The fields of the result; None where no round could be compared."""
        if not self._ratios:
            return dict.fromkeys(COMPARISON_FIELDS) | {"rounds_compared": 0}
        speeds = [self._num_tokens * NS_PER_S / t for t in (self._sliced_ns, self._whole_ns)]
        values = (
            round(median(self._ratios), 4),
            len(self._ratios),
            self.same_answers,
            *(round(speed, 1) for speed in speeds),
        )
        return dict(zip(COMPARISON_FIELDS, values, strict=True))


def bench_frames(
    model: Model,
    *,
    num_npcs: int,
    num_frames: int,
    budget_ms: float,
    game_ms: float,
    on_progress: Callable[[int], None],
    people: Sequence[dict[str, Any]] = CAST,
    log: FrameLog | None = None,
) -> dict[str, Any]:
    """Plays ``num_frames`` frames, each with npcbrain and without.

    A last round under way is played to its end for the comparison; its further frames do not count.

    Args:
        model: What thinks.
        num_npcs: How many are talked to.
        num_frames: How many frames count.
        budget_ms: Of each update.
        game_ms: The game's own work in each frame.
        on_progress: Called with the frames played so far.
        people: Personas, as ``Persona.from_dict`` reads them.
        log: Filled with every frame's numbers.

    Returns:
        ``over_budget_*_ms`` (time used less budget, floored at 0), ``over_by_us_*_ms`` (less what
        others took of the core), ``stolen_share`` (of the time used), ``largest_step_ms``,
        ``hitches_on`` and ``hitches_off`` (frames over 16.67 ms), ``budget_used`` (share),
        ``tokens`` (sampled), ``decisions`` (by the model), ``fallbacks`` and
        ``slicing_efficiency``, None if there was no round to compare; then the
        ``warm_bench.WARM_FIELDS``. And what these rest on.
    """
    real = SystemClock()
    clock = FrameClock(real)
    cpu = CpuClock()
    work = GameWork(game_ms, cpu)
    sliced = Village(model, num_npcs, clock, people)
    whole = Village(model, num_npcs, real, people)
    comparison = Comparison()
    log = FrameLog() if log is None else log

    started_ns, cpu_started_ns = real.now_ns(), cpu.now_ns()
    for _ in range(WARM_UP_FRAMES):  # teaches the scheduler the rhythm; nobody is asked
        sliced.update(budget_ms)
        clock.next_frame()
    sliced.ask()
    asked = 1
    for frame in range(1, num_frames + MAX_FURTHER_FRAMES + 1):
        if sliced.is_idle and (frame >= asked + MIN_ROUND_FRAMES or frame > num_frames):
            clock.stop()
            if not comparison.add(sliced.round, _answer_whole(whole)):
                for village in (sliced, whole):  # they remember different answers
                    village.forget()
            clock.go()
            if frame > num_frames:
                break
            sliced.ask()
            asked = frame
        if frame > num_frames:
            sliced.update(budget_ms)
            clock.next_frame()
            continue
        frame_started_ns = real.now_ns()
        work.run()
        report = sliced.update(budget_ms)
        on_ns = real.now_ns() - frame_started_ns
        clock.next_frame()
        clock.stop()
        frame_started_ns = real.now_ns()
        work.run()
        log.add(on_ns, real.now_ns() - frame_started_ns, report)
        on_progress(frame)
        clock.go()

    warm = bench_warm(model, Engine(model), budget_ms, people, QUESTIONS)
    cpu_share = (cpu.now_ns() - cpu_started_ns) / (real.now_ns() - started_ns)
    over_ns, on_ns_sorted, off_ns_sorted = map(sorted, (log.over_ns, log.on_ns, log.off_ns))
    by_us_ns = sorted(log.over_by_us_ns)
    return {
        "frames": num_frames,
        "over_budget_p50_ms": ms(quantile(over_ns, 0.5)),
        "over_budget_p99_ms": ms(quantile(over_ns, 0.99)),
        "over_budget_p999_ms": ms(quantile(over_ns, 0.999)),
        "over_budget_max_ms": ms(over_ns[-1]),
        "largest_step_ms": ms(max(log.largest_step_ns)),
        "hitches_on": sum(frame_ns > FRAME_NS for frame_ns in log.on_ns),
        "hitches_off": sum(frame_ns > FRAME_NS for frame_ns in log.off_ns),
        "budget_used": round(sum(log.used_ns) / (budget_ms * NS_PER_MS * num_frames), 4),
        "tokens": sum(log.num_tokens),
        "decisions": log.num_decisions,
        "fallbacks": log.fallbacks.total(),
        **comparison.to_dict(),
        **warm,
        "npcs": num_npcs,
        "budget_ms": budget_ms,
        "game_ms": game_ms,
        "over_by_us_p99_ms": ms(quantile(by_us_ns, 0.99)),
        "over_by_us_p999_ms": ms(quantile(by_us_ns, 0.999)),
        "over_by_us_max_ms": ms(by_us_ns[-1]),
        "stolen_share": round(sum(log.stolen_ns) / max(1, sum(log.used_ns)), 4),
        "cpu_share": round(cpu_share, 4),
        "note": busy_note(cpu_share),
        "fallback_reasons": dict(log.fallbacks),
        "frame_on_p50_ms": ms(quantile(on_ns_sorted, 0.5)),
        "frame_on_p99_ms": ms(quantile(on_ns_sorted, 0.99)),
        "frame_off_p50_ms": ms(quantile(off_ns_sorted, 0.5)),
        "frame_off_p99_ms": ms(quantile(off_ns_sorted, 0.99)),
    }


def busy_note(cpu_share: float) -> str:
    """What to think of the times; kept with them, because a file outlives a warning."""
    if cpu_share >= BUSY_SHARE:
        return ""
    return f"other programs took {1 - cpu_share:.0%} of the core; they are in these times too"


def _answer_whole(village: Village) -> Round:
    """A round answered in as few updates as it takes: asked, answered, acted on."""
    village.ask()
    while not village.is_idle:
        village.update(math.inf)
    return village.round
