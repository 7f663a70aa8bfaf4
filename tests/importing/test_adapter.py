"""LoRA adapters are merged into what is imported, or refused by the name of what cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_export import write_safetensors
from test_import_architectures import write_gguf
from tiny_models import CONTEXT, VOCAB, logits_of, make_folder

pytest.importorskip("gguf", reason="the import is an extra")
torch = pytest.importorskip("torch", reason="compared with transformers")

from npcbrain.commands.main import main  # noqa: E402
from npcbrain.errors import ModelError, UsageError  # noqa: E402
from npcbrain.graphs import reference  # noqa: E402
from npcbrain.importing.source import Source, open_source  # noqa: E402

IDS = np.random.RandomState(1).randint(0, VOCAB, 40).astype(np.int64)
PREFIX = "base_model.model."
RANK = 4
CONFIG: dict[str, Any] = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "r": RANK,
    "lora_alpha": 8,
    "bias": "none",
    "use_rslora": False,
    "use_dora": False,
    "modules_to_save": None,
    "alpha_pattern": {},
}
TARGETS = {  # what is changed of each kind; Phi's matrices lie together
    "llama3": ("self_attn.q_proj", "self_attn.k_proj", "mlp.down_proj"),
    "qwen2": ("self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj"),
    "phi3": ("self_attn.qkv_proj", "mlp.gate_up_proj"),
}


def make_adapter(folder: Path, model: Any, targets: tuple[str, ...], **config: Any) -> Path:
    """Random changes to two layers, in PEFT's layout."""
    folder.mkdir()
    random = np.random.RandomState(3)
    tensors = {}
    for layer in (0, 2):
        for target in targets:
            module = f"model.layers.{layer}.{target}"
            rows, columns = model.get_submodule(module).weight.shape
            shapes = {"A": (RANK, columns), "B": (rows, RANK)}
            for side, shape in shapes.items():
                factor = random.standard_normal(shape).astype(np.float32) / 4
                tensors[f"{PREFIX}{module}.lora_{side}.weight"] = factor
    write_safetensors(folder / "adapter_model.safetensors", tensors)
    write_config(folder, **config)
    return folder


def write_config(folder: Path, **changes: Any) -> None:
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG | changes), encoding="utf-8")


def merge_by_hand(model: Any, folder: Path, scale: float) -> None:
    """What PEFT's merging does: W + scale x B A."""
    from safetensors.numpy import load_file

    tensors = load_file(folder / "adapter_model.safetensors")
    for name in [name for name in tensors if ".lora_A." in name]:
        module = name.removeprefix(PREFIX).removesuffix(".lora_A.weight")
        high = tensors[name.replace(".lora_A.", ".lora_B.")]
        with torch.no_grad():
            model.get_submodule(module).weight += torch.tensor(high @ tensors[name]) * scale


def logits_by_us(source: Source) -> np.ndarray:
    config, weights = source.config, source.weights
    x = reference.embed(config, weights, IDS)
    for layer in range(config.layers):
        x = reference.run_layer(config, weights, layer, x)
    return reference.head(config, weights, x)


@pytest.mark.parametrize("kind", list(TARGETS))
def test_a_merged_adapter_gives_the_logits_of_transformers(kind, tmp_path):
    base = tmp_path / "base"
    model = make_folder(kind, base)
    plain = logits_of(model, IDS)
    adapter = make_adapter(tmp_path / "adapter", model, TARGETS[kind])
    merge_by_hand(model, adapter, 8 / RANK)
    wanted = logits_of(model, IDS)

    found = logits_by_us(open_source(base, CONTEXT, [adapter]))

    assert np.abs(wanted - plain).max() > 0.1
    np.testing.assert_allclose(found, wanted, atol=2e-4)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    make_folder("llama3", tmp_path / "base")
    return tmp_path / "base"


@pytest.fixture
def adapter(tmp_path: Path, base: Path) -> Path:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    return make_adapter(tmp_path / "adapter", model, TARGETS["llama3"])


def test_a_gguf_file_takes_an_adapter_as_its_safetensors_do(base, adapter, tmp_path):
    path = tmp_path / "model.gguf"
    write_gguf(path, "llama3", open_source(base, CONTEXT))

    found = open_source(path, CONTEXT, [adapter]).weights
    wanted = open_source(base, CONTEXT, [adapter]).weights

    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], atol=1e-6)


@pytest.mark.parametrize(
    ("change", "scale"),
    [
        ({}, 2.0),
        ({"use_rslora": True}, 4.0),
        ({"lora_alpha": 2}, 0.5),
        ({"alpha_pattern": {"k_proj": 100, "layers.0.self_attn.q_proj": 4}}, 1.0),
        ({"alpha_pattern": {"proj": 100, "yers.0.self_attn.q_proj": 4}}, 2.0),
    ],
)
def test_a_change_has_the_size_that_the_configuration_says(base, adapter, change, scale):
    name = "model.layers.0.self_attn.q_proj.weight"
    before = open_source(base, CONTEXT).weights[name]
    once = open_source(base, CONTEXT, [adapter]).weights[name] - before
    write_config(adapter, **change)

    found = open_source(base, CONTEXT, [adapter]).weights[name] - before

    np.testing.assert_allclose(found, once * (scale / 2.0), atol=1e-5)


def test_two_adapters_add_up(base, adapter):
    name = "model.layers.2.mlp.down_proj.weight"
    before = open_source(base, CONTEXT).weights[name]
    once = open_source(base, CONTEXT, [adapter]).weights[name]

    twice = open_source(base, CONTEXT, [adapter, adapter]).weights[name]

    np.testing.assert_allclose(twice - before, 2 * (once - before), atol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "IA3"}, "peft_type must be 'LORA', got 'IA3'"),
        ({"use_dora": True}, "use_dora must be false, got True"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save must be empty"),
        ({"lora_alpha": None}, "lora_alpha must be a number above 0, got None"),
        ({"lora_alpha": True}, "lora_alpha must be a number above 0, got True"),
        ({"alpha_pattern": {"(a+)+$": 4}}, "alpha_pattern must name modules by letters"),
        ({"alpha_pattern": [1]}, "alpha_pattern must be an object"),
    ],
)
def test_a_configuration_that_asks_for_more_is_refused(base, adapter, change, message):
    write_config(adapter, **change)

    with pytest.raises(ModelError, match=f"^{message}"):
        open_source(base, CONTEXT, [adapter])


Q_PROJ = f"{PREFIX}model.layers.0.self_attn.q_proj"


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({}, "adapter must change a matrix at least"),
        ({f"{Q_PROJ}.lora_A.weight": (4, 64)}, "adapter must hold lora_B of model.layers.0"),
        ({f"{Q_PROJ}.bias": (64,)}, "tensor must be a lora_A or lora_B of a matrix"),
        (
            {f"{Q_PROJ}.lora_A.weight": (4, 64), f"{Q_PROJ}.lora_B.weight": (64, 5)},
            r"B and A of model.layers.0.self_attn.q_proj.weight must have the shape \(64, 64\)",
        ),
        (
            {f"{Q_PROJ}.lora_A.weight": (4, 64), f"{Q_PROJ}.lora_B.weight": (32, 4)},
            r"B and A of model.layers.0.self_attn.q_proj.weight must have the shape \(64, 64\)",
        ),
        (
            {
                f"{PREFIX}model.layers.9.mlp.up_proj.lora_A.weight": (4, 64),
                f"{PREFIX}model.layers.9.mlp.up_proj.lora_B.weight": (128, 4),
            },
            "adapter must change matrices that the model has, got 'model.layers.9",
        ),
        (
            {f"{PREFIX}model.embed_tokens.lora_embedding_A": (4, 352)},
            "tensor must be a lora_A or lora_B of a matrix",
        ),
    ],
)
def test_tensors_that_fit_no_matrix_are_refused(base, adapter, tensors, message):
    zeros = {name: np.zeros(shape, np.float32) for name, shape in tensors.items()}
    write_safetensors(adapter / "adapter_model.safetensors", zeros)

    with pytest.raises(ModelError, match=f"^{message}"):
        open_source(base, CONTEXT, [adapter])


def test_a_folder_that_is_none_is_refused(base, tmp_path):
    with pytest.raises(UsageError, match=r"^--adapter must be a folder"):
        open_source(base, CONTEXT, [tmp_path / "nothing"])


def test_the_command_merges_and_the_manifest_says_what(base, adapter, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["import-model", str(base), "--out", str(out), "--adapter", str(adapter), "--json"]
    arguments += ["--min-agreement", "0", "--kernel", "nbits8", "--max-context", "512"]

    assert main(arguments) == 0

    assert json.loads(capsys.readouterr().out)["adapters"] == ["adapter"]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["source"]["adapters"] == ["adapter"]
