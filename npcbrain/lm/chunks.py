"""How many tokens the next prefill takes.

Pure numbers. Invariant: a chunk has two tokens or more, padding included, and never leaves
exactly one behind (``npcbrain.engine.engine`` says why).
"""

from __future__ import annotations

from npcbrain.errors import UsageError, fault

__all__ = ["CHUNK_SIZES", "MIN_CHUNK", "check_chunk_sizes", "plan_chunk"]

MIN_CHUNK = 2
CHUNK_SIZES = (2, 4, 8, 16, 32)


def check_chunk_sizes(sizes: tuple[int, ...], max_context: int, where: str) -> None:
    """Refuses chunk sizes of which a prompt could not be made.

    Raises:
        UsageError: They do not ascend from ``MIN_CHUNK``, or one exceeds half of the context.
    """
    limit = max_context // 2
    if not sizes or sizes[0] != MIN_CHUNK or sizes[-1] > limit or list(sizes) != sorted(set(sizes)):
        rule = f"ascend from {MIN_CHUNK} to at most {limit}"
        raise UsageError(fault("chunk_sizes", rule, sizes, where))


def plan_chunk(
    rows: int, pending: int, room: int, sizes: tuple[int, ...], stop: int | None = None
) -> tuple[int, int]:
    """The rows of a chunk, and how many of them are tokens; the others are padding.

    Args:
        rows: The chunk size asked for; a smaller one is taken if the tokens fit.
        pending: Tokens to be computed, at least 2.
        room: Positions left in the slot, at least 2; the chunk shrinks to a size that fits.
        sizes: All chunk sizes, ascending from 2.
        stop: Tokens after which the chunk should end; leaves at least 2. None means all.

    >>> plan_chunk(8, 5, 100, (2, 4, 8))
    (8, 5)
    >>> plan_chunk(4, 5, 100, (2, 4, 8))  # 4 would leave a lone token
    (4, 3)
    >>> plan_chunk(8, 3, 5, (2, 4, 8))  # 8 rows would write beyond the slot
    (4, 3)
    >>> plan_chunk(8, 9, 100, (2, 4, 8), stop=3)
    (4, 3)
    """
    if rows > room:
        rows = max(size for size in sizes if size <= room)
    num_tokens = min(rows, pending if stop is None else stop)
    if pending - num_tokens == 1:
        num_tokens -= 1
    return min(size for size in sizes if size >= num_tokens), num_tokens
