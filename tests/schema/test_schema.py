"""Promises of ``npcbrain.schema``: an editor refuses what the loader refuses, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from npcbrain.commands.schema import schema_text
from npcbrain.errors import NpcBrainError
from npcbrain.npcs.persona import FIELDS, SCHEMA_FIELD, Persona
from npcbrain.schema import SCHEMAS, persona_schema, situation_schema
from npcbrain.situation import Situation

jsonschema = pytest.importorskip("jsonschema", reason="plays the editor")

ROOT = Path(__file__).resolve().parents[2]
PERSONA: dict[str, Any] = {
    "$schema": "persona.schema.json",
    "name": "Greta",
    "role": "baker",
    "traits": ["cheerful"],
    "goal": "sell every loaf",
    "facts": ["A loaf costs two coppers."],
    "actions": [{"name": "say"}, {"name": "give", "args": {"item": ["loaf"], "to": ["player"]}}],
    "lines": {"fallback": ["Mind the oven!"], "of my own": ["Hm."]},
}
SITUATION: dict[str, Any] = {
    "npc": {key: PERSONA[key] for key in ("name", "role", "traits", "goal", "facts")},
    "scene": {"place": "inn", "time": "noon", "nearby": ["player"]},
    "memory": ["It rained."],
    "event": {"kind": "speech", "from": "player", "text": "Hi?"},
    "actions": PERSONA["actions"],
}
READERS: dict[str, tuple[dict[str, Any], Callable[[Any], object]]] = {
    "persona": (PERSONA, Persona.from_dict),
    "situation": (SITUATION, Situation.from_dict),
}
TEXTS = ["", " \n\t", "\x00", "x", "x" * 64, "x" * 65, "x" * 240, "x" * 241]
WRONG: list[Any] = [
    *(None, True, 7, 0.5, {}, []),
    *TEXTS,
    *([text] for text in TEXTS),
    *([None], [7], [[]], [{}], ["a"] * 32, ["a"] * 33),
    *(
        {"a": 7},
        {"a": []},
        {"a": ["x"]},
        {"a": ["x"] * 33},
        {"npc": ["x"]},
        {"": ["x"]},
        {"x" * 65: ["x"]},
    ),
    *({"name": "say"}, {"name": 7}, {"name": "say", "args": []}, {"args": {}}),
    *({str(i): ["x"] for i in range(n)} for n in (8, 9)),
    *([{"name": str(i)} for i in range(n)] for n in (32, 33)),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, child in inner:
            yield from places(child, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with another thing in one place."""
    if not path:
        return new
    value = copy.deepcopy(value)
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = new
    return value


def lacking(value: Any, path: tuple[Any, ...]) -> Any:
    """The value without one thing."""
    value = copy.deepcopy(value)
    parent = value
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return value


def variants(value: Any) -> Iterator[Any]:
    """The value with each of its parts left out, or replaced by each of many things."""
    for path in places(value):
        yield from (changed(value, path, new) for new in WRONG)
        if path:
            yield lacking(value, path)


def refusal(read: Callable[[Any], object], value: Any) -> str:
    try:
        read(value)
    except NpcBrainError as error:
        return str(error)
    return ""


def has_unknown_field_in_an_action(value: Any) -> bool:
    """What the loader lets pass, and an editor had better not."""
    actions = value.get("actions", []) if isinstance(value, dict) else []
    items = actions if isinstance(actions, list) else []
    return any(isinstance(item, dict) and item.keys() - {"name", "args"} for item in items)


@pytest.mark.parametrize("what", SCHEMAS)
def test_the_schema_refuses_what_the_loader_refuses_and_nothing_else(what: str) -> None:
    good, read = READERS[what]
    editor = jsonschema.Draft7Validator(SCHEMAS[what]())
    assert editor.is_valid(good)
    assert refusal(read, good) == ""
    num_refused = 0
    for variant in variants(good):
        told = refusal(read, variant)
        if "be unique" in told:
            continue  # a schema cannot say so
        if what == "persona" and has_unknown_field_in_an_action(variant):
            continue
        num_refused += bool(told)
        assert editor.is_valid(variant) == (told == ""), (variant, told)
    assert num_refused > 500


def test_the_schema_names_every_field_that_the_loader_reads() -> None:
    assert set(persona_schema()["properties"]) == {*FIELDS, SCHEMA_FIELD}
    assert set(situation_schema()["properties"]) == set(SITUATION)


def test_a_misspelt_field_of_an_action_is_seen_by_an_editor() -> None:
    editor = jsonschema.Draft7Validator(persona_schema())
    assert not editor.is_valid({**PERSONA, "actions": [{"name": "give", "arg": {}}]})


@pytest.mark.parametrize("what", SCHEMAS)
def test_a_schema_is_one(what: str) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMAS[what]())


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for folder in ("demo_game/personas", "npcbrain/examples/personas", "npcbrain/commands")
        for path in (ROOT / folder).rglob("*.json")
    ),
    ids=lambda path: path.stem,
)
def test_every_persona_that_ships_passes_its_schema(path: Path) -> None:
    persona = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(persona, persona_schema(), jsonschema.Draft7Validator)
    assert Persona.load(path).name == persona["name"]


@pytest.mark.parametrize("what", SCHEMAS)
def test_the_schemas_in_the_docs_are_those_of_the_code(what: str) -> None:
    path = ROOT / "docs" / "schemas" / f"{what}.json"
    advice = f"python -m npcbrain schema {what} --out docs/schemas/{what}.json"
    assert path.read_text(encoding="utf-8") == schema_text(what), advice
