"""Plays a recording again with the game it is of: ``play``.

The trees and the handlers are the game's, and so is the world they look into. A game whose trees
need no world gives its trees, and ``Play`` does to its NPCs what was done to them; any other game
runs again by itself, with ``Play.model`` in place of its model. Invariant: nothing in a recording
is run; what code is called is what the caller gave.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from npcbrain.errors import UsageError, fault
from npcbrain.lm.model import Model
from npcbrain.plain_file import path_of
from npcbrain.recording.moments import Kind
from npcbrain.replay.difference import Difference
from npcbrain.replay.doing import Doing, Trees
from npcbrain.replay.playback import Playback, PlayedModel
from npcbrain.replay.recording import Recording
from npcbrain.runtime import Runtime

__all__ = ["Build", "Play", "Replay", "play"]

Frame = Callable[[], object]

MAX_IDLE = 100_000  # frames of a game without an update, behind a menu


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it.

    Attributes:
        identical: Whether everything was as it was recorded, as far as the recording goes.
        difference: The first thing that was not; None if there is none.
        num_frames: Frames that were identical.
        num_questions: Questions to the model in them.
        num_decisions: Decisions.
        num_fallbacks: Questions that were left to trees.
        num_checked: Answers that the model wrote again; 0 without the model.
        stand_ins: Actions that the game has no handler for here, and that were answered as then.
        whole: Whether it was played to where the game was closed, rather than cut off.
        why_over: Why it ends before the game; empty as far as is known.
        num_left_out: Bytes at its end that are not whole.
    """

    identical: bool
    difference: Difference | None
    num_frames: int
    num_questions: int
    num_decisions: int
    num_fallbacks: int
    num_checked: int
    stand_ins: tuple[str, ...]
    whole: bool
    why_over: str
    num_left_out: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        data = asdict(self)
        data["difference"] = None if self.difference is None else self.difference.to_dict()
        return data


class Play:
    """What a game is built with to play a recording again.

    Attributes:
        model: Give this to ``Runtime`` in place of the game's model.
        settings: What the recorded runtime was made with.
        trees: For a game that needs no world: the trees, by name, or one for all, or a function of
            the name.
    """

    def __init__(self, playback: Playback) -> None:
        self.model = PlayedModel(playback)
        self.settings = playback.recording.settings
        self.trees: Trees = {}
        self._playback = playback
        self._runtime: Runtime | None = None

    @property
    def notes(self) -> tuple[Any, ...]:
        """What the game has noted (``Runtime.note``) since the update before."""
        before = self._playback.turn.before
        return tuple(one.values[0] for one in before if one.kind is Kind.NOTE)

    @property
    def runtime(self) -> Runtime:
        """For a game that needs no world: a runtime like the recorded one, for its handlers."""
        if self._runtime is None:
            settings = self.settings
            self._runtime = Runtime(
                self.model,
                seed=settings.seed,
                temperature=settings.temperature,
                top_p=settings.top_p,
            )
        return self._runtime


Build = Callable[[Play], object]


def play(path: str | Path, build: Build, model: Model | None = None) -> Replay:
    """Plays a recording again.

    Args:
        path: The recording.
        build: Called with a ``Play``. For a game that needs no world, it registers handlers with
            ``play.runtime``, puts trees into ``play.trees`` and returns None; any other builds the
            game, with ``play.model`` for a model, and returns what is to be called once a frame
            (which is closed at the end, if it has ``close``).
        model: Writes every answer once more, to be compared; None takes them as they were.

    Returns:
        Whether all was identical, and the first difference.

    Raises:
        RecordingError: The recording cannot be read, or does not fit the game.
        UsageError: ``build`` cannot be called, or the model is another.
    """
    if not callable(build):
        raise UsageError(fault("build", "be callable", build, "replay()", "see docs/replay.md"))
    recording = Recording(path_of(path, "replay()"))
    answers = None
    if model is not None:
        from npcbrain.replay.answers import ModelAnswers  # not above: it loads ONNX Runtime

        answers = ModelAnswers(model, recording)
    playback = Playback(recording, answers)
    stand_ins: tuple[str, ...] = ()
    try:
        own = Play(playback)
        frame = build(own)
        if frame is None:
            stand_ins = Doing(own.runtime, own.trees, playback).play()
        elif callable(frame):
            _run(frame, playback)
        else:
            rule = "return None or what is to be called once a frame"
            raise UsageError(fault("build", rule, frame, "replay()", "see docs/replay.md"))
    finally:
        if answers is not None:
            answers.close()
    return Replay(
        playback.difference is None,
        playback.difference,
        playback.num_frames,
        playback.num_questions,
        playback.num_decisions,
        playback.num_fallbacks,
        0 if answers is None else answers.num_checked,
        stand_ins,
        any(one.kind is Kind.CLOSE for one in playback.turn.before),
        recording.why_over,
        recording.num_left_out,
    )


def _run(frame: Frame, playback: Playback) -> None:
    """Runs a game that runs by itself."""
    num_idle, num_frames = 0, 0
    try:
        while not playback.is_over and playback.difference is None:
            frame()
            num_idle = num_idle + 1 if playback.num_frames == num_frames else 0
            num_frames = playback.num_frames
            if num_idle == MAX_IDLE:
                recorded = f"frame {playback.turn.frame}"
                nothing = f"no update in {MAX_IDLE} calls"
                playback.difference = Difference(
                    playback.turn.frame, Kind.FRAME.name, recorded, nothing
                )
    finally:
        if callable(close := getattr(frame, "close", None)):
            close()
