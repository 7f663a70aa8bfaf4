"""Promises of ``npcbrain.lm.providers``: what ``"auto"`` chooses, and the reason it gives."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from npcbrain.errors import ModelError, UsageError
from npcbrain.lm.model import Model
from npcbrain.lm.providers import CPU, CUDA, Choice, asked_for, choose, to_try

TINY = Path(__file__).parents[1] / "models" / "tiny"
TENSORRT = "TensorrtExecutionProvider"
GPU_BUILD = [TENSORRT, CUDA, CPU]


def test_a_model_made_for_the_processor_runs_there_whatever_is_offered() -> None:
    assert to_try([], GPU_BUILD) == ()
    assert choose([], GPU_BUILD) == Choice((CPU,), "the model's graphs are made for the processor")


def test_cuda_is_tried_where_the_model_claims_it_and_it_is_offered() -> None:
    assert to_try([CUDA], GPU_BUILD) == (CUDA,)
    assert to_try([CUDA], [CPU]) == ()


def test_cuda_is_chosen_if_a_session_really_got_it() -> None:
    assert choose([CUDA], GPU_BUILD, [CUDA, CPU]) == Choice(
        (CUDA, CPU), "CUDAExecutionProvider runs all of the model's graphs"
    )


def test_a_build_without_cuda_is_told() -> None:
    assert choose([CUDA], [CPU]) == Choice(
        (CPU,), "this ONNX Runtime was built without CUDAExecutionProvider"
    )


def test_cuda_that_fell_back_silently_is_told() -> None:
    assert choose([CUDA], GPU_BUILD, [CPU]) == Choice(
        (CPU,),
        "CUDAExecutionProvider is offered but does not run the model here: "
        "ONNX Runtime fell back to the processor",
    )


def test_cuda_that_did_not_start_is_told_with_the_first_line_of_the_cause() -> None:
    choice = choose([CUDA], GPU_BUILD, (), "libcublasLt.so.13 is missing\nstack: ...")
    assert choice == Choice(
        (CPU,),
        "CUDAExecutionProvider is offered but does not run the model here: "
        "libcublasLt.so.13 is missing",
    )


def test_tensorrt_is_never_chosen_by_itself() -> None:
    assert to_try([TENSORRT, CUDA], GPU_BUILD) == (CUDA,)
    assert choose([TENSORRT], GPU_BUILD, [TENSORRT, CPU]).providers == (CPU,)


def test_what_is_asked_for_by_name_ends_with_the_processor() -> None:
    assert asked_for("auto", GPU_BUILD) is None
    assert asked_for("cpu", GPU_BUILD) == Choice((CPU,), "asked for")
    assert asked_for([TENSORRT, CUDA], GPU_BUILD) == Choice((TENSORRT, CUDA, CPU), "asked for")
    assert asked_for([CPU], GPU_BUILD) == Choice((CPU,), "asked for")


@pytest.mark.parametrize("providers", ["gpu", [], ()])
def test_what_is_no_list_of_providers_is_refused(providers: Any) -> None:
    with pytest.raises(UsageError, match=r'^providers must be "auto", "cpu" or a list of names'):
        asked_for(providers, GPU_BUILD)


def claiming(folder: Path, providers: object) -> Path:
    shutil.copytree(TINY, folder, dirs_exist_ok=True)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(manifest | {"providers": providers}), encoding="utf-8")
    return folder


def test_a_claim_that_does_not_hold_ends_on_the_processor(tmp_path: Path) -> None:
    # Its float32 attention has no CUDA kernel, so this holds with a card and without one.
    sessions = Model.load(claiming(tmp_path, [CUDA]), num_slots=1).sessions
    assert sessions.providers == (CPU,)
    assert "CUDAExecutionProvider" in sessions.reason


@pytest.mark.parametrize(
    ("providers", "message"),
    [
        ("CUDA", "providers must be a list of at most 8 names, got 'CUDA' - at {} $"),
        ([7], "provider must be a string, got 7 - at {} $"),
    ],
)
def test_a_claim_that_is_none_is_refused(tmp_path: Path, providers: object, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        Model.load(claiming(tmp_path, providers))
    assert str(caught.value) == message.format(tmp_path / "manifest.json")
