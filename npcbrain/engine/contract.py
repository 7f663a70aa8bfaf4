"""The contract between the scheduler and an engine: what a step is, and what an engine offers.

Data and protocols only, so that the scheduler and its tests load no ONNX Runtime.
Invariant: a step is indivisible; everything between two steps is at rest and may be cancelled.

A token that comes alone is decoded; all others are read in chunks of two or more, because ONNX
Runtime's attention adds up a lone token in another order than the same token in a chunk. No chunk
of a prompt leaves exactly one token pending, and a draft is read together with the lone token
before it, whole or not at all. So the schedule never decides in which way a token is read.

A **generation** is one answer being written. A **wave** is one trip of rows through the model's
segments; running a wave moves it on by exactly one segment: that is a **step**. Between steps the
hidden states wait in the wave. A generation is in at most one wave at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Protocol, runtime_checkable

from npcbrain.clock import Clock
from npcbrain.errors import EngineError

__all__ = [
    "BrakeLike",
    "BrakedError",
    "EngineLike",
    "GenerationLike",
    "Kind",
    "Probing",
    "WaveLike",
]


class Kind(IntEnum):
    """The kinds of wave."""

    COPY = 0  # one generation: cached prefix into (or out of) its slot; a single step
    PREFILL = 1  # one generation: a chunk of its pending tokens
    DECODE = 2  # several generations: the one pending token of each
    VERIFY = 3  # one generation: its one pending token, and the draft of what follows
    CHOOSE = 4  # no wave: some of the chooser's rows, through one of its graphs


class GenerationLike(Protocol):
    """The attributes of a generation that the scheduler may read."""

    num_to_copy: int  # prefix tokens to copy before anything else: cached ones in, or new ones out
    num_pending: int  # known tokens that are not in the KV cache yet; with exactly 1 it can speak
    draft: Sequence[int]  # tokens drafted to follow the one pending; with a draft, no decode
    context: int  # tokens in the KV cache
    num_generated: int  # answer tokens so far
    max_new_tokens: int
    in_wave: bool
    finished: bool


class WaveLike(Protocol):
    """One trip through the segments.

    Its price depends on ``rows``: the length of a prefill's chunk (after padding), the slots that a
    decode spans (gaps cost the same), the tokens of a copy, or those of a draft and the one before.
    """

    kind: Kind
    generations: Sequence[GenerationLike]
    rows: int
    context: int  # longest context among its generations
    segment: int  # the segment its next step runs; 0 .. num_steps - 1
    num_steps: int  # a copy has 1; a prefill that leaves tokens pending skips the head


class BrakedError(EngineError):
    """A step was stopped by the brake; its wave is in flight as before, to be run again."""


class BrakeLike(Protocol):
    """Stops a step that is far past its time.

    An engine whose steps can be stopped has one as its attribute ``brake``. It may act late or not
    at all: a step that is not stopped ends by itself, with its result.
    """

    def arm(self, stop_ns: int, clock: Clock) -> None:
        """Has the next step stopped when ``clock`` says ``stop_ns``."""
        ...

    def release(self) -> None:
        """Notes that the step has ended, by itself or stopped."""
        ...


class EngineLike(Protocol):
    """Runs waves, one step at a time; knows no frames and no deadlines."""

    num_segments: int  # steps of a decode: the decoder segments, then the parts of the head
    num_heads: int  # the parts of the head: the last step, or the last few
    num_slots: int  # how many generations can be open at once, and the widest decode
    chunk_sizes: tuple[int, ...]  # rows a prefill step may have, ascending
    draft_sizes: tuple[int, ...]  # rows a draft may have, ascending; empty without drafts
    waves: Sequence[WaveLike]  # in flight, oldest first

    def open(self, generation: GenerationLike) -> bool:
        """Gives a generation a slot; False when none is free."""
        ...

    def close(self, generation: GenerationLike) -> None:
        """Takes the slot back, after any step: finished, cancelled or failed. Idempotent."""
        ...

    def decode_rows(self, generations: Sequence[GenerationLike]) -> int:
        """The rows that a decode of these would have: the span of their slots, gaps included."""
        ...

    def start_copy(self, generation: GenerationLike) -> WaveLike:
        """Puts a copy of the cached prefix in flight; costs nothing until it is run."""
        ...

    def start_prefill(self, generation: GenerationLike, rows: int) -> WaveLike:
        """Puts the next ``min(rows, num_pending)`` tokens in flight; ``rows`` is a chunk size."""
        ...

    def start_decode(self, generations: Sequence[GenerationLike]) -> WaveLike:
        """Puts one token each of several generations in flight; none of them has a draft."""
        ...

    def start_verify(self, generation: GenerationLike) -> WaveLike:
        """Puts the pending token and the draft in flight."""
        ...

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        """Runs one step. Returns the generations that gained tokens, once for each token gained.

        Raises:
            BrakedError: The step was stopped; nothing has changed, and it may be run again.
            EngineError: The step failed; the wave is gone and its generations must be closed.
        """
        ...


@runtime_checkable
class Probing(Protocol):
    """An engine whose steps can be tried out before any answer is asked for."""

    def probes(self) -> Iterable[tuple[Kind, int, int]]:
        """Every shape of step: kind, segment, rows."""
        ...

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        """Runs a step of one shape on no generation; returns the context it ran at."""
        ...
