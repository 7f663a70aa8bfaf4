"""Promises of ``tools.bench.gguf_files``: the same numbers, in the form llama.cpp reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gguf")

import gguf

from tools.bench.gguf_files import KINDS, from_package, requantise, weight_bytes, write_gguf
from tools.distil.teacher import read_gguf
from tools.make_tiny_model import TINY, make_tiny_model, tiny_tokenizer, tiny_weights

OFF = {"Q8_0": 0.01, "Q4_0": 0.15}  # of the largest value: what rounding may change


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    write_gguf(path, TINY, tiny_weights(TINY), tiny_tokenizer(TINY.vocab), "Q8_0")
    return path


def assert_same_weights(path: Path, off: float) -> None:
    _, weights, _ = read_gguf(path)
    expected = tiny_weights(TINY)
    assert set(weights) == set(expected)
    for name, array in weights.items():
        assert array.shape == expected[name].shape
        assert np.abs(array - expected[name]).max() <= off * np.abs(expected[name]).max(), name


def test_what_is_written_is_what_the_teachers_reader_reads(written: Path) -> None:
    assert_same_weights(written, OFF["Q8_0"])
    config, _, tokenizer = read_gguf(written)
    assert (config["num_attention_heads"], config["num_key_value_heads"]) == (4, 2)
    assert config["rope_theta"] == TINY.rope_theta
    text = "give the player 2 keys"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


@pytest.mark.parametrize("kind", list(KINDS))
def test_another_kind_holds_the_same_numbers_rounded(
    written: Path, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "other.gguf"
    requantise(written, kind, path)
    assert_same_weights(path, OFF[kind])
    types = {tensor.name: tensor.tensor_type for tensor in gguf.GGUFReader(path).tensors}
    assert types["blk.0.ffn_up.weight"] == KINDS[kind]
    assert types["token_embd.weight"] == KINDS["Q8_0"]
    old, new = (set(gguf.GGUFReader(each).fields) for each in (written, path))
    assert old == new


def test_four_bits_read_half_as_much_as_eight_but_for_table_and_norms(
    written: Path, tmp_path: Path
) -> None:
    path = tmp_path / "q4.gguf"
    requantise(written, "Q4_0", path)
    eight, four = weight_bytes(written), weight_bytes(path)
    assert 0.5 < four / eight < 0.9


@pytest.mark.parametrize("kernel", ["nbits8", "rowint8", "fp32"])
def test_a_model_that_ships_can_be_written_too(tmp_path: Path, kernel: str) -> None:
    folder, path = tmp_path / "model", tmp_path / "model.gguf"
    make_tiny_model(kernel).write(folder)
    from_package(folder, "Q8_0", path)
    assert_same_weights(path, 2 * OFF["Q8_0"])
    config, _, _ = read_gguf(path)
    assert config["rope_theta"] == TINY.rope_theta
    assert config["rms_norm_eps"] == pytest.approx(TINY.eps)
    assert config["intermediate_size"] == TINY.ffn
