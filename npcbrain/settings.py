"""Checks of what a game hands to a runtime: settings, budgets, models.

Functions that return or raise and change nothing. Invariant: all that they return is in range.
"""

from __future__ import annotations

import math
import os

from npcbrain.asking.models import ModelLike
from npcbrain.clock import NS_PER_MS
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import UsageError, fault
from npcbrain.report import NO_LIMIT_NS

__all__ = ["budget_in_ns", "check_settings", "engine_of"]


MAX_MEMO = 1_000_000


def check_settings(
    seed: object, measure: object, price_file: object, overlap: object, memo: object
) -> None:
    """Raises ``UsageError`` for an argument of ``Runtime()`` that is out of range."""
    where = "Runtime()"
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise UsageError(fault("seed", "be an integer", seed, where))
    if not isinstance(overlap, bool):
        raise UsageError(fault("overlap", "be True or False", overlap, where))
    if isinstance(memo, bool) or not isinstance(memo, int) or not 0 <= memo <= MAX_MEMO:
        raise UsageError(fault("memo", f"be an integer of 0 to {MAX_MEMO}", memo, where))
    if measure not in ("now", "in_frames"):
        raise UsageError(fault("measure", 'be "now" or "in_frames"', measure, where))
    if price_file is not None and not isinstance(price_file, str | os.PathLike):
        raise UsageError(fault("price_file", 'be a path, "auto" or None', price_file, where))


def budget_in_ns(budget_ms: object, until_ns: object, now_ns: int) -> int:
    """The budget of an update that begins now; 0 for trees alone.

    Raises:
        UsageError: Neither is given, both are, or one is not a number.
    """
    if (budget_ms is None) == (until_ns is None):
        advice = "pass the milliseconds it may take, or the moment it must end"
        rule = "have budget_ms or until_ns"
        raise UsageError(fault("update", rule, (budget_ms, until_ns), "Runtime.update()", advice))
    if until_ns is not None:
        if isinstance(until_ns, bool) or not isinstance(until_ns, int):
            advice = "pass nanoseconds by the runtime's clock, such as time.perf_counter_ns()"
            raise UsageError(
                fault("until_ns", "be an integer", until_ns, "Runtime.update()", advice)
            )
        return min(max(0, until_ns - now_ns), NO_LIMIT_NS)
    if isinstance(budget_ms, bool) or not isinstance(budget_ms, int | float):
        advice = "pass milliseconds, such as 4.0"
        raise UsageError(fault("budget_ms", "be a number", budget_ms, "Runtime.update()", advice))
    if isinstance(budget_ms, float) and math.isnan(budget_ms):
        raise UsageError(fault("budget_ms", "not be NaN", budget_ms, "Runtime.update()"))
    if budget_ms <= 0:
        return 0
    return int(budget_ms * NS_PER_MS) if budget_ms < NO_LIMIT_NS // NS_PER_MS else NO_LIMIT_NS


def engine_of(model: ModelLike) -> EngineLike:
    """A new engine for a model.

    Raises:
        UsageError: It is not a ``Model``.
    """
    # Not above, so that a game without a model never loads ONNX Runtime.
    from npcbrain.engine.engine import Engine
    from npcbrain.lm.model import Model

    if not isinstance(model, Model):
        advice = "use Model.load(), or None for trees alone"
        raise UsageError(fault("model", "be a Model", model, "Runtime()", advice))
    return Engine(model)
