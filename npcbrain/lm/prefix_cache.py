"""Keys and values of prompt prefixes, kept while no slot holds them.

A dictionary with a limit; it copies nothing itself. Invariant: an array that ``get`` returns was
computed from exactly the token ids asked for (the dictionary compares the ids, not only their
hashes), and the kept arrays together never exceed ``max_bytes``.
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from npcbrain.errors import UsageError, fault

__all__ = ["PrefixCache"]


class PrefixCache:
    """Forgets the least recently used array first.

    Attributes:
        max_bytes: Limit for all kept arrays together; 0 keeps nothing.
        num_bytes: Size of the arrays kept now.
    """

    __slots__ = ("_kept", "max_bytes", "num_bytes")

    def __init__(self, max_bytes: int) -> None:
        """Starts empty.

        Raises:
            UsageError: ``max_bytes`` is negative.
        """
        if max_bytes < 0:
            raise UsageError(fault("max_bytes", "not be negative", max_bytes, "PrefixCache()"))
        self.max_bytes = max_bytes
        self.num_bytes = 0
        self._kept: OrderedDict[tuple[int, ...], np.ndarray] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, ids: object) -> bool:
        return ids in self._kept

    def get(self, ids: tuple[int, ...]) -> np.ndarray | None:
        """The array kept for these ids; it stays valid for the caller even if it is evicted."""
        saved = self._kept.get(ids)
        if saved is not None:
            self._kept.move_to_end(ids)
        return saved

    def put(self, ids: tuple[int, ...], saved: np.ndarray) -> None:
        """Keeps an array, forgetting older ones; one larger than the budget is not kept."""
        if saved.nbytes > self.max_bytes:
            return
        self.drop(ids)
        self.num_bytes += saved.nbytes
        self._kept[ids] = saved
        while self.num_bytes > self.max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.num_bytes -= oldest.nbytes

    def drop(self, ids: tuple[int, ...]) -> None:
        """Forgets the array kept for these ids, if there is one."""
        known = self._kept.pop(ids, None)
        if known is not None:
            self.num_bytes -= known.nbytes
