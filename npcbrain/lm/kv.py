"""The keys and values of all slots.

One block of memory, allocated and filled once, at load; it knows nothing of generations. Invariant:
the views handed to ONNX Runtime stay valid as long as the pool lives.

Laid out [layer and side, slot, kv_heads, max_context, head_dim], so that adjacent slots of a layer
are one view (a batch), and a prefix of all layers is one strided copy.
"""

from __future__ import annotations

import numpy as np

from npcbrain.errors import ModelError, fault
from npcbrain.lm.package import ModelConfig

__all__ = ["KVPool"]

MAX_POOL_BYTES = 4 << 30  # usual: 80 MB; beyond this a forged or mistaken size is likelier


class KVPool:
    """Keys and values, float32.

    Attributes:
        array: [2 * layers, slots, kv_heads, max_context, head_dim]; layer i's keys at 2 i, its
            values at 2 i + 1.
        bytes_per_token: Bytes of one token in one slot, all layers and both sides.
    """

    __slots__ = ("array", "bytes_per_token")

    def __init__(self, config: ModelConfig, num_slots: int) -> None:
        """Allocates it.

        Raises:
            ModelError: It would take more than ``MAX_POOL_BYTES``.
        """
        shape = (2 * config.layers, num_slots, config.kv_heads, config.max_context, config.head_dim)
        self.bytes_per_token = 2 * config.layers * config.kv_heads * config.head_dim * 4
        num_bytes = self.bytes_per_token * config.max_context * num_slots
        if num_bytes > MAX_POOL_BYTES:
            raise ModelError(
                fault(
                    "KV pool",
                    f"have at most {MAX_POOL_BYTES} bytes",
                    num_bytes,
                    "Engine()",
                    "use fewer slots or a smaller model",
                )
            )
        self.array = np.empty(shape, dtype=np.float32)
        # Not np.zeros: then the system would provide the pages one by one, inside steps.
        self.array.fill(0.0)

    def view(self, layer: int, side: int, first_slot: int, num_slots: int) -> np.ndarray:
        """Keys (side 0) or values (side 1) of adjacent slots, without a copy."""
        view: np.ndarray = self.array[2 * layer + side, first_slot : first_slot + num_slots]
        return view

    def save(self, slot: int, num_tokens: int) -> np.ndarray:
        """A copy of the slot's first tokens (about 0.3 ms for 2 MB)."""
        copy: np.ndarray = self.array[:, slot, :, :num_tokens].copy()
        return copy

    def restore(self, slot: int, first: int, saved: np.ndarray) -> None:
        """Writes an array from ``save`` back into a slot, from token ``first`` on."""
        self.array[:, slot, :, first : saved.shape[2]] = saved[:, :, first:]
