"""Reads files of JSON lines, and the answers that such files hold.

Invariant: what is wrong with a line is said with the file's name and the line's number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from npcbrain.errors import UsageError, fault
from npcbrain.situation import Decision, clean_text

__all__ = ["read_answers", "read_rows", "read_text"]


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        UsageError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        rule, advice = "be a readable file", "check the path"
        raise UsageError(fault("file", rule, error.strerror, str(path), advice)) from error
    except UnicodeDecodeError as error:
        raise UsageError(fault("file", "be UTF-8", error.reason, str(path))) from error


def read_rows(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """The objects of a file of JSON lines, each with its place; empty lines are passed over.

    Raises:
        UsageError: The file cannot be read, or a line is no JSON object.
    """
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(fault("line", "be JSON", str(error), where)) from error
        if not isinstance(row, dict):
            raise UsageError(fault("line", "be a JSON object", row, where))
        rows.append((where, row))
    return rows


def read_answers(path: Path) -> dict[str, Decision]:
    """Answers by the id of what they answer, as ``npcbrain evaluate --out`` writes them.

    A line needs ``id`` and ``action``; ``args``, ``emotion``, ``say`` and ``source`` are those of a
    ``Decision`` where they are missing.

    Raises:
        UsageError: The file cannot be read, a field has the wrong type, or an id comes twice.
    """
    answers: dict[str, Decision] = {}
    for where, row in read_rows(path):
        name, action = _text(row, "id", where), _text(row, "action", where)
        args = row.get("args", {})
        if not isinstance(args, Mapping) or not all(isinstance(v, str) for v in args.values()):
            raise UsageError(fault("args", "map arguments to one value each", args, where))
        if name in answers:
            raise UsageError(fault("id", "come once in a file", name, where))
        answers[name] = Decision(
            action,
            dict(args),
            _text(row, "emotion", where, "neutral"),
            clean_text(_text(row, "say", where, "")),
            _text(row, "source", where, "model"),
        )
    return answers


def _text(row: Mapping[str, Any], field: str, where: str, default: str | None = None) -> str:
    value = row.get(field, default)
    if not isinstance(value, str):
        raise UsageError(fault(field, "be a string", value, where))
    return value
