"""``npcbrain bench overlap``: the model inside ``update`` and beside it, played in turns.

Two villages of the same people, asked the same; one thinks on the game's thread, one on a worker's.
Invariant: both are played in one run, in alternating blocks, so that the machine's noise hits both;
frames are paced by sleeping, for beside a skipped rest nobody could work.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from npcbrain.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from npcbrain.commands.bench.frame_log import ms, quantile
from npcbrain.commands.bench.frames import CpuClock, GameWork
from npcbrain.commands.bench.workload import CAST, Round, Village
from npcbrain.commands.frame_clock import FRAME_NS
from npcbrain.lm.model import Model

__all__ = ["bench_overlap", "comparable"]

CALIBRATION_ROUNDS = 400_000  # some 20 ms
BLOCK_FRAMES = 120  # played one way before the other has its turn: two seconds


class Script:
    """A game's own work in Python, which holds the interpreter; ``GameWork`` lets go of it.

    Args:
        game_ms: What it should take with a core to itself; 0 is no work.
        cpu: Measures that.
    """

    __slots__ = ("_num_rounds",)

    def __init__(self, game_ms: float, cpu: Clock) -> None:
        self._num_rounds = CALIBRATION_ROUNDS
        started_ns = cpu.now_ns()
        self.run()
        took_ns = max(1, cpu.now_ns() - started_ns)
        self._num_rounds = round(CALIBRATION_ROUNDS * game_ms * NS_PER_MS / took_ns)

    def run(self) -> None:
        """Does one frame's work."""
        total = 0
        for number in range(self._num_rounds):
            total += number & 7


@dataclass(slots=True)
class Side:
    """One way to play, and what was measured of it; the lists have one entry a frame."""

    village: Village
    update_ns: list[int] = field(default_factory=list)
    frame_ns: list[int] = field(default_factory=list)
    played_ns: int = 0
    num_tokens: int = 0
    rounds: list[Round] = field(default_factory=list)

    def play(self, num_frames: int, budget_ms: float, works: Sequence[GameWork | Script]) -> None:
        """Plays some frames in real time: update, then the game's work, as games draw last."""
        now_ns = time.perf_counter_ns
        begun_ns = beat_ns = now_ns()
        for _ in range(num_frames):
            if self.village.is_idle:
                self.rounds.append(self.village.round)
                self.village.ask()
            started_ns = now_ns()
            self._update(budget_ms)
            updated_ns = now_ns()
            for work in works:
                work.run()
            ended_ns = now_ns()
            self.update_ns.append(updated_ns - started_ns)
            self.frame_ns.append(ended_ns - started_ns)
            beat_ns = max(beat_ns + FRAME_NS, ended_ns)
            time.sleep(max(0, beat_ns - now_ns()) / NS_PER_S)
        self.played_ns += now_ns() - begun_ns
        self._update(0.0)  # ends the worker's turn: the other side has the machine

    def _update(self, budget_ms: float) -> None:
        self.num_tokens += self.village.update(budget_ms).num_tokens

    def to_dict(self, name: str) -> dict[str, Any]:
        """The measured figures, named after the way."""
        updates, frames = sorted(self.update_ns), sorted(self.frame_ns)
        return {
            f"update_p50_ms_{name}": ms(quantile(updates, 0.5)),
            f"update_p99_ms_{name}": ms(quantile(updates, 0.99)),
            f"update_max_ms_{name}": ms(updates[-1]),
            f"frame_p50_ms_{name}": ms(quantile(frames, 0.5)),
            f"frame_p99_ms_{name}": ms(quantile(frames, 0.99)),
            f"hitches_{name}": sum(frame > FRAME_NS for frame in frames),
            f"tokens_per_s_{name}": round(self.num_tokens * NS_PER_S / self.played_ns, 1),
        }


def bench_overlap(
    model: Model,
    *,
    num_npcs: int,
    num_frames: int,
    budget_ms: float,
    game_ms: float,
    on_progress: Callable[[int], None],
    people: Sequence[dict[str, Any]] = CAST,
) -> dict[str, Any]:
    """Plays ``num_frames`` frames each way, in real time.

    Args:
        model: What thinks.
        num_npcs: How many are talked to without end.
        num_frames: How many frames each way has.
        budget_ms: Of each update; the worker has all the time between two.
        game_ms: The game's own work in each frame, on the game's thread: half of it in numpy, which
            lets go of the interpreter, half in Python, which does not.
        on_progress: Called with the frames played so far, of one way.
        people: Personas, as ``Persona.from_dict`` reads them.

    Returns:
        For each way, ``inline`` and ``overlap``: what the game's thread spent in ``update``, its
        frames (work and update), ``hitches`` (frames over 16.67 ms) and tokens for a second of
        play; and ``same_answers`` in the ``rounds_compared`` that both ended, None if in none.
    """
    cpu = CpuClock()
    works = (GameWork(game_ms / 2, cpu), Script(game_ms / 2, cpu))
    inline, beside = (
        Side(Village(model, num_npcs, SystemClock(), people, overlap=overlap))
        for overlap in (False, True)
    )
    played = 0
    while played < num_frames:
        block = min(BLOCK_FRAMES, num_frames - played)
        for side, granted_ms in (inline, budget_ms), (beside, math.inf):
            side.play(block, granted_ms, works)
        played += block
        on_progress(played)
    pairs = comparable(inline.rounds, beside.rounds)
    for side in (inline, beside):
        side.village.runtime.close()
    return {
        "frames": num_frames,
        **inline.to_dict("inline"),
        **beside.to_dict("overlap"),
        "rounds_compared": len(pairs),
        "same_answers": all(a.answers == b.answers for a, b in pairs) if pairs else None,
        "npcs": num_npcs,
        "budget_ms": budget_ms,
        "game_ms": game_ms,
    }


def comparable(ones: Sequence[Round], others: Sequence[Round]) -> list[tuple[Round, Round]]:
    """The rounds that both sides ended, up to the first that was disturbed.

    After that one, the two remember different answers and are asked different things.
    """
    both = zip(ones, others, strict=False)
    steady = takewhile(lambda pair: not (pair[0].disturbed or pair[1].disturbed), both)
    return [pair for pair in steady if pair[0].answers]
