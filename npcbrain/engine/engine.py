"""Moves answers on, one indivisible step at a time.

It knows slots, waves and segments; no frames, no deadlines, no clock. Invariant: everything that a
generation reads was computed from its own tokens alone, by operations that its tokens alone decide.
So the same request gives the same bits, however it is sliced, batched or cached.

The choice of operations needs care, because ONNX Runtime's attention adds in another order for a
run of one token than for a chunk (a difference of 1e-7, which can decide between two words that are
almost equally likely). So a token that comes alone is always decoded, and all others (the prompt,
and a sampled token with those that it forces or with its draft) always go in chunks of two or more:
a chunk never leaves exactly one behind, and a draft is never cut. If a draft leaves one token over,
that token comes alone.

Some rows take no part: gaps in a decode's range and the padding of a chunk. They write keys and
values past everything that their slot holds or has in flight; nothing there is read before it is
written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import NoReturn

from npcbrain.engine.contract import BrakedError, GenerationLike, Kind, WaveLike
from npcbrain.engine.forward_pass import Buffers, Wave
from npcbrain.engine.probes import Probes
from npcbrain.engine.watchdog import Brake
from npcbrain.errors import EngineError, UsageError, fault
from npcbrain.lm.chunks import CHUNK_SIZES, MIN_CHUNK, check_chunk_sizes, plan_chunk
from npcbrain.lm.drafts import DRAFT_SIZES
from npcbrain.lm.generation import Generation, own_generation
from npcbrain.lm.kv import KVPool
from npcbrain.lm.model import Model
from npcbrain.lm.prefix_cache import PrefixCache
from npcbrain.lm.segments import SegmentRunner
from npcbrain.lm.slots import Slot, choose_slot
from npcbrain.lm.soundness import is_sound

__all__ = ["Engine"]

PREFIX_CACHE_BYTES = 64 << 20  # some 30 personas of 150 tokens
MIN_PREFIX = 8  # tokens; shorter ones are computed again faster than they are looked after


class Engine:
    """Runs one model for any number of generations; see ``npcbrain.engine.contract.EngineLike``.

    Attributes:
        num_segments: Steps of a decode; the last ones are the head or its parts.
        num_heads: How many parts the head has.
        num_slots: Generations that can be open at once.
        chunk_sizes: Rows a prefill may have.
        draft_sizes: Rows a draft may have; empty unless the model drafts.
        threads: How many threads one step runs on.
        waves: The waves in flight, oldest first.
        prefix_cache: Keys and values of prefixes.
        brake: Stops a run at its next node, from another thread.
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
        self.num_heads = len(model.package.heads)
        self.num_segments = len(model.package.segments) + self.num_heads
        self.threads = model.sessions.threads
        self.chunk_sizes = chunk_sizes
        self.draft_sizes: tuple[int, ...] = DRAFT_SIZES if model.drafts else ()
        self.prefix_cache = PrefixCache(prefix_cache_bytes)
        self._model = model
        self._max_context = config.max_context
        self._pool = KVPool(config, model.num_slots)
        runs = (*chunk_sizes, *self.draft_sizes)
        self._runner = SegmentRunner(model.sessions, model.package, self._pool, runs)
        self.brake = Brake(self._runner.options)
        self._slots = [Slot() for _ in range(model.num_slots)]
        self._ticket = count(1)  # numbers the slots in the order in which they were left
        self._waves: list[Wave] = []
        self.waves: Sequence[WaveLike] = self._waves
        sizes_of = {
            Kind.PREFILL: chunk_sizes,
            Kind.DECODE: range(1, self.num_slots + 1),
            Kind.VERIFY: self.draft_sizes,
        }
        self._probes = Probes(model, self._runner, self._pool, self._slots, sizes_of)
        # A wave holds at least one generation, so there are never more waves than slots.
        sizes = max(self.num_slots, *runs), config.hidden, config.vocab * (self.num_heads > 1)
        self._buffers = [Buffers(*sizes) for _ in range(self.num_slots)]

    def open(self, generation: GenerationLike) -> bool:
        """Gives a generation a slot; False when none is free.

        Raises:
            UsageError: It is open already, or was closed after its answer had begun.
        """
        own = own_generation(generation, "Engine.open()")
        if own.slot is not None or own.finished or own.num_generated:
            raise UsageError(fault("generation", "be new", own.text, "Engine.open()"))
        saved = self.prefix_cache.get(own.prefix_key)
        num_cached = 0 if saved is None else own.num_prefix
        choice = choose_slot(self._slots, own.ids, own.num_prompt - MIN_CHUNK, num_cached)
        if choice is None:
            return False
        own.slot, num_held = choice
        slot = self._slots[own.slot]
        slot.generation, slot.held, slot.reach = own, (), num_held
        own.set_context(num_held)
        if num_cached > num_held:
            own.num_to_copy, own.cached_prefix = num_cached - num_held, saved
        return True

    def close(self, generation: GenerationLike) -> None:
        """Takes the slot back, at any step. Idempotent.

        The prompt's part of the slot stays valid, for the next prompt that begins like it.
        """
        own = own_generation(generation, "Engine.close()")
        if own.slot is None:
            return
        for wave in tuple(self._waves):
            if own in wave.live:
                wave.live.remove(own)
            if not wave.live:
                self._drop(wave)
        slot = self._slots[own.slot]
        slot.generation, slot.last_used = None, next(self._ticket)
        # Without the answer: no prompt holds it, and lone tokens have other last bits than a chunk.
        slot.held = own.ids[: min(own.context, own.num_prompt)]
        slot.reach = len(slot.held)
        own.slot, own.in_wave, own.num_to_copy, own.cached_prefix = None, False, 0, None

    def decode_rows(self, generations: Sequence[GenerationLike]) -> int:
        """The rows that a decode of these would have: the span of their slots, gaps included."""
        slots = [self._slot_of(one) for one in generations]
        return max(slots) - min(slots) + 1 if slots else 0

    def start_copy(self, generation: GenerationLike) -> WaveLike:
        """Puts a copy of the prefix in flight, into the slot or, once computed, out of it.

        Raises:
            UsageError: The generation has nothing to copy, is not open or is in a wave.
        """
        own = self._ready(generation, "Engine.start_copy()")
        if not own.num_to_copy:
            raise UsageError(fault("num_to_copy", "be above 0", 0, "Engine.start_copy()"))
        # A copy out of the slot adds no context.
        num_tokens = 0 if own.cached_prefix is None else own.num_to_copy
        return self._start(Kind.COPY, [own], own.num_to_copy, 1, num_tokens)

    def start_prefill(self, generation: GenerationLike, rows: int) -> WaveLike:
        """Puts the next ``min(rows, num_pending)`` tokens in flight, or fewer.

        It takes one less if exactly one would be left (see the module's docstring), stops at the
        end of a new prefix, and takes no more rows than it needs or the context has room for.

        Raises:
            UsageError: ``rows`` is not a chunk size, or the generation is not open, is in a wave,
                waits for a copy or has less than two tokens pending.
        """
        where = "Engine.start_prefill()"
        own = self._ready(generation, where)
        if rows not in self.chunk_sizes:
            raise UsageError(fault("rows", f"be one of {self.chunk_sizes}", rows, where))
        if own.cached_prefix is not None:
            raise UsageError(fault("num_to_copy", "be copied first", own.num_to_copy, where))
        if own.num_pending < MIN_CHUNK:
            raise UsageError(
                fault("num_pending", f"be at least {MIN_CHUNK}", own.num_pending, where)
            )
        room = self._max_context - 1 - own.context  # the last is for rows without a part
        # A chunk ends at the end of a new prefix, so that it is kept even if the answer ends early.
        is_new = own.context < own.num_prefix and self._is_worth_keeping(own)
        stop = own.num_prefix - own.context if is_new else None
        rows, num_tokens = plan_chunk(rows, own.num_pending, room, self.chunk_sizes, stop)
        num_steps = self.num_segments - self.num_heads * (num_tokens < own.num_pending)
        return self._start(Kind.PREFILL, [own], rows, num_steps, num_tokens)

    def start_decode(self, generations: Sequence[GenerationLike]) -> WaveLike:
        """Puts one token each of several generations in flight.

        Raises:
            UsageError: There are none or one twice, or one is not open, is in a wave, has not
                exactly one token pending or has a draft.
        """
        where = "Engine.start_decode()"
        live = [self._ready(one, where) for one in generations]
        slots = {self._slot_of(one) for one in live}
        if not live or len(slots) != len(live):
            raise UsageError(fault("generations", "be one or more, each once", len(live), where))
        for one in live:
            if one.num_pending != 1 or one.draft:
                raise UsageError(
                    fault("num_pending", "be 1", one.num_pending + len(one.draft), where)
                )
        rows = max(slots) - min(slots) + 1
        return self._start(Kind.DECODE, live, rows, self.num_segments)

    def start_verify(self, generation: GenerationLike) -> WaveLike:
        """Puts the pending token and the draft in flight.

        Raises:
            UsageError: The generation has no draft, is not open or is in a wave.
        """
        own = self._ready(generation, "Engine.start_verify()")
        if not own.draft:
            raise UsageError(fault("draft", "have a token", own.draft, "Engine.start_verify()"))
        rows = 1 + len(own.draft)
        return self._start(Kind.VERIFY, [own], rows, self.num_segments, rows)

    def run(self, wave: WaveLike) -> Sequence[GenerationLike]:
        """Runs one step. Returns the generations that gained tokens, once for each token gained.

        Raises:
            BrakedError: The brake stopped the step. Nothing has changed: it wrote only past the
                committed tokens, and the same step run again writes that anew.
            EngineError: The step failed or computed a NaN; close the wave's generations.
            UsageError: The wave is not in flight.
        """
        if not isinstance(wave, Wave) or wave not in self._waves:
            raise UsageError(fault("wave", "be in flight", wave, "Engine.run()"))
        is_last = wave.segment == wave.num_steps - 1
        has_head = wave.segment >= self.num_segments - self.num_heads
        try:
            if wave.kind is Kind.COPY:
                self._copy(wave)
            elif has_head:
                self._run_head(wave)
            else:
                self._run_segment(wave)
        except Exception as error:  # ONNX Runtime's exceptions share no base
            step = f"{wave.kind.name.lower()}, segment {wave.segment}, {wave.rows} rows"
            if self.brake.has_stopped:
                rule, advice = "end before it is stopped", "it can be run again"
                raise BrakedError(fault("step", rule, str(error), step, advice)) from error
            self._drop(wave)
            raise EngineError(fault("step", "run", str(error), step)) from error
        wave.segment += 1
        if is_last:
            self._drop(wave)
            self._commit(wave)
        if not (has_head and is_last):
            return ()
        kept = (range(len(wave.live)), self._runner.logits)
        rows, logits = kept if self.num_heads == 1 else (wave.kept_rows(), wave.buffers.logits)
        if wave.kind is Kind.VERIFY:
            return wave.live * wave.live[0].verify(logits)
        for row, one in zip(rows, wave.live, strict=True):
            one.take(logits[row])
        return wave.live

    def probes(self) -> Sequence[tuple[Kind, int, int]]:
        """Every shape a step can have: kind, segment, rows."""
        return self._probes.shapes

    def probe(self, kind: Kind, segment: int, rows: int) -> int:
        """Runs a step of this shape on no generation; see ``Probes.run``."""
        return self._probes.run(kind, segment, rows)

    def _start(
        self, kind: Kind, live: list[Generation], rows: int, num_steps: int, num_tokens: int = 1
    ) -> Wave:
        context = max(own.context for own in live)
        first = min(self._slot_of(own) for own in live)
        taken = [wave.buffers for wave in self._waves]
        buffers = next(one for one in self._buffers if one not in taken)
        buffers.fill(kind, live, rows, first, num_tokens)
        wave = Wave(kind, live, rows, context, 0, num_steps, live, first, num_tokens, buffers)
        for own in live:
            own.in_wave = True
            reach = own.context + (1 if kind is Kind.DECODE else rows)
            self._slots[self._slot_of(own)].reach = reach
        self._waves.append(wave)
        return wave

    def _drop(self, wave: Wave) -> None:
        self._waves.remove(wave)
        for one in wave.live:
            one.in_wave = False

    def _copy(self, wave: Wave) -> None:
        own = wave.live[0]
        if own.cached_prefix is None:
            saved = self._pool.save(wave.first_slot, own.num_prefix)
            if not is_sound(saved):
                self._distrust([own])
            self.prefix_cache.put(own.prefix_key, saved)
        else:
            self._pool.restore(wave.first_slot, own.context, own.cached_prefix)
        own.num_to_copy, own.cached_prefix = 0, None

    def _run_segment(self, wave: Wave) -> None:
        """Fills the inputs and runs."""
        runner, buffers, rows, first = self._runner, wave.buffers, wave.rows, wave.first_slot
        batch, tokens = (rows, 1) if wave.kind is Kind.DECODE else (1, rows)
        runner.seqlens_k[:batch] = buffers.seqlens_k[:batch]
        if len(wave.live) < batch:
            # Asked again for each segment: since the last one, a slot that takes no part may have
            # been filled, moved on or emptied.
            taking_part = {own.slot for own in wave.live}
            for index in range(first, first + batch):
                if index not in taking_part:
                    unread = self._slots[index].unread_position(self._max_context)
                    runner.seqlens_k[index - first] = unread
        if not wave.segment:
            runner.input_ids[:rows] = buffers.input_ids[:rows]
        runner.run(wave.segment, first, batch, tokens, buffers.hidden)
        if unsound := wave.unsound(runner.hidden_of(buffers.hidden)):
            self._distrust(unsound)

    def _distrust(self, generations: Sequence[Generation]) -> NoReturn:
        """Ends a step that computed a NaN; the keys and values behind it are not read again."""
        for own in generations:
            own.set_context(0)  # so that nothing of its slot is kept
            self.prefix_cache.drop(own.prefix_key)
        raise FloatingPointError("numbers that are none; what was read so far is read anew")

    def _run_head(self, wave: Wave) -> None:
        """Computes the logits of the rows that need them, in the order of ``wave.live``."""
        rows = wave.head_rows()
        self._runner.fill_head(wave.buffers.hidden, rows)
        part = wave.segment - self.num_segments + self.num_heads
        self._runner.run_head(len(rows), part)
        if self.num_heads > 1:  # other waves may run between two parts
            self._runner.keep_logits(part, wave.buffers.logits, wave.kept_rows())

    def _commit(self, wave: Wave) -> None:
        """Counts the tokens that the wave computed as context."""
        for own in wave.live:
            own.set_context(own.context + wave.num_tokens)
        own = wave.live[0]
        if wave.kind is Kind.PREFILL and own.context == own.num_prefix:
            own.num_to_copy = own.num_prefix if self._is_worth_keeping(own) else 0

    def _is_worth_keeping(self, own: Generation) -> bool:
        fits = own.num_prefix * self._pool.bytes_per_token <= self.prefix_cache.max_bytes
        return fits and own.num_prefix >= MIN_PREFIX and own.prefix_key not in self.prefix_cache

    def _slot_of(self, generation: GenerationLike) -> int:
        slot = own_generation(generation, "Engine").slot
        if slot is None:
            rule, advice = "hold a slot", "call open() and mind its answer"
            raise UsageError(fault("generation", rule, None, "Engine", advice))
        return slot

    def _ready(self, generation: GenerationLike, where: str) -> Generation:
        own = own_generation(generation, where)
        self._slot_of(own)
        if own.in_wave or own.finished:
            raise UsageError(fault("generation", "be at rest and unfinished", own.text, where))
        return own
