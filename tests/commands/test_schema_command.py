"""Promises of ``npcbrain schema``: it prints a schema, or writes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from npcbrain.commands.main import main
from npcbrain.schema import SCHEMAS


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_schema_is_printed_as_json(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", what]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMAS[what]()
    assert main(["schema", what, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == SCHEMAS[what]()


def test_a_schema_is_written_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "persona.json"
    assert main(["schema", "persona", "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {out}\n"
    assert json.loads(out.read_text(encoding="utf-8")) == SCHEMAS["persona"]()
