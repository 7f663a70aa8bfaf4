"""``Probes``: runs each shape of step on no generation, to learn prices and to warm memory.

It starts no wave and changes no answer. Invariant: a probe runs on a free slot, and nothing that it
may have overwritten there is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npcbrain.engine.contract import Kind
from npcbrain.errors import EngineError, UsageError, fault
from npcbrain.lm.kv import KVPool
from npcbrain.lm.model import Model
from npcbrain.lm.segments import SegmentRunner
from npcbrain.lm.slots import Slot

__all__ = ["Probes"]

COPIES = (32, 64, 128, 256)  # tokens
CONTEXT = 0.5  # of max_context: about where prompts are
GRAMMAR = "start: /[^\\n]*[.!?]/"  # masks cost the most if almost anything may follow


class Probes:
    """Runs steps of one engine on no generation.

    Attributes:
        shapes: Every shape that a step can have: kind, segment, rows.
    """

    def __init__(
        self,
        model: Model,
        runner: SegmentRunner,
        pool: KVPool,
        slots: Sequence[Slot],
        sizes_of: Mapping[Kind, Sequence[int]],
    ) -> None:
        """Runs nothing yet.

        Args:
            model: The model.
            runner: The engine's.
            pool: The engine's.
            slots: The engine's.
            sizes_of: The numbers of rows that a wave may have, by its kind.
        """
        self._model = model
        self._runner = runner
        self._pool = pool
        self._slots = slots
        self._max_context = model.config.max_context
        self._first_head = len(model.package.segments)
        num_segments = self._first_head + len(model.package.heads)
        self.shapes = [(Kind.COPY, 0, rows) for rows in COPIES if rows < self._max_context]
        # Segment after segment, as in a wave: a head that is run twice in a row finds its weights
        # in the processor's cache and looks three times faster than it is.
        for kind, sizes in sizes_of.items():
            self.shapes += [(kind, i, rows) for rows in sizes for i in range(num_segments)]

    def run(self, kind: Kind, segment: int, rows: int) -> int:
        """Runs a step of this shape.

        Returns:
            The context it ran at.

        Raises:
            UsageError: There is no such shape, or no slot is free.
            EngineError: The step failed.
        """
        where = "Engine.probe()"
        if (kind, segment, rows) not in self.shapes:
            raise UsageError(fault("shape", "be one of probes()", (kind, segment, rows), where))
        free = [i for i, slot in enumerate(self._slots) if slot.generation is None]
        if not free:
            raise UsageError(fault("a slot", "be free", None, where, "probe before the game"))
        context = int(self._max_context * CONTEXT)
        for slot in (self._slots[index] for index in free):
            slot.held, slot.reach = slot.held[: context - rows], context
        try:
            self._run(kind, segment, rows, free[0], context)
        except Exception as error:
            raise EngineError(fault("probe", "run", str(error), where)) from error
        return context

    def _run(self, kind: Kind, segment: int, rows: int, slot: int, context: int) -> None:
        runner = self._runner
        if kind is Kind.COPY:
            self._pool.save(slot, rows)
        elif segment >= self._first_head:
            head_rows = 1 if kind is Kind.PREFILL else rows
            runner.run_head(head_rows, segment - self._first_head)
            for row in range(head_rows):  # a mask and a search take as long as half a head
                runner.logits[row].argmax()
                self._model.grammars.matcher(GRAMMAR).mask()
        elif kind is Kind.DECODE:
            unread = [slot.unread_position(self._max_context) for slot in self._slots[:rows]]
            runner.seqlens_k[:rows] = unread
            runner.run(segment, 0, rows, 1, None)
        else:
            runner.seqlens_k[0] = context - 1
            runner.run(segment, slot, 1, rows, None)
