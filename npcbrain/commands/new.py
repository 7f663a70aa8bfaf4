"""The command ``new``: a folder with a persona, its tree and a test that passes.

The files are those of ``starter/``, with the new name in place of Hilda's. Invariant: no existing
file is overwritten, and the folder appears whole or not at all.
"""

from __future__ import annotations

import argparse
import keyword
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npcbrain.commands.schema import schema_text
from npcbrain.errors import UsageError, fault

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_new_command", "make"]

STARTER = Path(__file__).with_name("starter")
FILES = {  # each file that is made, by its template; "hilda" becomes the new name
    "hilda.json": "persona.json",
    "hilda_npc.py": "npc.py.txt",  # .txt, so that it is not taken for code of npcbrain's own
    "test_hilda.py": "test_npc.py.txt",
}
SCHEMA_FILE = "persona.schema.json"
MAX_NAME_CHARS = 40
NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_NAME_CHARS - 1}}}")


def add_new_command(commands: Commands) -> None:
    """Adds ``new``."""
    new = commands.add_parser("new", help="make a persona, its tree and a test")
    new.add_argument("name", metavar="NAME", help="such as old_borin; the folder's name too")
    new.add_argument(
        "--in", dest="parent", type=Path, default=Path(), metavar="DIR", help="here if absent"
    )
    new.add_argument("--json", action="store_true", help="print one JSON object")
    new.set_defaults(command=_new, show=_print_files)


def make(name: str, parent: Path) -> list[Path]:
    """Makes the folder ``parent/name``.

    Args:
        name: The NPC's, as Python spells names: lower case, with ``_`` for spaces.
        parent: The folder to make it in.

    Returns:
        The files made.

    Raises:
        UsageError: Something of that name exists, the name is not such a name, or the folder
            cannot be written.
    """
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        rule = f"be 1 to {MAX_NAME_CHARS} of a to z, 0 to 9 and _, and begin with a letter"
        raise UsageError(fault("name", rule, name, "npcbrain new", _advice(name)))
    folder = parent / name
    if folder.exists():
        advice = "take another name, or another folder with --in"
        raise UsageError(fault("folder", "be new", name, str(folder), advice))
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent, prefix=f".{name}-") as draft:
            _fill(Path(draft) / name, name)
            (Path(draft) / name).rename(folder)
    except OSError as error:
        raise UsageError(fault("folder", "be writable", error.strerror, str(parent))) from error
    return sorted(folder.iterdir())


def _fill(folder: Path, name: str) -> None:
    folder.mkdir()
    shown = name.replace("_", " ").title()
    for file, source in FILES.items():
        text = (STARTER / source).read_text(encoding="utf-8")
        text = text.replace("hilda", name).replace("Hilda", shown)
        (folder / file.replace("hilda", name)).write_text(text, encoding="utf-8")
    (folder / SCHEMA_FILE).write_text(schema_text("persona"), encoding="utf-8")


def _advice(name: str) -> str:
    """A similar name that would be allowed, if there is one."""
    like = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:MAX_NAME_CHARS].rstrip("_")
    return f"use {like}" if NAME.fullmatch(like) and not keyword.iskeyword(like) else ""


def _new(options: argparse.Namespace) -> dict[str, Any]:
    files = make(options.name, options.parent)
    return {"folder": str(files[0].parent), "files": [file.name for file in files]}


def _print_files(result: dict[str, Any]) -> None:
    folder = Path(result["folder"])
    for file in result["files"]:
        print(folder / file)
    print(f"\nTalk:  npcbrain chat {folder / f'{folder.name}.json'}")
    print(f"Test:  python -m pytest {folder}")
