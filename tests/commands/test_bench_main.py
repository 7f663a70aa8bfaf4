"""Promises of ``npcbrain.commands.bench.main``: what is refused before anything is measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from npcbrain.commands.bench import main as bench_cli
from npcbrain.commands.main import main

TINY = str(Path(__file__).parents[1] / "models" / "tiny")


def complaint_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["bench", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    return line


@pytest.mark.parametrize("option", ["--out", "--csv"])
def test_a_file_that_cannot_be_written_is_said_first(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str
) -> None:
    path = str(tmp_path / "no such folder" / "file")
    line = complaint_of(capsys, "frames", "--model", "none", option, path)
    assert line == (
        f"npcbrain: {option} must be writable, got 'No such file or directory' - at {path}"
    )


@pytest.mark.parametrize("wrong", [("--rounds", "0"), ("--segments", "0"), ("--segments", "65")])
def test_peers_out_of_range_are_refused(
    capsys: pytest.CaptureFixture[str], wrong: tuple[str, str]
) -> None:
    line = complaint_of(capsys, "peers", "--gguf", "none", *wrong)
    assert line.startswith(f"npcbrain: {wrong[0]} must be 1 to ")


def test_an_installed_npcbrain_says_that_peers_need_a_checkout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed = tmp_path / "site" / "npcbrain" / "commands" / "bench" / "main.py"
    monkeypatch.setattr(bench_cli, "__file__", str(installed))
    line = complaint_of(capsys, "peers", "--gguf", "none")
    assert line == (
        "npcbrain: npcbrain must run from a checkout, which can import weights, "
        f"got 'an installed one' - at {tmp_path / 'site'}; "
        "clone npcbrain and run pip install --editable .[bench] in it"
    )


def test_a_package_that_peers_need_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [name for name in sys.modules if name.startswith("tools.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "gguf", None)
    line = complaint_of(capsys, "peers", "--gguf", "none")
    assert line == (
        "npcbrain: gguf must be installed, got None - at npcbrain bench peers; "
        "pip install --editable .[bench] in the checkout"
    )
