"""A trip of rows through a model's segments, and the buffers they travel in.

Data only; the engine moves it. Invariant: no two waves that are in flight in one engine have the
same buffers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npcbrain.engine.contract import GenerationLike, Kind
from npcbrain.lm.generation import Generation
from npcbrain.lm.soundness import is_sound

__all__ = ["Buffers", "Wave"]


class Buffers:
    """The arrays of one wave at a time, made once: a wave allocates none.

    Attributes:
        input_ids: int64 [max rows].
        seqlens_k: int32 [max rows].
        hidden: float32 [max rows, hidden], where the rows wait while other waves run.
        logits: float32 [max rows, vocab], which the parts of a head fill; empty for a whole head.
    """

    __slots__ = ("hidden", "input_ids", "logits", "seqlens_k")

    def __init__(self, max_rows: int, hidden: int, vocab: int = 0) -> None:
        self.input_ids = np.zeros(max_rows, dtype=np.int64)
        self.seqlens_k = np.zeros(max_rows, dtype=np.int32)
        self.hidden = np.zeros((max_rows, hidden), dtype=np.float32)
        self.logits = np.zeros((max_rows if vocab else 0, vocab), dtype=np.float32)

    def fill(
        self, kind: Kind, live: Sequence[Generation], rows: int, first_slot: int, num_tokens: int
    ) -> None:
        """Writes the inputs of a wave."""
        if kind is Kind.PREFILL or kind is Kind.VERIFY:
            own = live[0]
            tokens = [*own.ids[own.context : own.context + num_tokens], *own.draft]
            self.input_ids[:rows] = tokens + [0] * (rows - len(tokens))
            self.seqlens_k[0] = own.context + rows - 1
        elif kind is Kind.DECODE:
            self.input_ids[:rows] = 0
            for own in live:
                assert own.slot is not None
                row = own.slot - first_slot
                self.input_ids[row], self.seqlens_k[row] = own.ids[-1], own.context


@dataclass(slots=True, eq=False)
class Wave:
    """One trip through the segments; see ``npcbrain.engine.contract.WaveLike``.

    Attributes:
        live: The generations still in it; ``generations`` is the same list.
        first_slot: The first slot of its range.
        num_tokens: Tokens of each generation, without padding.
        buffers: ``input_ids`` of its rows, 0 for a row that takes no part; ``seqlens_k`` of its
            batch, total length of each row less one; the hidden states.
    """

    kind: Kind
    generations: Sequence[GenerationLike]
    rows: int
    context: int
    segment: int
    num_steps: int
    live: list[Generation]
    first_slot: int
    num_tokens: int
    buffers: Buffers

    def head_rows(self) -> Sequence[int]:
        """The rows that need logits, in the order of ``live``; all rows of a draft."""
        if self.kind is Kind.DECODE:
            return [own.slot - self.first_slot for own in self.live if own.slot is not None]
        return range(0 if self.kind is Kind.VERIFY else self.num_tokens - 1, self.num_tokens)

    def unsound(self, hidden: np.ndarray) -> list[Generation]:
        """The generations with a NaN in their hidden states; gaps and padding do not matter."""
        if is_sound(hidden[: self.rows]):
            return []
        if self.kind is not Kind.DECODE:
            return [] if is_sound(hidden[: self.num_tokens]) else list(self.live)
        rows = zip(self.live, self.head_rows(), strict=True)
        return [own for own, row in rows if not is_sound(hidden[row])]

    def kept_rows(self) -> Sequence[int]:
        """Their places in the buffers' logits, which stay when a generation leaves the wave."""
        rows = self.head_rows()
        return rows if self.kind is Kind.DECODE else range(len(rows))
