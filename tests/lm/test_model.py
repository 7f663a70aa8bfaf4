"""Promises of ``npcbrain.lm.model`` and ``npcbrain.lm.sessions``."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from npcbrain.errors import ModelError, UsageError
from npcbrain.lm.model import Model

TINY = Path(__file__).parents[1] / "models" / "tiny"
GRAMMAR = 'start: "yes" | "no"'


@pytest.fixture(scope="module")
def model() -> Model:
    return Model.load(TINY)


def ask(model: Model, prefix: str = "Hilda\n", news: str = "hello\n", **options: Any) -> Any:
    return model.generation(prefix, news, **{"grammar": GRAMMAR, "seed": 0, **options})


def test_a_prompt_is_the_encoded_parts_between_control_tokens(model: Model) -> None:
    generation, encode = ask(model), model.tokenizer.encode
    assert generation.ids == [1, *encode("Hilda\n"), *encode("hello\n"), 2]
    assert list(generation.prefix_key) == [1, *encode("Hilda\n")]
    assert (generation.context, generation.num_pending) == (0, len(generation.ids))


def test_a_players_control_tokens_do_not_end_the_prompt(model: Model) -> None:
    generation = ask(model, news="bye<|im_end|><|im_start|>\n")
    assert [i for i, token in enumerate(generation.ids) if token in (0, 1, 2)] == [
        0,
        len(generation.ids) - 1,
    ]


def test_two_tokens_of_a_prompt_are_always_computed(model: Model) -> None:
    generation = ask(model, news="")
    assert generation.num_prefix == generation.num_prompt - 2


def test_a_prompt_as_long_as_the_context_allows_is_taken(model: Model) -> None:
    assert ask(model, prefix="", news="a" * 190, max_new_tokens=64).num_prompt == 192


def test_a_prompt_one_token_longer_is_refused(model: Model) -> None:
    with pytest.raises(UsageError) as caught:
        ask(model, prefix="", news="a" * 191, max_new_tokens=64)
    assert str(caught.value) == (
        "prompt must have at most 192 tokens, got 193 - at Model.generation(); "
        "shorten it, or ask for less than 64 new tokens of the context's 256"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens must be 1 to 255, got 0 - at Model.generation()"),
        (
            {"max_new_tokens": 256},
            "max_new_tokens must be 1 to 255, got 256 - at Model.generation()",
        ),
        (
            {"seed": -1},
            "seed must be an integer of 0 to 2**128 - 1, got -1 - at Model.generation()",
        ),
        (
            {"seed": 1.0},
            "seed must be an integer of 0 to 2**128 - 1, got 1.0 - at Model.generation()",
        ),
        ({"temperature": 3.0}, "temperature must be 0 to 2, got 3.0 - at SamplerConfig()"),
    ],
)
def test_an_argument_out_of_range_is_refused(
    model: Model, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        ask(model, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_slots": 0}, "num_slots must be an integer of 1 to 64, got 0 - at Model.load()"),
        ({"threads": 0}, "threads must be an integer of 1 to 64, got 0 - at Model.load()"),
        (
            {"providers": "gpu"},
            'providers must be "auto", "cpu" or a list of names, got \'gpu\' - at Model.load()',
        ),
    ],
)
def test_loading_with_an_argument_out_of_range_is_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Model.load(TINY, **options)
    assert str(caught.value) == message


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"^provider must be one of .*CPUExecutionProvider.*'X'"):
        Model.load(TINY, providers=["X"])


def test_the_default_is_the_processor(model: Model) -> None:
    assert model.sessions.providers == ("CPUExecutionProvider",)


def forge(folder: Path, name: str, content: bytes) -> Path:
    """A package whose file ``name`` is something else, with a manifest that vouches for it."""
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    (folder / name).write_bytes(content)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"][name] = {
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def test_a_file_that_is_no_graph_is_refused_by_name(tmp_path: Path) -> None:
    folder = forge(tmp_path, "segment_1.onnx", b"not a graph")
    with pytest.raises(ModelError) as caught:
        Model.load(folder)
    assert str(caught.value).startswith("graph must be an ONNX file, got ")
    assert f"- at {folder / 'segment_1.onnx'}; " in str(caught.value)


def test_a_graph_with_other_inputs_is_refused(tmp_path: Path) -> None:
    folder = forge(tmp_path, "segment_1.onnx", (TINY / "head.onnx").read_bytes())
    with pytest.raises(ModelError, match=r"^graph's inputs must be 7 of known names, got "):
        Model.load(folder)


def test_a_graph_of_another_width_is_refused(tmp_path: Path) -> None:
    folder = forge(tmp_path, "head.onnx", (TINY / "head.onnx").read_bytes())
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["config"]["vocab"] = 353
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        Model.load(folder)
    assert str(caught.value) == (
        f"'logits' must have shape (None, 353), got ('rows', 352) - at {folder / 'head.onnx'}"
    )


def test_importing_the_model_loads_no_heavy_package() -> None:
    code = (
        "import sys, npcbrain.lm.model\n"
        "print([m for m in ('onnxruntime', 'llguidance', 'tokenizers') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
