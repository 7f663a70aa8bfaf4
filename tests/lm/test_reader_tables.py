"""Promises of ``lm.reader_tables``: which tables a manifest names, and that others are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from small_tables import VERBS, add_tables, change_manifest, vectors

from npcbrain.errors import ModelError
from npcbrain.lm.model import Model
from npcbrain.lm.package import ModelPackage
from npcbrain.lm.reader_tables import ReaderTables

TINY = Path(__file__).parents[1] / "models" / "tiny"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "tiny"))


def test_a_folder_from_before_loads_as_it_did(folder: Path) -> None:
    change_manifest(folder, reader=None, memory_tokens=None)
    model = Model.load(folder)
    assert model.reader_tables == ReaderTables(where=str(folder))
    assert model.memory_tokens == 80


def test_a_folder_brings_tables_of_its_own(folder: Path) -> None:
    add_tables(folder)
    assert Model.load(folder).reader_tables == ("own", vectors(), VERBS, str(folder))


def test_a_folder_may_go_without(folder: Path) -> None:
    change_manifest(folder, reader={"tables": "none"})
    assert Model.load(folder).reader_tables.name == "none"


def test_tables_of_its_own_are_vouched_for_like_any_file(folder: Path) -> None:
    add_tables(folder)
    (folder / "own.txt").write_bytes(VERBS.replace(b"zorp", b"zorq"))
    with pytest.raises(ModelError, match="model file must have SHA-256"):
        Model.load(folder)


def test_a_table_of_no_reasonable_size_is_not_read(folder: Path) -> None:
    add_tables(folder)
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    listed["own.txt"]["bytes"] = 1 << 30
    change_manifest(folder, files=listed)
    with pytest.raises(ModelError, match=r"table must have at most 67108864 bytes.*reader\.verbs"):
        ModelPackage.described(folder)


@pytest.mark.parametrize(
    ("reader", "message"),
    [
        (
            {"tables": "npcbrain-2"},
            "tables must be 'npcbrain-1', 'own' or 'none', got 'npcbrain-2' - at {} $.reader; "
            "use a model of this release",
        ),
        ("npcbrain-1", "value must be an object, got 'npcbrain-1' - at {} $.reader"),
        ({}, "tables must be a string of 1 to 128 characters, got None - at {} $.reader"),
        ({"tables": "own"}, "value must be an object, got None - at {} $.reader.vectors"),
        (
            {"tables": "own", "vectors": {"file": "head.onnx"}, "verbs": {"file": "verbs.txt"}},
            "file must be listed in $.files, got 'verbs.txt' - at {} $.reader.verbs",
        ),
    ],
)
def test_tables_that_nobody_knows_are_refused(folder: Path, reader: object, message: str) -> None:
    change_manifest(folder, reader=reader)
    with pytest.raises(ModelError) as caught:
        ModelPackage.described(folder)
    assert str(caught.value) == message.format(folder / "manifest.json")
