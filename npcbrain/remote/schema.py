"""The legal answers to a situation, as a JSON schema to which servers can keep a model.

Invariant: pure; and ``npcbrain.remote.answer`` takes every answer that the schema allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.situation import Action

__all__ = ["answer_schema"]

Schema = dict[str, Any]


def answer_schema(actions: Sequence[Action], *, words: bool) -> Schema:
    """The schema of ``{"deed": {"action": .., "args": {..}}, "emotion": .., "say": ..}``.

    The deed comes first, so that the game can act while the words are still being written. The
    choice is inside an object, because some servers refuse a choice at the top.

    Args:
        actions: The legal ones.
        words: Whether anything is to be said; if not, the answer is the deed alone.
    """
    fields: Schema = {"deed": {"anyOf": [_deed(action) for action in actions]}}
    if words:
        fields["emotion"] = {"type": "string", "enum": list(EMOTIONS)}
        fields["say"] = {"type": "string"}
    return _object(fields)


def _deed(action: Action) -> Schema:
    fields: Schema = {"action": {"type": "string", "enum": [action.name]}}
    if action.args:
        fields["args"] = _object(
            {
                arg: {"type": "string", "enum": list(dict.fromkeys(values))}
                for arg, values in action.args.items()
            }
        )
    return _object(fields)


def _object(fields: Schema) -> Schema:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
