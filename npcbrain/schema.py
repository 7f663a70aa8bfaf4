"""JSON schemas of personas and situations, for editors that complete and check while one writes.

They are made of the loaders' limits, so that no limit is in two places. Invariant: a schema refuses
everything that its loader refuses for its structure; a test compares the two. Only the loader knows
that names must be unique, and how long a text is without control characters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npcbrain.prompting.stock_lines import OCCASIONS
from npcbrain.situation import (
    HANDLER_ARG,
    MAX_ACTIONS,
    MAX_ARGS,
    MAX_LINE_CHARS,
    MAX_LINES,
    MAX_NAME_CHARS,
    MAX_VALUES,
)

__all__ = ["SCHEMAS", "persona_schema", "situation_schema"]

Schema = dict[str, Any]

DIALECT = "http://json-schema.org/draft-07/schema#"  # the newest that every editor reads
VISIBLE = r"[^\s\u0000-\u001f\u007f-\u009f]"  # one character at least that is not white space
LINE_KINDS = {
    "fallback": "What the tree says where the model has no time; the next one each time.",
    "greeting": "Said when somebody comes; your game decides when.",
    "bark": "Said to nobody in particular; your game decides when.",
}


def persona_schema() -> Schema:
    """The schema of a persona file, as ``Persona.load`` reads it."""
    return {
        "$schema": DIALECT,
        "title": "npcbrain persona",
        "description": "Who an NPC is: read by npcbrain.Persona.load.",
        "type": "object",
        "required": ["name", "role"],
        "properties": {
            "$schema": {"description": "Where an editor finds this schema; npcbrain ignores it."},
            **_profile(),
            "actions": {**_actions(is_strict=True), "default": [{"name": "say"}]},
            "lines": _lines(),
        },
        "additionalProperties": False,
    }


def situation_schema() -> Schema:
    """The schema of a situation, as ``npcbrain decide`` and ``Situation.from_dict`` read it."""
    return {
        "$schema": DIALECT,
        "title": "npcbrain situation",
        "description": "What an NPC is asked: read by `npcbrain decide` and Situation.from_dict.",
        "type": "object",
        "required": ["npc", "event", "actions"],
        "properties": {
            "npc": _object("Who it is.", _profile(), required=["name", "role"]),
            "scene": _object(
                "Where and when, and who or what is near.",
                {
                    "place": _text("Where it is.", MAX_NAME_CHARS, may_be_empty=True),
                    "time": _text("The time of day.", MAX_NAME_CHARS, may_be_empty=True),
                    "nearby": _texts("Who or what is near.", MAX_NAME_CHARS),
                },
            ),
            "memory": _texts("What it remembers, a sentence each.", MAX_LINE_CHARS),
            "event": _object(
                "What just happened to it.",
                {
                    "kind": {
                        **_text("speech, gift, attack, or a word of your own.", MAX_NAME_CHARS),
                        "examples": ["speech", "gift", "attack", "sighting", "time"],
                    },
                    "from": _text("Who or what caused it.", MAX_NAME_CHARS),
                    "text": {"type": "string", "description": "What was said, or what happened."},
                },
                required=["kind", "from"],
            ),
            "actions": _actions(is_strict=False),
        },
    }


SCHEMAS: dict[str, Callable[[], Schema]] = {
    "persona": persona_schema,
    "situation": situation_schema,
}


def _profile() -> dict[str, Schema]:
    return {
        "name": _text("What others call it.", MAX_NAME_CHARS),
        "role": _text("Its work or place in the world: innkeeper.", MAX_NAME_CHARS),
        "traits": _texts(
            "Adjectives that colour judgement and voice: gruff, kind.", MAX_NAME_CHARS
        ),
        "goal": _text("What it wants: fill the inn.", MAX_LINE_CHARS, may_be_empty=True),
        "facts": _texts(
            "What it knows and may tell, a sentence each, as it would say it itself.",
            MAX_LINE_CHARS,
        ),
    }


def _actions(*, is_strict: bool) -> Schema:
    values = _texts("Its legal values.", MAX_NAME_CHARS, most=MAX_VALUES, least=1)
    args = {
        "type": "object",
        "description": "Each argument with its legal values.",
        "maxProperties": MAX_ARGS,
        "propertyNames": _text("", MAX_NAME_CHARS) | {"not": {"const": HANDLER_ARG}},
        "additionalProperties": values,
    }
    name = _text("What your game calls it: give. say needs no handler.", MAX_NAME_CHARS)
    action = _object("An action it may do.", {"name": name, "args": args}, required=["name"])
    if is_strict:  # or else a misspelt "args" would make an action without arguments
        action["additionalProperties"] = False
    return {
        "type": "array",
        "description": "What it may do; nothing else can be chosen. Names are unique.",
        "minItems": 1,
        "maxItems": MAX_ACTIONS,
        "items": action,
    }


def _lines() -> Schema:
    kinds = LINE_KINDS | {
        occasion: f"Its own lines for this occasion ({occasion}), in place of the stock ones."
        for occasion in OCCASIONS
        if occasion not in LINE_KINDS
    }
    lines = _texts("Lines of a kind of your own.", MAX_LINE_CHARS)
    return {
        "type": "object",
        "description": "Lines written beforehand, by kind.",
        "properties": {kind: {**lines, "description": text} for kind, text in kinds.items()},
        "additionalProperties": lines,
    }


def _object(
    description: str, properties: dict[str, Schema], *, required: list[str] | None = None
) -> Schema:
    schema = {"type": "object", "description": description, "properties": properties}
    return {**schema, "required": required} if required else schema


def _texts(description: str, limit: int, *, most: int = MAX_LINES, least: int = 0) -> Schema:
    schema = {
        "type": "array",
        "description": description,
        "maxItems": most,
        "items": _text("", limit),
    }
    return {**schema, "minItems": least} if least else schema


def _text(description: str, limit: int, *, may_be_empty: bool = False) -> Schema:
    schema: Schema = {"type": "string", "maxLength": limit}
    if description:
        schema["description"] = description
    if not may_be_empty:
        schema["pattern"] = VISIBLE
    return schema
