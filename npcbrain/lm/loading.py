"""Loads a model in pieces, while a game goes on drawing.

``load_steps`` loads, with a pause before each piece; ``Loading`` runs it on a thread of its own.
Invariant: the game's thread never waits longer than it asked to, and every error is raised in the
game's thread and nowhere else.

Why a thread and not slices on the game's thread: creating an ONNX session, reading and hashing let
other threads run, and they are half of the work, so frames go on meanwhile. Three pieces hold the
interpreter and cannot be cut: the first import of ONNX Runtime (40 ms of one core of an AMD EPYC),
the tokenizer (30 ms) and the token trie for grammars (50 ms) cost a late frame each. A game that
minds imports ``npcbrain`` and then ``onnxruntime`` before its window opens; in the other order ONNX
Runtime's own telemetry begins before npcbrain can refuse it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.lm.marks import MARKS
from npcbrain.lm.package import MARKED, ModelPackage, default_model_path
from npcbrain.lm.reader_tables import OWN_TABLES, ReaderTables

if TYPE_CHECKING:
    from npcbrain.lm.encoder import Encoder
    from npcbrain.lm.frame import Frame
    from npcbrain.lm.grammar import GrammarCompiler
    from npcbrain.lm.sessions import Sessions
    from npcbrain.lm.tokenizer import Tokenizer
    from npcbrain.lm.words import WordList

__all__ = ["Loading", "Stage", "exhaust", "load_steps"]

# Shares of the whole time, on a machine that has nothing else to do; the graphs take the rest.
PACKAGES_SHARE = 0.35
TOKENIZER_SHARE = 0.07
GRAMMAR_SHARE = 0.13

T = TypeVar("T")


class Stage(NamedTuple):
    """What is done next, and how much is done already: 0 to 1."""

    doing: str
    progress: float


class Parts(NamedTuple):
    """The loaded parts of a model."""

    package: ModelPackage
    tokenizer: Tokenizer
    grammars: GrammarCompiler
    sessions: Sessions
    words: WordList | None
    encoder: Encoder | None
    frame: Frame | None
    reader_tables: ReaderTables


def load_steps(
    path: str | Path | None, providers: str | Sequence[str], threads: int
) -> Generator[Stage, None, Parts]:
    """Loads the parts of a model; see ``Model.load``. Pauses before each piece."""
    yield Stage("manifest", 0.0)
    package = ModelPackage.described(default_model_path() if path is None else path)

    # The heavy packages, one at a time, so that there is a pause between their imports.
    yield Stage("packages", 0.0)
    import numpy  # noqa: F401

    yield Stage("packages", PACKAGES_SHARE * 0.3)
    from npcbrain.lm.sessions import import_runtime, session_steps

    import_runtime()
    yield Stage("packages", PACKAGES_SHARE * 0.6)
    from npcbrain.lm.tokenizer import Tokenizer

    yield Stage("packages", PACKAGES_SHARE * 0.7)
    from npcbrain.lm.grammar import GrammarCompiler

    done = PACKAGES_SHARE
    yield Stage("tokenizer", done)
    tokenizer = Tokenizer(
        package.read(package.tokenizer),
        package.bos,
        package.eos,
        package.config.vocab,
        str(package.path / package.tokenizer),
        MARKS if package.format == MARKED else {},
    )
    words, frame = _read_words(package, tokenizer), _read_frame(package, tokenizer)
    tables = _read_tables(package)
    done += TOKENIZER_SHARE
    yield Stage("grammar", done)
    grammars = GrammarCompiler(tokenizer)
    done += GRAMMAR_SHARE
    steps, before = session_steps(package, providers, threads), _shares_before(package)
    while True:
        try:
            name = next(steps)
        except StopIteration as end:
            sessions = end.value
            break
        yield Stage("graphs", done + (1.0 - done) * before[name])
    from npcbrain.lm.encoder import encoder_steps

    pieces = encoder_steps(package, threads)
    while True:
        try:
            name = next(pieces)
        except StopIteration as end:
            return Parts(package, tokenizer, grammars, sessions, words, end.value, frame, tables)
        yield Stage("graphs", done + (1.0 - done) * before[name])


class Loading(Generic[T]):
    """A model on its way; made by ``Model.load_sliced``.

    A title screen, once a frame::

        while not loading.done:
            loading.step(budget_ms=4)
            draw_bar(loading.progress, loading.doing)
        runtime = nb.Runtime(loading.model)

    To stop early, call ``close()`` or use a ``with`` block. A loading that is dropped, or still
    running when the game ends, stops by itself after the piece in hand.

    Attributes:
        done: Whether it has ended, well or not; then ``model`` does not wait.
        progress: How much is done, 0 to 1; never goes back.
        doing: What it is doing: ``manifest``, ``packages``, ``tokenizer``, ``grammar``, ``graphs``;
            empty at the end.
    """

    __slots__ = ("_thread", "_work")

    def __init__(self, steps: Generator[Stage, None, T]) -> None:
        """Begins at once.

        Args:
            steps: Loads it, pausing before each piece; returns the model.
        """
        self._work = _Work(steps)
        self._thread = threading.Thread(target=self._work.run, name="npcbrain loading")
        self._thread.start()

    def __enter__(self) -> Loading[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self._work.is_cancelled = True

    @property
    def done(self) -> bool:
        """See above."""
        return self._work.ended.is_set()

    @property
    def progress(self) -> float:
        """See above."""
        return self._work.stage.progress

    @property
    def doing(self) -> str:
        """See above."""
        return self._work.stage.doing

    def step(self, budget_ms: float = 0.0) -> bool:
        """Checks how far it is; call it once a frame.

        The loading goes on by itself between calls. It runs best while this thread waits, here or
        for the display.

        Args:
            budget_ms: How long to wait here for its end, in milliseconds; 0 does not wait.

        Returns:
            ``done``.

        Raises:
            ModelError: What ``Model.load`` would have raised.
            UsageError: The same, or ``budget_ms`` is not a number of 0 or more.
        """
        number = isinstance(budget_ms, int | float) and not isinstance(budget_ms, bool)
        if not number or not budget_ms >= 0:
            rule, advice = "be a number of 0 or more", "pass milliseconds, such as 4.0"
            raise UsageError(fault("budget_ms", rule, budget_ms, "Loading.step()", advice))
        work = self._work
        if budget_ms and not work.ended.is_set():
            work.ended.wait(None if budget_ms >= threading.TIMEOUT_MAX else budget_ms / 1000)
        if work.error is not None:
            raise work.error
        return work.ended.is_set()

    @property
    def model(self) -> T:
        """The model; waits until it is loaded.

        Raises:
            ModelError: What ``Model.load`` would have raised.
            UsageError: The same, or it was closed before its end.
        """
        self.step(math.inf)
        if self._work.model is None:
            advice = "call Model.load_sliced() again"
            raise UsageError(fault("loading", "not be closed", "closed", "Loading.model", advice))
        return self._work.model

    def close(self) -> None:
        """Stops, waiting for the piece in hand: 0.1 s at worst. Idempotent.

        A model that is finished stays.
        """
        self._work.is_cancelled = True
        self._thread.join()


class _Work(Generic[T]):
    """The state that two threads share: one of them writes a field, the other reads it."""

    __slots__ = ("ended", "error", "is_cancelled", "model", "stage", "steps")

    def __init__(self, steps: Generator[Stage, None, T]) -> None:
        self.steps = steps
        self.stage = Stage("", 0.0)
        self.model: T | None = None
        self.error: BaseException | None = None
        self.is_cancelled = False
        self.ended = threading.Event()

    def run(self) -> None:
        """Runs on the thread; ends, after the piece in hand, when its owner or the game has."""
        main = threading.main_thread()
        try:
            while not self.is_cancelled and main.is_alive():
                stage = next(self.steps)
                self.stage = Stage(stage.doing, max(stage.progress, self.stage.progress))
            self.steps.close()
        except StopIteration as end:
            self.model = end.value
            self.stage = Stage("", 1.0)
        except BaseException as error:  # any error must reach the game's thread
            self.error = error
        finally:
            self.ended.set()


def exhaust(steps: Generator[object, None, T]) -> T:
    """Runs a generator to its end, and returns what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            value: T = end.value
            return value


def _shares_before(package: ModelPackage) -> dict[str, float]:
    """The share of all bytes of graphs that is loaded before each file."""
    shares, behind = {}, 0
    chooser = () if package.encoder is None else package.encoder.graphs
    for name in [*(name for name, _ in package.segments), *package.heads, *chooser]:
        shares[name] = float(behind)
        behind += package.size_of(name)
    return {name: share / behind for name, share in shares.items()}


def _read_frame(package: ModelPackage, tokenizer: Tokenizer) -> Frame | None:
    from npcbrain.lm.frame import read_frame

    if not package.frame:
        return None
    return read_frame(package.read(package.frame), tokenizer, str(package.path / package.frame))


def _read_tables(package: ModelPackage) -> ReaderTables:
    files, where = package.reader, str(package.path)
    if files.name != OWN_TABLES:
        return ReaderTables(files.name, where=where)
    contents = package.read(files.vectors), package.read(files.verbs)
    return ReaderTables(files.name, *contents, where)


def _read_words(package: ModelPackage, tokenizer: Tokenizer) -> WordList | None:
    from npcbrain.lm.words import WordList

    if not package.words:
        return None
    where = str(package.path / package.words)
    try:
        words = package.read(package.words).decode("utf-8").split()
    except UnicodeDecodeError as error:
        raise ModelError(fault("words", "be UTF-8 text", str(error), where)) from error
    return WordList(words, tokenizer.token_bytes, where)
