"""``npcbrain doctor``: what is installed, what the model's steps cost here, whether they fit.

It looks and measures; it changes nothing. Invariant: everything it reports was read or
measured in this call.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from npcbrain.clock import NS_PER_MS, Clock
from npcbrain.commands.frame_clock import FRAME_NS
from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.pricing.cost import CostModel
from npcbrain.pricing.price_file import price_file_of
from npcbrain.scheduling.scheduler import Scheduler

__all__ = ["diagnose", "kernel_table", "versions"]

PACKAGES = ("npcbrain", "onnxruntime", "onnxruntime-gpu", "numpy", "tokenizers", "llguidance")
PROMPT_TOKENS = 60  # what a warm NPC has to read before it answers: scene, memories and event
ANSWER_TOKENS = 30
REPETITIONS = 12  # of each step: a verdict should not rest on one hiccup


def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that matter; None for one that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def kernel_table(kernels: Mapping[str, str]) -> dict[str, str]:
    """Which kernel each matrix uses, layers that agree on one line.

    >>> kernel_table({"layers.0.o": "int8", "layers.1.o": "int8", "head": "fp32"})
    {'layers.0-1.o': 'int8', 'head': 'fp32'}
    """
    layers: dict[tuple[str, str], list[int]] = {}
    table: dict[str, str] = {}
    for tensor, kernel in kernels.items():
        if found := re.fullmatch(r"layers\.([0-9]{1,6})\.(.+)", tensor):
            layers.setdefault((found[2], kernel), []).append(int(found[1]))
        else:
            table[tensor] = kernel
    runs = {f"layers.{_ranges(own)}.{part}": kernel for (part, kernel), own in layers.items()}
    return runs | table


def diagnose(
    model: Model,
    budget_ms: float,
    clock: Clock,
    price_file: str | os.PathLike[str] | None = "auto",
) -> dict[str, Any]:
    """Measures every shape of step (a few seconds) and says what a budget can do with them.

    Args:
        model: What to measure.
        budget_ms: Of a frame.
        clock: Tells how long steps take.
        price_file: Where a game would remember prices; see ``Runtime``.

    Returns:
        ``versions``, ``machine``, ``model``, ``kernels`` (by matrix), ``providers`` (in use) and
        ``providers_why``, ``prices`` (where they are remembered, and whether they are), ``steps``
        (the price in ms of each kind of step by rows, its dearest segment: measured now, and as
        remembered), ``largest_step_ms`` of those needed, ``budget_ms``, ``fits``, ``answer_frames``
        (a rough count for a short answer of an NPC whose persona is known; None if the budget does
        not fit) and ``advice``.
    """
    engine = Engine(model)
    prices, remembered = CostModel(), CostModel()
    Scheduler(engine, prices, clock).warm_up(REPETITIONS)
    kept = price_file_of(model, price_file)
    is_known = kept is not None and kept.load(remembered)
    context = model.config.max_context // 2

    def dearest_ms(kind: Kind, rows: int, prices: CostModel = prices) -> float:
        steps = range(1 if kind is Kind.COPY else engine.num_segments)
        return max(prices.price_ns(kind, step, rows, context) for step in steps) / NS_PER_MS

    def whole_ms(kind: Kind, rows: int) -> float:
        steps = range(engine.num_segments)
        return sum(prices.price_ns(kind, step, rows, context) for step in steps) / NS_PER_MS

    shapes = sorted({(kind, rows) for kind, _, rows in engine.probes()})
    reading_ms = min(dearest_ms(Kind.PREFILL, rows) for rows in engine.chunk_sizes)
    needed_ms = max(dearest_ms(Kind.DECODE, 1), reading_ms)
    fits = needed_ms <= budget_ms
    chunk = max(
        (r for r in engine.chunk_sizes if dearest_ms(Kind.PREFILL, r) <= budget_ms), default=0
    )
    answer_frames = None
    if fits:
        prompt_ms = whole_ms(Kind.PREFILL, chunk) * PROMPT_TOKENS / chunk
        speaking_ms = whole_ms(Kind.DECODE, 1) * ANSWER_TOKENS
        answer_frames = round((prompt_ms + speaking_ms) / budget_ms)
    config = model.config
    return {
        "versions": versions(),
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cores": os.cpu_count(),
        },
        "providers": list(model.sessions.providers),
        "providers_why": model.sessions.reason,
        "prices": {
            "measured": "now",
            "remembered": is_known,
            "file": None if kept is None else str(kept.path),
        },
        "model": {
            "name": model.package.name,
            "path": str(model.package.path),
            "licence": model.package.licence,
            "layers": config.layers,
            "hidden": config.hidden,
            "vocab": config.vocab,
            "max_context": config.max_context,
            "segments": engine.num_segments - engine.num_heads,
        },
        "kernels": kernel_table(model.package.kernels),
        "steps": [
            {
                "kind": kind.name.lower(),
                "rows": rows,
                "largest_ms": round(dearest_ms(kind, rows), 3),
                "remembered_ms": round(dearest_ms(kind, rows, remembered), 3) if is_known else None,
            }
            for kind, rows in shapes
        ],
        "largest_step_ms": round(needed_ms, 3),
        "frame_ms": round(FRAME_NS / NS_PER_MS, 2),
        "budget_ms": budget_ms,
        "fits": fits,
        "answer_frames": answer_frames,
        "advice": _advice(fits, needed_ms, budget_ms),
    }


def _advice(fits: bool, needed_ms: float, budget_ms: float) -> str:
    if fits:
        return f"{budget_ms:g} ms a frame are enough for this model on this machine."
    return (
        f"The smallest steps of this model do not fit {budget_ms:g} ms here: trees would answer. "
        f"Give Runtime.update at least {needed_ms:.1f} ms, or load a smaller model."
    )


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers as ranges: 0-3,5."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
