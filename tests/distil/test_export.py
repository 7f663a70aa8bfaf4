"""The export command: a Hugging Face folder in, a model folder out, or a reason why not."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from small_tables import VERBS, vectors

from npcbrain.errors import ModelError
from npcbrain.graphs.quantise import SHIPPED_KERNELS, kernel_plan
from npcbrain.lm.model import Model
from tools.distil import export
from tools.distil.weights import read_safetensors
from tools.make_tiny_model import TINY, make_tiny_model, tiny_tokenizer, tiny_weights

CONFIG = {
    "hidden_size": TINY.hidden,
    "num_hidden_layers": TINY.layers,
    "num_attention_heads": TINY.heads,
    "num_key_value_heads": TINY.kv_heads,
    "head_dim": TINY.head_dim,
    "intermediate_size": TINY.ffn,
    "vocab_size": TINY.vocab,
    "rope_theta": TINY.rope_theta,
    "rms_norm_eps": TINY.eps,
}


def write_safetensors(path: Path, tensors: dict[str, np.ndarray], dtype: str = "F32") -> None:
    header, content = {}, b""
    for name, tensor in tensors.items():
        end = len(content) + tensor.nbytes
        header[name] = {
            "dtype": dtype,
            "shape": list(tensor.shape),
            "data_offsets": [len(content), end],
        }
        content += tensor.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)


@pytest.fixture
def student(tmp_path: Path) -> Path:
    folder = tmp_path / "student"
    folder.mkdir()
    write_safetensors(folder / "model.safetensors", tiny_weights(TINY))
    (folder / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    tokenizer = json.dumps(tiny_tokenizer(TINY.vocab), indent=2)
    (folder / "tokenizer.json").write_text(tokenizer, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "NUM_RUNS", 1)


def run(student: Path, out: Path, *options: str) -> int:
    arguments = ["--weights", str(student), "--out", str(out), "--max-context", "256"]
    return export.main([*arguments, *options])


def test_a_folder_of_weights_becomes_the_model_the_graphs_describe(student, tmp_path):
    out = tmp_path / "tiny"

    assert run(student, out, "--segments", "2", "--min-agreement", "0.5") == 0

    want = make_tiny_model("nbits8")
    manifest = json.loads((out / "manifest.json").read_bytes())
    assert manifest == want.manifest | {"format": 2}  # what is exported now was taught with marks
    assert {path.name: path.read_bytes() for path in out.glob("*.onnx")} == {
        name: content for name, content in want.files.items() if name.endswith(".onnx")
    }


def test_tables_that_a_student_was_taught_beside_go_along(student, tmp_path):
    out, given = tmp_path / "tiny", {"word_vectors.npz": vectors(), "verb_synonyms.txt": VERBS}
    options = ("--segments", "2", "--min-agreement", "0.5")

    (student / "word_vectors.npz").write_bytes(given["word_vectors.npz"])
    assert run(student, out, *options) == 1  # one of the two alone is no reader

    (student / "verb_synonyms.txt").write_bytes(given["verb_synonyms.txt"])
    assert run(student, out, *options) == 0
    assert Model.load(out).reader_tables == ("own", *given.values(), str(out))


def test_an_export_that_differs_too_much_is_not_written(student, tmp_path, capsys):
    out = tmp_path / "tiny"

    assert run(student, out, "--min-agreement", "0.999") == 1

    assert not out.exists()
    assert re.fullmatch(
        r"export: agreement must be at least 0\.999, got 0\.\d+ - at .+; "
        r"nothing was written; try --kernel nbits8, or an --exception\n",
        capsys.readouterr().err,
    )


def test_a_float_export_agrees_everywhere(student, tmp_path):
    package, weights = export.export(student, "tiny", "fp32", {}, 2, 256)

    agreement = export.compare(package, weights, [np.arange(40), np.arange(100, 117)])

    assert agreement.argmax == 1.0
    assert agreement.positions == 57
    assert max(agreement.hidden) < 1e-4


def test_exceptions_reach_the_manifest(student, tmp_path):
    out = tmp_path / "mixed"
    options = ("--kernel", "rowint8", "--exception", "layers.*.down=nbits8")

    assert run(student, out, *options, "--min-agreement", "0.5") == 0

    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["kernels"] == kernel_plan(TINY.layers, "rowint8", {"layers.*.down": "nbits8"})
    assert manifest["name"] == "mixed"


def test_what_ships_is_calibrated_on_the_way(student, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "NUM_CALIBRATED", 2)
    out = tmp_path / "static"
    options = ("--kernel", "staticint8", "--exception", "layers.*.down=rowint8")

    assert run(student, out, *options, "--exception", "head=rowint8", "--min-agreement", "0.5") == 0

    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["kernels"] == kernel_plan(TINY.layers, *SHIPPED_KERNELS)


def test_an_untied_head_is_refused(student):
    weights = tiny_weights(TINY)
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"] + 1
    write_safetensors(student / "model.safetensors", weights)

    with pytest.raises(ModelError, match=r"^head must be the embedding's table, got 'another' - "):
        export.export(student, "tiny", "nbits8", {}, 2, 256)


def test_a_missing_file_is_reported_without_a_traceback(student, tmp_path, capsys):
    (student / "tokenizer.json").unlink()

    assert run(student, tmp_path / "out") == 1
    assert capsys.readouterr().err.startswith("export: file must be readable JSON, got ")


def test_bfloat16_weights_are_widened(tmp_path):
    halves = np.array([[0x3F80, 0xC040]], np.uint16)  # 1.0 and -3.0
    write_safetensors(tmp_path / "w", {"a": halves}, "BF16")

    assert read_safetensors(tmp_path / "w")["a"].tolist() == [[1.0, -3.0]]


def test_a_weight_file_that_was_cut_off_is_refused(tmp_path):
    write_safetensors(tmp_path / "w", {"a": np.zeros(4, np.float32)})
    content = (tmp_path / "w").read_bytes()
    (tmp_path / "w").write_bytes(content[:-1])

    message = (
        f"file must have {len(content)} bytes, got {len(content) - 1} - at {tmp_path / 'w'}; "
        "copy it again"
    )
    with pytest.raises(ModelError, match=f"^{re.escape(message)}$"):
        read_safetensors(tmp_path / "w")


def test_a_file_that_is_no_safetensors_is_refused(tmp_path):
    (tmp_path / "w").write_bytes(b"no")

    with pytest.raises(ModelError, match=r"^weights must be a safetensors file, got "):
        read_safetensors(tmp_path / "w")


def test_no_chunk_of_the_comparison_is_a_lone_token():
    for num_tokens in range(2, 70):
        chunks = export._chunks(num_tokens)
        assert sum(chunks) == num_tokens
        assert min(chunks) > 1
