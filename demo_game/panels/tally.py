"""Counts what happens in a run of the game, for the figures on the screen and for a file.

Invariant: every decision of the runtime is counted once, with what its villager had heard.
"""

from __future__ import annotations

import json
import platform
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pygame

import npcbrain as nb
from demo_game.panels.graph import LIMIT_MS, FrameTimes, percentile
from npcbrain.clock import NS_PER_MS

__all__ = ["Answer", "Tally"]

SECOND = 60  # frames


@dataclass(frozen=True, slots=True)
class Answer:
    """One decision and what it answers.

    Attributes:
        frame: When it landed.
        npc: The NPC that decided.
        source: Who caused the event.
        heard: The event: what was said or happened.
        frames: From the moment the NPC turned to the event to its decision.
        decision: The decision.
    """

    frame: int
    npc: str
    source: str
    heard: str
    frames: int
    decision: nb.Decision

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "frame": self.frame,
            "npc": self.npc,
            "from": self.source,
            "heard": self.heard,
            "frames": self.frames,
            "decision": self.decision.to_dict(),
        }


@dataclass(slots=True)
class Tally:
    """Counts of a run.

    Attributes:
        totals_ms: The work of each frame, without the wait for the next one.
        over_budget_ms: How far each update ran past its budget.
        num_hitches: Frames whose work took longer than a frame may.
        num_provoked: Such frames while somebody asked for them: naive, or under stress.
        num_tokens: Answer tokens.
        sources: Decisions by ``"model"`` and ``"tree"``.
        fallbacks: Requests left to the trees, by reason.
        answers: All decisions.
        largest_step_ms: The longest step of the model.
    """

    totals_ms: list[float] = field(default_factory=list)
    over_budget_ms: list[float] = field(default_factory=list)
    num_hitches: int = 0
    num_provoked: int = 0
    num_tokens: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    fallbacks: Counter[str] = field(default_factory=Counter)
    answers: list[Answer] = field(default_factory=list)
    largest_step_ms: float = 0.0
    _events: dict[str, tuple[nb.Event, int]] = field(default_factory=dict)
    _recent: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=2 * SECOND))

    @property
    def num_frames(self) -> int:
        """Frames counted so far."""
        return len(self.totals_ms)

    @property
    def tokens_per_s(self) -> float:
        """Answer tokens a second of the model's own time, over the last two seconds."""
        tokens = sum(tokens for tokens, _ in self._recent)
        spent_ms = sum(ms for _, ms in self._recent)
        return 1000 * tokens / spent_ms if spent_ms > 0 else 0.0

    def note_events(self, npcs: dict[str, nb.Npc]) -> None:
        """Remembers each villager's event; call it before ``Runtime.update``."""
        for name, npc in npcs.items():
            event = npc.event
            if event is not None and (
                name not in self._events or self._events[name][0] is not event
            ):
                self._events[name] = (event, self.num_frames)

    def add(
        self,
        times: FrameTimes,
        report: nb.FrameReport,
        limit_ms: float = LIMIT_MS,
        *,
        is_provoked: bool = False,
    ) -> None:
        """Counts one frame."""
        frame = self.num_frames
        self.totals_ms.append(times.total_ms)
        self.over_budget_ms.append(report.over_budget_ns / NS_PER_MS)
        if times.total_ms > limit_ms:
            self.num_provoked += is_provoked
            self.num_hitches += not is_provoked
        self.num_tokens += report.num_tokens
        self._recent.append((report.num_tokens, report.model_ns / NS_PER_MS))
        self.largest_step_ms = max(self.largest_step_ms, report.largest_step_ns / NS_PER_MS)
        self.fallbacks.update(reason for _, reason in report.fallbacks)
        for name, decision in report.decisions:
            self.sources[decision.source] += 1
            event, since = self._events.get(name, (nb.Event("", "", ""), frame))
            self.answers.append(
                Answer(frame, name, event.source, event.text, frame - since, decision)
            )

    def to_dict(self, *, seed: int, budget_ms: float, model: nb.Model | None) -> dict[str, Any]:
        """The JSON form of a whole run."""
        return {
            "frames": self.num_frames,
            "seed": seed,
            "budget_ms": budget_ms,
            "frame_ms": _summary(self.totals_ms),
            "over_budget_ms": _summary(self.over_budget_ms),
            "hitches": self.num_hitches,
            "hitches_provoked": self.num_provoked,
            "largest_step_ms": round(self.largest_step_ms, 3),
            "tokens": self.num_tokens,
            "decisions": {source: self.sources[source] for source in ("model", "tree")},
            "fallbacks": dict(sorted(self.fallbacks.items())),
            "answers": [answer.to_dict() for answer in self.answers],
            "versions": {
                "npcbrain": nb.__version__,
                "model": "none" if model is None else model.package.name,
                "python": platform.python_version(),
                "pygame": pygame.version.ver,
                "sdl": ".".join(str(part) for part in pygame.get_sdl_version()),
                "machine": f"{platform.system()} {platform.machine()}",
            },
        }

    @staticmethod
    def write(data: dict[str, Any], path: Path) -> None:
        """Writes a report as JSON.

        Raises:
            OSError: The file cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _summary(values: list[float]) -> dict[str, float]:
    return {
        "p50": round(percentile(values, 0.5), 3),
        "p99": round(percentile(values, 0.99), 3),
        "max": round(max(values, default=0.0), 3),
    }
