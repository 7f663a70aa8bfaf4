"""Pipes, devices and folders in the place of files: refused, and never waited for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from npcbrain.errors import ModelError, PersonaError, SaveError, TreeError
from npcbrain.importing.source import read_json
from npcbrain.lm.model import Model
from npcbrain.npcs.persona import Persona
from npcbrain.plain_file import open_plain, read_plain
from npcbrain.pricing.cost import CostModel
from npcbrain.pricing.price_file import PriceFile
from npcbrain.runtime import Runtime
from npcbrain.tree import load

TINY = Path(__file__).parents[1] / "models" / "tiny"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="it has no pipes in folders")


@pytest.fixture(params=["a pipe", "a device", "a folder"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What has a path, and no end or no beginning."""
    path = tmp_path / "odd"
    if request.param == "a pipe":
        os.mkfifo(path)
    elif request.param == "a device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    return path


def load_model(path: Path, name: str) -> None:
    folder = path.parent / "model"
    shutil.copytree(TINY, folder)
    (folder / name).unlink()
    (folder / name).symlink_to(path)
    Model.load(folder)


def load_save(path: Path) -> None:
    with Runtime(None) as runtime:
        runtime.load(path)


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (Persona.load, PersonaError),
        (load, TreeError),
        (load_save, SaveError),
        (read_json, ModelError),
        (lambda path: load_model(path, "manifest.json"), ModelError),
        (lambda path: load_model(path, "segment_0.onnx"), ModelError),
        (lambda path: load_model(path, "tokenizer.json"), ModelError),
    ],
    ids=["persona", "tree", "save", "import", "manifest", "graph", "tokenizer"],
)
def test_what_is_no_file_is_refused(
    odd: Path, read: Callable[[Path], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read(odd)


def test_prices_that_are_no_file_are_none(odd: Path) -> None:
    assert not PriceFile(odd, "key").load(CostModel())


def test_the_reason_is_told(odd: Path) -> None:
    with pytest.raises(OSError, match=r"it is a (pipe|device|folder), no file"):
        open_plain(odd)


def test_a_file_is_read_to_one_byte_more_than_it_may_have(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    assert (read_plain(path, 3), read_plain(path, 6)) == (b"abcd", b"abcdef")
