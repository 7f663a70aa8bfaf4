"""Checks, layer by layer while it is written, that an imported model computes as its source.

The textbook's computation and the graphs' go on side by side from the same tokens. Only the states
between two segments are kept, so that no model need be in memory whole. Invariant: a graph that is
compared is the file that a game will load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from npcbrain.errors import ModelError, fault
from npcbrain.graphs import reference
from npcbrain.graphs.shape import LlamaConfig
from npcbrain.lm.sessions import import_runtime

__all__ = ["BoundRun", "Comparison", "load_graph"]

ROWS_AT_ONCE = 64  # of logits; with a large vocabulary two rows take a megabyte


class Comparison:
    """The two computations of a model.

    Attributes:
        agreement: The share of positions whose most likely token is the same; 0 before ``finish``.
    """

    def __init__(
        self, config: LlamaConfig, weights: Mapping[str, np.ndarray], texts: Sequence[np.ndarray]
    ) -> None:
        """Embeds the texts.

        Args:
            config: Shapes.
            weights: The model's; only the table of tokens is read here.
            texts: int64 [tokens] each.
        """
        self.agreement = 0.0
        self._config = config
        self._wanted = [reference.embed(config, weights, ids) for ids in texts]
        self._found: list[np.ndarray] = [ids[None] for ids in texts]

    def take_layer(self, layer: int, weights: Mapping[str, np.ndarray]) -> None:
        """Runs a layer as the textbook does."""
        config = self._config
        self._wanted = [reference.run_layer(config, weights, layer, x) for x in self._wanted]

    def take_segment(self, graph: Any, layers: Sequence[int]) -> None:
        """Runs a segment's graph, with the keys and values of these layers."""
        self._found = [run_segment(graph, self._config, layers, x) for x in self._found]

    def take_heads(self, graphs: Sequence[Any], weights: Mapping[str, np.ndarray]) -> None:
        """Runs the head in both ways, and sets ``agreement``."""
        same = total = 0
        for wanted, found in zip(self._wanted, self._found, strict=True):
            for start in range(0, len(wanted), ROWS_AT_ONCE):
                rows = slice(start, start + ROWS_AT_ONCE)
                want = reference.head(self._config, weights, wanted[rows]).argmax(-1)
                fed = {"hidden_in": found[0, rows]}
                logits = np.concatenate([graph.run(None, fed)[0] for graph in graphs], axis=1)
                same += int((logits.argmax(-1) == want).sum())
                total += len(want)
        self.agreement = same / total

    def check_finite(self, where: str) -> None:
        """Refuses weights that lead to infinite states.

        Raises:
            ModelError: A state is infinite or NaN.
        """
        if not all(np.isfinite(x).all() for x in self._wanted):
            advice = "the file is damaged, or no model"
            raise ModelError(fault("weights", "lead to finite numbers", "others", where, advice))


def load_graph(path: Path) -> Any:
    """A session of one graph, on one thread of the processor."""
    ort = import_runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_segment(
    graph: Any, config: LlamaConfig, layers: Sequence[int], x: np.ndarray
) -> np.ndarray:
    """Runs one sequence through a segment, from the beginning of a slot."""
    run = BoundRun(graph, config, layers, x, 0)
    run()
    found: np.ndarray = run.outputs()
    return found


class BoundRun:
    """A segment's run with everything bound: rows, the tokens before them, its own buffers."""

    def __init__(
        self, graph: Any, config: LlamaConfig, layers: Sequence[int], x: np.ndarray, context: int
    ) -> None:
        ort = import_runtime()
        batch, tokens = x.shape[:2]
        total = np.full(batch, context + tokens - 1, np.int32)
        self._graph = graph
        self._binding = binding = graph.io_binding()
        name = "input_ids" if x.dtype == np.int64 else "hidden_in"
        longest = np.array(context + tokens, np.int32)
        self._held: list[Any] = [x, total, longest]  # a binding keeps nothing alive
        binding.bind_cpu_input(name, x)
        binding.bind_cpu_input("seqlens_k", total)
        binding.bind_cpu_input("total_sequence_length", longest)
        binding.bind_output("hidden")
        shape = (batch, config.kv_heads, config.max_context, config.head_dim)
        for layer in layers:
            for side in ("key", "value"):
                cache = np.zeros(shape, np.float32)
                value = ort.OrtValue.ortvalue_from_numpy(cache)
                self._held += [cache, value]
                binding.bind_ortvalue_input(f"past_key_values.{layer}.{side}", value)
                binding.bind_ortvalue_output(f"present.{layer}.{side}", value)

    def __call__(self) -> None:
        self._graph.run_with_iobinding(self._binding)

    def outputs(self) -> np.ndarray:
        """Hidden states of the last run."""
        found: np.ndarray = self._binding.get_outputs()[0].numpy().copy()
        return found
