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

from tools.distil.graph import LlamaConfig, Weights, rotary_angles
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
    x = weights["model.embed_tokens.weight"][input_ids]
    after = []
    for layers in segments:
        for layer in layers:
            prefix, name = f"model.layers.{layer}", f"layers.{layer}"
            normed = _norm(x, weights[f"{prefix}.input_layernorm.weight"], config.eps)
            observe(f"{name}.qkv", normed)
            mixed = _attention(config, weights, f"{prefix}.self_attn", normed)
            observe(f"{name}.o", mixed)
            x = x + mixed @ weights[f"{prefix}.self_attn.o_proj.weight"].T
            normed = _norm(x, weights[f"{prefix}.post_attention_layernorm.weight"], config.eps)
            observe(f"{name}.gate_up", normed)
            gate = normed @ weights[f"{prefix}.mlp.gate_proj.weight"].T
            up = normed @ weights[f"{prefix}.mlp.up_proj.weight"].T
            inner = gate / (1 + np.exp(-gate)) * up
            observe(f"{name}.down", inner)
            x = x + inner @ weights[f"{prefix}.mlp.down_proj.weight"].T
        after.append(x)
    final = _norm(x, weights["model.norm.weight"], config.eps)
    observe("head", final)
    return after, final @ weights["model.embed_tokens.weight"].T


def _norm(x: np.ndarray, gain: np.ndarray, eps: float) -> np.ndarray:
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(eps)) * gain


def _attention(config: LlamaConfig, weights: Weights, prefix: str, x: np.ndarray) -> np.ndarray:
    tokens, size = len(x), config.head_dim

    def heads(side: str, count: int) -> np.ndarray:
        projected = x @ weights[f"{prefix}.{side}_proj.weight"].T
        return projected.reshape(tokens, count, size).transpose(1, 0, 2)

    angles = rotary_angles(config)[:tokens]
    cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def rotate(y: np.ndarray) -> np.ndarray:
        first, second = y[..., : size // 2], y[..., size // 2 :]
        return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)

    group = config.heads // config.kv_heads
    q = rotate(heads("q", config.heads))
    k = rotate(heads("k", config.kv_heads)).repeat(group, axis=0)
    v = heads("v", config.kv_heads).repeat(group, axis=0)
    scores = q @ k.transpose(0, 2, 1) / np.float32(size**0.5)
    scores[:, ~np.tri(tokens, dtype=bool)] = -np.inf
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return (shares @ v).transpose(1, 0, 2).reshape(tokens, -1)


class GraphRunner:
    """The graphs of a model in ONNX Runtime on one CPU thread, with KV buffers of their own."""

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
        self._pool = {
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
                view = self._pool[f"{layer}.{side}"][first_slot : first_slot + batch]
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
