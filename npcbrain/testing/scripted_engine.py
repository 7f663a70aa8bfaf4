"""``ScriptedEngine``: the double of an engine; what it answers, and how long it takes, is a script.

No model, no ONNX, no randomness: time passes only by a scripted cost a step. Invariant: the same
script and the same calls give the same steps at the same times, and a call that breaks the engine's
contract (``npcbrain.engine.contract``) raises instead of going on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from npcbrain.engine.contract import GenerationLike, Kind, WaveLike
from npcbrain.errors import EngineError, UsageError, fault
from npcbrain.testing.manual_clock import ManualClock

__all__ = ["ScriptedEngine", "ScriptedGeneration", "ScriptedWave", "Step", "default_cost_ns"]

PROBED_COPIES = (16, 64)


def default_cost_ns(kind: Kind, segment: int, rows: int, context: int) -> int:
    """A small model on a slow core: 0.8 ms for a segment of one row, 2.2 ms for eight."""
    if kind is Kind.COPY:
        return 20_000 + rows * 3_000
    return 600_000 + rows * 200_000 + context * 200


@dataclass(slots=True, eq=False)
class ScriptedGeneration:
    """An answer known beforehand, given out a token at a time.

    Attributes:
        answer: What it will say; a token is a word with the white space before it.
        num_prompt: Tokens of the prompt.
        num_cached: Of these, how many a prefix cache holds: a copy spares their prefill.
        forced: Tokens that the grammar forces after an answer token, by the number of answer
            tokens so far; they become pending and have to be read like a prompt.
        drafts: How many tokens are drafted, all of them right, after an answer token that nothing
            was forced after; by the number of answer tokens so far.
        max_new_tokens: Where the answer is cut.
        finish_reason: ``"stop"`` or ``"length"`` once finished.
    """

    answer: str = " say\n neutral\n Well met."
    num_prompt: int = 24
    num_cached: int = 0
    forced: Mapping[int, int] = field(default_factory=dict)
    drafts: Mapping[int, int] = field(default_factory=dict)
    max_new_tokens: int = 64
    num_to_copy: int = 0
    num_pending: int = 0
    draft: Sequence[int] = ()
    context: int = 0
    num_generated: int = 0
    in_wave: bool = False
    finished: bool = False
    finish_reason: str = ""
    slot: int = -1
    tokens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.tokens = tuple(re.findall(r"\s*\S+", self.answer)) or ("",)
        self.num_pending = self.num_prompt

    @property
    def text(self) -> str:
        """The answer so far."""
        return "".join(self.tokens[: self.num_generated])

    def take_token(self) -> None:
        """Gains one answer token, and those forced after it."""
        self.num_generated += 1
        if self.num_generated >= len(self.tokens):
            self.finished, self.finish_reason = True, "stop"
        elif self.num_generated >= self.max_new_tokens:
            self.finished, self.finish_reason = True, "length"
        self.num_pending = 0 if self.finished else 1 + self.forced.get(self.num_generated, 0)
        num_drafted = self.drafts.get(self.num_generated, 0) if self.num_pending == 1 else 0
        self.draft = range(num_drafted)


@dataclass(slots=True, eq=False)
class ScriptedWave:
    """A trip through the segments of a ``ScriptedEngine``; ``live`` is ``generations``."""

    kind: Kind
    generations: Sequence[GenerationLike]
    rows: int
    context: int
    num_steps: int
    num_tokens: int
    live: list[ScriptedGeneration]
    segment: int = 0


class Step(NamedTuple):
    """What the scripted engine ran; ``took_ns`` is scripted as well."""

    kind: Kind
    segment: int
    rows: int
    context: int
    slots: tuple[int, ...]
    took_ns: int


class ScriptedEngine:
    """An engine without a model: steps take scripted time, answers are known beforehand.

    Args:
        clock: Advanced by the cost of each step.
        cost_ns: ``cost_ns(kind, segment, rows, context)``, or one cost for all steps.
        num_segments: Steps of a decode, the head included.
        num_slots: Generations open at once.
        chunk_sizes: Rows a prefill may have, ascending.
        draft_sizes: Rows a draft may have, ascending.
        surprises: Nanoseconds on top of a step's cost, by its number (from 0).
        failures: Numbers of steps that raise ``EngineError`` instead.

    Attributes:
        steps: Every step run so far, failed ones included; ``clear()`` it at will.
    """

    def __init__(
        self,
        clock: ManualClock,
        cost_ns: Callable[[Kind, int, int, int], int] | int = default_cost_ns,
        *,
        num_segments: int = 3,
        num_slots: int = 4,
        chunk_sizes: tuple[int, ...] = (1, 4, 16),
        draft_sizes: tuple[int, ...] = (),
        surprises: Mapping[int, int] | None = None,
        failures: Collection[int] = (),
    ) -> None:
        self.num_segments = num_segments
        self.num_heads = 1
        self.num_slots = num_slots
        self.chunk_sizes = chunk_sizes
        self.draft_sizes = draft_sizes
        self._waves: list[ScriptedWave] = []
        self.waves: Sequence[WaveLike] = self._waves
        self.steps: list[Step] = []
        self._clock = clock
        self._cost_ns = cost_ns
        self._surprises = dict(surprises or {})
        self._failures = frozenset(failures)
        self._num_run = 0
        self._slots: list[ScriptedGeneration | None] = [None] * num_slots

    def open(self, generation: GenerationLike) -> bool:
        """Gives the generation the first free slot."""
        scripted = _scripted(generation)
        _check(scripted.slot < 0, "be closed before it is opened", generation, "open")
        for slot, holder in enumerate(self._slots):
            if holder is None:
                self._slots[slot] = scripted
                scripted.slot = slot
                scripted.num_to_copy = min(scripted.num_cached, scripted.num_pending - 1)
                return True
        return False

    def close(self, generation: GenerationLike) -> None:
        """Takes the slot back, and its row out of a wave in flight."""
        scripted = _scripted(generation)
        if scripted.slot >= 0:
            self._slots[scripted.slot] = None
            scripted.slot = -1
        scripted.in_wave = False
        for wave in tuple(self._waves):
            if scripted in wave.live:
                wave.live.remove(scripted)
                if not wave.live:
                    self._waves.remove(wave)

    def decode_rows(self, generations: Sequence[GenerationLike]) -> int:
        """The span of their slots."""
        slots = [_scripted(generation).slot for generation in generations]
        return max(slots) - min(slots) + 1

    def start_copy(self, generation: GenerationLike) -> WaveLike:
        """Puts a copy in flight."""
        _check(generation.num_to_copy > 0, "have something to copy", generation, "start_copy")
        return self._start(
            Kind.COPY, [generation], generation.num_to_copy, 1, generation.num_to_copy
        )

    def start_prefill(self, generation: GenerationLike, rows: int) -> WaveLike:
        """Puts a chunk in flight."""
        _check(
            generation.num_to_copy == 0, "be copied before it is read", generation, "start_prefill"
        )
        _check(generation.num_pending > 0, "have pending tokens", generation, "start_prefill")
        if rows not in self.chunk_sizes:
            rule = f"be one of {self.chunk_sizes}"
            raise UsageError(fault("rows", rule, rows, "ScriptedEngine.start_prefill()"))
        num_tokens = min(rows, generation.num_pending)
        num_steps = self.num_segments - (num_tokens < generation.num_pending)
        return self._start(Kind.PREFILL, [generation], rows, num_steps, num_tokens)

    def start_decode(self, generations: Sequence[GenerationLike]) -> WaveLike:
        """Puts one token of each in flight."""
        for generation in generations:
            ready = (
                generation.num_pending == 1 and not generation.num_to_copy and not generation.draft
            )
            _check(ready, "be ready to decode", generation, "start_decode")
        rows = self.decode_rows(generations)
        return self._start(Kind.DECODE, generations, rows, self.num_segments, 1)

    def start_verify(self, generation: GenerationLike) -> WaveLike:
        """Puts a token and the draft after it in flight."""
        rows = 1 + len(generation.draft)
        _check(rows in self.draft_sizes, "have a draft of a known size", generation, "start_verify")
        return self._start(Kind.VERIFY, [generation], rows, self.num_segments, rows)

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        """Advances the clock by the step's cost and the wave by one segment."""
        scripted = wave if isinstance(wave, ScriptedWave) and wave in self._waves else None
        if scripted is None:
            raise UsageError(fault("wave", "be in flight", wave, "ScriptedEngine.run()"))
        number, self._num_run = self._num_run, self._num_run + 1
        took_ns = self._price_ns(wave.kind, wave.segment, wave.rows, wave.context)
        took_ns += self._surprises.get(number, 0)
        slots = tuple(g.slot for g in scripted.live)
        self.steps.append(Step(wave.kind, wave.segment, wave.rows, wave.context, slots, took_ns))
        self._clock.advance_ns(took_ns)
        scripted.segment += 1
        if number not in self._failures and scripted.segment < scripted.num_steps:
            return ()
        self._waves.remove(scripted)
        for generation in scripted.live:
            generation.in_wave = False
        if number in self._failures:
            raise EngineError(f"step {number} was scripted to fail")
        return self._land(scripted)

    def probes(self) -> Iterator[tuple[Kind, int, int]]:
        """Every shape of step, as ``(kind, segment, rows)``; of copies, some."""
        for rows in PROBED_COPIES:
            yield Kind.COPY, 0, rows
        for segment in range(self.num_segments):
            for rows in self.chunk_sizes:
                yield Kind.PREFILL, segment, rows
            for rows in self.draft_sizes:
                yield Kind.VERIFY, segment, rows
            for rows in range(1, self.num_slots + 1):
                yield Kind.DECODE, segment, rows

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        """Takes as long as such a step takes; returns the context it stands for."""
        self._clock.advance_ns(self._price_ns(kind, segment, rows, 0))
        return 0

    def _price_ns(self, kind: Kind, segment: int, rows: int, context: int) -> int:
        if isinstance(self._cost_ns, int):
            return self._cost_ns
        return self._cost_ns(kind, segment, rows, context)

    def _start(
        self,
        kind: Kind,
        generations: Sequence[GenerationLike],
        rows: int,
        num_steps: int,
        num_tokens: int,
    ) -> ScriptedWave:
        live = [_scripted(generation) for generation in generations]
        for generation in live:
            _check(generation.slot >= 0, "be open", generation, "start")
            _check(not generation.in_wave, "be in one wave at most", generation, "start")
            _check(not generation.finished, "be unfinished", generation, "start")
        for generation in live:
            generation.in_wave = True
        context = max(generation.context for generation in live)
        wave = ScriptedWave(kind, live, rows, context, num_steps, num_tokens, live)
        self._waves.append(wave)
        return wave

    def _land(self, wave: ScriptedWave) -> Sequence[GenerationLike]:
        gained: list[GenerationLike] = []
        for generation in wave.live:
            generation.context += wave.num_tokens
            generation.num_pending -= wave.num_tokens
            if wave.kind is Kind.VERIFY:
                while not generation.finished and len(gained) < wave.num_tokens:
                    generation.take_token()
                    gained.append(generation)
            elif wave.kind is Kind.COPY:
                generation.num_to_copy = 0
            elif generation.num_pending == 0:
                generation.take_token()
                gained.append(generation)
        return gained


def _scripted(generation: GenerationLike) -> ScriptedGeneration:
    _check(isinstance(generation, ScriptedGeneration), "be scripted", generation, "open")
    return cast(ScriptedGeneration, generation)


def _check(holds: bool, rule: str, generation: GenerationLike, call: str) -> None:
    if not holds:
        raise UsageError(fault("generation", rule, generation, f"ScriptedEngine.{call}()"))
