"""The command about saved games: arguments in, results out.

``main`` has the parser. Invariant: nothing is imported before the command runs, so that ``--help``
is quick; a save is untrusted, and read as a game reads it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from npcbrain.saves.people import SavedNpc

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_save_commands"]


def add_save_commands(commands: Commands) -> None:
    """Adds ``save show``."""
    save = commands.add_parser("save", help="look into saved games")
    tasks = save.add_subparsers(required=True, metavar="WHAT")
    show = tasks.add_parser("show", help="print who and what is in a saved game")
    show.add_argument("file", type=Path, metavar="FILE")
    show.add_argument("--json", action="store_true", help="print one JSON object")
    show.set_defaults(command=_show, show=_print_save)


def _show(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.saves.snapshot import read
    from npcbrain.saves.store import Disk, read_bytes

    path = str(options.file)
    save = read(read_bytes(options.file, Disk()), path)
    header = save.header
    return {
        "file": path,
        "format": header.version,
        "npcbrain": save.npcbrain,
        "model": header.model or None,
        "frame": save.frame,
        "bytes": header.num_bytes,
        "unpacked": header.num_unpacked,
        "npcs": [_person(npc) for npc in save.npcs],
    }


def _person(npc: SavedNpc) -> dict[str, Any]:
    event, thought = npc.event, npc.thought
    request = None if thought is None else thought.request
    return {
        "name": npc.name,
        "memories": len(npc.entries),
        "event": None if event is None else f"{event.kind} from {event.source}: {event.text}",
        "waiting": len(npc.waiting),
        "thinking": thought is not None,
        "tokens": 0 if request is None else len(request.answer),
        "says": npc.speech,
    }


def _print_save(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    head = Table(show_header=False, box=None, pad_edge=False)
    for key, value in result.items():
        if key != "npcs":
            head.add_row(Text(key, style="bold"), Text("-" if value is None else str(value)))
    console.print(head)
    people = Table(box=None, pad_edge=False)
    for title in ("name", "memories", "waiting", "thinks", "event", "says"):
        people.add_column(title, overflow="fold")
    for npc in result["npcs"]:
        thinks = f"{npc['tokens']} tokens" if npc["thinking"] else ""
        cells = (npc["name"], npc["memories"], npc["waiting"], thinks, npc["event"], npc["says"])
        people.add_row(*(Text(_shown(cell)) for cell in cells))  # an NPC's words are not markup
    console.print(people)


def _shown(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return "".join(c if c.isprintable() else " " for c in text)  # no control sequences
