"""Where a playback is in its recording, and what a runtime hears of it in place of a model.

``PlayedModel`` is given to a runtime as a model is. Invariant: in each frame a runtime is told what
was told in the same frame of the recording, and nothing else; everything that happens is held
against the recording, up to the first difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgpack

from npcbrain.npcs.contracts import Inquiry, Thought
from npcbrain.npcs.npc import Npc
from npcbrain.recording.moments import Kind, Moment, Settings, State, plain_of
from npcbrain.recording.recorder import FrameClock, Recorder
from npcbrain.recording.writing import Batch
from npcbrain.replay.difference import Difference, first_of
from npcbrain.replay.recording import Recording, Turn
from npcbrain.report import FrameReport
from npcbrain.saves.snapshot import Save
from npcbrain.situation import Decision, Situation
from npcbrain.thinker import NullThinker, Thinker, ThinkerSettings

if TYPE_CHECKING:  # it loads ONNX Runtime
    from npcbrain.replay.answers import ModelAnswers

__all__ = ["Playback", "PlayedModel"]


class Playback:
    """A recording, and how far it is played.

    Attributes:
        recording: The recording.
        turn: What is played now.
        is_over: Whether all of it was.
        difference: The first one; None so far.
        num_frames: Played and identical.
        num_questions: Asked so far, in the recording.
        num_decisions: Decided so far.
        num_fallbacks: Left to trees so far.
        answers: The model, where it answers again.
    """

    def __init__(self, recording: Recording, answers: ModelAnswers | None) -> None:
        self.recording = recording
        self.turn = Turn()
        self.is_over = False
        self.difference: Difference | None = None
        self.num_frames = 0
        self.num_questions = 0
        self.num_decisions = 0
        self.num_fallbacks = 0
        self.answers = answers
        self._turns = recording.turns()
        self._heard: list[Moment] = []  # of this turn, from the game that is played
        self._asked: list[tuple[int, Moment]] = []  # questions of this turn, not asked yet
        self._resumed: list[list[tuple[int, Moment]]] = []  # of this turn, of each load
        self._thoughts: dict[int, PlayedThought] = {}
        self._advance()

    # A sink of moments, see ``npcbrain.recording.recorder.Sink``.

    why_over = ""

    def put(self, batch: Batch) -> None:
        """Holds what happens against the recording."""
        for one in batch:
            plain: list[Any] = msgpack.unpackb(
                msgpack.packb(plain_of(one), unicode_errors="surrogatepass"),
                unicode_errors="surrogatepass",
            )
            kind = Kind(plain[0])
            if kind is Kind.SETTINGS:
                self._compare_settings(one[1])
                continue
            self._heard.append(Moment(kind, plain, ()))
            if kind is Kind.END:
                self._compare()

    def close(self) -> None:
        """The game is over."""

    # What a runtime hears.

    @property
    def now_ns(self) -> int | None:
        """When this turn's update began; None if there is none."""
        return None if self.turn.begin is None else int(self.turn.begin.values[1])

    def asked(self, name: str, inner: Thought | None) -> PlayedThought:
        """The thought that begins when somebody asks."""
        for at, (number, moment) in enumerate(self._asked):
            if self.recording.names[moment.values[0]] == name:
                del self._asked[at]
                return self._thought(number, name, moment.values[-1], inner)
        return PlayedThought("", None)  # nobody asked in the recording: that is the difference

    def land(self) -> tuple[str, ...]:
        """Has the answers of this turn land; returns who was listened to for their sake."""
        names: tuple[str, ...] = ()
        for moment in self.turn.inside:
            if moment.kind is Kind.ANSWER:
                number, state = moment.values
                if (thought := self._thoughts.get(number)) is not None:
                    thought.land(state)
                    self._check(thought, state)
                    if state.done:
                        del self._thoughts[number]
            elif moment.kind is Kind.HEARD:
                names = tuple(moment.values[0])
        return names

    def warm(self) -> bool | None:
        """Whether all is warm, if this turn tells."""
        told = [one.values[0] for one in self.turn.moments if one.kind is Kind.WARM]
        return told[-1] if told else None

    def resumed(self, npcs: Mapping[str, Npc]) -> dict[Npc, Thought]:
        """Thoughts that go on after the next load of this turn."""
        self._thoughts.clear()
        found: dict[Npc, Thought] = {}
        for number, moment in self._resumed.pop(0) if self._resumed else []:
            npc = npcs.get(self.recording.names[moment.values[0]])
            if npc is not None:
                found[npc] = self._thought(number, npc.name, moment.values[1], None)
        return found

    def _thought(
        self, number: int, name: str, state: State, inner: Thought | None
    ) -> PlayedThought:
        thought = PlayedThought(name, inner)
        thought.land(state)
        if not state.done:
            self._thoughts[number] = thought
        self._check(thought, state)
        return thought

    def _check(self, thought: PlayedThought, state: State) -> None:
        if self.answers is None or thought.inner is None or self.difference is not None:
            return
        differs = self.answers.differs(thought.inner, thought.choice, state)
        if differs is not None:
            recorded, written = differs
            what = f"answer of {thought.name}"
            self.difference = Difference(self.turn.frame, what, recorded, written)

    def _compare_settings(self, settings: Settings) -> None:
        """What the game asked for; the rest is the recording's."""
        recorded, played = (
            f"seed {one.seed}, temperature {one.temperature:g}, top_p {one.top_p:g}"
            for one in (self.recording.settings, settings)
        )
        if recorded != played:
            self.difference = Difference(self.turn.frame, Kind.SETTINGS.name, recorded, played)

    def _compare(self) -> None:
        turn, heard = self.turn, self._heard
        self._heard = []
        if self.is_over or self.difference is not None:
            return
        names = self.recording.names
        self.difference = first_of(turn, heard, names, is_cut=not turn.is_whole)
        if self.difference is None:
            self.num_frames += 1
        self.num_decisions += sum(one.kind is Kind.DECISION for one in turn.inside)
        self.num_fallbacks += sum(one.kind is Kind.FALLBACK for one in turn.inside)
        self._advance()

    def _advance(self) -> None:
        turn = next(self._turns, None)
        self.turn = Turn() if turn is None else turn
        self.is_over = self.turn.begin is None
        self._asked.clear()
        self._resumed.clear()
        for moment in self.turn.moments:
            if moment.kind is Kind.LOAD:
                self._resumed.append([])
            elif moment.kind in (Kind.ASK, Kind.RESUMED):
                number, self.num_questions = self.num_questions, self.num_questions + 1
                if moment.kind is Kind.ASK:
                    self._asked.append((number, moment))
                elif self._resumed:
                    self._resumed[-1].append((number, moment))


class PlayedThought:
    """A thought of a recording; see ``npcbrain.npcs.contracts.Thought``.

    Attributes:
        name: Who thinks.
        inner: The same thought, by the model itself; None where it is not asked.
        tokens: Of its answer, once known.
    """

    __slots__ = (
        "choice",
        "decision",
        "done",
        "emotion",
        "inner",
        "name",
        "reason",
        "speech",
        "tokens",
    )
    is_still = False

    def __init__(self, name: str, inner: Thought | None) -> None:
        self.name = name
        self.inner = inner
        self.choice: Decision | None = None
        self.done = False
        self.decision: Decision | None = None
        self.reason = ""
        self.speech = ""
        self.emotion = "neutral"
        self.tokens: tuple[int, ...] | None = None

    def listen(self) -> None:
        """Nothing: what has come has landed."""

    def drop(self) -> None:
        """Gives up."""
        if not self.done:
            self.done, self.reason = True, "cancelled"

    def land(self, state: State) -> None:
        """Takes in what has come."""
        self.tokens = state.tokens
        if self.done:
            return  # it was dropped in this very frame
        self.speech = self.speech[: state.kept] + state.added
        self.emotion = state.emotion
        self.choice = state.choice or self.choice
        self.decision = state.decision
        self.reason, self.done = state.reason, state.done


class PlayedRecorder(Recorder):
    """Records what is played; its clock shows the recorded moments."""

    def __init__(self, playback: Playback) -> None:
        self._playback = playback
        super().__init__(playback, FrameClock(playback.recording.settings.start_ns))

    def played(self, save: Save, npcs: Mapping[str, Npc]) -> Mapping[Npc, Thought] | None:
        """Thoughts of the recording, and not of the save."""
        if self._playback.answers is not None:
            self._playback.answers.load(save)
        return self._playback.resumed(npcs)

    def trees_budget_ns(self, budget_ns: int) -> int:
        """The one that was recorded."""
        recorded = self._playback.turn.begin
        return budget_ns if recorded is None else int(recorded.values[2])

    def _moment_ns(self) -> int:
        now_ns = self._playback.now_ns
        return self.clock.now_ns() if now_ns is None else now_ns


class PlayedModel:
    """A recording, given to a ``Runtime`` in place of its model.

    Attributes:
        recorder: What the runtime tells of what happens.
        digest: The model's that was recorded, so that saves find theirs.
    """

    def __init__(self, playback: Playback) -> None:
        self.recorder: Recorder = PlayedRecorder(playback)
        self.digest = playback.recording.model
        self._playback = playback

    @property
    def package(self) -> PlayedModel:
        """What has the digest."""
        return self

    def thinker(self, settings: ThinkerSettings) -> Thinker:
        """What thinks for one runtime."""
        return PlayedThinker(self._playback)


class PlayedThinker(NullThinker):
    """Thinks what was thought."""

    __slots__ = ("_is_warm", "_mind", "_playback")

    def __init__(self, playback: Playback) -> None:
        super().__init__()
        self._playback = playback
        self._mind = PlayedMind(playback)
        self._is_warm = True
        self._look_whether_warm()

    @property
    def mind(self) -> PlayedMind:
        """Asks the recording."""
        return self._mind

    @property
    def is_beside(self) -> bool:  # type: ignore[override]
        """Whether answers land before the trees are ticked."""
        return self._playback.recording.settings.beside

    @property
    def is_warm(self) -> bool:  # type: ignore[override]
        """Whether it was."""
        return self._is_warm

    def take_askers(self) -> tuple[str, ...]:
        """Answers land; who was listened to for their sake."""
        self._look_whether_warm()
        return self._playback.land()

    def collect(self, report: FrameReport) -> BaseException | None:
        """Nothing was thought beside the game."""
        return None

    def forget(self, npc: Npc) -> None:
        """That NPC is gone."""
        if self._playback.answers is not None:
            self._playback.answers.forget(npc)

    def _look_whether_warm(self) -> None:
        told = self._playback.warm()
        self._is_warm = self._is_warm if told is None else told


class PlayedMind:
    """Asks a recording, and the model beside it if there is one."""

    __slots__ = ("_playback",)

    def __init__(self, playback: Playback) -> None:
        self._playback = playback

    @property
    def may_quote(self) -> bool:
        """Whether it might."""
        return self._playback.recording.settings.may_quote

    def num_tokens_left(self, situation: Situation) -> int | None:
        """Unknown: no model counts."""
        return None

    def ask(self, inquiry: Inquiry) -> PlayedThought:
        """Begins a thought of the recording."""
        answers, inner = self._playback.answers, None
        if answers is not None:
            inner = answers.ask(inquiry)
        return self._playback.asked(inquiry.name, inner)
