"""``replay``: a recording played again, as a test.

The playing is ``npcbrain.replay``'s, which is imported only then: the doubles need none of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from npcbrain.lm.model import Model
    from npcbrain.replay.play import Build, Replay

__all__ = ["replay"]


def replay(path: str | Path, build: Build | None = None, *, model: Model | None = None) -> Replay:
    """Plays a recording again (``Runtime(record=...)``): a player's bug report becomes a test.

    ``assert replay("bug.npcr", build).identical``; see ``docs/replay.md``.

    Args:
        path: The recording.
        build: Called with a ``Play``. A game whose trees need no world registers its handlers with
            ``play.runtime``, puts its trees into ``play.trees`` and returns None. Any other builds
            itself, with ``play.model`` for its model, and returns what is called once a frame. None
            for the game that the recording names (see ``docs/replay.md``).
        model: Writes every answer once more, to be compared; None takes them as recorded.

    Returns:
        Whether all was identical, and the first difference.

    Raises:
        RecordingError: The recording cannot be read, or does not fit the game.
        UsageError: ``build`` cannot be called, or the model is another.
    """
    from npcbrain.plain_file import path_of
    from npcbrain.replay.play import play

    if build is None:
        from npcbrain.replay.games import named_build

        build = named_build(path_of(path, "replay()"))
    return play(path, build, model)
