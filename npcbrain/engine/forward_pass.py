"""A trip of rows through a model's segments, and the buffers they travel in.

Data only; the engine moves it. Invariant: of the buffers of one engine no two waves in
flight have the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from npcbrain.engine.contract import GenerationLike, Kind
from npcbrain.lm.generation import Generation

__all__ = ["Buffers", "Wave"]


class Buffers:
    """What one wave at a time works with. Made once: a wave allocates no arrays.

    Attributes:
        input_ids: int64 [max rows].
        seqlens_k: int32 [max rows].
        hidden: float32 [max rows, hidden], where the rows wait while other waves run.
    """

    __slots__ = ("hidden", "input_ids", "seqlens_k")

    def __init__(self, max_rows: int, hidden: int) -> None:
        self.input_ids = np.zeros(max_rows, dtype=np.int64)
        self.seqlens_k = np.zeros(max_rows, dtype=np.int32)
        self.hidden = np.zeros((max_rows, hidden), dtype=np.float32)


@dataclass(slots=True, eq=False)
class Wave:
    """One trip through the segments; see ``npcbrain.engine.contract.WaveLike``.

    Attributes:
        live: The generations still in it; ``generations`` is the same list.
        first_slot: Of its range.
        num_tokens: Of each generation, padding left out.
        buffers: ``input_ids`` of its rows, 0 where one takes no part; ``seqlens_k`` of its batch,
            total length of each row less one; the hidden states.
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
