"""Runs one segment, or the head, on rows of the KV pool.

All that ONNX Runtime reads or writes is bound once, when the engine is made; a run only fills the
shared inputs. It knows nothing of waves and generations. Invariant: every bound address belongs, as
long as this object lives, to an array that it owns or to the pool that it keeps.

A binding holds bare addresses and keeps nothing alive. If a buffer were freed, rows would change
without any error; so one object owns them all.

Hidden states go to and fro between two arrays: a segment reads one and writes the other, which the
next segment reads. Rows that run segment after segment are never copied; rows that wait while
others run are put aside, in an array that the caller keeps for them. Copying all rows each time
took 20 us a step on a core whose caches were full of weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from npcbrain.lm.drafts import DRAFT_SIZES
from npcbrain.lm.kv import KVPool
from npcbrain.lm.package import ModelPackage
from npcbrain.lm.sessions import Sessions

__all__ = ["SegmentRunner"]


class SegmentRunner:
    """Bound inputs and outputs of every shape a step can have.

    The buffers are shared by all bindings, since steps never overlap: fill the inputs, run, and
    take the output before the next run.

    Attributes:
        num_segments: How many segments there are, without the head.
        input_ids: int64 [rows]; input of the first segment.
        seqlens_k: int32 [rows]; total length of each row less one.
        total_sequence_length: int32 []; the longest row's.
        num_heads: How many parts the head has.
        head_in: float32 [rows, hidden]; input of the head.
        logits: float32 [rows, vocab]; output of the head, if it is in one part.
        options: Of every run; another thread that sets its ``terminate`` ends the current run at
            its next node.
    """

    __slots__ = (
        "_bindings",
        "_guest",
        "_guest_rows",
        "_head_bindings",
        "_head_parts",
        "_heads",
        "_hidden",
        "_pool",
        "_segments",
        "head_in",
        "input_ids",
        "logits",
        "num_heads",
        "num_segments",
        "options",
        "seqlens_k",
        "total_sequence_length",
    )

    def __init__(
        self,
        sessions: Sessions,
        package: ModelPackage,
        pool: KVPool,
        chunk_sizes: Iterable[int],
    ) -> None:
        """Binds everything (about 0.1 ms a binding, 30 to 50 ms for 8 slots).

        Args:
            sessions: The loaded graphs.
            package: The package that they were loaded from, for layers and shapes.
            pool: Holds the keys and values.
            chunk_sizes: Rows of a prefill, or of a draft.
        """
        import onnxruntime as ort  # not above: the import takes a third of a second

        config, num_slots = package.config, pool.array.shape[1]
        chunks = tuple(dict.fromkeys(chunk_sizes))
        head_rows = max(num_slots, DRAFT_SIZES[-1])
        max_rows = max(head_rows, *chunks)
        self._pool = pool
        self._segments = sessions.segments
        self._heads = sessions.heads
        self.num_segments = len(sessions.segments)
        self.num_heads = len(sessions.heads)
        self.options = ort.RunOptions()
        self.options.log_severity_level = 4  # fatal only: otherwise each ended run would be printed
        # The default, but set here: the Python wrapper asks for this entry at each run, and a
        # missing entry costs it an exception of 120 us.
        self.options.add_run_config_entry("gpu_graph_id", "0")
        self.input_ids = np.zeros(max_rows, dtype=np.int64)
        self.seqlens_k = np.zeros(max_rows, dtype=np.int32)
        self.total_sequence_length = np.zeros((), dtype=np.int32)
        self.head_in = np.zeros((head_rows, config.hidden), dtype=np.float32)
        self._hidden = [np.zeros((max_rows, config.hidden), dtype=np.float32) for _ in range(2)]
        self._guest: np.ndarray | None = None  # where ``_guest_rows`` would be put aside
        self._guest_rows = self._hidden[0][:0]
        # One output array for each part of the head: in a common one, its rows would have gaps.
        widths = [head.get_outputs()[0].shape[1] for head in sessions.heads]
        self._head_parts = [np.zeros((head_rows, width), dtype=np.float32) for width in widths]
        self.logits = self._head_parts[0]

        shapes = [
            (first, batch, 1)
            for first in range(num_slots)
            for batch in range(1, num_slots - first + 1)
        ]
        shapes += [(slot, 1, chunk) for slot in range(num_slots) for chunk in chunks]
        self._bindings = {
            (segment, *shape): self._bind(segment, layers, *shape)
            for segment, (_, layers) in enumerate(package.segments)
            for shape in shapes
        }
        self._head_bindings = [
            [self._bind_head(part, rows) for rows in range(1, head_rows + 1)]
            for part in range(self.num_heads)
        ]

    def run(
        self, segment: int, first_slot: int, batch: int, tokens: int, aside: np.ndarray | None
    ) -> None:
        """Runs a segment on ``batch`` adjacent slots, ``tokens`` each; one of the two is 1.

        ``input_ids`` and ``seqlens_k`` must have been filled.

        Args:
            segment: The segment's number.
            first_slot: The first of the adjacent slots.
            batch: How many slots.
            tokens: How many tokens of each slot.
            aside: float32 [rows or more, hidden]; the array into which the hidden states of these
                rows are put when others run. None if nobody wants them.

        Raises:
            RuntimeError: As ONNX Runtime raises it, also when ``options`` ended the run. The keys
                and values it wrote are then undefined; the hidden states are as before.
        """
        rows = batch * tokens
        if aside is not self._guest:
            self._put_aside()
            if segment and aside is not None:
                self._guest, self._guest_rows = aside, self._hidden[segment & 1][:rows]
                self._guest_rows[:] = aside[:rows]
        self.total_sequence_length[()] = self.seqlens_k[:batch].max() + 1
        self._segments[segment].run_with_iobinding(
            self._bindings[segment, first_slot, batch, tokens], self.options
        )
        self._guest, self._guest_rows = aside, self._hidden[~segment & 1][:rows]

    def hidden_of(self, aside: np.ndarray) -> np.ndarray:
        """The hidden states that belong to ``aside``, whether they have been put there or not."""
        return self._guest_rows if aside is self._guest else aside

    def _put_aside(self) -> None:
        if self._guest is not None:
            self._guest[: len(self._guest_rows)] = self._guest_rows
            self._guest = None

    def fill_head(self, aside: np.ndarray, rows: Sequence[int]) -> None:
        """Copies rows of the hidden states that belong to ``aside`` to ``head_in``."""
        hidden = self.hidden_of(aside)
        for index, row in enumerate(rows):  # indexing by all rows would make a new array
            self.head_in[index] = hidden[row]

    def run_head(self, rows: int, part: int = 0) -> None:
        """Runs the head, or a part of it, on the first ``rows`` rows of ``head_in``.

        Raises:
            RuntimeError: As ONNX Runtime raises it, also when ``options`` ended the run.
        """
        self._heads[part].run_with_iobinding(self._head_bindings[part][rows - 1], self.options)

    def keep_logits(self, part: int, kept: np.ndarray, rows: Sequence[int]) -> None:
        """Copies the logits that a part of the head just computed to their place in ``kept``."""
        start = sum(one.shape[1] for one in self._head_parts[:part])
        found = self._head_parts[part]
        kept[rows, start : start + found.shape[1]] = found[: len(rows)]

    def _bind(
        self, segment: int, layers: tuple[int, ...], first_slot: int, batch: int, tokens: int
    ) -> Any:
        binding = self._segments[segment].io_binding()
        shape = (batch, tokens)
        if segment == 0:
            _bind_input(binding, "input_ids", self.input_ids, shape)
        else:
            source = self._hidden[segment & 1]
            _bind_input(binding, "hidden_in", source, (*shape, source.shape[1]))
        _bind_input(binding, "seqlens_k", self.seqlens_k, (batch,))
        _bind_input(binding, "total_sequence_length", self.total_sequence_length, ())
        target = self._hidden[~segment & 1]
        _bind_output(binding, "hidden", target, (*shape, target.shape[1]))
        for layer in layers:
            for side, name in enumerate(("key", "value")):
                cache = self._pool.view(layer, side, first_slot, batch)
                _bind_input(binding, f"past_key_values.{layer}.{name}", cache, cache.shape)
                _bind_output(binding, f"present.{layer}.{name}", cache, cache.shape)
        return binding

    def _bind_head(self, part: int, rows: int) -> Any:
        binding, logits = self._heads[part].io_binding(), self._head_parts[part]
        _bind_input(binding, "hidden_in", self.head_in, (rows, self.head_in.shape[1]))
        _bind_output(binding, "logits", logits, (rows, logits.shape[1]))
        return binding


def _bind_input(binding: Any, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    binding.bind_input(name, "cpu", 0, array.dtype.type, shape, array.ctypes.data)


def _bind_output(binding: Any, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    binding.bind_output(name, "cpu", 0, array.dtype.type, shape, array.ctypes.data)
