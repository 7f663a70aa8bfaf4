"""``Savable``: what a runtime can be asked about saved games; the base of ``Runtime``.

Invariant: between two frames only; a load that raises ``SaveError`` has changed nothing.
"""

from __future__ import annotations

import os
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from npcbrain.asking.requester import LanguageMind
from npcbrain.clock import Clock, PlayClock
from npcbrain.engine.contract import EngineLike
from npcbrain.errors import SaveError, UsageError, fault
from npcbrain.npcs.contracts import Host, Thought
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.roster import Cast, Turns
from npcbrain.one_thread import OneThread, alone
from npcbrain.plain_file import path_of
from npcbrain.report import FrameReport
from npcbrain.saves.people import Prepared, capture_npc, prepared, put_back
from npcbrain.saves.plain import Hook
from npcbrain.saves.report import LoadReport
from npcbrain.saves.snapshot import Save, SavedLane, Snapshot, read
from npcbrain.saves.store import Disk, last_of, read_bytes
from npcbrain.saves.writing import Saving
from npcbrain.scheduling.scheduler import Scheduler
from npcbrain.thinker import EngineThinker, Thinker

__all__ = ["Savable"]

GameHook = Callable[[Npc, str, object], object]


class Savable(ABC):
    """What of a runtime is saved, and how."""

    clock: Clock
    npcs: Mapping[str, Npc]
    scheduler: Scheduler | None
    _alone: OneThread
    _cast: Cast
    _host: Host
    _is_updating: bool
    _num_frames: int
    _play: PlayClock
    _thinker: Thinker

    def __init__(self, model: object) -> None:
        # A double has neither, and what is no model at all is refused elsewhere.
        package, tokenizer = getattr(model, "package", None), getattr(model, "tokenizer", None)
        self._model_digest: str = getattr(package, "digest", "")
        self._num_tokens: int = getattr(tokenizer, "num_tokens", 0)
        self._disk = Disk()
        self._saving: Saving | None = None
        self._save_hook: GameHook | None = None
        self._load_hook: GameHook | None = None

    @property
    def _mind(self) -> LanguageMind | None:
        """Who asks a model in this process; what a server is asked is not saved."""
        thinker = self._thinker
        return thinker.mind if isinstance(thinker, EngineThinker) else None

    @property
    def _engine(self) -> EngineLike | None:
        thinker = self._thinker
        return thinker.engine if isinstance(thinker, EngineThinker) else None

    @abstractmethod
    def _check_open(self, where: str) -> None: ...

    @abstractmethod
    def _catch_up(self) -> None:
        """Does what was put off to the next update."""

    @alone
    def on_save(self, hook: GameHook) -> None:
        """Says what a thing of the game's own is saved as.

        Args:
            hook: Called as ``hook(npc, path, thing)`` for each thing on a blackboard, or among what
                a leaf saves, that is no plain data; answers plain data (None, bool, int, float,
                str, lists and dictionaries of them). Without a hook such a thing is refused.

        Raises:
            UsageError: It cannot be called, or the runtime is closed.
        """
        self._check_open("Runtime.on_save()")
        self._save_hook = _checked(hook, "Runtime.on_save()")

    @alone
    def on_load(self, hook: GameHook) -> None:
        """Says how a thing of the game's own is made again.

        Args:
            hook: Called as ``hook(npc, path, data)`` with what ``on_save`` answered, before
                anything of the game is changed; answers the thing.

        Raises:
            UsageError: It cannot be called, or the runtime is closed.
        """
        self._check_open("Runtime.on_load()")
        self._load_hook = _checked(hook, "Runtime.on_load()")

    @alone
    def save(self, path: str | os.PathLike[str]) -> Saving:
        """Saves everybody: memories, talks, blackboards, trees, questions in flight, chance.

        Call it between frames. The frame pays for a snapshot, some ten microseconds each; packing
        and writing go on on a thread. Personas, trees and prices are the game's and not in it. The
        save before is kept beside it as ``<path>.last``.

        Args:
            path: The file; its folder must exist.

        Returns:
            The save on its way; ``wait()`` until it is on the disk, and hear whether it is.

        Raises:
            SaveError: Something on a blackboard is no plain data, and the game has no hook for it.
            UsageError: A tree called this, or the runtime is closed.
        """
        where = "Runtime.save()"
        started_ns = self.clock.now_ns()
        self._check_between_frames(where)
        file = _file(path, where)
        if self._saving is not None:
            self._saving.tell()
        self._catch_up()
        self._thinker.pause()
        saving = self._saving = Saving(file, self._snapshot(), self._saving, self._disk)
        saving.snapshot_ns = self.clock.now_ns() - started_ns
        return saving

    @alone
    def load(self, path: str | os.PathLike[str]) -> LoadReport:
        """Puts everybody back to where they were when the game was saved.

        Add the game's NPCs first; they are matched by name. Answers that were being written are
        computed again up to there, some hundred milliseconds each: call it on a loading screen.
        What would have been said then is said now, to the letter. If the newest save is damaged or
        missing, the one before it is loaded, with a warning.

        Args:
            path: The file.

        Returns:
            What is not as it was: NPCs that are gone or new, trees that were edited, a last good
            save in place of a damaged one.

        Raises:
            SaveError: Neither save can be read; nothing has changed.
            UsageError: A tree called this, or the runtime is closed.
            TreeError: The game's code raised in a tree that was halted, or in an ``on_load``;
                everything was loaded all the same.
        """
        where = "Runtime.load()"
        self._check_between_frames(where)
        file = _file(path, where)
        if self._saving is not None:
            self._saving.finish()
        self._catch_up()
        save, made, report = self._read(file)
        with self._while_loading(report.path):
            self._thinker.pause()
            error = self._put_back(save, made, report)
        if report.last_good:
            warnings.warn(str(report).partition("\n")[0], RuntimeWarning, stacklevel=3)
        if error is not None:
            raise error
        return report

    def _finish_saving(self) -> None:
        """Waits for saves under way; what failed is told."""
        if self._saving is not None:
            self._saving.finish()
            self._saving.tell()

    def _snapshot(self) -> Snapshot:
        mind, now_ns, play_ns = self._mind, self._host.clock.now_ns(), self._play.now_ns()
        num_asked = {} if mind is None else mind._num_asked
        hook = self._save_hook
        npcs = [*self.npcs.values()]
        people = [
            capture_npc(
                npc,
                number,
                now_ns,
                play_ns,
                num_asked.get(npc.name, 0),
                None if hook is None else _bound(hook, npc),
            )
            for number, npc in enumerate(npcs)
        ]
        turns = self._cast.turns()
        if mind is not None:  # those whom nobody has listened to since they asked
            asking = (self.npcs[name] for name in mind._askers if name in self.npcs)
            turns = turns._replace(listening=tuple(dict.fromkeys((*turns.listening, *asking))))
        seed = 0 if mind is None else mind._seed
        with_data = [npc.name for npc in npcs if npc.data is not None]
        return Snapshot(self._num_frames, seed, self._model_digest, people, npcs, turns, with_data)

    def _read(self, path: Path) -> tuple[Save, dict[str, Prepared], LoadReport]:
        """The newest save that can be read.

        Raises:
            SaveError: There is none.
        """
        try:
            save = read(read_bytes(path, self._disk), str(path))
            return save, self._prepared(save), LoadReport(str(path), save.frame)
        except SaveError as newest:
            last = last_of(path)
            try:
                save = read(read_bytes(last, self._disk), str(last))
                made = self._prepared(save)
            except SaveError as before:
                if last.exists():
                    newest.add_note(f"nor can the one before it be loaded: {before}")
                raise newest from None
            return save, made, LoadReport(str(last), save.frame, last_good=str(newest))

    def _prepared(self, save: Save) -> dict[str, Prepared]:
        hook = self._load_hook
        made = {}
        for saved in save.npcs:
            if (npc := self.npcs.get(saved.name)) is not None:
                bound: Hook | None = None if hook is None else _bound(hook, npc)
                made[saved.name] = prepared(saved, save.layouts, bound)
        return made

    def _put_back(
        self, save: Save, made: dict[str, Prepared], report: LoadReport
    ) -> Exception | None:
        """Changes everything; from here on nothing in the file can stop it."""
        error = self._stop()
        npcs = [self.npcs.get(saved.name) for saved in save.npcs]
        report.gone = tuple(saved.name for saved in save.npcs if saved.name not in self.npcs)
        known = {saved.name for saved in save.npcs}
        report.new = tuple(name for name in self.npcs if name not in known)
        report.other_model = save.header.model != self._model_digest
        thoughts = self._resumed(save, report)
        now_ns = self._host.clock.now_ns()
        for npc, saved in zip(npcs, save.npcs, strict=True):
            if npc is None:
                continue
            notes, another = put_back(npc, saved, made[npc.name], thoughts.get(npc), now_ns)
            report.notes += notes
            error = error or another
        everybody = [npc for npc in npcs if npc is not None]
        everybody += [self.npcs[name] for name in report.new]
        listening = [npc for number in save.listening if (npc := npcs[number]) is not None]
        self._cast.restore(
            everybody, Turns(_lanes(save.due, npcs), _lanes(save.sweep, npcs), tuple(listening))
        )
        self._num_frames = save.frame
        self._play.begin(pays=True)  # until the first update nobody waits
        return error

    def _stop(self) -> Exception | None:
        """Halts all trees and ends all requests; returns what the game's code raised."""
        self._host.report = FrameReport()  # of what is dropped here nobody hears
        error: Exception | None = None
        try:
            self._cast.halt()
        except Exception as raised:
            error = raised
        if self.scheduler is not None:
            self.scheduler.abandon()
        if self._mind is not None:
            self._mind.forget_all()
        return error

    def _while_loading(self, path: str) -> AbstractContextManager[object]:
        """Entered before anything changes, left when all is loaded."""
        return nullcontext()

    def _resumed(self, save: Save, report: LoadReport) -> Mapping[Npc, Thought]:
        mind, scheduler, engine = self._mind, self.scheduler, self._engine
        if mind is None or scheduler is None or engine is None:
            return {}
        mind._seed = save.seed
        for saved in save.npcs:
            if saved.name in self.npcs and saved.num_asked:
                mind._num_asked[saved.name] = saved.num_asked
        if report.other_model:
            return {}
        from npcbrain.saves.resuming import Resuming  # not above: it brings the model's parts along

        resuming = Resuming(mind, scheduler, engine, self._play, self._num_tokens)
        thoughts = resuming.go_on(
            [
                (self.npcs[saved.name], saved.thought)
                for saved in save.npcs
                if saved.thought is not None and saved.name in self.npcs
            ]
        )
        report.notes += resuming.notes
        report.num_resumed = resuming.num_resumed
        return thoughts

    def _check_between_frames(self, where: str) -> None:
        self._check_open(where)
        if self._is_updating:
            rule, advice = "be called between frames", "note it, and do it when update() is over"
            raise UsageError(fault("a saved game", rule, "in an update", where, advice))


def _lanes(
    lanes: list[SavedLane], npcs: list[Npc | None]
) -> list[tuple[int, int, list[tuple[Npc, int]]]]:
    """Lanes of numbers as lanes of those who are there."""
    return [
        (
            lane.num_frames,
            lane.next_turn,
            [(npc, turn) for number, turn in lane.members if (npc := npcs[number]) is not None],
        )
        for lane in lanes
    ]


def _bound(hook: GameHook, npc: Npc) -> Hook:
    return lambda path, thing: hook(npc, path, thing)


def _checked(hook: GameHook, where: str) -> GameHook:
    if not callable(hook):
        raise UsageError(fault("hook", "be callable", hook, where))
    return hook


def _file(path: str | os.PathLike[str], where: str) -> Path:
    file = path_of(path, where)
    if not str(path) or "\0" in str(path):
        raise UsageError(fault("path", "be a file's", path, where))
    return file
