"""``Recordable``: the parts of ``Runtime`` that are recorded; a base of it.

Without a recorder there are plain NPCs and the game's own handlers, and not one more call.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from npcbrain.npcs.contracts import Handler, Thought
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.one_thread import alone
from npcbrain.recording.cast import RecordedNpc
from npcbrain.recording.moments import Kind, copied
from npcbrain.recording.recorder import Recorder
from npcbrain.saves.report import LoadReport
from npcbrain.saves.savable import Savable
from npcbrain.saves.snapshot import Save, read
from npcbrain.saves.store import read_bytes
from npcbrain.tree import Node

__all__ = ["Recordable"]


class Recordable(Savable):
    """A runtime that may be recorded."""

    _recorder: Recorder | None

    @alone
    def note(self, data: object) -> None:
        """Records something of the game's own, such as the keys that were pressed.

        When the recording is played it comes in its place; without ``record`` nothing happens.

        Args:
            data: Plain data: None, bool, int, float, str, lists and dictionaries of them.

        Raises:
            RecordingError: It is not plain data.
            UsageError: The runtime is closed.
        """
        self._check_open("Runtime.note()")
        if self._recorder is not None:
            self._recorder.input(Kind.NOTE, copied(data, "Runtime.note()"))

    @alone
    def take_on(self, content: bytes, where: str) -> None:
        """Loads a saved game that a recording holds; see ``load``.

        Args:
            content: All of it.
            where: What it is from, for messages.

        Raises:
            SaveError: It cannot be read; nothing has changed.
            TreeError: The game's code raised; everything was loaded all the same.
        """
        save = read(content, where)
        made = self._prepared(save)
        with self._while_taking_on(content):
            error = self._put_back(save, made, LoadReport(where, save.frame))
        if error is not None:
            raise error

    def _made(self, name: str, persona: Persona, tree: Node, importance: float) -> Npc:
        recorder = self._recorder
        if recorder is None:
            return Npc(name, persona, tree, self._host, importance=importance)
        npc = RecordedNpc(name, persona, tree, self._host, recorder, importance=importance)
        recorder.added(npc)
        return npc

    def _heard_of(self, action: str, handler: Handler) -> Handler:
        recorder = self._recorder
        return handler if recorder is None else recorder.handler(action, handler)

    def _told(self, kind: Kind, npc: Npc, *values: object) -> AbstractContextManager[object]:
        """Records something that the game does to an NPC, but nothing that follows from it."""
        recorder = self._recorder
        return nullcontext() if recorder is None else recorder.call(kind, npc, *values)

    def _unheard(self) -> AbstractContextManager[object]:
        """Within it nothing is recorded."""
        return nullcontext() if self._recorder is None else self._recorder.quiet()

    def _catch_up(self) -> None:
        if self._recorder is not None:
            self._recorder.catch_up()

    def _while_loading(self, path: str) -> AbstractContextManager[object]:
        if self._recorder is None:
            return nullcontext()
        return self._while_taking_on(read_bytes(Path(path), self._disk))

    def _while_taking_on(self, content: bytes) -> AbstractContextManager[object]:
        recorder = self._recorder
        return nullcontext() if recorder is None else recorder.loading(content, self.npcs)

    def _resumed(self, save: Save, report: LoadReport) -> Mapping[Npc, Thought]:
        played = None if self._recorder is None else self._recorder.played(save, self.npcs)
        return super()._resumed(save, report) if played is None else played
