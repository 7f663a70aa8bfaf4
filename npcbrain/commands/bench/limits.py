"""Whether a run of ``bench frames`` kept what a game was promised; ``--assert`` asks it.

Pure comparisons of a result's fields; it measures and prints nothing. Invariant: the
answer depends on the result and the limits alone, and each broken limit is named with the figure,
the limit and the distance between them.

A machine that does other things breaks limits that the game keeps, so each message ends with what
the run noted about that; a shared runner may need wider limits than a player's machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from npcbrain.errors import UsageError, fault

__all__ = ["Limits", "broken_limits"]

WHERE = "npcbrain bench frames --assert"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run must keep.

    Attributes:
        over_p99_ms: Most milliseconds by which 99 % of the updates may run past their budget.
        extra_hitches: Most frames over 16.67 ms that npcbrain may add, in percent of all frames.
    """

    over_p99_ms: float = 0.5
    extra_hitches: float = 0.1

    def __post_init__(self) -> None:
        """Raises ``UsageError`` for a limit that is no number of 0 or more."""
        for option, limit in (
            ("--max-over-p99-ms", self.over_p99_ms),
            ("--max-extra-hitches", self.extra_hitches),
        ):
            if not (math.isfinite(limit) and limit >= 0):
                raise UsageError(fault(option, "be 0 or more", limit, "the command line"))


def broken_limits(result: Mapping[str, Any], limits: Limits) -> list[str]:
    """A message for each limit that a result of ``bench_frames`` breaks; none if it keeps all."""
    broken = []
    note = result["note"]
    over_ms = result["over_budget_p99_ms"]
    if over_ms > limits.over_p99_ms:
        rule = f"be at most {limits.over_p99_ms:g} ms"
        advice = f"{over_ms - limits.over_p99_ms:.2f} ms too much"
        broken.append(fault("over_budget_p99_ms", rule, over_ms, WHERE, _with(advice, note)))
    allowed = result["hitches_off"] + limits.extra_hitches / 100 * result["frames"]
    hitches = result["hitches_on"]
    if hitches > allowed:
        rule = (
            f"be at most {allowed:g} ({result['hitches_off']} without npcbrain "
            f"and {limits.extra_hitches:g} % of {result['frames']} frames)"
        )
        advice = f"{hitches - allowed:g} too many"
        broken.append(fault("hitches_on", rule, hitches, WHERE, _with(advice, note)))
    return broken


def _with(advice: str, note: str) -> str:
    return f"{advice}; {note}" if note else advice
