"""Runs one segment, or the head, on rows of the KV pool.

Everything ONNX Runtime reads or writes is bound once, when the engine is made; a run only fills
the shared inputs. It knows no wave and no generation. Floor 1. Invariant: every bound address
belongs to an array this object owns, or to the pool it keeps, for as long as it lives.

A binding holds bare addresses and keeps nothing alive. Had a buffer gone, rows would change with no
error at all; hence one owner for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from npcbrain.lm.drafts import GUESS_SIZES
from npcbrain.lm.kv import KVPool
from npcbrain.lm.package import ModelConfig
from npcbrain.lm.sessions import Sessions

__all__ = ["SegmentRunner"]


class SegmentRunner:
    """Bound inputs and outputs of every shape a step can have.

    The buffers are shared by all bindings, since steps never overlap: fill the inputs, run, and
    take the output before the next run.

    Attributes:
        num_segments: Without the head.
        input_ids: int64 [rows]; input of the first segment.
        seqlens_k: int32 [rows]; total length of each row less one.
        total_sequence_length: int32 []; the longest row's.
        hidden_in: float32 [rows, hidden]; input of the others and of the head.
        hidden: float32 [rows, hidden]; output of all but the head.
        logits: float32 [rows, vocab]; output of the head.
        options: Of every run; raising its ``terminate``, from another thread, ends the one that is
            under way at its next node.
    """

    __slots__ = (
        "_bindings",
        "_head",
        "_head_bindings",
        "_pool",
        "_segments",
        "hidden",
        "hidden_in",
        "input_ids",
        "logits",
        "num_segments",
        "options",
        "seqlens_k",
        "total_sequence_length",
    )

    def __init__(
        self,
        sessions: Sessions,
        layers: Iterable[Iterable[int]],
        config: ModelConfig,
        pool: KVPool,
        chunk_sizes: Iterable[int],
    ) -> None:
        """Binds everything (about 0.1 ms a binding, 30 to 50 ms for 8 slots).

        Args:
            sessions: The loaded graphs.
            layers: The layers of each segment.
            config: Shapes.
            pool: Where keys and values are.
            chunk_sizes: Rows of a prefill, or of a guess.
        """
        import onnxruntime as ort  # here, as the sessions have: it takes a third of a second

        num_slots = pool.array.shape[1]
        chunks = tuple(chunk_sizes)
        head_rows = max(num_slots, GUESS_SIZES[-1])
        max_rows = max(head_rows, *chunks)
        self._pool = pool
        self._segments = sessions.segments
        self._head = sessions.head
        self.num_segments = len(sessions.segments)
        self.options = ort.RunOptions()
        self.options.log_severity_level = 4  # fatal; a run that is ended would be printed otherwise
        # Its default, said aloud: the Python wrapper asks for it at each run, and an entry that is
        # not there costs it an exception of 120 us.
        self.options.add_run_config_entry("gpu_graph_id", "0")
        self.input_ids = np.zeros(max_rows, dtype=np.int64)
        self.seqlens_k = np.zeros(max_rows, dtype=np.int32)
        self.total_sequence_length = np.zeros((), dtype=np.int32)
        self.hidden_in = np.zeros((max_rows, config.hidden), dtype=np.float32)
        self.hidden = np.zeros((max_rows, config.hidden), dtype=np.float32)
        self.logits = np.zeros((head_rows, config.vocab), dtype=np.float32)

        shapes = [
            (first, batch, 1)
            for first in range(num_slots)
            for batch in range(1, num_slots - first + 1)
        ]
        shapes += [(slot, 1, chunk) for slot in range(num_slots) for chunk in chunks]
        self._bindings = {
            (segment, *shape): self._bind(segment, tuple(own), *shape)
            for segment, own in enumerate(layers)
            for shape in shapes
        }
        self._head_bindings = [self._bind_head(rows) for rows in range(1, head_rows + 1)]

    def run(self, segment: int, first_slot: int, batch: int, tokens: int) -> None:
        """Runs a segment on ``batch`` adjacent slots, ``tokens`` each; one of the two is 1.

        The inputs, but for ``total_sequence_length``, must have been filled.

        Raises:
            RuntimeError: As ONNX Runtime raises it, also when ``options`` ended the run. The rows'
                keys, values and hidden states are then undefined.
        """
        self.total_sequence_length[()] = self.seqlens_k[:batch].max() + 1
        self._segments[segment].run_with_iobinding(
            self._bindings[segment, first_slot, batch, tokens], self.options
        )

    def run_head(self, rows: int) -> None:
        """Runs the head on the first ``rows`` rows of ``hidden_in``.

        Raises:
            RuntimeError: As ONNX Runtime raises it, also when ``options`` ended the run.
        """
        self._head.run_with_iobinding(self._head_bindings[rows - 1], self.options)

    def _bind(
        self, segment: int, layers: tuple[int, ...], first_slot: int, batch: int, tokens: int
    ) -> Any:
        binding = self._segments[segment].io_binding()
        shape = (batch, tokens)
        if layers[0] == 0:
            _bind_input(binding, "input_ids", self.input_ids, shape)
        else:
            _bind_input(binding, "hidden_in", self.hidden_in, (*shape, self.hidden_in.shape[1]))
        _bind_input(binding, "seqlens_k", self.seqlens_k, (batch,))
        _bind_input(binding, "total_sequence_length", self.total_sequence_length, ())
        _bind_output(binding, "hidden", self.hidden, (*shape, self.hidden.shape[1]))
        for layer in layers:
            for side, name in enumerate(("key", "value")):
                cache = self._pool.view(layer, side, first_slot, batch)
                _bind_input(binding, f"past_key_values.{layer}.{name}", cache, cache.shape)
                _bind_output(binding, f"present.{layer}.{name}", cache, cache.shape)
        return binding

    def _bind_head(self, rows: int) -> Any:
        binding = self._head.io_binding()
        _bind_input(binding, "hidden_in", self.hidden_in, (rows, self.hidden_in.shape[1]))
        _bind_output(binding, "logits", self.logits, (rows, self.logits.shape[1]))
        return binding


def _bind_input(binding: Any, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    binding.bind_input(name, "cpu", 0, array.dtype.type, shape, array.ctypes.data)


def _bind_output(binding: Any, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    binding.bind_output(name, "cpu", 0, array.dtype.type, shape, array.ctypes.data)
