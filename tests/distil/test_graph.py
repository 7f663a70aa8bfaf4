"""The graphs of an export against a plain reference, and against themselves cut otherwise.

Equality is demanded to the last bit wherever schedule invariance rests on it.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from npcbrain.errors import ModelError, UsageError
from npcbrain.graphs.decoder import LlamaConfig, segment_graph
from npcbrain.graphs.parts import GraphParts
from npcbrain.graphs.quantise import enter, kernel_plan, multiply, quantise_blocks, quantise_rows
from tools.distil.check import GraphRunner, reference
from tools.distil.package import BuiltModel, balance
from tools.make_tiny_model import OUT, TINY, make_tiny_model, tiny_weights

NUM_TOKENS = 90
WEIGHTS = tiny_weights(TINY)
IDS = np.random.RandomState(1).randint(0, TINY.vocab, NUM_TOKENS).astype(np.int64)
KERNELS = ("nbits8", "rowint8", "staticint8")


@pytest.fixture(scope="module")
def packages() -> dict[str, BuiltModel]:
    return {kernel: make_tiny_model(kernel) for kernel in ("fp32", *KERNELS)}


@pytest.fixture(scope="module")
def runners(packages: dict[str, BuiltModel]) -> dict[str, GraphRunner]:
    return {kernel: GraphRunner(package, 4) for kernel, package in packages.items()}


# The function computed


def test_every_segment_of_a_float_export_computes_what_the_reference_does(packages, runners):
    after, logits = runners["fp32"].prefill(IDS, [32, 32, 26])
    want_after, want_logits = reference(TINY, WEIGHTS, IDS, packages["fp32"].segments)

    for segment, (got, want) in enumerate(zip(after, want_after, strict=True)):
        np.testing.assert_allclose(got, want, atol=1e-4, err_msg=f"segment {segment}")
    np.testing.assert_allclose(logits, want_logits, atol=1e-4)


def test_single_tokens_compute_what_the_reference_does(packages, runners):
    _, logits = runners["fp32"].prefill(IDS[:20], [1] * 20)
    _, want = reference(TINY, WEIGHTS, IDS[:20], packages["fp32"].segments)

    np.testing.assert_allclose(logits, want, atol=1e-4)


def test_another_cut_into_segments_computes_the_same():
    kernels = kernel_plan(TINY.layers, "fp32")
    cut = (0, 1, 2), (3,)
    graphs = [segment_graph(TINY, WEIGHTS, layers, kernels) for layers in cut]
    whole = make_tiny_model("fp32")
    files = {**whole.files, "segment_0.onnx": graphs[0], "segment_1.onnx": graphs[1]}
    runner = GraphRunner(BuiltModel(TINY, cut, files, whole.manifest))

    _, logits = runner.prefill(IDS, [NUM_TOKENS])
    _, want = reference(TINY, WEIGHTS, IDS, cut)

    np.testing.assert_allclose(logits, want, atol=1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_int8_follows_the_reference_through_the_first_layers(packages, runners, kernel):
    after, _ = runners[kernel].prefill(IDS, [NUM_TOKENS])
    want, _ = reference(TINY, WEIGHTS, IDS, packages[kernel].segments)

    assert np.linalg.norm(after[0] - want[0]) < 0.1 * np.linalg.norm(want[0])


# Schedule invariance


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("chunk", [2, 3, 7, 8, 16, 31, 64])
def test_a_prompt_gives_the_same_bits_in_chunks_of_any_size(runners, kernel, chunk):
    runner = runners[kernel]
    sizes = [chunk] * (NUM_TOKENS // chunk)
    sizes[-1] += NUM_TOKENS - sum(sizes)  # a chunk of one takes another path in the runtime

    after, logits = runner.prefill(IDS, sizes, slot=1)
    want_after, want_logits = runner.prefill(IDS, [NUM_TOKENS], slot=0)

    assert all(map(np.array_equal, after, want_after))
    assert np.array_equal(logits, want_logits)


@pytest.mark.parametrize("kernel", KERNELS)
def test_tokens_that_pad_a_chunk_change_nothing_before_them(runners, kernel):
    runner = runners[kernel]
    padded = np.concatenate([IDS[:11], np.zeros(5, np.int64)])

    _, logits = runner.prefill(padded, [16], slot=2)
    _, want = runner.prefill(IDS[:11], [11], slot=3)

    assert np.array_equal(logits[:11], want)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_row_decodes_to_the_same_bits_alone_and_among_rows_of_other_lengths(packages, kernel):
    lengths = [3, 60, 17, 41]
    alone, together = GraphRunner(packages[kernel], 4), GraphRunner(packages[kernel], 4)
    for runner in (alone, together):
        for slot, length in enumerate(lengths):
            runner.prefill(IDS[slot : slot + length], [length], slot)
    tokens = IDS[10:30].reshape(5, 4)

    for step, row in enumerate(tokens):
        contexts = [length + step for length in lengths]
        _, want = together.run(row[:, None], contexts)
        for slot in range(4):
            _, got = alone.run(row[slot, None, None], contexts[slot : slot + 1], slot)
            assert np.array_equal(got[0], want[slot]), (step, slot)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_head_gives_a_row_the_same_bits_among_any_other_rows(runners, kernel):
    hidden = np.random.RandomState(2).standard_normal((9, TINY.hidden)).astype(np.float32)

    together = runners[kernel].run_head(hidden)

    for row in range(9):
        assert np.array_equal(runners[kernel].run_head(hidden[row : row + 1])[0], together[row])


# Kernels


def test_rounding_a_row_is_off_by_half_a_step_at_most():
    weight = np.random.RandomState(3).standard_normal((8, 96)).astype(np.float32)

    rows, scales = quantise_rows(weight)

    assert np.all(np.abs(rows * scales[:, None] - weight) <= 0.501 * scales[:, None])


def test_the_largest_products_of_int8_rows_add_up_without_being_cut_off():
    """Processors without VNNI add pairs in 16 bits; full 8-bit weights came out 2 % short there."""
    import onnxruntime as ort

    parts = GraphParts()
    parts.input("x", TensorProto.FLOAT, ("rows", 64))
    output = parts.output("y", ("rows", 16))
    multiply(parts, enter(parts, "x", "w", "rowint8"), np.ones((16, 64), np.float32), "w", output)
    session = ort.InferenceSession(parts.model("one"), providers=["CPUExecutionProvider"])

    for rows in (1, 8):
        got = session.run(["y"], {"x": np.ones((rows, 64), np.float32)})[0]
        np.testing.assert_allclose(got, 64, rtol=1e-5)


def test_rounding_a_block_is_off_by_one_step_at_most_and_keeps_zero():
    weight = np.random.RandomState(3).standard_normal((8, 80)).astype(np.float32) + 0.5
    weight[:, 7] = 0

    stored, scales, zeros = quantise_blocks(weight)
    back = ((stored.astype(np.float32) - zeros[..., None]) * scales[..., None]).reshape(8, 96)

    assert np.all(np.abs(back[:, :80] - weight) <= np.repeat(scales, 32, axis=1)[:, :80])
    assert not back[:, 7].any()
    assert not back[:, 80:].any()


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_row_of_zeros_multiplies_to_zeros(kernel):
    import onnxruntime as ort

    parts = GraphParts()
    parts.input("x", TensorProto.FLOAT, ("rows", 32))
    weight = np.random.RandomState(4).standard_normal((16, 32)).astype(np.float32)
    entered = enter(parts, "x", "w", kernel, np.asarray(0.1, np.float32))
    multiply(parts, entered, weight, "w", parts.output("y", ("rows", 16)))
    session = ort.InferenceSession(parts.model("one"), providers=["CPUExecutionProvider"])

    assert not session.run(["y"], {"x": np.zeros((2, 32), np.float32)})[0].any()


def test_a_plan_names_every_matrix_and_later_exceptions_win():
    plan = kernel_plan(2, "rowint8", {"layers.*.down": "nbits8", "layers.1.*": "fp32"})

    assert plan == {
        "embed": "rowint8",
        "layers.0.qkv": "rowint8",
        "layers.0.o": "rowint8",
        "layers.0.gate_up": "rowint8",
        "layers.0.down": "nbits8",
        "layers.1.qkv": "fp32",
        "layers.1.o": "fp32",
        "layers.1.gate_up": "fp32",
        "layers.1.down": "fp32",
        "head": "rowint8",
    }


def test_a_pattern_that_matches_no_matrix_is_refused():
    message = "pattern must match a matrix, got 'layers.9.*' - at kernel_plan(); try layers.*.down"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        kernel_plan(2, "nbits8", {"layers.9.*": "fp32"})


def test_an_unknown_kernel_is_refused():
    message = (
        "kernel must be known, got 'int4' - at kernel_plan(); "
        "use one of fp32, nbits8, rowint8, rowint4, staticint8"
    )
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        kernel_plan(2, "int4")


def test_a_missing_weight_is_named():
    weights = {name: weight for name, weight in WEIGHTS.items() if "layers.2.mlp.up" not in name}
    message = "weights must hold model.layers.2.mlp.up_proj.weight, got None - at segment_graph()"
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        segment_graph(TINY, weights, [2, 3], kernel_plan(TINY.layers, "fp32"))


def test_layers_are_cut_evenly():
    assert balance(10, 3) == ((0, 1, 2, 3), (4, 5, 6), (7, 8, 9))
    assert balance(4, 4) == ((0,), (1,), (2,), (3,))


def test_more_segments_than_layers_are_refused():
    message = "segments must be 1 to 4, got 5 - at balance(); cut less often"
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        balance(4, 5)


# Files


def test_the_same_weights_give_the_same_bytes(packages):
    again = make_tiny_model("rowint8")

    assert again.files == packages["rowint8"].files
    assert again.manifest_bytes() == packages["rowint8"].manifest_bytes()


def test_the_committed_tiny_model_is_what_the_tool_makes(packages):
    made = packages["nbits8"]

    assert {path.name for path in OUT.iterdir()} == {*made.files, "manifest.json"}
    assert json.loads((OUT / "manifest.json").read_text(encoding="utf-8")) == made.manifest
    for name, content in made.files.items():
        assert (OUT / name).read_bytes() == content, name


def test_the_manifest_describes_the_files_beside_it(tmp_path: Path):
    make_tiny_model().write(tmp_path)

    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))

    assert [entry["layers"] for entry in manifest["segments"]] == [[0, 1], [2, 3]]
    for name, entry in manifest["files"].items():
        content = (tmp_path / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def test_writing_over_a_model_of_more_segments_leaves_none_of_them_behind(tmp_path: Path):
    (tmp_path / "segment_2.onnx").write_bytes(b"old")

    make_tiny_model().write(tmp_path)

    assert sorted(path.name for path in tmp_path.glob("segment_*")) == [
        "segment_0.onnx",
        "segment_1.onnx",
    ]


def test_the_tiny_tokenizer_gives_any_text_back_and_knows_words():
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(OUT / "tokenizer.json"))
    text = "Hilda: « 12 coppers, please. » \n\t\x00 \U0001f5dd"

    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.encode(" give").tokens == ["\u0120give"]
    assert [tokenizer.token_to_id(f"<|{name}|>") for name in ("im_start", "im_end")] == [1, 2]
    assert tokenizer.get_vocab_size() == TINY.vocab


def test_a_hugging_face_config_is_read_wherever_it_keeps_its_theta():
    data = {
        "hidden_size": 576,
        "num_hidden_layers": 10,
        "num_attention_heads": 9,
        "num_key_value_heads": 3,
        "intermediate_size": 1536,
        "vocab_size": 8192,
        "rms_norm_eps": 1e-5,
    }
    want = LlamaConfig(576, 9, 3, 64, 10, 8192, 1536, 1e5, 1e-5, 512)

    assert LlamaConfig.from_hf({**data, "rope_theta": 1e5}, 512) == want
    assert LlamaConfig.from_hf({**data, "rope_parameters": {"rope_theta": 1e5}}, 512) == want


def test_a_config_that_is_no_llama_is_refused():
    message = (
        "config must be of a Llama, got 'num_attention_heads' - at config.json; the key is missing"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        LlamaConfig.from_hf({}, 512)
