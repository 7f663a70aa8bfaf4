"""``npcbrain doctor``: what is installed, what the model's steps cost here, whether they fit.

It measures and changes nothing. Invariant: everything it reports was read or measured in this call.
"""

from __future__ import annotations

import math
import os
import platform
import re
import warnings
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from npcbrain.asking.deliberation import NOBODY, NUM_ROUNDS, Deliberation
from npcbrain.choosing.groundwork import PIECES
from npcbrain.choosing.row_pass import CUT_ROWS
from npcbrain.clock import NS_PER_MS, Clock
from npcbrain.commands.decide import Decider, Outcome
from npcbrain.commands.frame_clock import FRAME_NS, FrameClock
from npcbrain.engine.contract import Kind
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.pricing.cost import CostModel, PriceEntry
from npcbrain.pricing.price_file import price_file_of
from npcbrain.reasons import LATE, explain
from npcbrain.scheduling.scheduler import Scheduler

__all__ = ["diagnose", "kernel_table", "versions"]

PACKAGES = ("npcbrain", "onnxruntime", "onnxruntime-gpu", "numpy", "tokenizers", "llguidance")
TTL_MS = 2500.0  # of the question that is tried; the default of the leaf Decide
PATIENT_TTL_MS = 20_000.0  # of the second try: long enough to say how late the first one was
MARGIN = 1.1  # on an advised budget, because prices move by so much from minute to minute
REPETITIONS = 12  # of each step, so that a verdict does not rest on one hiccup


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
    """The kernel of each matrix, with equal layers on one line.

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
        budget_ms: The budget of a frame.
        clock: Times the steps.
        price_file: Where a game would remember prices; see ``Runtime``.

    Returns:
        ``versions``, ``machine``, ``model``, ``kernels`` (by matrix), ``providers`` (in use) and
        ``providers_why``, ``prices`` (where they are remembered, and whether they are), ``steps``
        (the price in ms of each kind of step by rows, in its dearest segment: measured now, and as
        remembered), ``largest_step_ms`` of those needed, the chooser's among them, ``budget_ms``,
        ``fits``, ``answer_frames`` and ``first_word_frames`` (of one question tried in frames of
        this budget; None if the model did not answer it within ``TTL_MS``) and ``advice``.
    """
    engine = Engine(model)
    prices, remembered = CostModel(), CostModel()
    Scheduler(engine, prices, clock).warm_up(REPETITIONS)
    choosing = _choosing(model, prices, clock)
    kept = price_file_of(model, price_file)
    is_known = kept is not None and kept.load(remembered)
    context = model.config.max_context // 2

    def dearest_ms(kind: Kind, rows: int, prices: CostModel = prices) -> float:
        steps = range(1 if kind is Kind.COPY else engine.num_segments)
        return _ms(max(prices.price_ns(kind, step, rows, context) for step in steps))

    shapes = sorted({(kind, rows) for kind, _, rows in engine.probes()})
    reading_ms = min(dearest_ms(Kind.PREFILL, rows) for rows in engine.chunk_sizes)
    chooser_ms = _needed_ms(choosing, 0 if model.encoder is None else model.encoder.num_layers)
    needed_ms = max(dearest_ms(Kind.DECODE, 1), reading_ms, chooser_ms)
    trial = _trial(model, engine, budget_ms, clock, TTL_MS)
    fits = needed_ms <= budget_ms and trial.decision.source == "model"
    slow = None
    if trial.decision.reason in LATE and needed_ms <= budget_ms:
        slow = _trial(model, engine, budget_ms, clock, PATIENT_TTL_MS)
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
        ]
        + _chooser_steps(choosing, remembered if is_known else None),
        "largest_step_ms": round(needed_ms, 3),
        "frame_ms": round(FRAME_NS / NS_PER_MS, 2),
        "budget_ms": budget_ms,
        "fits": fits,
        "answer_frames": trial.frames if fits else None,
        "first_word_frames": trial.first_word_frames if fits else None,
        "advice": _advice(fits, needed_ms, budget_ms, trial.decision.reason, slow),
    }


def _choosing(model: Model, prices: CostModel, clock: Clock) -> list[PriceEntry]:
    """The prices of the chooser's steps, measured for a usual persona; none without a chooser."""
    deliberation = Deliberation.of(model, prices, clock)
    if deliberation is None:
        return []
    for _ in range(REPETITIONS // NUM_ROUNDS):
        deliberation.measure()
    return [entry for entry in prices.entries() if entry.kind is Kind.CHOOSE]


def _needed_ms(choosing: Iterable[PriceEntry], num_layers: int) -> float:
    """The smallest budget in which the chooser's steps can be run: those of a layer can be cut."""
    of_layers: dict[tuple[int, int], int] = {}
    needed_ns = 0
    for _, segment, rows, context, _, _, price_ns in choosing:
        if segment > num_layers:
            needed_ns = max(needed_ns, price_ns)
        elif rows >= min(CUT_ROWS):  # fewer are what a cut has left over
            known_ns = of_layers.get((segment, context), price_ns)
            of_layers[segment, context] = min(known_ns, price_ns)
    return _ms(max(needed_ns, *of_layers.values()) if of_layers else needed_ns)


def _chooser_steps(
    choosing: Iterable[PriceEntry], remembered: CostModel | None
) -> list[dict[str, Any]]:
    """The chooser's part of the table: its graphs by rows, and the work before them."""
    before = {entry[:4]: entry for entry in (remembered.entries() if remembered else ())}
    groups: dict[tuple[str, int], list[PriceEntry]] = {}
    for entry in choosing:
        is_piece = entry.segment in PIECES
        key = ("prepare", 1) if is_piece else ("choose", entry.rows)
        groups.setdefault(key, []).append(entry)
    return [
        {
            "kind": kind,
            "rows": rows,
            "largest_ms": round(max(_ms(entry.price_ns) for entry in group), 3),
            "remembered_ms": round(
                max(_ms(before[entry[:4]].price_ns) for entry in group if entry[:4] in before), 3
            )
            if any(entry[:4] in before for entry in group)
            else None,
        }
        for (kind, rows), group in sorted(groups.items())
    ]


def _ms(time_ns: int) -> float:
    return time_ns / NS_PER_MS


def _trial(model: Model, engine: Engine, budget_ms: float, clock: Clock, ttl_ms: float) -> Outcome:
    """Asks one question under the budget, so that the scheduler itself says if there is time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the advice says the same
        return Decider(model, engine, FrameClock(clock)).decide(NOBODY, budget_ms, ttl_ms=ttl_ms)


def _advice(
    fits: bool, needed_ms: float, budget_ms: float, reason: str, slow: Outcome | None = None
) -> str:
    if fits:
        return f"{budget_ms:g} ms a frame are enough for one NPC at a time on this machine."
    if needed_ms > budget_ms:
        enough_ms = math.ceil(needed_ms * 10 * MARGIN) / 10
        return (
            f"The smallest steps of this model do not fit {budget_ms:g} ms here: trees would "
            f"answer. Give Runtime.update at least {enough_ms:g} ms, or load a smaller model."
        )
    if slow is not None and slow.action_frames is not None:
        floor = "more than " if slow.decision.reason in LATE else ""  # it was cut off, too
        return (
            f"With {budget_ms:g} ms a frame, a first question that needs words of the model's own "
            f"takes {floor}{_seconds(slow.frames)} here, its action "
            f"{_seconds(slow.action_frames)}: later than the {TTL_MS / 1000:g} s of Decide, so its "
            "tree would answer. Answers that quote a fact or a line take little longer than the "
            "action. For more words of its own, give update() a larger budget or Decide a larger "
            "ttl_ms."
        )
    return (
        f"With {budget_ms:g} ms a frame, no answer came within {TTL_MS / 1000:g} seconds: "
        f"{explain(reason)}."
    )


def _seconds(frames: int) -> str:
    return f"{frames * FRAME_NS / NS_PER_MS / 1000:.1f} s"


def _ranges(numbers: Iterable[int]) -> str:
    """Numbers as ranges: 0-3,5."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)
