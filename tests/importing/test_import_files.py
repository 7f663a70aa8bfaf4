"""Files from elsewhere: read as they are, or refused with what is wrong and where."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

gguf = pytest.importorskip("gguf", reason="the import is an extra")

from npcbrain.errors import ModelError, NpcBrainError, UsageError  # noqa: E402
from npcbrain.importing.gguf_file import GgufFile  # noqa: E402
from npcbrain.importing.safetensors_file import SafetensorsFile  # noqa: E402
from npcbrain.importing.source import open_source  # noqa: E402

NUM_SPOILED = 300  # files with a byte or two changed


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def gguf_bytes(
    *,
    fields: bytes = b"",
    num_fields: int = 0,
    num_tensors: int = 1,
    dims: tuple[int, ...] = (4,),
    kind: int = 0,
    offset: int = 0,
    data: bytes = bytes(16),
) -> bytes:
    """A small file, right or wrong: one tensor named "w"."""
    info = text("w") + struct.pack("<I", len(dims)) + struct.pack(f"<{len(dims)}Q", *dims)
    info += struct.pack("<IQ", kind, offset)
    head = b"GGUF" + struct.pack("<IQQ", 3, num_tensors, num_fields) + fields + info
    return head + bytes(-len(head) % 32) + data


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    return path


# GGUF


def test_every_way_of_rounding_is_widened_as_its_package_does(tmp_path):
    values = np.random.RandomState(0).standard_normal((6, 256)).astype(np.float32)
    path = tmp_path / "kinds.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    kinds = [gguf.GGMLQuantizationType[name] for name in ("Q8_0", "Q4_0", "Q4_1", "F16", "BF16")]
    for kind in kinds:
        writer.add_tensor(kind.name, gguf.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()

    file = GgufFile(path)

    for kind in kinds:
        wanted = gguf.dequantize(gguf.quantize(values, kind), kind)
        assert np.array_equal(file.read(kind.name), wanted), kind
    assert file.fields["general.architecture"] == "llama"


def test_fields_of_every_type_are_read(tmp_path):
    fields = text("a") + struct.pack("<Ii", 5, -7)
    fields += text("b") + struct.pack("<I", 9) + struct.pack("<IQ", 8, 2) + text("x") + text("yz")
    fields += text("c") + struct.pack("<I", 9) + struct.pack("<IQ3f", 6, 3, 1, 2, 3)
    fields += text("d") + struct.pack("<I?", 7, True)

    file = GgufFile(written(tmp_path, gguf_bytes(fields=fields, num_fields=4)))

    assert (file.fields["a"], file.fields["b"], file.fields["d"]) == (-7, ["x", "yz"], True)
    assert file.fields["c"].tolist() == [1.0, 2.0, 3.0]
    assert file.read("w").tolist() == [0.0] * 4


ARRAY = text("a") + struct.pack("<I", 9)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "GGUF must be a readable file"),
        (b"GGUX" + bytes(40), "file must begin with GGUF, got b'GGUX'"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "GGUF version must be 2 or 3, got 1"),
        (gguf_bytes(num_tensors=2, data=b""), "file must go on for"),
        (gguf_bytes(num_tensors=1 << 60), "number of tensors must be at most 100000"),
        (gguf_bytes(num_fields=1 << 60), "number of fields must be at most 10000"),
        (gguf_bytes(dims=(1,) * 5), "w must have 1 to 4 dimensions, got 5"),
        (gguf_bytes(kind=99), "w must have a known type, got 99"),
        (gguf_bytes(kind=8), "w must have rows of whole blocks of 32, got 4"),
        (gguf_bytes(offset=32), "file must have 112 bytes for w, got 80"),
        (gguf_bytes(dims=(1 << 40, 1 << 20)), "file must have .* bytes for w"),
        (gguf_bytes(data=bytes(15)), "file must have 80 bytes for w, got 79"),
        (gguf_bytes(fields=ARRAY + struct.pack("<IQ", 8, 1 << 50), num_fields=1), "a must have at"),
        (gguf_bytes(fields=ARRAY + struct.pack("<IQ", 4, 1 << 50), num_fields=1), "file must go"),
        (gguf_bytes(fields=ARRAY + struct.pack("<IQ", 9, 1), num_fields=1), "a must hold texts or"),
        (gguf_bytes(fields=text("a") + struct.pack("<I", 77), num_fields=1), "a must have a known"),
        (gguf_bytes(fields=struct.pack("<Q", 1 << 40), num_fields=1), "text must have at most"),
    ],
)
def test_a_gguf_that_says_what_is_not_so_is_refused(tmp_path, content, message):
    with pytest.raises(ModelError, match=f"^{message}"):
        GgufFile(written(tmp_path, content))


def test_a_gguf_cut_off_anywhere_is_refused(tmp_path):
    fields = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    whole = gguf_bytes(fields=fields, num_fields=1)
    for size in range(len(whole)):
        with pytest.raises(ModelError):
            GgufFile(written(tmp_path, whole[:size]))


def test_a_spoiled_gguf_is_refused_or_read_and_never_crashes(tmp_path):
    fields = text("general.architecture") + struct.pack("<I", 8) + text("llama")
    fields += text("llama.block_count") + struct.pack("<II", 4, 2)
    fields += text("t") + struct.pack("<I", 9) + struct.pack("<IQ", 8, 2) + text("x") + text("yz")
    whole = np.frombuffer(gguf_bytes(fields=fields, num_fields=3), np.uint8)
    random = np.random.RandomState(4)
    refused = 0
    for _ in range(NUM_SPOILED):
        spoiled = whole.copy()
        spoiled[random.randint(0, len(whole), 2)] = random.randint(0, 256, 2)
        try:
            open_source(written(tmp_path, spoiled.tobytes()), 256)
        except NpcBrainError:
            refused += 1
    assert refused == NUM_SPOILED  # for it has no layers


# Safetensors


def safetensors_bytes(entry: object, data: bytes = bytes(16)) -> bytes:
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": entry}).encode()
    return struct.pack("<Q", len(header)) + header + data


def entry(**changes: object) -> dict[str, object]:
    return {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]} | changes


def test_a_tensor_is_read_alone(tmp_path):
    path = tmp_path / "w"
    path.write_bytes(safetensors_bytes(entry(), np.arange(4, dtype=np.float32).tobytes()))

    file = SafetensorsFile(path)

    assert file.shapes == {"w": (2, 2)}
    assert file.read("w").tolist() == [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "weights must be a safetensors file"),
        (struct.pack("<Q", 1 << 60) + b"{}", "weights must be a safetensors file"),
        (struct.pack("<Q", 2) + b"[]", "weights must be a safetensors file"),
        (safetensors_bytes(entry(dtype="I64")), "w must be one of F32, F16, BF16, got 'I64'"),
        (safetensors_bytes([]), "w must be one of F32, F16, BF16, got None"),
        (safetensors_bytes(entry(shape=[-1])), "shape of w must be a list of counts"),
        (safetensors_bytes(entry(data_offsets=[16])), "offsets of w must be two counts"),
        (safetensors_bytes(entry(data_offsets=[0, 99])), "file must have .* copy it again"),
        (safetensors_bytes(entry(shape=[3, 2])), "w must have 24 bytes, got 16"),
    ],
)
def test_a_safetensors_file_that_says_what_is_not_so_is_refused(tmp_path, content, message):
    path = tmp_path / "w"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=f"^{message}"):
        SafetensorsFile(path)


def test_an_index_may_name_plain_files_only(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    index = {"weight_map": {"w": "../../etc/passwd"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")

    with pytest.raises(ModelError, match=r"^file name must be a plain name without folders"):
        open_source(tmp_path, 256)


ODD = (None, True, "x", [], {}, [1], {"a": 1}, -1, 0, 1.5, 1e300, 10**40)


def test_a_configuration_of_anything_is_refused_or_read_and_never_crashes(tmp_path):
    config = {
        "model_type": "gemma3_text",
        "hidden_size": 64,
        "num_attention_heads": 4,
        "num_hidden_layers": 0,
        "head_dim": 16,
        "intermediate_size": 64,
        "vocab_size": 8,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "sliding_window": 16,
        "hidden_activation": "gelu_pytorch_tanh",
        "rms_norm_eps": 1e-6,
        "layer_types": [],
        "attn_logit_softcapping": 50.0,
        "rope_local_base_freq": 1e4,
        "rope_scaling": {},
    }
    rope = {"rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0}
    rope |= {"high_freq_factor": 4.0, "original_max_position_embeddings": 64, "short_factor": [1.0]}
    (tmp_path / "model.safetensors").write_bytes(safetensors_bytes(entry()))
    for odd in ODD:
        changed = [{**config, key: odd} for key in config]
        changed += [{**config, "rope_scaling": {**rope, key: odd}} for key in rope]
        changed += [{**config, "rope_scaling": {"full_attention": odd, "sliding_attention": odd}}]
        for data in changed:
            (tmp_path / "config.json").write_text(json.dumps(data), encoding="utf-8")
            with pytest.raises(NpcBrainError):  # for it has no weights
                open_source(tmp_path, 256)


def gguf_value(odd: object) -> bytes:
    """A value as a field has it: a text, a number, or a list of numbers."""
    if isinstance(odd, str):
        return struct.pack("<I", 8) + text(odd)
    if isinstance(odd, list):
        return struct.pack("<I", 9) + struct.pack("<IQI", 4, 1, 7)
    return struct.pack("<Id", 12, odd) if isinstance(odd, float) else struct.pack("<Iq", 11, odd)


@pytest.mark.parametrize("architecture", ["llama", "gemma3", "phi3"])
def test_fields_of_another_type_are_refused_and_never_crash(tmp_path, architecture):
    keys = {
        f"{architecture}.{key}": value
        for key, value in {
            "embedding_length": 64,
            "block_count": 1,
            "feed_forward_length": 64,
            "attention.head_count": 4,
            "attention.key_length": 16,
            "context_length": 512,
            "rope.freq_base": 1e4,
            "rope.dimension_count": 16,
            "rope.scaling.type": "none",
            "attention.sliding_window": 16,
            "rope.scaling.factor": 2.0,
        }.items()
    }
    for key in keys:
        for odd in ("x", [7], -1, 0, 1.5, float("nan"), float("inf")):
            values = {"general.architecture": architecture, **keys, key: odd}
            fields = b"".join(text(name) + gguf_value(value) for name, value in values.items())
            path = written(tmp_path, gguf_bytes(fields=fields, num_fields=len(values)))
            with pytest.raises(NpcBrainError):  # for it has no weights
                open_source(path, 256)


def test_a_source_that_is_not_there_is_the_callers_mistake(tmp_path):
    with pytest.raises(UsageError, match=r"^source must exist, got .+ pass a \.gguf file or a fo"):
        open_source(tmp_path / "nothing", 256)
