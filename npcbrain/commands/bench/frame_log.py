"""What was measured frame by frame: for quantiles, for a CSV file, for plots.

It measures nothing itself and keeps no report, only its numbers: a runtime may use a report again.
Invariant: all columns have one entry per frame.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from npcbrain.clock import NS_PER_MS
from npcbrain.report import FrameReport

__all__ = ["COLUMNS", "FrameLog", "ms", "quantile"]

COLUMNS = (
    "frame",
    "on_ms",
    "off_ms",
    "used_ms",
    "over_ms",
    "over_by_us_ms",
    "stolen_ms",
    "largest_step_ms",
    "tokens",
    "thinking",
    "waiting",
)


class FrameLog:
    """Frames played twice, with npcbrain and without.

    Attributes:
        on_ns: The game's work and the update.
        off_ns: The game's work alone.
        used_ns: The update alone.
        over_ns: By how much it ran past its budget.
        over_by_us_ns: The part of that for which the update had a core.
        stolen_ns: What others took of the core in the update; 0 where the platform cannot tell.
        largest_step_ns: Its longest step.
        num_tokens: Tokens sampled in it.
        num_decisions: Decisions by the model, over all frames.
        fallbacks: How often a tree had to answer, by reason, over all frames.
    """

    __slots__ = (
        "_crowds",
        "fallbacks",
        "largest_step_ns",
        "num_decisions",
        "num_tokens",
        "off_ns",
        "on_ns",
        "over_by_us_ns",
        "over_ns",
        "stolen_ns",
        "used_ns",
    )

    def __init__(self) -> None:
        self.on_ns: list[int] = []
        self.off_ns: list[int] = []
        self.used_ns: list[int] = []
        self.over_ns: list[int] = []
        self.over_by_us_ns: list[int] = []
        self.stolen_ns: list[int] = []
        self.largest_step_ns: list[int] = []
        self.num_tokens: list[int] = []
        self.num_decisions = 0
        self.fallbacks: Counter[str] = Counter()
        self._crowds: list[tuple[int, int]] = []  # who thinks, who waits

    def add(self, on_ns: int, off_ns: int, report: FrameReport) -> None:
        """Takes one frame's numbers."""
        self.on_ns.append(on_ns)
        self.off_ns.append(off_ns)
        self.used_ns.append(report.used_ns)
        self.over_ns.append(report.over_budget_ns)
        self.over_by_us_ns.append(report.over_by_us_ns)
        self.stolen_ns.append(report.stolen_ns or 0)
        self.largest_step_ns.append(report.largest_step_ns)
        self.num_tokens.append(report.num_tokens)
        self._crowds.append((report.num_thinking, report.num_waiting))
        self.num_decisions += sum(done.source == "model" for _, done in report.decisions)
        self.fallbacks.update(reason for _, reason in report.fallbacks)

    def to_csv(self) -> str:
        """``COLUMNS``, then a line per frame; milliseconds with four places."""
        times = zip(
            self.on_ns,
            self.off_ns,
            self.used_ns,
            self.over_ns,
            self.over_by_us_ns,
            self.stolen_ns,
            self.largest_step_ns,
            strict=True,
        )
        rows = zip(times, self.num_tokens, self._crowds, strict=True)
        lines = [",".join(COLUMNS)]
        lines += [
            ",".join(map(str, (frame, *map(ms, frame_ns), tokens, *crowd)))
            for frame, (frame_ns, tokens, crowd) in enumerate(rows)
        ]
        return "\n".join(lines) + "\n"


def quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest value that at least ``share`` of the values do not exceed.

    >>> quantile([1, 2, 3, 4], 0.5), quantile([1, 2, 3, 4], 0.99)
    (2, 4)
    """
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def ms(time_ns: int) -> float:
    """Milliseconds to show.

    >>> ms(1_234_567)
    1.2346
    """
    return round(time_ns / NS_PER_MS, 4)
