"""Promises of ``npcbrain persona check``: what it counts, what it advises, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from npcbrain.commands.main import main
from npcbrain.lm.model import Model
from npcbrain.npcs.persona import Persona
from npcbrain.runtime import Runtime
from npcbrain.tree import Succeed

TINY = Path(__file__).parents[1] / "models" / "tiny"
ADA = {
    "name": "Ada",
    "role": "cook",
    "facts": ["The soup is hot.", "Everybody knows that Ada has a cat."],
    "actions": [{"name": "say"}, {"name": "serve", "args": {"dish": ["soup", "stew"]}}],
    "lines": {"fallback": ["Not now."]},
}


def checked(
    path: Path, persona: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    path.write_text(json.dumps(persona), encoding="utf-8")
    assert main(["persona", "check", str(path), "--model", str(TINY), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_tokens_are_counted_as_a_game_counts_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = checked(tmp_path / "ada.json", ADA, capsys)
    tokens = result["tokens"]
    assert tokens["person"] + tokens["facts"] + tokens["actions"] == tokens["all"]
    with Runtime(Model.load(TINY, num_slots=1), price_file=None) as runtime:
        npc = runtime.add_npc("ada", persona=Persona.from_dict(ADA), tree=Succeed())
        assert npc.num_tokens_left == result["left"] == result["room"] - tokens["all"]


def test_a_fact_that_it_cannot_say_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    advice = checked(tmp_path / "ada.json", ADA, capsys)["advice"]
    assert [line for line in advice if line.startswith("fact")] == [
        "fact 2 is not said as it stands, for it tells of Ada as of somebody else: write it as Ada "
        "would say it (Everybody knows that Ada has a cat.)"
    ]


def test_a_fact_that_says_that_nobody_is_told_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = {**ADA, "facts": ["The key is in the well, and I tell nobody."]}
    advice = checked(tmp_path / "ada.json", secret, capsys)["advice"]
    assert [line for line in advice if line.startswith("fact")] == [
        "fact 1 is not said, for it says itself that nobody is told; leave a secret out until it "
        "may be told (The key is in the well, and I tell nobody.)"
    ]


def test_a_kind_of_lines_that_looks_misspelt_is_named_and_a_game_s_own_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = {"fallback": ["Not now."], "greting": ["Hello."], "haggling": ["Two coppers."]}
    advice = checked(tmp_path / "ada.json", {**ADA, "lines": lines}, capsys)["advice"]
    assert [line for line in advice if "lines." in line] == [
        "nothing but your own trees says lines.greting: did you mean 'greeting'?"
    ]


def test_what_is_missing_is_advised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = {**ADA, "actions": [{"name": "serve"}], "lines": {}}
    advice = " ".join(checked(tmp_path / "ada.json", bare, capsys)["advice"])
    assert "lines.fallback" in advice
    assert '{"name": "say"}' in advice
    raven = {**bare, "actions": [{"name": "croak"}, {"name": "serve"}]}  # its voice is talk enough
    assert '{"name": "say"}' not in " ".join(
        checked(tmp_path / "ada.json", raven, capsys)["advice"]
    )


def test_too_much_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = {**ADA, "facts": [f"Number {i} of the facts is long." for i in range(32)]}
    advice = " ".join(checked(tmp_path / "ada.json", full, capsys)["advice"])
    assert "leave out the facts" in advice


def test_a_table_is_printed_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "ada.json"
    path.write_text(json.dumps(ADA), encoding="utf-8")
    assert main(["persona", "check", str(path), "--model", str(TINY)]) == 0
    assert "left for what happens" in capsys.readouterr().out


def test_a_wrong_file_is_one_line_with_its_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ada.json"
    path.write_text(json.dumps({"name": "Ada"}), encoding="utf-8")
    assert main(["persona", "check", str(path), "--model", str(TINY)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "$.role" in line
