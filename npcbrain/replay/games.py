"""Which game a recording is of, and what builds it: ``named_build``.

A recording tells only a name. What code that stands for is told by the games that are installed
here (entry points of the group ``npcbrain.games``), and for the demo by this module. Invariant: no
recording can name code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, cast

from npcbrain.errors import UsageError, fault
from npcbrain.recording.moments import Kind
from npcbrain.replay.recording import Recording

if TYPE_CHECKING:
    from npcbrain.replay.play import Build

__all__ = ["build_at", "named_build"]

GROUP = "npcbrain.games"
DEMO = {"demo_game": "demo_game.playing.again:build"}
ADVICE = (
    "pass --game MODULE:FUNCTION, or build= in Python; a game names itself by "
    'note({"game": NAME}) and an entry point of the group npcbrain.games'
)


def named_build(path: Path) -> Build:
    """What builds the game that a recording names.

    Raises:
        RecordingError: The recording cannot be read.
        UsageError: It names none, or one that is not here.
    """
    name = next(_names(path), None)
    if name is None:
        raise UsageError(fault("a recording", "name its game", None, str(path), ADVICE))
    for entry in entry_points(group=GROUP, name=name):
        return build_at(entry.value)
    if name not in DEMO:
        raise UsageError(fault("its game", "be installed here", name, str(path), ADVICE))
    return build_at(DEMO[name])


def build_at(place: str) -> Build:
    """The function at ``MODULE:FUNCTION``; a module may lie in the folder where one works.

    Raises:
        UsageError: It is not there.
    """
    module, _, function = place.partition(":")
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # a game lies where one works; an installed script
    try:
        return cast("Build", getattr(import_module(module), function))
    except (ImportError, AttributeError) as error:
        raise UsageError(
            fault("a game", "be there", place, "npcbrain replay", str(error))
        ) from error


def _names(path: Path) -> Iterator[str]:
    """What the game noted of itself before its first update."""
    for turn in Recording(path).turns():
        for moment in turn.before:
            if moment.kind is Kind.NOTE and isinstance(note := moment.values[0], dict):
                name = note.get("game")
                if isinstance(name, str):
                    yield name
        return
