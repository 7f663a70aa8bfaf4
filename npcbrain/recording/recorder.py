"""``Recorder``: is told of everything that happens in a runtime, and hands it to a writer.

It stands between the game and its NPCs and changes neither, except that all trees see the same time
within a frame. Invariant: an act of the game is recorded once, by the call that the game made, not
by the calls that follow from it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from threading import get_ident
from typing import Any, Protocol

from npcbrain.clock import Clock
from npcbrain.errors import UsageError, fault
from npcbrain.npcs.contracts import Handler, Thought
from npcbrain.npcs.npc import Npc
from npcbrain.recording.moments import Kind, Question, Settings, State
from npcbrain.recording.writing import Batch, Writer
from npcbrain.report import FrameReport
from npcbrain.saves.snapshot import Save
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Event, Situation
from npcbrain.thinker import EngineThinker, NullThinker, Thinker
from npcbrain.tree import Status
from npcbrain.version import RELEASE

__all__ = ["FrameClock", "Recorder", "Sink", "recorder_of", "tokens_of"]

# Trees do these themselves in an update; only between two updates are they acts of the game.
TREES_OWN = (Kind.WRITE, Kind.ERASE, Kind.CALL)
MOST_PUT_OFF = 4096  # words of other threads; a game that does not update for so long forgets some
NOTHING = State(False, "", "neutral", 0, "", None, None, None)  # is known of a thought at first


class Sink(Protocol):
    """Takes moments: the writer of a file, or a comparison with one."""

    @property
    def why_over(self) -> str:
        """Why no more moments are taken; empty while they are."""
        ...

    def put(self, batch: Batch) -> None:
        """Takes the moments since the last call."""
        ...

    def close(self) -> None:
        """Notes that no more moments will come."""
        ...


class FrameClock:
    """The trees' clock: it stands still within a frame, so that one number tells its time."""

    __slots__ = ("_now_ns",)

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """When the last frame began."""
        return self._now_ns

    def set_ns(self, now_ns: int) -> None:
        """Sets the time of the frame that begins."""
        self._now_ns = now_ns


class Recorder:
    """Records one runtime.

    Attributes:
        clock: The trees' clock.
    """

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self.clock = FrameClock(clock.now_ns())
        self._sink = sink
        self._time = clock
        self._batch: Batch = []
        self._depth = 0  # of nested calls, an update included
        self._is_updating = False
        self._numbers: dict[str, int] = {}  # of NPCs, by name
        self._num_added = 0
        self._num_asked = 0
        self._thoughts: dict[int, tuple[Thought, State]] = {}  # questions, and how far they were
        self._deeds: dict[str, str] = {}  # what each NPC goes on with
        self._is_warm = True
        self._thread = get_ident()  # the game loop's
        self._put_off: deque[Callable[[], object]] = deque(maxlen=MOST_PUT_OFF)

    def start(self, seed: int, temperature: float, top_p: float, thinker: Thinker) -> None:
        """The runtime is there."""
        mind = "other"
        if isinstance(thinker, EngineThinker):
            mind = "model"
        elif type(thinker) is NullThinker:
            mind = "none"
        may_quote = thinker.mind.may_quote
        start_ns = self.clock.now_ns()
        settings = Settings(
            RELEASE, seed, temperature, top_p, mind, thinker.is_beside, may_quote, start_ns
        )
        self._batch.append((Kind.SETTINGS, settings))
        self._look_whether_warm(thinker)
        self._flush()

    # What the game does.

    @property
    def is_inside(self) -> bool:
        """Whether an update is under way, or another call, of which this is a part."""
        return self._depth > 0

    @property
    def is_told(self) -> bool:
        """Whether the game acts, or its code in a tree or a handler."""
        return self._depth == 0 or (self._is_updating and self._depth == 1)

    @property
    def is_elsewhere(self) -> bool:
        """Whether another thread than the game loop's calls."""
        return get_ident() != self._thread

    def put_off(self, call: Callable[[], object]) -> None:
        """Leaves to the game loop's thread what another one tells somebody.

        When exactly that comes in an update depends on chance, and could not be played again.
        """
        self._put_off.append(call)

    def catch_up(self) -> None:
        """What was put off is done, by the game loop's thread and between two updates."""
        self._thread = get_ident()
        for _ in range(len(self._put_off)):  # others may go on talking
            self._put_off.popleft()()

    def input(self, kind: Kind, *values: Any) -> None:
        """The game does something."""
        if not self.is_inside or (self.is_told and kind not in TREES_OWN):
            self._batch.append((kind, *values))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Nothing is recorded of what is done meanwhile."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    @contextmanager
    def call(self, kind: Kind, npc: Npc, *values: Any) -> Iterator[None]:
        """The game does something to an NPC; what that does in turn is not recorded."""
        self.input(kind, self.number(npc), *values)
        with self.quiet():
            yield

    @contextmanager
    def loading(self, content: bytes, npcs: Mapping[str, Npc]) -> Iterator[None]:
        """The game loads a saved one."""
        self.input(Kind.LOAD, content)
        with self.quiet():
            yield
        self._thoughts.clear()  # those that go on are others
        self._deeds.clear()
        for npc in npcs.values():
            if npc.thought is not None:
                self._batch.append((Kind.RESUMED, self.number(npc), self._watch(npc.thought)))

    def played(self, save: Save, npcs: Mapping[str, Npc]) -> Mapping[Npc, Thought] | None:
        """Thoughts that a recording has instead of those that a save would give; None for none."""
        return None

    def number(self, npc: Npc) -> int:
        """How many NPCs were added before it."""
        return self._numbers[npc.name]

    def added(self, npc: Npc) -> None:
        """An NPC has come."""
        self._numbers[npc.name] = self._num_added
        self._num_added += 1
        self.input(Kind.ADD, npc.name, npc.persona, npc.importance)

    def handler(self, action: str, handler: Handler) -> Handler:
        """A handler that tells what it was called with and what it answered."""

        @wraps(handler)
        def told(npc: Npc, **args: str) -> Status | bool | None:
            num_before = len(self._batch)
            try:
                status = handler(npc, **args)
            except BaseException:
                self._did(npc, action, args, "raised", num_before)
                raise
            if status is False:  # says the same
                status = Status.FAILURE
            name = status.name if isinstance(status, Status) else ""
            self._did(npc, action, args, name, num_before)
            return status

        return told

    def _did(
        self, npc: Npc, action: str, args: Mapping[str, str], status: str, num_before: int
    ) -> None:
        goes_on = status == Status.RUNNING.name
        if goes_on and self._deeds.get(npc.name) == action and len(self._batch) == num_before:
            return  # as in the frame before, and nothing else was done
        self._deeds[npc.name] = action if goes_on else ""
        self._batch.append((Kind.DEED, self.number(npc), action, dict(args), status))

    # What happens in an update.

    def trees_budget_ns(self, budget_ns: int) -> int:
        """The budget by which trees go in the update that begins, as they go by ``clock``."""
        return budget_ns

    def begin(self, frame: int, budget_ns: int) -> None:
        """An update begins."""
        self.catch_up()
        self.clock.set_ns(self._moment_ns())
        self._batch.append((Kind.FRAME, frame, self.clock.now_ns(), budget_ns))
        self._flush()  # now: the update may be the one that the game does not survive
        self._depth += 1
        self._is_updating = True

    def asked(
        self, npc: Npc, grammar: str, thought: Thought, event: Event, ttl_ms: float, extent: Extent
    ) -> None:
        """An NPC has asked the model."""
        situation = Situation(npc.persona.profile, npc.scene, event, npc.actions)
        told = tuple(entry.text for entry in npc.memory)
        question = Question(situation, told, grammar, npc.persona.lines)
        state = self._watch(thought)
        number, importance = self.number(npc), npc.importance
        self._batch.append((Kind.ASK, number, event, extent, ttl_ms, importance, question, state))

    def heard(self, askers: Iterable[str], thinker: Thinker) -> None:
        """Everybody has taken in what has come of their questions."""
        if names := [*askers]:
            self._batch.append((Kind.HEARD, names))
        for number, (thought, before) in tuple(self._thoughts.items()):
            if (state := _news(thought, before)) is not None:
                self._batch.append((Kind.ANSWER, number, state))
                self._keep(number, thought, state)
        self._look_whether_warm(thinker)

    def end(self, report: FrameReport, error: BaseException | None) -> None:
        """An update is over."""
        self._depth -= 1
        self._is_updating = False
        batch = self._batch
        for name, decision in report.decisions:
            batch.append((Kind.DECISION, name, decision))
        for name, reason in report.fallbacks:
            batch.append((Kind.FALLBACK, name, reason))
        if error is not None:
            batch.append((Kind.ERROR, type(error).__name__))
        batch.append((Kind.END,))
        self._flush()

    def close(self) -> None:
        """The runtime is closed."""
        self._batch.append((Kind.CLOSE,))
        self._flush()
        self._sink.close()

    def _look_whether_warm(self, thinker: Thinker) -> None:
        if thinker.is_warm is not self._is_warm:
            self._is_warm = not self._is_warm
            self._batch.append((Kind.WARM, self._is_warm))

    def _moment_ns(self) -> int:
        return self._time.now_ns()

    def _watch(self, thought: Thought) -> State:
        number, self._num_asked = self._num_asked, self._num_asked + 1
        state = _state(thought, NOTHING)
        self._keep(number, thought, state)
        return state

    def _keep(self, number: int, thought: Thought, state: State) -> None:
        if state.done:
            self._thoughts.pop(number, None)
        else:  # with all that is known so far, to find out what is new
            known = state._replace(added=thought.speech, choice=thought.choice)
            self._thoughts[number] = thought, known

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if batch and not self._sink.why_over:
            self._sink.put(batch)


def recorder_of(
    record: str | os.PathLike[str] | None, model: object, digest: str, clock: Clock
) -> Recorder | None:
    """Who records a runtime; nobody, mostly.

    Args:
        record: The file; None for none.
        model: A recording that is being played brings a recorder of its own.
        digest: The model's; empty without one.
        clock: The runtime's.

    Raises:
        RecordingError: The file cannot be written.
        UsageError: ``record`` is no path.
    """
    own = getattr(model, "recorder", None)
    if isinstance(own, Recorder):
        return own
    if record is None:
        return None
    if not isinstance(record, str | os.PathLike) or not str(record) or "\0" in str(record):
        raise UsageError(fault("record", "be a file's path or None", record, "Runtime()"))
    return Recorder(Writer(Path(record), digest), clock)


def _news(thought: Thought, before: State) -> State | None:
    """What is new of a thought; None if nothing is."""
    same = (
        thought.done is before.done
        and thought.speech == before.added
        and (thought.choice is None or before.choice is not None)
        and thought.emotion == before.emotion
    )
    return None if same else _state(thought, before)


def _state(thought: Thought, before: State) -> State:
    speech, said = thought.speech, before.added
    kept = len(said) if speech.startswith(said) else 0
    return State(
        thought.done,
        thought.reason,
        thought.emotion,
        kept,
        speech[kept:],
        None if before.choice is not None else thought.choice,
        thought.decision,
        tokens_of(thought) if thought.done else None,
    )


def tokens_of(thought: Thought) -> tuple[int, ...] | None:
    """Of an answer that is over; None where a server wrote it, or nobody."""
    if (known := getattr(thought, "tokens", None)) is not None:
        return tuple(known)
    generation = getattr(thought, "generation", None)
    ids = getattr(generation, "ids", None)
    return None if ids is None else tuple(ids[getattr(generation, "num_prompt", 0) :])
