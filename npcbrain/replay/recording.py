"""A recording, read turn by turn without trust: ``Recording``.

Invariant: what a turn holds fits what came before it: numbers are those of NPCs that were added and
of questions that were asked. Only one turn at a time is in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from npcbrain.errors import RecordingError, SaveError, fault
from npcbrain.recording.moments import INPUTS, Kind, Moment, Settings, read_moment
from npcbrain.recording.stream import Records, header_of, read_file
from npcbrain.saves.reader import Reader

__all__ = ["Recording", "Turn"]

# What stands only in an update, and what only outside of one.
INSIDE = (Kind.HEARD, Kind.ANSWER, Kind.DECISION, Kind.FALLBACK, Kind.ERROR, Kind.END)
OUTSIDE = (Kind.SETTINGS, Kind.LOAD, Kind.RESUMED, Kind.FRAME, Kind.CLOSE)


@dataclass(slots=True)
class Turn:
    """One update, and what the game did since the one before.

    Attributes:
        before: What the game did, in order.
        begin: The update begins; None in the last turn, if the game did not get so far.
        inside: What happened in it, in order; ``END`` is the last, unless it was cut off.
    """

    before: list[Moment] = field(default_factory=list)
    begin: Moment | None = None
    inside: list[Moment] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether the update came to its end."""
        return bool(self.inside) and self.inside[-1].kind is Kind.END

    @property
    def frame(self) -> int:
        """The number of the frame; -1 if there is none."""
        return -1 if self.begin is None else int(self.begin.values[0])

    @property
    def moments(self) -> list[Moment]:
        """All of it, in order."""
        return [*self.before, *([] if self.begin is None else [self.begin]), *self.inside]


class Recording:
    """A file that ``Runtime(record=...)`` wrote.

    Attributes:
        path: The file.
        model: The model's digest in hexadecimal digits; empty if there was none.
        settings: What the runtime was made with.
        names: Of all NPCs that were added so far, by number.
        why_over: Why it ends before the game; empty as far as is known.
        num_left_out: Bytes at the end that are not whole, once all turns were read.
    """

    def __init__(self, path: Path) -> None:
        """Opens it.

        Raises:
            RecordingError: It cannot be read, or is no recording.
        """
        self.path = path
        content = read_file(path)
        header = header_of(content, str(path))
        self.model = header.model
        self.names: list[str] = []
        self.why_over = ""
        self.num_left_out = 0
        self._num_bytes = len(content)
        self._num_asked = 0
        self._said: dict[int, int] = {}  # letters of each answer so far
        self._records = Records(content, header)
        self._moments = self._read()
        first = next(self._moments, None)
        if first is None or first.kind is not Kind.SETTINGS:
            kind = None if first is None else first.kind.name
            rule = "begin with the runtime's settings"
            raise RecordingError(fault("a recording", rule, kind, str(path)))
        self.settings: Settings = first.values[0]

    def turns(self) -> Iterator[Turn]:
        """Its turns, once.

        Raises:
            RecordingError: Something in it cannot be.
        """
        turn = Turn()
        for moment in self._moments:
            if moment.kind is Kind.FRAME:
                turn.begin = moment
            elif turn.begin is None:
                turn.before.append(moment)
            else:
                turn.inside.append(moment)
            if moment.kind is Kind.END:
                yield turn
                turn = Turn()
        yield turn

    def _read(self) -> Iterator[Moment]:
        is_inside = False
        for number, record in enumerate(self._records):
            root = Reader(record, key=f"$[{number}]")
            try:
                for item in root.items():
                    moment = read_moment(item)
                    if moment.kind in (OUTSIDE if is_inside else INSIDE):
                        place = "outside of" if is_inside else "in"
                        raise item.wrong(f"stand {place} an update")
                    self._check(moment, item)
                    if moment.kind in (Kind.FRAME, Kind.END):
                        is_inside = moment.kind is Kind.FRAME
                    yield moment
            except SaveError as error:
                raise RecordingError(f"{self.path}: {error}") from error
        self.num_left_out = self._num_bytes - self._records.num_bytes

    def _check(self, moment: Moment, item: Reader) -> None:
        """Holds a moment against those before it."""
        kind, values = moment.kind, moment.values
        of_npc = kind in INPUTS and kind not in (Kind.ADD, Kind.LOAD, Kind.NOTE)
        if (of_npc or kind in (Kind.ASK, Kind.DEED, Kind.RESUMED)) and values[0] >= len(self.names):
            raise item.wrong("be about an npc that was added before")
        if kind is Kind.ADD:
            self.names.append(values[0])
        elif kind in (Kind.ASK, Kind.RESUMED):
            if not values[-1].done:
                self._said[self._num_asked] = len(values[-1].added)
            self._num_asked += 1
        elif kind is Kind.ANSWER:
            number, state = values
            if state.kept > self._said.get(number, -1):
                raise item.wrong("go on with an answer that is being written")
            self._said[number] = state.kept + len(state.added)
            if state.done:
                del self._said[number]
        elif kind is Kind.STOP:
            self.why_over = values[0]
