"""Which generation holds which slot of the KV cache, and which slot the next one should get.

Bookkeeping only; it moves no data. Invariant: the keys and values of the tokens in a slot's
``held`` are in the slot, no matter which generation computed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from npcbrain.lm.generation import Generation

__all__ = ["Slot", "choose_slot", "common_prefix"]

# The cost of a gap in the range of busy slots, in prompt tokens. A gap is one more row in each of
# an answer's some 30 decodes, 0.7 ms each; a prompt token takes 0.5 ms: about 40 tokens.
GAP_TOKENS = 40
COPIED_PER_PREFILLED = 200  # tokens copied in the time in which one is computed


@dataclass(slots=True)
class Slot:
    """The place of one sequence.

    Attributes:
        generation: The generation that holds it; None if free.
        held: Prompt tokens that the last generation left, still valid while the slot is free.
        reach: Positions from here on are neither valid nor about to be.
        last_used: Grows with every close; the smallest was left longest ago.
    """

    generation: Generation | None = None
    held: Sequence[int] = field(default_factory=tuple)
    reach: int = 0
    last_used: int = 0

    def unread_position(self, max_context: int) -> int:
        """The first position to which nothing has been or is being written."""
        return min(self.reach, max_context - 1)


def choose_slot(
    slots: Sequence[Slot], ids: Sequence[int], limit: int, num_cached: int
) -> tuple[int, int] | None:
    """The free slot in which the answer will cost least.

    A slot that already holds the prompt's beginning saves computing it; a slot beside busy ones
    keeps batches narrow. Among equals an empty slot is taken, so that nothing is forgotten early,
    else the one that was left longest ago.

    Args:
        slots: All slots.
        ids: The prompt.
        limit: Most tokens that may be taken over.
        num_cached: Tokens that can be copied from the prefix cache instead.

    Returns:
        The slot and the tokens it already holds, or None if none is free.
    """
    busy = [index for index, slot in enumerate(slots) if slot.generation is not None]
    best: tuple[float, bool, int, int, int] | None = None
    for index, slot in enumerate(slots):
        if slot.generation is not None:
            continue
        held = common_prefix(slot.held, ids, limit)
        computed = len(ids) - max(held, num_cached)
        copied = max(0, num_cached - held)
        cost = computed + copied / COPIED_PER_PREFILLED + GAP_TOKENS * _num_gaps(index, busy)
        rank = (cost, bool(slot.held), slot.last_used, index, held)
        if best is None or rank < best:
            best = rank
    return None if best is None else (best[3], best[4])


def common_prefix(left: Sequence[int], right: Sequence[int], limit: int) -> int:
    """How many leading tokens agree, at most ``limit``.

    >>> common_prefix([1, 2, 3], [1, 2, 4], 9)
    2
    """
    count = 0
    for one, other in zip(left[:limit], right, strict=False):
        if one != other:
            break
        count += 1
    return count


def _num_gaps(index: int, busy: Sequence[int]) -> int:
    """Free slots between ``index`` and the range of the busy ones (ascending)."""
    if not busy:
        return 0
    return max(0, busy[0] - index - 1, index - busy[-1] - 1)
