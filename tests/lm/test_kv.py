"""Promises of ``kv``, ``prefix_cache``, ``slots`` and ``chunks`` in ``npcbrain.lm``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.errors import ModelError, UsageError
from npcbrain.lm import kv
from npcbrain.lm.chunks import CHUNK_SIZES, check_chunk_sizes, plan_chunk
from npcbrain.lm.kv import KVPool
from npcbrain.lm.package import ModelConfig
from npcbrain.lm.prefix_cache import PrefixCache
from npcbrain.lm.slots import GAP_TOKENS, Slot, choose_slot, common_prefix

CONFIG = ModelConfig(hidden=8, heads=2, kv_heads=1, head_dim=4, layers=2, vocab=9, max_context=64)


def filled_pool() -> KVPool:
    pool = KVPool(CONFIG, num_slots=3)
    pool.array[...] = np.arange(pool.array.size).reshape(pool.array.shape)
    return pool


def slots(*held: list[int], busy: tuple[int, ...] = ()) -> list[Slot]:
    sitting = cast(Any, SimpleNamespace())
    return [
        Slot(sitting if index in busy else None, ids, last_used=index)
        for index, ids in enumerate(held)
    ]


def test_a_view_is_the_pool_itself() -> None:
    pool = filled_pool()
    pool.view(1, 0, first_slot=1, num_slots=2)[:] = -1
    assert (pool.array[2, 1:] == -1).all()
    assert (pool.array[2, 0] != -1).all()
    assert (pool.array[3] != -1).all()


def test_a_view_of_adjacent_slots_has_no_holes() -> None:
    assert filled_pool().view(1, 1, first_slot=1, num_slots=2).flags.c_contiguous


def test_a_restored_prefix_is_the_saved_one_and_nothing_else_changes() -> None:
    pool = filled_pool()
    before = pool.array.copy()
    saved = pool.save(0, 5)
    pool.restore(2, 2, saved)
    assert np.array_equal(pool.array[:, 2, :, 2:5], before[:, 0, :, 2:5])
    pool.array[:, 2, :, 2:5] = before[:, 2, :, 2:5]
    assert np.array_equal(pool.array, before)


def test_what_was_saved_outlives_changes_of_the_slot() -> None:
    pool = filled_pool()
    saved = pool.save(0, 5)
    expected = saved.copy()
    pool.array.fill(0)
    assert np.array_equal(saved, expected)


def test_a_pool_knows_the_size_of_a_token() -> None:
    pool = filled_pool()
    assert pool.array.nbytes == pool.bytes_per_token * 64 * 3


def test_a_pool_of_gigabytes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kv, "MAX_POOL_BYTES", 1000)
    with pytest.raises(ModelError) as caught:
        KVPool(CONFIG, num_slots=2)
    assert str(caught.value) == (
        "KV pool must have at most 1000 bytes, got 8192 - at Engine(); "
        "use fewer slots or a smaller model"
    )


def test_a_prefix_is_found_by_its_exact_tokens() -> None:
    cache, saved = PrefixCache(100), np.zeros(10, dtype=np.uint8)
    cache.put((1, 2), saved)
    assert cache.get((1, 2)) is saved
    assert cache.get((1,)) is None
    assert cache.get((1, 2, 3)) is None


def test_the_prefix_used_longest_ago_is_forgotten_first() -> None:
    cache = PrefixCache(30)
    for key in (1, 2, 3):
        cache.put((key,), np.zeros(10, dtype=np.uint8))
    cache.get((1,))
    cache.put((4,), np.zeros(10, dtype=np.uint8))
    assert [(key,) in cache for key in (1, 2, 3, 4)] == [True, False, True, True]


@given(sizes=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), max_size=30))
def test_a_cache_never_exceeds_its_budget_and_counts_right(sizes: list[tuple[int, int]]) -> None:
    cache, known = PrefixCache(50), {}
    for key, size in sizes:
        saved = np.zeros(size, dtype=np.uint8)
        cache.put((key,), saved)
        known[key] = saved
        kept = [cache.get((key,)) for key in known if (key,) in cache]
        assert sum(one.nbytes for one in kept if one is not None) == cache.num_bytes <= 50
        assert len(cache) == len(kept)


def test_a_prefix_beyond_the_whole_budget_pushes_nobody_out() -> None:
    cache = PrefixCache(30)
    cache.put((1,), np.zeros(10, dtype=np.uint8))
    cache.put((2,), np.zeros(31, dtype=np.uint8))
    assert ((1,) in cache, (2,) in cache) == (True, False)


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        PrefixCache(-1)
    assert str(caught.value) == "max_bytes must not be negative, got -1 - at PrefixCache()"


def test_a_prompt_goes_where_most_of_it_is_held() -> None:
    assert choose_slot(slots([], [1, 2], [1, 2, 3, 9]), [1, 2, 3, 4], 4, 0) == (2, 3)


def test_no_more_is_taken_over_than_allowed() -> None:
    assert choose_slot(slots([1, 2, 3, 4]), [1, 2, 3, 4], 2, 0) == (0, 2)


def test_an_unknown_prompt_takes_an_empty_slot_before_it_wipes_one() -> None:
    assert choose_slot(slots([7], [8], []), [1, 2], 2, 0) == (2, 0)


def test_an_unknown_prompt_wipes_the_slot_left_longest_ago() -> None:
    assert choose_slot(slots([7], [8]), [1, 2], 2, 0) == (0, 0)


def test_a_busy_slot_is_never_chosen() -> None:
    assert choose_slot(slots([1, 2], [], busy=(0,)), [1, 2], 2, 0) == (1, 0)
    assert choose_slot(slots([], [], busy=(0, 1)), [1, 2], 2, 0) is None


def test_a_neighbour_of_busy_slots_wins_when_the_prefix_can_be_copied() -> None:
    ids = list(range(100))
    free = slots([], [], [], [], ids, busy=(0, 1))
    assert choose_slot(free, ids, 98, num_cached=90) == (2, 0)


def test_a_far_slot_wins_when_it_saves_more_than_its_gaps_cost() -> None:
    ids = list(range(2 * GAP_TOKENS + 10))
    free = slots([], [], [], ids, busy=(0,))
    assert choose_slot(free, ids, len(ids) - 2, num_cached=0) == (3, len(ids) - 2)
    assert choose_slot(free, ids[: 2 * GAP_TOKENS - 10], len(ids), num_cached=0) == (1, 0)


@given(left=st.lists(st.integers(0, 2)), right=st.lists(st.integers(0, 2)), limit=st.integers(0, 9))
def test_a_common_prefix_is_common_and_as_long_as_it_can_be(
    left: list[int], right: list[int], limit: int
) -> None:
    count = common_prefix(left, right, limit)
    assert left[:count] == right[:count]
    assert count == min(limit, len(left), len(right)) or left[count] != right[count]


@given(
    rows=st.sampled_from(CHUNK_SIZES),
    pending=st.integers(2, 400),
    room=st.integers(0, 400),
    prefix=st.none() | st.integers(1, 400),
)
def test_any_plan_ends_without_a_lone_token(
    rows: int, pending: int, room: int, prefix: int | None
) -> None:
    room += pending
    while pending:
        stop = prefix if prefix is not None and prefix <= pending - 2 else None
        planned, num_tokens = plan_chunk(rows, pending, room, CHUNK_SIZES, stop)
        assert planned in CHUNK_SIZES
        assert planned <= min(rows, room)
        assert 1 <= num_tokens <= planned
        pending, room, prefix = pending - num_tokens, room - num_tokens, None
        assert pending != 1


@pytest.mark.parametrize("sizes", [(), (1, 2), (4, 8), (2, 8, 4), (2, 2), (2, 64)])
def test_chunk_sizes_that_cannot_make_a_prompt_are_refused(sizes: tuple[int, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        check_chunk_sizes(sizes, 64, "Engine()")
    assert str(caught.value) == (
        f"chunk_sizes must ascend from 2 to at most 32, got {sizes} - at Engine()"
    )
