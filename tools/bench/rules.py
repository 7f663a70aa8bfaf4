"""Other rules to spread a model over frames, without a budget, on npcbrain's own engine.

Each rule has the same engine, batches, prefix cache and forced tokens as npcbrain's scheduler, so
that only the rule differs. Invariant: a rule decides what runs in a frame without looking at a
clock; it may only count.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import Protocol

from npcbrain.engine.contract import Kind, WaveLike
from npcbrain.engine.engine import Engine
from npcbrain.lm.generation import Generation

__all__ = ["LayersPerFrame", "Rule", "TokenRate", "WholeToken", "fair_layers"]

NUM_PROBES = 15


class Rule(Protocol):
    """Spends one frame.

    Attributes:
        name: For the table.
        words: A sentence about what it does.
    """

    name: str
    words: str

    def spend(self, engine: Engine, thinking: Sequence[Generation]) -> None:
        """Runs as much as the rule allows in a frame, for the generations that hold a slot."""
        ...


class WholeToken:
    """One whole run of the model in each frame: a token for everybody, or a piece of a prompt.

    This is what a game does that calls an ONNX session, or onnxruntime-genai, once a frame. Those
    read a prompt in one piece; here it is cut into chunks of 32 tokens, which is kinder to the
    frame.
    """

    name = "one whole token a frame"
    words = "each frame runs the model once: a token for all who speak, or 32 tokens of a prompt"

    def spend(self, engine: Engine, thinking: Sequence[Generation]) -> None:
        """Runs all segments of one wave; copies from the prefix cache come on top."""
        while (wave := _next_wave(engine, thinking, len(thinking))) is not None:
            _finish(engine, wave)
            if wave.kind is not Kind.COPY:
                return


class LayersPerFrame:
    """A fixed number of layers a frame, whatever they cost: Unity's rule for sliced inference."""

    name = "fixed layers a frame"

    def __init__(self, num_layers: int) -> None:
        self._num_layers = num_layers
        self.words = f"each frame runs {num_layers} layers, so tuned to the budget on this machine"

    def spend(self, engine: Engine, thinking: Sequence[Generation]) -> None:
        """Runs that many steps, beginning new waves as old ones end."""
        for _ in range(self._num_layers):
            wave = engine.waves[0] if engine.waves else None
            wave = wave or _next_wave(engine, thinking, len(thinking))
            if wave is None:
                return
            engine.run(wave)


class TokenRate:
    """``max(1, tokens per second * frame time)`` tokens a frame: NVIGI's rate limit.

    It counts only tokens of answers; a prompt is read at once, in the frame in which it arrives.
    Here only one prompt a frame is read, which is kinder.
    """

    name = "tokens per second"

    def __init__(self, tokens_per_s: float, frame_ms: float) -> None:
        self._num_tokens = max(1, int(tokens_per_s * frame_ms / 1000))
        self.words = (
            f"each frame says max(1, {tokens_per_s:g} per second x frame time) = "
            f"{self._num_tokens} tokens, and reads a prompt that has come"
        )

    def spend(self, engine: Engine, thinking: Sequence[Generation]) -> None:
        """Reads one prompt whole, if one waits, and says its tokens."""
        reader = next((one for one in thinking if not one.num_generated), None)
        while reader is not None and not reader.num_generated:
            wave = _reading(engine, reader)
            _finish(engine, wave)
        left = self._num_tokens
        while left > 0:
            before = sum(one.num_generated for one in thinking)
            wave = _next_wave(engine, [one for one in thinking if one.num_generated], left)
            if wave is None:
                return
            _finish(engine, wave)
            left -= max(1, sum(one.num_generated for one in thinking) - before)


def fair_layers(engine: Engine, budget_ms: float) -> int:
    """The number of layers that fit a budget when all slots speak, as a careful developer sets it.

    Args:
        engine: It must have no open generations.
        budget_ms: The budget of a frame.
    """
    took_ns = []
    for _ in range(NUM_PROBES):
        started_ns = time.perf_counter_ns()
        for segment in range(engine.num_segments):
            engine.probe(Kind.DECODE, segment, engine.num_slots)
        took_ns.append(time.perf_counter_ns() - started_ns)
    per_layer_ms = median(took_ns) / engine.num_segments / 1e6
    return max(1, int(budget_ms / per_layer_ms))


def _next_wave(
    engine: Engine, thinking: Sequence[Generation], max_speakers: int
) -> WaveLike | None:
    """The next wave, reading first, so that many speak together; None if there is none."""
    for one in thinking:
        if not one.finished and (one.num_to_copy or one.num_pending > 1):
            return _reading(engine, one)
    ready = [one for one in thinking if not one.finished and one.num_pending == 1]
    return engine.start_decode(ready[:max_speakers]) if ready else None


def _reading(engine: Engine, one: Generation) -> WaveLike:
    if one.num_to_copy:
        return engine.start_copy(one)
    sizes = engine.chunk_sizes
    return engine.start_prefill(one, next((n for n in sizes if n >= one.num_pending), sizes[-1]))


def _finish(engine: Engine, wave: WaveLike) -> None:
    while wave in engine.waves:
        engine.run(wave)
