"""The contract between the scheduler and an engine: what a step is, and who offers it.

Data and protocols only, so that the scheduler and its tests load no ONNX Runtime.
Invariant: a step is indivisible; everything between two steps is at rest and may be cancelled.

A token that comes alone is decoded; all others are read in chunks of two or more, since ONNX
Runtime's attention adds up a lone token in another order than the same token in a chunk. No chunk
of a prompt leaves exactly one token pending, and a draft of what follows a lone token is read with
it, whole or not at all; so which way a token goes never depends on the schedule.

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
    CHOOSE = 4  # no wave: some rows of what a chooser reads, through one of its graphs


class GenerationLike(Protocol):
    """What the scheduler may read of an answer being written."""

    num_to_copy: int  # prefix tokens to copy before anything else: cached ones in, or new ones out
    num_pending: int  # tokens known but not yet in the KV cache; exactly 1 means ready to speak
    draft: Sequence[int]  # tokens drafted to follow that one; with any, it is not for a decode
    context: int  # tokens in the KV cache
    num_generated: int  # answer tokens so far
    max_new_tokens: int
    in_wave: bool
    finished: bool


class WaveLike(Protocol):
    """One trip through the segments.

    ``rows`` is what its price depends on: the chunk length of a prefill (after padding), the slots
    spanned by a decode (gaps included, they cost the same), the tokens of a copy or of a draft and
    the one before it.
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
    """What stops a step that is far past its time.

    An engine that can be stopped has one as its attribute ``brake``. It may come late or not at
    all: a step that is not stopped ends by itself, with its result.
    """

    def arm(self, stop_ns: int, clock: Clock) -> None:
        """The next step is to be stopped when ``clock`` says ``stop_ns``."""
        ...

    def release(self) -> None:
        """That step has ended, one way or the other."""
        ...


class EngineLike(Protocol):
    """Runs waves, one step at a time; knows no frames and no deadlines."""

    num_segments: int  # steps of a decode: the decoder segments, then the parts of the head
    num_heads: int  # those parts: the last step, or the last few
    num_slots: int  # how many generations can be open at once, and the widest decode
    chunk_sizes: tuple[int, ...]  # rows a prefill step may have, ascending
    draft_sizes: tuple[int, ...]  # rows a draft may have, ascending; empty where nothing is drafted
    waves: Sequence[WaveLike]  # in flight, oldest first

    def open(self, generation: GenerationLike) -> bool:
        """Gives a generation a slot; False when none is free."""
        ...

    def close(self, generation: GenerationLike) -> None:
        """Takes the slot back: finished, cancelled or failed, at any step. Idempotent."""
        ...

    def decode_rows(self, generations: Sequence[GenerationLike]) -> int:
        """The rows a decode of these would have: the span of their slots, gaps included."""
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
        """Runs one step. Returns who gained answer tokens by it, each as often as it gained one.

        Raises:
            BrakedError: The step was stopped; nothing has changed, and it may be run again.
            EngineError: The step failed; the wave is gone and its generations must be closed.
        """
        ...


@runtime_checkable
class Probing(Protocol):
    """An engine whose steps can be tried out before anybody asks for an answer."""

    def probes(self) -> Iterable[tuple[Kind, int, int]]:
        """Every shape of step: kind, segment, rows."""
        ...

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        """Runs one on nobody's data; returns the context it ran at."""
        ...
