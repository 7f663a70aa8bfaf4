"""Every architecture that can be imported computes what transformers does."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from tiny_models import CONTEXT, KINDS, VOCAB, logits_of, make_folder

gguf = pytest.importorskip("gguf", reason="the import is an extra")

from npcbrain.errors import ModelError  # noqa: E402
from npcbrain.graphs import reference  # noqa: E402
from npcbrain.graphs.decoder import Part, head_graph, part_graph, segment_graph  # noqa: E402
from npcbrain.graphs.quantise import kernel_plan  # noqa: E402
from npcbrain.importing.source import Source, open_source  # noqa: E402
from tools.distil.check import GraphRunner  # noqa: E402
from tools.distil.package import BuiltModel  # noqa: E402

IDS = np.random.RandomState(1).randint(0, VOCAB, 60).astype(np.int64)
CLOSE = 2e-4  # of logits of a few units, in float32
NAMES = {"llama3": "llama", "gemma3": "gemma3", "phi4": "phi3"}
SWAPPED = {"q_proj.weight": 4, "k_proj.weight": 2}


@pytest.fixture(scope="module", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(kind)


@pytest.fixture(scope="module")
def wanted(kind: str, folder: Path) -> np.ndarray:
    return logits_of(make_folder(kind, folder), IDS)


@pytest.fixture(scope="module")
def source(folder: Path, wanted: np.ndarray) -> Source:
    return open_source(folder, CONTEXT)


def graphs(source: Source, kernel: str) -> GraphRunner:
    """One segment a layer, and the head."""
    config, weights = source.config, source.weights
    plan = kernel_plan(config.layers, kernel)
    files = {
        f"segment_{layer}.onnx": segment_graph(config, weights, (layer,), plan)
        for layer in range(config.layers)
    }
    entries = [{"file": name} for name in files]
    files["head.onnx"] = head_graph(config, weights, plan)
    cut = tuple((layer,) for layer in range(config.layers))
    return GraphRunner(BuiltModel(config, cut, files, {"segments": entries}), 2)


def test_the_textbooks_way_gives_the_logits_of_transformers(source, wanted):
    config, weights = source.config, source.weights
    x = reference.embed(config, weights, IDS)
    for layer in range(config.layers):
        x = reference.run_layer(config, weights, layer, x)

    np.testing.assert_allclose(reference.head(config, weights, x), wanted, atol=CLOSE)


def test_so_do_the_graphs_in_chunks_and_token_by_token(source, wanted):
    runner = graphs(source, "fp32")

    for chunks in ([60], [7, 21, 32], [1] * 60):
        _, logits = runner.prefill(IDS, chunks)
        np.testing.assert_allclose(logits, wanted, atol=CLOSE)


def test_rounded_no_way_of_cutting_or_batching_changes_a_bit(source):
    runner = graphs(source, "rowint8")
    _, whole = runner.prefill(IDS, [60])

    for chunks in ([2] * 30, [31, 29], [5, 16, 39]):
        assert np.array_equal(runner.prefill(IDS, chunks, 1)[1], whole)
    runner.prefill(IDS[:40], [40], 0)
    runner.prefill(IDS[:23], [23], 1)
    both = runner.run(np.array([[5], [9]]), [40, 23])[1]
    runner.prefill(IDS[:23], [23], 1)
    assert np.array_equal(runner.run(np.array([[9]]), [23], 1)[1][0], both[1])


def test_slices_of_a_layer_add_up_to_the_layer(source):
    config, weights = source.config, source.weights
    plan = kernel_plan(config.layers, "fp32")
    layer = config.layers - 1
    cuts = [(0, 32), (32, 64), (64, config.ffn)]
    x = np.random.RandomState(2).standard_normal((1, 9, config.hidden)).astype(np.float32)

    whole = run_alone(part_graph(config, weights, [Part(layer, False)], plan), x)
    stream = np.concatenate([x, x], axis=-1)
    for columns in cuts:
        part = Part(layer, False, columns)
        stream = run_alone(part_graph(config, weights, [part], plan, is_wide=True), stream)

    np.testing.assert_allclose(stream[..., : config.hidden], whole, atol=1e-4)


def run_alone(graph: bytes, x: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    tokens = np.array(x.shape[1], np.int32)
    fed = {"hidden_in": x, "seqlens_k": tokens[None] - 1, "total_sequence_length": tokens}
    return session.run(["hidden"], fed)[0]


def test_a_gguf_file_holds_the_same_model(kind, source, tmp_path):
    path = tmp_path / "model.gguf"
    write_gguf(path, kind, source)

    same = open_source(path, CONTEXT)

    for mine, theirs in ((same.config, source.config), (same.config.blocks, source.config.blocks)):
        for field in dataclasses.fields(mine):
            value, expected = getattr(mine, field.name), getattr(theirs, field.name)
            if field.name != "blocks":
                is_number = isinstance(expected, float | tuple)
                assert value == (pytest.approx(expected) if is_number else expected), field.name
    for name in source.weights:
        np.testing.assert_allclose(same.weights[name], source.weights[name], atol=1e-6)


def write_gguf(path: Path, kind: str, source: Source) -> None:
    """Writes a model as llama.cpp's own converter does, with the names of its package."""
    name = NAMES.get(kind, kind)
    config, weights, blocks = source.config, source.weights, source.config.blocks
    writer = gguf.GGUFWriter(path, name)
    writer.add_context_length(512)
    writer.add_embedding_length(config.hidden)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.ffn)
    writer.add_head_count(config.heads)
    writer.add_head_count_kv(config.kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_rope_dimension_count(blocks.rotary_dims or config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.eps)
    if blocks.window:
        writer.add_sliding_window(blocks.window)
    if blocks.score_cap:
        writer.add_attn_logit_softcapping(blocks.score_cap)
        writer.add_final_logit_softcapping(blocks.logit_cap)
    if blocks.divisors:
        factors = "rope_freqs" if kind == "llama3" else "rope_factors_short"
        writer.add_tensor(f"{factors}.weight", np.array(blocks.divisors, np.float32))
        if kind == "phi4":
            writer.add_rope_scaling_orig_ctx_len(CONTEXT)
            writer.add_rope_scaling_attn_factors(blocks.rotary_gain)
    arch = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == name)
    names = gguf.get_tensor_name_map(arch, config.layers)
    for weight_name in weights:
        stored, array = as_stored(weight_name, weights, name)
        if array is not None:
            base, _, end = stored.rpartition(".")
            writer.add_tensor(f"{names.get_name(base)}.{end}", array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def as_stored(name: str, weights: dict, arch: str) -> tuple[str, np.ndarray | None]:
    """The name and the array that a converter would be given; None for what is in another one."""
    array = weights[name]
    if arch == "llama" and ".self_attn." in name and (heads := SWAPPED.get(name.split(".", 4)[4])):
        halves = array.reshape(heads, 2, len(array) // heads // 2, array.shape[1])
        return name, np.ascontiguousarray(halves.swapaxes(1, 2).reshape(array.shape))
    if arch == "phi3":
        for first, fused, others in (("q", "qkv", "qkv"), ("gate", "gate_up", ("gate", "up"))):
            if f".{first}_proj." in name:
                parts = [weights[name.replace(f".{first}_", f".{one}_")] for one in others]
                return name.replace(f".{first}_", f".{fused}_"), np.concatenate(parts)
            if any(f".{one}_proj." in name for one in others):
                return name, None
    return name, array


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "mamba"}, "architecture must be supported, got 'mamba'"),
        ({"model_type": None}, "architecture must be supported, got None"),
        ({"attention_bias": True}, "attention_bias must be false, got True"),
        ({"hidden_act": "relu"}, "activation must open gates by silu, got 'relu'"),
        ({"num_attention_heads": 0}, "num_attention_heads must be an integer of 1 to 128, got 0"),
        ({"num_key_value_heads": 3}, "num_key_value_heads must divide 4 heads, got 3"),
        ({"head_dim": 20}, "head_dim must be a multiple of 16, got 20"),
        ({"hidden_size": 10**9}, "hidden_size must be an integer of 1 to 8192"),
        ({"num_hidden_layers": 4}, "weights must hold model.layers.3.input_layernorm.weight"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "rope_type must be default, linear"),
        ({"intermediate_size": 96}, r"model.layers.0.mlp.gate_proj.weight must have shape \(96"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(tmp_path_factory, change, message):
    folder = tmp_path_factory.mktemp("refused")
    make_folder("llama", folder)
    path = folder / "config.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data | change), encoding="utf-8")

    with pytest.raises(ModelError, match=f"^{message}"):
        open_source(folder, CONTEXT)
