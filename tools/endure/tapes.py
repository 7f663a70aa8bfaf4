"""Recordings: plays a recorded village again, with the model that spoke and without it."""

from __future__ import annotations

import random
import tempfile
import warnings
from pathlib import Path

import msgpack

from npcbrain.errors import NpcBrainError
from npcbrain.lm.model import Model
from npcbrain.recording.stream import Records, head, header_of, record
from npcbrain.replay.play import Play, play
from npcbrain.replay.recording import Recording
from tools.endure.point import Point
from tools.endure.village import TREE, Village

__all__ = ["play_again", "read_tape", "sealed", "taped", "values_of"]

NUM_NPCS = 5
NUM_FRAMES = 150


def play_again(point: Point, model: Model, most: int | None = None) -> None:
    """Tries it for a point's time, or with ``most`` recordings."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of engines that fail
        for dice in point.rounds(most):
            path = Path(folder) / f"{point.counts['recordings']}.npcr"
            taped(path, model, dice)
            point.counts["recordings"] += 1
            for how, writer in (("without the model", None), ("with the model", model)):
                try:
                    found = play(path, _build, writer)
                except NpcBrainError as error:
                    point.expect(False, f"{how}: {error}")
                    continue
                point.expect(found.identical, f"{how}: {found.difference}")
                point.expect(found.whole, f"{how}: played to where the game was closed")
                point.counts[f"frames {how}"] += found.num_frames
                point.counts["answers written again"] += found.num_checked


def taped(path: Path, model: Model, dice: random.Random, num_frames: int = NUM_FRAMES) -> None:
    """Records a small village in which all kinds of things happen."""
    village = Village(NUM_NPCS, seed=dice.randrange(1 << 30), model=model, record=path)
    village.soak(num_frames)
    village.runtime.close()


def read_tape(path: Path) -> None:
    """Reads all that a recording tells."""
    for turn in Recording(path).turns():
        assert isinstance(turn.frame, int)


def values_of(content: bytes) -> list[object]:
    """The records of a recording as plain data."""
    return [*Records(content, header_of(content, "a recording"))]


def sealed(values: list[object]) -> bytes:
    """A recording of these records, with right checksums."""
    content, check = head("")
    for value in values:
        piece, check = record(msgpack.packb(value, unicode_errors="surrogatepass"), check)
        content += piece
    return content


def _build(again: Play) -> None:
    again.trees = TREE
