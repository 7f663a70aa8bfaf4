"""The command that plays recordings again: arguments in, results out.

``main`` has the parser. Invariant: it runs only the code that ``--game`` names, or a game that is
installed here, never anything that a recording says.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npcbrain.errors import UsageError, fault

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from npcbrain.replay.play import Build

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_replay_command"]

SHIPPED = ""  # --model without a folder: the model that ships


def add_replay_command(commands: Commands) -> None:
    """Adds ``replay``."""
    replay = commands.add_parser("replay", help="play a recording again, or compare two")
    replay.add_argument("file", type=Path, metavar="FILE")
    replay.add_argument(
        "other", type=Path, nargs="?", metavar="FILE2", help="find the first difference to this one"
    )
    replay.add_argument(
        "--game",
        metavar="MODULE:FUNCTION",
        help="what builds the game, where the recording does not name one (see docs/replay.md)",
    )
    replay.add_argument(
        "--model",
        nargs="?",
        const=SHIPPED,
        metavar="DIR",
        help="have every answer written once more; by the one that ships if no DIR is given",
    )
    replay.add_argument("--json", action="store_true", help="print one JSON object")
    replay.set_defaults(command=_replay, show=_print_replay, failed=_differs)


def _replay(options: argparse.Namespace) -> dict[str, Any]:
    if options.other is not None:
        return _compare(options.file, options.other)
    from npcbrain.replay.play import play

    build = _build_of(options)
    model = None
    if options.model is not None:
        from npcbrain.lm.model import Model

        model = Model.load(options.model or None)
    found = play(options.file, build, model)
    return {"file": str(options.file), "with_model": model is not None, **found.to_dict()}


def _compare(first: Path, second: Path) -> dict[str, Any]:
    from npcbrain.replay.difference import first_between
    from npcbrain.replay.recording import Recording

    num_frames, difference = first_between(Recording(first), Recording(second))
    return {
        "file": str(first),
        "other": str(second),
        "identical": difference is None,
        "difference": None if difference is None else difference.to_dict(),
        "num_frames": num_frames,
    }


def _build_of(options: argparse.Namespace) -> Build:
    """The function that ``--game`` names, or the one for the game that the recording names."""
    from npcbrain.replay.games import build_at, named_build

    game: str | None = options.game
    if game is None:
        return named_build(options.file)
    module, _, function = game.partition(":")
    if not module or not function:
        advice = "pass --game demo_game.playing.again:build for the demo, or see docs/replay.md"
        raise UsageError(fault("--game", "be MODULE:FUNCTION", game, "the command line", advice))
    return build_at(game)


def _differs(result: dict[str, Any]) -> bool:
    return not result["identical"]


def _print_replay(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in result.items():
        if key in ("identical", "difference"):
            continue
        if isinstance(value, list | tuple):
            value = ", ".join(value)
        table.add_row(key.replace("_", " "), Text(_shown(value)))
    console = Console()
    console.print(table)
    difference = result["difference"]
    if difference is not None:
        names = ("recorded", "here") if "other" not in result else ("first", "second")
        frame = difference["frame"]
        where = "after the last frame" if frame < 0 else f"frame {frame}"
        console.print(Text(f"first difference: {where}, {difference['kind']}"))
        for name, key in zip(names, ("first", "second"), strict=True):
            console.print(Text(f"  {name}: {_shown(difference[key])}"))
    print(f"identical: {str(result['identical']).lower()}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = "-" if value in ("", None) else str(value)
    return "".join(c if c.isprintable() else " " for c in text)  # no control sequences
