"""Promises of ``pricing.price_file``: what is kept is found again, and nothing else is believed."""

from __future__ import annotations

import os
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npcbrain.engine.contract import Kind
from npcbrain.pricing.cost import CostModel
from npcbrain.pricing.price_file import (
    FOLDER_VARIABLE,
    MAX_BYTES,
    MAX_TABLES,
    PriceFile,
    cache_folder,
    default_price_path,
)

MS = 1_000_000
CELL = [2, 0, 1, 0, MS, MS, MS]


def learned(took_ns: int = MS) -> CostModel:
    prices = CostModel()
    for _ in range(20):
        prices.observe(Kind.DECODE, 0, 1, 0, took_ns)
    return prices


def price_ns(prices: CostModel) -> int:
    return prices.price_ns(Kind.DECODE, 0, 1, 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "prices.msgpack"


def test_what_was_saved_is_loaded(path: Path) -> None:
    assert PriceFile(path, "hearth", "cpu").save(learned())
    heir = CostModel()
    assert PriceFile(path, "hearth", "cpu").load(heir)
    assert heir.snapshot() == learned().snapshot()


def test_prices_of_another_model_or_machine_are_not_taken(path: Path) -> None:
    PriceFile(path, "hearth", "cpu").save(learned())
    heir = CostModel()
    assert not PriceFile(path, "hearth", "other cpu").load(heir)
    assert heir.snapshot() == []


def test_tables_of_several_models_lie_side_by_side(path: Path) -> None:
    PriceFile(path, "a").save(learned(MS))
    PriceFile(path, "b").save(learned(2 * MS))
    PriceFile(path, "a").save(learned(3 * MS))
    first, second = CostModel(), CostModel()
    assert PriceFile(path, "a").load(first)
    assert PriceFile(path, "b").load(second)
    assert price_ns(first) > 3 * MS > price_ns(second) > 2 * MS


def test_only_the_last_tables_are_kept(path: Path) -> None:
    for number in range(MAX_TABLES + 2):
        PriceFile(path, str(number)).save(learned())
    found = [PriceFile(path, str(n)).load(CostModel()) for n in range(MAX_TABLES + 2)]
    assert found == [False] * 2 + [True] * MAX_TABLES


def test_nothing_learned_is_nothing_to_save(path: Path) -> None:
    assert not PriceFile(path, "a").save(CostModel())
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xc1",
        b"prices",
        b"\xff" * 100,
        b"\x91" * 5000,
        msgpack.packb(None),
        msgpack.packb([1, 2]),
        msgpack.packb({"format": 2, "tables": [("a", [CELL])]}),
        msgpack.packb({"format": 1}),
        msgpack.packb({"format": 1, "tables": [["a"]]}),
        msgpack.packb({"format": 1, "tables": [("a", "cells")]}),
        msgpack.packb({"format": 1, "tables": [("a", [])]}),
        msgpack.packb({"format": 1, "tables": [("a", [CELL, "cell"])]}),
        msgpack.packb({"format": 1, "tables": [("a", [[9, *CELL[1:]]])]}),
        msgpack.packb({"format": 1, "tables": [("a", [[2, 0, 1, 0, MS, 1 << 63, MS]])]}),
        msgpack.packb({"format": 1, "tables": [("a", [CELL])], "pad": "x" * MAX_BYTES}),
        msgpack.packb({"format": 1, "tables": [(["a"], [CELL])]}),
    ],
)
def test_a_bad_file_is_ignored_and_replaced(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    prices = learned()
    assert not PriceFile(path, "a").load(prices)
    assert prices.snapshot() == learned().snapshot()
    assert PriceFile(path, "a").save(learned())
    assert PriceFile(path, "a").load(CostModel())


@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_make_loading_raise(tmp_path_factory: Any, noise: bytes, cut: int) -> None:
    path = tmp_path_factory.mktemp("noise") / "prices"
    whole = msgpack.packb({"format": 1, "tables": [("a", [CELL])]})
    path.write_bytes(whole[:cut] + noise)
    PriceFile(path, "a").load(CostModel())


def test_a_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"not a folder")
    assert not PriceFile(tmp_path / "file" / "prices", "a").save(learned())
    assert not PriceFile(tmp_path / "file" / "prices", "a").load(CostModel())


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    PriceFile(path, "a").save(learned())
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", refuse)
    assert not PriceFile(path, "a").save(learned(2 * MS))
    assert [file.read_bytes() for file in path.parent.iterdir()] == [before]


@pytest.mark.parametrize(
    ("system", "environment", "home", "folder"),
    [
        ("linux", {}, PurePosixPath("/home/ann"), "/home/ann/.cache/npcbrain"),
        ("linux", {"XDG_CACHE_HOME": "/fast"}, PurePosixPath("/home/ann"), "/fast/npcbrain"),
        ("linux", {"XDG_CACHE_HOME": "fast"}, PurePosixPath("/h"), "/h/.cache/npcbrain"),
        ("darwin", {}, PurePosixPath("/Users/ann"), "/Users/ann/Library/Caches/npcbrain"),
        (
            "win32",
            {"LOCALAPPDATA": "D:\\Local"},
            PureWindowsPath("C:\\Users\\ann"),
            "D:\\Local\\npcbrain\\Cache",
        ),
        (
            "win32",
            {},
            PureWindowsPath("C:\\Users\\ann"),
            "C:\\Users\\ann\\AppData\\Local\\npcbrain\\Cache",
        ),
        ("win32", {FOLDER_VARIABLE: "E:\\mine"}, PureWindowsPath("C:\\"), "E:\\mine"),
    ],
)
def test_each_platform_has_its_cache_folder(
    system: str, environment: dict[str, str], home: PurePath, folder: str
) -> None:
    assert str(cache_folder(system, environment, home)) == folder


def test_tests_have_a_folder_of_their_own() -> None:
    path = default_price_path()
    assert path is not None
    assert Path.home() not in path.parents
