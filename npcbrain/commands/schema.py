"""The command ``schema``: prints the JSON schema of a persona or of a situation.

``npcbrain.schema`` makes the schema. Invariant: nothing is imported before the command runs, so
that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npcbrain.commands.options import write_text

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_schema_command", "schema_text"]


def add_schema_command(commands: Commands) -> None:
    """Adds ``schema``."""
    schema = commands.add_parser("schema", help="print a JSON schema, for editors")
    schema.add_argument("what", choices=("persona", "situation"))
    schema.add_argument("--out", type=Path, metavar="FILE.json", help="write it there instead")
    schema.add_argument("--json", action="store_true", help="print one JSON object")
    schema.set_defaults(command=_schema, show=_print_schema)


def schema_text(what: str) -> str:
    """A schema as text for a file."""
    from npcbrain.schema import SCHEMAS

    return json.dumps(SCHEMAS[what](), indent=2, ensure_ascii=False) + "\n"


def _schema(options: argparse.Namespace) -> dict[str, Any]:
    text = schema_text(options.what)
    if options.out is None:
        schema: dict[str, Any] = json.loads(text)
        return schema
    write_text("--out", options.out, text)
    return {"wrote": str(options.out)}


def _print_schema(result: dict[str, Any]) -> None:
    print(f"wrote {result['wrote']}" if "wrote" in result else json.dumps(result, indent=2))
