"""The first difference between two recordings, or between one and how it is played.

Times and budgets are no difference: the machine decides them, and what they bring about shows in
the frame in which each answer lands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from npcbrain.recording.moments import Kind, Moment
from npcbrain.replay.recording import Recording, Turn

__all__ = ["Difference", "first_between", "first_of"]

NOTHING = "nothing"
MAX_SHOWN = 200  # characters of each side
# How many values of a moment are compared; the others are times, budgets and versions.
NUM_COMPARED = {Kind.FRAME: 1}
NOT_COMPARED = (Kind.WARM, Kind.CLOSE, Kind.STOP)


class Difference(NamedTuple):
    """Where two part.

    Attributes:
        frame: The number of the frame; -1 behind the last one.
        kind: What kind of thing differs, such as ``ANSWER``.
        first: What the first one has; ``nothing`` if that is missing.
        second: What the second one has.
    """

    frame: int
    kind: str
    first: str
    second: str

    def __str__(self) -> str:
        where = "after the last frame" if self.frame < 0 else f"frame {self.frame}"
        return f"{where}, {self.kind}: {self.first} | {self.second}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return self._asdict()


def first_of(
    first: Turn, second: Sequence[Moment], names: Sequence[str], *, is_cut: bool = False
) -> Difference | None:
    """The first difference within one turn.

    Args:
        first: Of the one.
        second: All moments of the same turn of the other.
        names: Of NPCs by number, to tell who it is about.
        is_cut: Whether the first one may end early, as where a game has crashed.
    """
    ours = [one for one in first.moments if one.kind not in NOT_COMPARED]
    others = [one for one in second if one.kind not in NOT_COMPARED]
    if is_cut:
        del others[len(ours) :]
    for one, other in zip_longest(ours, others):
        if one is None or other is None or _compared(one) != _compared(other):
            kind = (one or other).kind.name
            return Difference(first.frame, kind, _shown(one, names), _shown(other, names))
    return None


def first_between(first: Recording, second: Recording) -> tuple[int, Difference | None]:
    """How many frames two recordings have in common, and where they part.

    Raises:
        RecordingError: Something in one of them cannot be.
    """
    if _settings(first) != _settings(second):
        shown = [str(_settings(one)) for one in (first, second)]
        return 0, Difference(0, Kind.SETTINGS.name, *shown)
    num_frames = 0
    turns: Iterator[tuple[Turn | None, Turn | None]] = zip_longest(first.turns(), second.turns())
    for one, other in turns:
        one, other = one or Turn(), other or Turn()
        found = first_of(one, other.moments, first.names)
        if found is not None:
            frame = max(one.frame, other.frame)
            return num_frames, found._replace(frame=frame)
        num_frames += one.begin is not None
    return num_frames, None


def _settings(recording: Recording) -> dict[str, Any]:
    settings = recording.settings._asdict()
    for machines in ("npcbrain", "start_ns"):
        del settings[machines]
    return {"model": recording.model[:12], **settings}


def _compared(moment: Moment) -> list[Any]:
    return moment.plain[: NUM_COMPARED.get(moment.kind, len(moment.plain)) + 1]


def _shown(moment: Moment | None, names: Sequence[str]) -> str:
    if moment is None:
        return NOTHING
    values = list(_compared(moment)[1:])
    if moment.kind in BY_NUMBER and values[0] < len(names):
        values[0] = names[values[0]]
    shown = ", ".join(str(value) for value in values)
    text = f"{moment.kind.name} {shown}" if shown else moment.kind.name
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 3]}..."


BY_NUMBER = (
    *(kind for kind in Kind if Kind.REMOVE <= kind <= Kind.CALL),
    Kind.ASK,
    Kind.DEED,
    Kind.RESUMED,
)
