"""Does an export compute what its weights say? A plain reference, and a runner of the graphs.

The reference is float32 numpy, whole sequence at once, no cache; the runner is the graphs in ONNX
Runtime, in chunks and batches. Neither is the engine, which has prices and slots. Invariant: both
speak in the same terms, hidden states after each segment and logits, so every segment can be
compared on its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the runtime is imported

import numpy as np
import onnxruntime as ort

from npcbrain.graphs.decoder import LlamaConfig, Weights
from npcbrain.graphs.reference import embed, head, run_layer
from tools.distil.package import BuiltModel

__all__ = ["GraphRunner", "reference"]


def reference(
    config: LlamaConfig,
    weights: Weights,
    input_ids: np.ndarray,
    segments: Sequence[Sequence[int]],
    observe: Callable[[str, np.ndarray], object] = lambda name, x: None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Runs the model as the textbook writes it.

    Args:
        config: Shapes.
        weights: float32 arrays in Hugging Face's naming.
        input_ids: int64 [tokens].
        segments: The layers of each segment.
        observe: Called with each matrix's name, as in ``kernel_plan``, and what enters it, float32
            [tokens, in].

    Returns:
        The hidden states after each segment, float32 [tokens, hidden], and the logits of all
        positions, float32 [tokens, vocab].
    """
    x = embed(config, weights, input_ids)
    after = []
    for layers in segments:
        for layer in layers:
            x = run_layer(config, weights, layer, x, observe)
        after.append(x)
    return after, head(config, weights, x, observe)


class GraphRunner:
    """The graphs of a model in ONNX Runtime on one CPU thread, with KV buffers of their own.

    Attributes:
        pool: Keys and values by layer and side (``"3.key"``), [slots, kv_heads, max_context,
            head_dim].
    """

    def __init__(self, model: BuiltModel, num_slots: int = 1) -> None:
        config = model.config
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1

        def load(file: str) -> ort.InferenceSession:
            return ort.InferenceSession(
                model.files[file], options, providers=["CPUExecutionProvider"]
            )

        self.num_segments = len(model.segments)
        self._layers = model.segments
        self._segments = [load(entry["file"]) for entry in model.manifest["segments"]]
        self._head = load("head.onnx")
        shape = (num_slots, config.kv_heads, config.max_context, config.head_dim)
        self.pool = {
            f"{layer}.{side}": np.zeros(shape, np.float32)
            for layer in range(config.layers)
            for side in ("key", "value")
        }

    def run_segment(
        self, segment: int, x: np.ndarray, contexts: Sequence[int], first_slot: int = 0
    ) -> np.ndarray:
        """Runs one segment.

        Args:
            segment: Its index.
            x: int64 [batch, tokens] for segment 0, else float32 [batch, tokens, hidden].
            contexts: Tokens already in each row's buffers.
            first_slot: Rows use this slot and the next ones.

        Returns:
            Hidden states, float32 [batch, tokens, hidden].
        """
        batch, tokens = x.shape[:2]
        ends = np.asarray(contexts, np.int32) + tokens
        session = self._segments[segment]
        binding = session.io_binding()
        binding.bind_cpu_input("input_ids" if segment == 0 else "hidden_in", x)
        binding.bind_cpu_input("seqlens_k", ends - 1)
        binding.bind_cpu_input("total_sequence_length", np.array(ends.max(), np.int32))
        binding.bind_output("hidden")
        held = []  # a value borrows its array; both must outlive the run
        for layer in self._layers[segment]:
            for side in ("key", "value"):
                view = self.pool[f"{layer}.{side}"][first_slot : first_slot + batch]
                value = ort.OrtValue.ortvalue_from_numpy(view)
                held.append(value)
                binding.bind_ortvalue_input(f"past_key_values.{layer}.{side}", value)
                binding.bind_ortvalue_output(f"present.{layer}.{side}", value)
        session.run_with_iobinding(binding)
        return binding.get_outputs()[0].numpy().copy()  # in the order they were bound

    def run_head(self, hidden: np.ndarray) -> np.ndarray:
        """Logits, float32 [rows, vocab], of hidden states [rows, hidden]."""
        return self._head.run(["logits"], {"hidden_in": hidden})[0]

    def run(
        self, input_ids: np.ndarray, contexts: Sequence[int], first_slot: int = 0
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """One trip through all segments and the head.

        Args:
            input_ids: int64 [batch, tokens].
            contexts: Tokens already in each row's buffers.
            first_slot: Rows use this slot and the next ones.

        Returns:
            Hidden states after each segment, [batch, tokens, hidden], and logits,
            [batch, tokens, vocab].
        """
        after: list[np.ndarray] = []
        x = input_ids
        for segment in range(self.num_segments):
            x = self.run_segment(segment, x, contexts, first_slot)
            after.append(x)
        logits = self.run_head(x.reshape(-1, x.shape[-1]))
        return after, logits.reshape(*x.shape[:2], -1)

    def prefill(
        self, input_ids: np.ndarray, chunks: Sequence[int], slot: int = 0
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Reads a sequence [tokens] into a slot, chunk by chunk.

        Returns:
            As ``reference`` does: hidden states after each segment and logits, all positions.
        """
        parts = []
        start = 0
        for size in chunks:
            parts.append(self.run(input_ids[None, start : start + size], [start], slot))
            start += size
        after = [
            np.concatenate([part[0][s][0] for part in parts]) for s in range(self.num_segments)
        ]
        return after, np.concatenate([part[1][0] for part in parts])
