"""Promises of ``tools.bench.int4``: what is timed is the product, and what is lost is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from npcbrain.lm.model import Model
from tools.bench.int4 import (
    FOUR,
    four_bits,
    likeliest,
    odd_sizes,
    opened,
    product_graph,
    rounded,
    speed,
    with_four_bits,
    write,
)
from tools.bench.turns import session_of

TINY = Path(__file__).parents[1] / "models" / "tiny"
RANDOM = np.random.RandomState(0)
WEIGHT = RANDOM.standard_normal((24, 96)).astype(np.float32)  # three blocks: an odd one is left


def test_a_weight_is_off_by_half_a_step_of_its_block() -> None:
    _, scales, _ = four_bits(WEIGHT)
    off = np.abs(rounded(WEIGHT) - WEIGHT).reshape(24, -1, 32)
    assert (off <= scales[..., None] * 1.001).all()
    assert off.mean() < 0.3 * scales.mean()


def test_the_product_that_is_timed_is_that_of_the_rounded_weights() -> None:
    x = RANDOM.standard_normal((4, 96)).astype(np.float32)
    (found,) = session_of(product_graph(WEIGHT, FOUR)).run(None, {"x": x})
    wanted = x @ rounded(WEIGHT).T
    assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()


@pytest.mark.parametrize("kernel", ["nbits8", "rowint8"])
def test_kernels_that_ship_are_found_to_treat_rows_alike(kernel: str) -> None:
    assert odd_sizes(WEIGHT, kernel) == []


def test_each_kernel_is_timed_for_each_number_of_rows() -> None:
    rows = speed({"o": (WEIGHT, "rowint8")}, (1, 2), num_turns=2, swept_bytes=1024)
    assert [row["rows"] for row in rows] == [1, 2]
    assert all(row["us"].keys() == {"ships", "nbits8", FOUR} for row in rows)


def test_untouched_weights_agree_with_themselves_and_a_rounded_model_can_be_loaded(
    tmp_path: Path,
) -> None:
    config, weights = opened(TINY)
    texts = [np.arange(5, 25, dtype=np.int64)]
    wanted = likeliest(config, with_four_bits(config, weights, ()), texts)
    assert np.array_equal(likeliest(config, weights, texts), wanted)
    changed = with_four_bits(config, weights, ("layers.*", "head"))
    assert not np.array_equal(likeliest(config, changed, texts), wanted)
    write(config, changed, TINY, tmp_path / "four")
    assert Model.load(tmp_path / "four", num_slots=1).config.layers == config.layers
