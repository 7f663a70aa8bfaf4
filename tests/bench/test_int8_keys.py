"""Promises of ``tools.bench.int8_keys``: a cache of 8 bits is the same cache, but for rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tools.bench.int4 import opened
from tools.bench.int8_keys import (
    Attention,
    agreement,
    is_row_invariant,
    random_qkv,
    runner_of,
    speed,
)

TINY = Path(__file__).parents[1] / "models" / "tiny"
CONFIG, _ = opened(TINY)


def test_both_find_nearly_the_same_and_keep_it_in_a_quarter_of_the_bytes() -> None:
    wide, narrow = Attention(CONFIG, 32, 1), Attention(CONFIG, 8, 1)
    prompt, token = random_qkv(CONFIG, 1, 24), random_qkv(CONFIG, 1, 1, seed=1)
    wide.run(prompt, 0)
    narrow.run(prompt, 0)
    wanted, found = wide.run(token, 24), narrow.run(token, 24)
    assert 0 < np.linalg.norm(found - wanted) < 0.03 * np.linalg.norm(wanted)
    assert 4 * narrow.caches["key"].nbytes == wide.caches["key"].nbytes


def test_attention_as_it_ships_is_found_to_treat_rows_alike() -> None:
    assert is_row_invariant(CONFIG, 32, 2)


def test_each_shape_is_timed_for_both() -> None:
    rows = speed(CONFIG, ((2, 1), (1, 4)), num_turns=2, swept_bytes=1024)
    assert [(row["rows"], row["tokens"]) for row in rows] == [(2, 1), (1, 4)]
    assert all(row["us"].keys() == {"32", "8"} and row["off"] < 0.05 for row in rows)


def test_a_rounded_cache_changes_few_likeliest_tokens() -> None:
    random = np.random.RandomState(0)
    texts = [random.randint(3, CONFIG.vocab, 40).astype(np.int64) for _ in range(2)]
    assert 0.7 < agreement(runner_of(TINY, CONFIG), texts, texts) <= 1.0
