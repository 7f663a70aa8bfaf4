"""Promises of ``npcbrain.lm.package``: a model folder is what its manifest says, or is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npcbrain.errors import ModelError
from npcbrain.lm.package import ModelPackage, default_model_path

TINY = Path(__file__).parents[1] / "models" / "tiny"

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def edit_manifest(folder: Path, edit: Edit) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    edit(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def refusal(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        ModelPackage.open(folder)
    return str(caught.value)


def test_a_whole_package_opens() -> None:
    package = ModelPackage.open(TINY)
    assert (package.name, package.config.layers, package.config.vocab) == ("tiny", 4, 352)
    assert package.segments == (("segment_0.onnx", (0, 1)), ("segment_1.onnx", (2, 3)))
    files = [path for path in TINY.iterdir() if path.name != "manifest.json"]
    assert package.num_bytes == sum(path.stat().st_size for path in files)


@pytest.mark.parametrize("name", ["segment_0.onnx", "segment_1.onnx", "head.onnx"])
def test_a_file_with_one_altered_byte_is_refused_by_name(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    message = refusal(folder)
    assert message.startswith("model file must have SHA-256 ")
    assert message.endswith(f"- at {folder / name}; install the model again")


def test_a_folder_that_is_not_there_is_told_as_such(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nosuch").endswith("; there is no such folder")


def test_a_file_of_another_size_is_refused_by_name(folder: Path) -> None:
    path = folder / "head.onnx"
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + b"x")
    assert refusal(folder) == (
        f"model file must have {size} bytes, got {size + 1} - at {path}; install the model again"
    )


def test_a_missing_file_is_refused_by_name(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    assert refusal(folder) == (
        "model file must exist and be readable, got 'tokenizer.json' - at "
        f"{folder / 'tokenizer.json'}; install the model again"
    )


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path) == (
        "model file must exist and be readable, got 'manifest.json' - at "
        f"{tmp_path / 'manifest.json'}; install the model again"
    )


def test_a_file_changed_after_opening_is_not_read(folder: Path) -> None:
    package = ModelPackage.open(folder)
    content = (folder / "head.onnx").read_bytes()
    assert package.read("head.onnx") == content
    (folder / "head.onnx").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match="model file must have SHA-256"):
        package.read("head.onnx")


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "C:\\secret", "a/b.onnx", ".hidden", "..", "a\nb", "é"]
)
def test_a_file_outside_the_folder_is_refused(folder: Path, name: str) -> None:
    def add(manifest: dict[str, Any]) -> None:
        manifest["files"][name] = manifest["files"]["head.onnx"]

    edit_manifest(folder, add)
    assert refusal(folder) == (
        f"file name must be a plain name without folders, got {name!r} - at "
        f"{folder / 'manifest.json'} $.files"
    )


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            lambda m: m.update(format=4),
            "format must be 1, 2 or 3, got 4 - at {} $; use a model of this release",
        ),
        (
            lambda m: m.update(memory_tokens=-1),
            "memory_tokens must be an integer of 0 to 16384, got -1 - at {} $",
        ),
        (
            lambda m: m["config"].update(layers=10**9),
            "layers must be an integer of 1 to 128, got 1000000000 - at {} $.config",
        ),
        (
            lambda m: m["config"].update(hidden=True),
            "hidden must be an integer of 1 to 8192, got True - at {} $.config",
        ),
        (
            lambda m: m["config"].update(kv_heads=3),
            "kv_heads must divide heads, 4, got 3 - at {} $.config",
        ),
        (
            lambda m: m["config"].update(max_context=8),
            "max_context must be at least 64, got 8 - at {} $.config",
        ),
        (
            lambda m: m["segments"][1].update(layers=[3]),
            "layers must be adjacent and begin with 2, got [3] - at {} $.segments[1]",
        ),
        (
            lambda m: m["segments"].pop(),
            "segments must hold 4 layers together, got 2 - at {} $",
        ),
        (
            lambda m: m["head"].update(file="other.onnx"),
            "file must be listed in $.files, got 'other.onnx' - at {} $.head",
        ),
        (
            lambda m: m["files"]["head.onnx"].update(bytes=-1),
            "bytes must be an integer of 1 to 2147483648, got -1 - at {} $.files.head.onnx",
        ),
        (
            lambda m: m["files"]["head.onnx"].update(sha256="0" * 63 + "G"),
            "sha256 must be 64 lower-case hexadecimal digits, got "
            + f"{'0' * 63 + 'G'!r}"[:57]
            + "... - at {} $.files.head.onnx",
        ),
        (lambda m: m.pop("tokenizer"), "value must be an object, got None - at {} $.tokenizer"),
        (
            lambda m: m["tokenizer"].pop("eos"),
            "eos must be a string of 1 to 128 characters, got None - at {} $.tokenizer",
        ),
    ],
)
def test_a_manifest_out_of_range_is_refused(folder: Path, edit: Edit, message: str) -> None:
    edit_manifest(folder, edit)
    assert refusal(folder) == message.format(folder / "manifest.json")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"NaN!"])
def test_a_manifest_that_is_no_json_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    assert refusal(folder).startswith("manifest must be JSON, got ")


def test_a_manifest_that_is_no_object_is_refused(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_text("[1]", encoding="utf-8")
    assert refusal(folder) == f"manifest must be an object, got [1] - at {path}"


def test_a_manifest_of_megabytes_is_not_read(folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(b" " * (1 << 20) + b"{}")
    assert refusal(folder) == f"manifest must have at most 1048576 bytes, got 'more' - at {path}"


def test_a_model_that_does_not_ship_is_not_found() -> None:
    with pytest.raises(ModelError) as caught:
        default_model_path("no_such_model")
    assert str(caught.value).startswith("model must be installed, got 'no_such_model' - at ")
    assert str(caught.value).endswith(
        "; install npcbrain from a wheel, or pass the path of a model folder"
    )
