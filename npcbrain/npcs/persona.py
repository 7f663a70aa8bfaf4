"""Who an NPC is: ``Persona``, read from a JSON file or a dictionary.

A persona is what a writer makes: profile, default actions and the tree's own lines. It holds
nothing that changes while the game runs. Invariant: an instance that was read is valid,
and ``to_dict`` of it reads back equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from npcbrain.errors import PersonaError, SituationError, fault, not_json
from npcbrain.plain_file import path_of, read_plain
from npcbrain.plain_text import clean_text
from npcbrain.situation import MAX_LINE_CHARS, MAX_LINES, Action, Profile, Situation

__all__ = ["SAY", "Persona"]

SAY = Action("say")  # what an NPC that lists no actions can still do
FIELDS = ("name", "role", "traits", "goal", "facts", "actions", "lines")
ACTION_FIELDS = ("name", "args")
SCHEMA_FIELD = "$schema"  # where an editor finds the schema (``npcbrain.schema``); nothing to read
MAX_FILE_BYTES = 1 << 20  # a persona is a few kB; a larger file is some other file


@dataclass(frozen=True, slots=True)
class Persona:
    """A character.

    Attributes:
        profile: What the model is told of it.
        actions: What it may do unless the game says otherwise (``Npc.actions``).
        lines: The tree's own lines by kind: ``greeting``, ``fallback``, ``bark``, or a game's word.
    """

    profile: Profile
    actions: tuple[Action, ...] = (SAY,)
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What others call it."""
        return self.profile.name

    @classmethod
    def load(cls, path: str | Path) -> Persona:
        """Reads a persona file (JSON, UTF-8).

        Raises:
            PersonaError: The file is missing, not JSON, or does not follow the schema.
            UsageError: ``path`` is no path.
        """
        path = path_of(path, "Persona.load()", "a dictionary is for Persona.from_dict")
        try:
            raw = read_plain(path, MAX_FILE_BYTES)
        except OSError as error:
            raise PersonaError(
                fault("persona file", "be readable", error.strerror, str(path), "check the path")
            ) from error
        if len(raw) > MAX_FILE_BYTES:
            raise PersonaError(
                fault("persona file", f"be at most {MAX_FILE_BYTES} bytes", "more", str(path))
            )
        try:
            data = json.loads(raw.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise PersonaError(not_json("persona file", error, str(path))) from error
        return cls.from_dict(data, f"{path}: $")

    @classmethod
    def from_dict(cls, data: object, where: str = "$") -> Persona:
        """Reads the JSON form, checking every field.

        Args:
            data: ``{"name", "role", "traits", "goal", "facts", "actions", "lines"}``; only name and
                role are required. ``lines`` maps a kind to a list of lines. ``"$schema"`` is for
                editors.
            where: The path of ``data``, for messages.

        Raises:
            PersonaError: A field is missing, unknown, of the wrong type, empty or too long.
        """
        if not isinstance(data, Mapping):
            raise PersonaError(fault("persona", "be an object", data, where))
        for key in data:
            if key not in FIELDS and key != SCHEMA_FIELD:
                raise PersonaError(
                    fault("field", "be known", key, where, f"use {', '.join(FIELDS)}")
                )
        actions = data.get("actions", [{"name": SAY.name}])
        _check_action_fields(actions, f"{where}.actions")
        try:
            # A persona is a situation's lasting part: one reader checks both.
            situation = Situation.from_dict(
                {"npc": data, "event": {"kind": "time", "from": "world"}, "actions": actions}, where
            )
        except SituationError as error:
            raise PersonaError(str(error).replace(f"{where}.npc", where)) from error
        lines = _read_lines(data.get("lines", {}), f"{where}.lines")
        return cls(situation.npc, situation.actions, lines)

    def changed(
        self,
        *,
        role: str | None = None,
        traits: Sequence[str] | None = None,
        goal: str | None = None,
        facts: Sequence[str] | None = None,
        actions: Sequence[Action | Mapping[str, Any]] | None = None,
        lines: Mapping[str, Sequence[str]] | None = None,
    ) -> Persona:
        """A persona like this one, but for what is given; ``Npc.become`` puts it to use.

        Args:
            role: Its work or place in the world.
            traits: Adjectives.
            goal: What it wants.
            facts: All that it knows, not only what is new.
            actions: All that it may do, as ``Action`` values or as in a persona file.
            lines: The tree's own lines by kind.

        Raises:
            PersonaError: Something is of the wrong type, empty or too long.

        >>> cook = Persona.from_dict({"name": "Ada", "role": "cook", "facts": ["There is soup."]})
        >>> cook.changed(facts=[*cook.profile.facts, "The bread is gone."]).profile.facts
        ('There is soup.', 'The bread is gone.')
        """
        new: dict[str, object] = {
            "role": role,
            "traits": traits,
            "goal": goal,
            "facts": facts,
            "lines": lines,
        }
        if isinstance(actions, list | tuple):
            new["actions"] = [_action_dict(a) if isinstance(a, Action) else a for a in actions]
        else:
            new["actions"] = actions
        given = {field: value for field, value in new.items() if value is not None}
        return Persona.from_dict({**self.to_dict(), **given}, "Persona.changed(): $")

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; ``from_dict`` reads it back."""
        profile = self.profile
        return {
            "name": profile.name,
            "role": profile.role,
            "traits": list(profile.traits),
            "goal": profile.goal,
            "facts": list(profile.facts),
            "actions": [_action_dict(action) for action in self.actions],
            "lines": {kind: list(lines) for kind, lines in self.lines.items()},
        }


def _action_dict(action: Action) -> dict[str, Any]:
    return {"name": action.name, "args": {arg: list(v) for arg, v in action.args.items()}}


def _check_action_fields(actions: object, where: str) -> None:
    """Refuses a misspelt "args": it would make an action without arguments."""
    for index, action in enumerate(actions if isinstance(actions, list | tuple) else ()):
        for key in action if isinstance(action, Mapping) else ():
            if key not in ACTION_FIELDS:
                advice = f"use {', '.join(ACTION_FIELDS)}"
                raise PersonaError(fault("field", "be known", key, f"{where}[{index}]", advice))


def _read_lines(data: object, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(data, Mapping):
        raise PersonaError(fault("lines", "be an object", data, where))
    return {
        str(kind): tuple(_read_line(line, f"{where}.{kind}[{i}]") for i, line in enumerate(lines))
        for kind, lines in data.items()
        if _is_list(lines, f"{where}.{kind}")
    }


def _is_list(data: object, where: str) -> bool:
    if not isinstance(data, list | tuple) or len(data) > MAX_LINES:
        raise PersonaError(fault("lines", f"be a list of at most {MAX_LINES} lines", data, where))
    return True


def _read_line(data: object, where: str) -> str:
    if not isinstance(data, str):
        raise PersonaError(fault("line", "be a string", data, where))
    line = clean_text(data)
    if not line or len(line) > MAX_LINE_CHARS:
        rule = f"have 1 to {MAX_LINE_CHARS} characters"
        raise PersonaError(fault("line", rule, data, where))
    return line
