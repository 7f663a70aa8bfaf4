"""Promises of ``npcbrain.npcs.persona``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from npcbrain.errors import PersonaError
from npcbrain.npcs.persona import Persona

GRETA: dict[str, Any] = {
    "name": "Greta",
    "role": "baker",
    "traits": ["cheerful"],
    "goal": "sell every loaf",
    "facts": ["A loaf costs two coppers."],
    "actions": [
        {"name": "say", "args": {}},
        {"name": "give", "args": {"item": ["loaf"], "to": ["player"]}},
    ],
    "lines": {"fallback": ["Mind the oven!"], "greeting": ["Good morning!"]},
}


def refusal(data: object) -> str:
    with pytest.raises(PersonaError) as caught:
        Persona.from_dict(data)
    return str(caught.value)


def test_what_is_written_reads_back_equal() -> None:
    persona = Persona.from_dict(GRETA)
    assert persona.to_dict() == GRETA
    assert Persona.from_dict(persona.to_dict()) == persona


def test_a_name_and_a_role_are_enough() -> None:
    persona = Persona.from_dict({"name": "Tom", "role": "guard"})
    assert (persona.name, persona.lines) == ("Tom", {})
    assert [action.name for action in persona.actions] == ["say"]


def test_a_file_reads_like_its_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "greta.json"
    path.write_text(json.dumps(GRETA), encoding="utf-8-sig")
    assert Persona.load(path) == Persona.from_dict(GRETA)


def test_a_missing_field_is_named_by_its_path() -> None:
    assert refusal({"name": "Tom"}) == "field must be present, got None - at $.role; add 'role'"


def test_a_misspelt_field_is_refused_rather_than_dropped() -> None:
    assert refusal({**GRETA, "fact": []}) == (
        "field must be known, got 'fact' - at $; "
        "use name, role, traits, goal, facts, actions, lines"
    )


def test_where_an_editor_finds_the_schema_is_no_field_of_a_persona() -> None:
    persona = Persona.from_dict({"$schema": "persona.schema.json", **GRETA})
    assert persona == Persona.from_dict(GRETA)
    assert persona.to_dict() == GRETA


def test_a_line_that_is_no_string_is_refused() -> None:
    assert refusal({**GRETA, "lines": {"bark": ["Woof.", 7]}}) == (
        "line must be a string, got 7 - at $.lines.bark[1]"
    )


@pytest.mark.parametrize("data", [None, [], "Greta", 7])
def test_only_an_object_is_a_persona(data: object) -> None:
    assert refusal(data) == f"persona must be an object, got {data!r} - at $"


@pytest.mark.parametrize("field", ["name", "role", "traits", "facts", "actions", "lines"])
def test_a_field_of_the_wrong_type_is_refused(field: str) -> None:
    assert f"at $.{field}" in refusal({**GRETA, field: 7})


def test_a_missing_file_is_one_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "nobody.json"
    with pytest.raises(PersonaError, match=re.escape(f"at {path}; check the path")):
        Persona.load(path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_file_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(PersonaError, match="persona file must be JSON"):
        Persona.load(path)


def test_a_slip_in_json_is_found_by_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "comma.json"
    path.write_text('{"name": "Ada",\n "role": "cook",}', encoding="utf-8")
    with pytest.raises(PersonaError, match=re.escape(f"at {path}, line 2, column ")):
        Persona.load(path)


def test_a_misspelt_field_of_an_action_is_refused() -> None:
    action = {"name": "serve", "arg": {"dish": ["pie"]}}
    message = "field must be known, got 'arg' - at $.actions[1]; use name, args"
    with pytest.raises(PersonaError, match=f"^{re.escape(message)}$"):
        Persona.from_dict({"name": "Ada", "role": "cook", "actions": [{"name": "say"}, action]})


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    path.write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(PersonaError, match="persona file must be at most 1048576 bytes"):
        Persona.load(path)
