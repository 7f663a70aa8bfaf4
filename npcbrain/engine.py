"""Moves answers on, one indivisible step at a time.

It knows slots, waves and segments; no frames, no deadlines, no clock. Floor 2. Invariant: what a
generation reads was computed from its own tokens alone, by operations its tokens alone decide;
so the same request gives the same bits, however it is sliced, batched or resumed.

That last half needs care, because ONNX Runtime's attention adds in another order for a run of one
token than for a chunk (a difference of 1e-7, which a close call between two words can feel). So a
token sampled alone is always decoded, and all others (the prompt, and a sampled token with the ones
it forces) always go in chunks of two or more: a chunk never leaves exactly one of them behind.

Rows that take no part, gaps in a decode's range and the padding of a chunk, write keys and values
past everything their slot holds or has in flight, where nothing reads before it is written again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from npcbrain.errors import EngineError, UsageError, fault
from npcbrain.lm.chunks import CHUNK_SIZES, MIN_CHUNK, check_chunk_sizes, plan_chunk
from npcbrain.lm.generation import Generation
from npcbrain.lm.kv import KVPool
from npcbrain.lm.model import Model
from npcbrain.lm.prefix_cache import PrefixCache
from npcbrain.lm.segments import SegmentRunner
from npcbrain.lm.slots import Slot, choose_slot
from npcbrain.steps import GenerationLike, Kind, WaveLike

__all__ = ["Engine", "Wave"]

PREFIX_CACHE_BYTES = 64 << 20  # some 30 personas of 150 tokens
MIN_PREFIX = 8  # shorter ones are computed again in less time than it takes to look after them
PROBED_COPIES = (32, 64, 128, 256)
PROBE_CONTEXT = 0.5  # of max_context: about where prompts are


@dataclass(slots=True, eq=False)
class Wave:
    """One trip through the segments; see ``npcbrain.steps.WaveLike``.

    Attributes:
        live: The generations still in it; ``generations`` is the same list.
        first_slot: Of its range.
        count: Tokens of each generation, without padding.
        hidden: float32 [max rows, hidden], where the rows wait between segments.
    """

    kind: Kind
    generations: Sequence[GenerationLike]
    rows: int
    context: int
    segment: int
    num_steps: int
    live: list[Generation]
    first_slot: int
    count: int
    hidden: np.ndarray


class Engine:
    """Runs one model for any number of generations; see ``npcbrain.steps.EngineLike``.

    Attributes:
        num_segments: Steps of a decode, the head being the last.
        num_slots: Generations that can be open at once.
        chunk_sizes: Rows a prefill may have.
        waves: In flight, oldest first.
        prefix_cache: Keys and values of prefixes.
    """

    def __init__(
        self,
        model: Model,
        *,
        chunk_sizes: tuple[int, ...] = CHUNK_SIZES,
        prefix_cache_bytes: int = PREFIX_CACHE_BYTES,
    ) -> None:
        """Allocates the KV pool and binds every shape (about 50 ms).

        Args:
            model: What to run; several engines may share it.
            chunk_sizes: Ascending from 2 to at most half of the context.
            prefix_cache_bytes: Memory for prefixes that no slot holds; 0 keeps none.

        Raises:
            UsageError: An argument is out of range.
            ModelError: The model's KV pool would be too large.
        """
        config = model.config
        check_chunk_sizes(chunk_sizes, config.max_context, "Engine()")
        self.num_slots = model.num_slots
        self.num_segments = len(model.package.segments) + 1
        self.chunk_sizes = chunk_sizes
        self.prefix_cache = PrefixCache(prefix_cache_bytes)
        self._max_context = config.max_context
        self._pool = KVPool(config, model.num_slots)
        layers = [own for _, own in model.package.segments]
        self._runner = SegmentRunner(model.sessions, layers, config, self._pool, chunk_sizes)
        self._slots = [Slot() for _ in range(model.num_slots)]
        self._num_closed = 0
        self._waves: list[Wave] = []
        self.waves: Sequence[WaveLike] = self._waves
        # A wave holds one generation at least, so there are never more of them than slots.
        self._hidden = [np.zeros_like(self._runner.hidden) for _ in range(model.num_slots)]

    def open(self, generation: GenerationLike) -> bool:
        """Gives a generation a slot; False when none is free.

        Raises:
            UsageError: It is open already, or was closed after its answer had begun.
        """
        own = _own(generation, "Engine.open()")
        if own.slot is not None or own.finished or own.generated:
            raise UsageError(fault("generation", "be new", own.text, "Engine.open()"))
        saved = self.prefix_cache.get(own.prefix_key)
        num_cached = 0 if saved is None else own.num_prefix
        choice = choose_slot(self._slots, own.ids, own.num_prompt - MIN_CHUNK, num_cached)
        if choice is None:
            return False
        own.slot, num_held = choice
        slot = self._slots[own.slot]
        slot.generation, slot.held = own, ()
        own.set_context(num_held)
        if num_cached > num_held:
            own.copyable, own.saved = num_cached - num_held, saved
        return True

    def close(self, generation: GenerationLike) -> None:
        """Takes the slot back, at any step. Idempotent.

        The prompt's part of the slot stays valid, for the next prompt that begins like this one.
        """
        own = _own(generation, "Engine.close()")
        if own.slot is None:
            return
        if own.in_wave:
            wave = next(wave for wave in self._waves if own in wave.live)
            wave.live.remove(own)
            if not wave.live:
                self._drop(wave)
        slot = self._slots[own.slot]
        self._num_closed += 1
        slot.generation, slot.last_used = None, self._num_closed
        # Answers are left out: no prompt holds them, and lone tokens are not what a chunk computes.
        slot.held = own.ids[: min(own.context, own.num_prompt)]
        own.slot, own.in_wave, own.copyable, own.saved = None, False, 0, None

    def decode_rows(self, generations: Sequence[GenerationLike]) -> int:
        """The rows a decode of these would have: the span of their slots, gaps included."""
        slots = [self._slot_of(one) for one in generations]
        return max(slots) - min(slots) + 1 if slots else 0

    def start_copy(self, generation: GenerationLike) -> WaveLike:
        """Puts a copy of the prefix in flight, into the slot or, once computed, out of it.

        Raises:
            UsageError: The generation has nothing to copy, is not open or is in a wave.
        """
        own = self._ready(generation, "Engine.start_copy()")
        if not own.copyable:
            raise UsageError(fault("copyable", "be above 0", 0, "Engine.start_copy()"))
        return self._start(Kind.COPY, [own], own.copyable, 1)

    def start_prefill(self, generation: GenerationLike, rows: int) -> WaveLike:
        """Puts the next ``min(rows, pending)`` tokens in flight.

        It takes one less where exactly one would be left (see the module's docstring), and fewer
        rows where the context ends.

        Raises:
            UsageError: ``rows`` is no chunk size, or the generation is not open, is in a wave,
                waits for a copy or has less than two tokens pending.
        """
        where = "Engine.start_prefill()"
        own = self._ready(generation, where)
        if rows not in self.chunk_sizes:
            raise UsageError(fault("rows", f"be one of {self.chunk_sizes}", rows, where))
        if own.saved is not None:
            raise UsageError(fault("copyable", "be copied first", own.copyable, where))
        if own.pending < MIN_CHUNK:
            raise UsageError(fault("pending", f"be at least {MIN_CHUNK}", own.pending, where))
        room = self._max_context - 1 - own.context  # the last position is for rows without a part
        rows, count = plan_chunk(rows, own.pending, room, self.chunk_sizes)
        num_steps = self.num_segments - (count < own.pending)
        return self._start(Kind.PREFILL, [own], rows, num_steps, count)

    def start_decode(self, generations: Sequence[GenerationLike]) -> WaveLike:
        """Puts one token each of several generations in flight.

        Raises:
            UsageError: There are none or one twice, or one is not open, is in a wave or has not
                exactly one token pending.
        """
        where = "Engine.start_decode()"
        live = [self._ready(one, where) for one in generations]
        slots = {self._slot_of(one) for one in live}
        if not live or len(slots) != len(live):
            raise UsageError(fault("generations", "be one or more, each once", len(live), where))
        for one in live:
            if one.pending != 1:
                raise UsageError(fault("pending", "be 1", one.pending, where))
        rows = max(slots) - min(slots) + 1
        return self._start(Kind.DECODE, live, rows, self.num_segments)

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        """Runs one step. Returns the generations that gained an answer token by it.

        Raises:
            EngineError: The step failed; the wave is gone and its generations must be closed.
            UsageError: The wave is not in flight.
        """
        if not isinstance(wave, Wave) or wave not in self._waves:
            raise UsageError(fault("wave", "be in flight", wave, "Engine.run()"))
        is_last = wave.segment == wave.num_steps - 1
        has_head = is_last and wave.num_steps == self.num_segments
        try:
            if wave.kind is Kind.COPY:
                self._copy(wave)
            elif has_head:
                self._run_head(wave)
            else:
                self._run_segment(wave)
        except Exception as error:  # ONNX Runtime's exceptions share no base
            step = f"{wave.kind.name.lower()}, segment {wave.segment}, {wave.rows} rows"
            self._drop(wave)
            raise EngineError(fault("step", "run", str(error), step)) from error
        wave.segment += 1
        if not is_last:
            return ()
        self._drop(wave)
        if wave.kind is not Kind.COPY:
            self._commit(wave)
        if not has_head:
            return ()
        for row, one in enumerate(wave.live):
            one.take(self._runner.logits[row])
        return wave.live

    def probes(self) -> Iterator[tuple[Kind, int, int]]:
        """Every shape a step can have: kind, segment, rows."""
        for rows in PROBED_COPIES:
            if rows < self._max_context:
                yield Kind.COPY, 0, rows
        for segment in range(self.num_segments):
            for rows in self.chunk_sizes:
                yield Kind.PREFILL, segment, rows
            for rows in range(1, self.num_slots + 1):
                yield Kind.DECODE, segment, rows

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        """Runs a step of this shape on no generation, to learn its price and warm its memory.

        Returns:
            The context it ran at.

        Raises:
            UsageError: There is no such shape, or no slot is free.
            EngineError: The step failed.
        """
        where = "Engine.probe()"
        if (kind, segment, rows) not in self.probes():
            raise UsageError(fault("shape", "be one of probes()", (kind, segment, rows), where))
        free = next((i for i, slot in enumerate(self._slots) if slot.generation is None), None)
        if free is None:
            raise UsageError(fault("a slot", "be free", None, where, "probe before the game"))
        runner, context = self._runner, int(self._max_context * PROBE_CONTEXT)
        try:
            if kind is Kind.COPY:
                self._pool.save(free, rows)
            elif segment == self.num_segments - 1:
                runner.run_head(rows if kind is Kind.DECODE else 1)
            elif kind is Kind.DECODE:
                for index, slot in enumerate(self._slots[:rows]):
                    is_free = slot.generation is None
                    slot.held = slot.held[:context]
                    runner.seqlens_k[index] = context if is_free else self._unread_position(index)
                runner.total_sequence_length[()] = runner.seqlens_k[:rows].max() + 1
                runner.run(segment, 0, rows, 1)
            else:
                self._slots[free].held = self._slots[free].held[: context - rows]
                runner.seqlens_k[0] = context - 1
                runner.total_sequence_length[()] = context
                runner.run(segment, free, 1, rows)
        except Exception as error:
            raise EngineError(fault("probe", "run", str(error), where)) from error
        return context

    def _start(
        self, kind: Kind, live: list[Generation], rows: int, num_steps: int, count: int = 1
    ) -> Wave:
        context = max(own.context for own in live)
        first_slot = min(self._slot_of(own) for own in live)
        hidden = self._hidden.pop()
        wave = Wave(kind, live, rows, context, 0, num_steps, live, first_slot, count, hidden)
        for own in live:
            own.in_wave = True
        self._waves.append(wave)
        return wave

    def _drop(self, wave: Wave) -> None:
        self._waves.remove(wave)
        self._hidden.append(wave.hidden)
        for one in wave.live:
            one.in_wave = False

    def _copy(self, wave: Wave) -> None:
        own = wave.live[0]
        if own.saved is None:
            self.prefix_cache.put(own.prefix_key, self._pool.save(wave.first_slot, own.num_prefix))
        else:
            self._pool.restore(wave.first_slot, own.context, own.saved)
            own.set_context(own.num_prefix)
        own.copyable, own.saved = 0, None

    def _run_segment(self, wave: Wave) -> None:
        """Fills the inputs, runs, and takes the hidden states back into the wave."""
        runner, rows, first = self._runner, wave.rows, wave.first_slot
        ids, seqlens_k = runner.input_ids, runner.seqlens_k
        if wave.segment:
            runner.hidden_in[:rows] = wave.hidden[:rows]
        if wave.kind is Kind.PREFILL:
            own = wave.live[0]
            start, total = own.context, own.context + rows
            if not wave.segment:
                ids[:rows] = 0
                ids[: wave.count] = own.ids[start : start + wave.count]
            seqlens_k[0] = total - 1
            batch, tokens = 1, rows
        else:
            # Asked anew for each segment: a slot that takes no part may have been filled, moved on
            # or emptied since the last one.
            ids[:rows] = 0
            for row in range(rows):
                seqlens_k[row] = self._unread_position(first + row)
            for own in wave.live:
                row = self._slot_of(own) - first
                ids[row] = own.ids[own.context]
                seqlens_k[row] = own.context
            total = int(seqlens_k[:rows].max()) + 1
            batch, tokens = rows, 1
        runner.total_sequence_length[()] = total
        runner.run(wave.segment, first, batch, tokens)
        wave.hidden[:rows] = runner.hidden[:rows]

    def _run_head(self, wave: Wave) -> None:
        """Logits of the rows that need them, in the order of ``wave.live``."""
        if wave.kind is Kind.PREFILL:
            self._runner.hidden_in[0] = wave.hidden[wave.count - 1]
        else:
            for index, own in enumerate(wave.live):
                self._runner.hidden_in[index] = wave.hidden[self._slot_of(own) - wave.first_slot]
        self._runner.run_head(len(wave.live))

    def _commit(self, wave: Wave) -> None:
        """What the wave computed counts from now on."""
        for own in wave.live:
            own.set_context(own.context + wave.count)
        own = wave.live[0]
        if wave.kind is Kind.PREFILL and own.context >= own.num_prefix >= MIN_PREFIX:
            num_bytes = own.num_prefix * self._pool.bytes_per_token
            if num_bytes <= self.prefix_cache.max_bytes and own.prefix_key not in self.prefix_cache:
                own.copyable = own.num_prefix

    def _unread_position(self, index: int) -> int:
        """The first position of a slot that nothing has been or is being written to."""
        slot = self._slots[index]
        own = slot.generation
        if own is None:
            return len(slot.held)
        position = own.context
        if own.in_wave:
            wave = next(wave for wave in self._waves if own in wave.live)
            position += wave.rows if wave.kind is Kind.PREFILL else 1
        return min(position, self._max_context - 1)

    def _slot_of(self, generation: GenerationLike) -> int:
        slot = _own(generation, "Engine").slot
        if slot is None:
            rule, advice = "hold a slot", "call open() and mind its answer"
            raise UsageError(fault("generation", rule, None, "Engine", advice))
        return slot

    def _ready(self, generation: GenerationLike, where: str) -> Generation:
        own = _own(generation, where)
        self._slot_of(own)
        if own.in_wave or own.finished:
            rule = "be at rest and unfinished"
            raise UsageError(fault("generation", rule, own.text, where))
        return own


def _own(generation: GenerationLike, where: str) -> Generation:
    if not isinstance(generation, Generation):
        raise UsageError(fault("generation", "come from Model.generation()", generation, where))
    return generation
