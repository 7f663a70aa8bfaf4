"""A recording of frames and steps that Perfetto (ui.perfetto.dev) or ``chrome://tracing`` shows.

An engine that times another one's steps, and a list of frames; it changes nothing that the
scheduler or the engine does, and a game that does not ask for it pays nothing.
Invariant: it holds a bounded number of events; the oldest are dropped.

::

    model = nb.Model.load()
    trace = nb.Trace.of(model)
    runtime = nb.Runtime(model, engine=trace)
    while running:
        trace.add_frame(runtime.update(budget_ms=4.0))
    trace.write(Path("frames.json"))

The file follows the Trace Event Format ("X" and "C" events, times in microseconds).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from npcbrain.clock import Clock, SystemClock
from npcbrain.engine.contract import (
    BrakedError,
    BrakeLike,
    EngineLike,
    GenerationLike,
    Kind,
    WaveLike,
)
from npcbrain.errors import EngineError, UsageError, fault
from npcbrain.situation import Decision

if TYPE_CHECKING:
    from npcbrain.lm.model import Model

__all__ = ["Trace"]

MAX_EVENTS = 200_000  # about half an hour of play and 30 MB of JSON
FRAMES, STEPS = 1, 2  # rows of the picture


class ReportLike(Protocol):
    """The figures of a frame that are shown; a ``npcbrain.report.FrameReport`` has them."""

    frame: int
    budget_ns: int
    used_ns: int
    trees_ns: int
    num_thinking: int
    num_waiting: int
    decisions: list[tuple[str, Decision]]
    fallbacks: list[tuple[str, str]]


class Trace:
    """Records the steps of an engine, to which it passes all calls, and the frames it is given.

    Args:
        engine: Does the work.
        clock: The scheduler's clock.
        max_events: How many frames and steps to keep.

    Raises:
        UsageError: ``max_events`` is below 1.
    """

    def __init__(self, engine: EngineLike, clock: Clock, *, max_events: int = MAX_EVENTS) -> None:
        if max_events < 1:
            raise UsageError(fault("max_events", "be 1 or more", max_events, "Trace()"))
        self.num_segments = engine.num_segments
        self.num_heads = engine.num_heads
        self.num_slots = engine.num_slots
        self.threads = getattr(engine, "threads", 1)
        self.chunk_sizes = engine.chunk_sizes
        self.draft_sizes = engine.draft_sizes
        self.waves = engine.waves
        self.open = engine.open
        self.close = engine.close
        self.decode_rows = engine.decode_rows
        self.start_copy = engine.start_copy
        self.start_prefill = engine.start_prefill
        self.start_decode = engine.start_decode
        self.start_verify = engine.start_verify
        self.brake: BrakeLike | None = getattr(engine, "brake", None)
        self._engine = engine
        self._clock = clock
        self._events: deque[tuple[int, int, int, str, dict[str, Any]]] = deque(maxlen=max_events)

    @classmethod
    def of(cls, model: Model, *, clock: Clock | None = None) -> Trace:
        """A trace of a model's own engine, to be given to ``Runtime``.

        Args:
            model: The model.
            clock: The runtime's clock; ``SystemClock()`` if None, as in ``Runtime``.
        """
        from npcbrain.engine.engine import Engine  # not above: it loads ONNX Runtime

        return cls(Engine(model), SystemClock() if clock is None else clock)

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        """Runs one step and records it; see ``npcbrain.engine.contract.EngineLike``."""
        name = f"{wave.kind.name.lower()} {wave.segment}"
        about = {
            "rows": wave.rows,
            "context": wave.context,
            "generations": len(wave.generations),
            "tokens": 0,
        }
        start_ns = self._clock.now_ns()
        try:
            gained = self._engine.run(wave)
            about["tokens"] = len(gained)
            return gained
        except EngineError as error:
            name += " braked" if isinstance(error, BrakedError) else " failed"
            raise
        finally:
            took_ns = self._clock.now_ns() - start_ns
            self._events.append((start_ns, took_ns, STEPS, name, about))

    def add_choosing(self, what: str, rows: int, context: int, took_ns: int, failed: bool) -> None:
        """Records a step of the model's chooser that has just ended; a runtime calls it.

        Args:
            what: The number of the graph, or the kind of work before the graphs.
            rows: Rows of the step, or about how much work it did.
            context: Tokens that the rows looked at.
            took_ns: How long it took.
            failed: Whether it failed.
        """
        name = f"choose {what} failed" if failed else f"choose {what}"
        start_ns = self._clock.now_ns() - took_ns
        self._events.append((start_ns, took_ns, STEPS, name, {"rows": rows, "context": context}))

    def probes(self) -> Iterable[tuple[Kind, int, int]]:
        """The engine's shapes of steps; none if it has no probes."""
        probes = getattr(self._engine, "probes", tuple)
        return probes()

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        """Runs one without recording it."""
        return self._engine.probe(kind, segment, rows)  # type: ignore[attr-defined, no-any-return]

    def add_frame(self, report: ReportLike) -> None:
        """Records a frame that ends now; call it right after ``Runtime.update``."""
        start_ns = self._clock.now_ns() - report.used_ns
        about = {
            "budget_ms": report.budget_ns / 1e6,
            "used_ms": report.used_ns / 1e6,
            "trees_ms": report.trees_ns / 1e6,
            "thinking": report.num_thinking,
            "waiting": report.num_waiting,
            "decisions": [f"{name}: {decision.action}" for name, decision in report.decisions],
            "fallbacks": [f"{name}: {reason}" for name, reason in report.fallbacks],
        }
        name = f"frame {report.frame}"
        self._events.append((start_ns, report.used_ns, FRAMES, name, about))

    def to_dict(self) -> dict[str, Any]:
        """The recording as the Trace Event Format's JSON object."""
        events: list[dict[str, Any]] = [
            {"ph": "M", "pid": 1, "tid": row, "name": "thread_name", "args": {"name": label}}
            for row, label in ((FRAMES, "frames"), (STEPS, "steps"))
        ]
        for start_ns, took_ns, row, name, about in sorted(self._events, key=lambda event: event[0]):
            place = {"pid": 1, "ts": start_ns / 1e3}
            events.append(
                {"ph": "X", "tid": row, "name": name, "dur": took_ns / 1e3, "args": about} | place
            )
            if row == FRAMES:
                counts = {key: about[key] for key in ("thinking", "waiting")}
                events.append({"ph": "C", "name": "requests", "args": counts} | place)
        return {"displayTimeUnit": "ms", "traceEvents": events}

    def write(self, path: Path) -> None:
        """Writes the recording.

        Raises:
            OSError: The file cannot be written.
        """
        path.write_text(json.dumps(self.to_dict()), encoding="utf-8")
