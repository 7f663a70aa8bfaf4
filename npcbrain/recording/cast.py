"""NPCs that tell a recorder what the game does to them: ``RecordedNpc``.

They are a class of their own, so that a game that is not recorded pays nothing. Invariant: an NPC
behaves the same whether it is recorded or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from npcbrain.errors import RecordingError
from npcbrain.npcs.character import Character
from npcbrain.npcs.contracts import Host, Thought
from npcbrain.npcs.memory import CAPACITY, Memory, check_line
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.persona import Persona
from npcbrain.npcs.responder import Responder
from npcbrain.recording.moments import Kind, copied
from npcbrain.recording.recorder import Recorder
from npcbrain.scheduling.request import Extent
from npcbrain.situation import Action, Event, Scene
from npcbrain.tree import Blackboard, Node
from npcbrain.tree.blackboard import WatchedBlackboard

__all__ = ["RecordedNpc"]

MAX_TEXT_CHARS = 960  # of a memory's text; the rest is never used


class RecordedNpc(Npc):
    """An NPC of a runtime that is recorded; see ``Npc``."""

    __slots__ = ("_recorder",)

    def __init__(
        self,
        name: str,
        persona: Persona,
        root: Node,
        host: Host,
        recorder: Recorder,
        *,
        importance: float,
    ) -> None:
        self._recorder = recorder
        with recorder.quiet():
            super().__init__(name, persona, root, host, importance=importance)
            self.memory = RecordedMemory(self)

    # Attributes that the game sets.

    @property
    def persona(self) -> Persona:
        """Who it is."""
        persona: Persona = PERSONA.__get__(self)
        return persona

    @persona.setter
    def persona(self, persona: Persona) -> None:
        self._tell(Kind.PERSONA, persona)
        PERSONA.__set__(self, persona)

    @property
    def blackboard(self) -> Blackboard:
        """What its tree's nodes share."""
        board: Blackboard = BLACKBOARD.__get__(self)
        return board

    @blackboard.setter
    def blackboard(self, board: Blackboard) -> None:
        BLACKBOARD.__set__(self, RecordedBlackboard(self, board))

    @property
    def scene(self) -> Scene:
        """Where and when, and who or what is near."""
        return self._scene

    @scene.setter
    def scene(self, scene: Scene) -> None:
        before = self._scene
        SCENE.__set__(self, scene)
        if self._scene != before:
            self._tell(Kind.SCENE, self._scene)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What it may do."""
        return self._actions

    @actions.setter
    def actions(self, actions: Sequence[Action]) -> None:
        ACTIONS.__set__(self, actions)
        self._tell(Kind.ACTIONS, self._actions)

    @property
    def importance(self) -> float:
        """Its share of the model's time."""
        return self._importance

    @importance.setter
    def importance(self, importance: float) -> None:
        IMPORTANCE.__set__(self, importance)
        self._tell(Kind.IMPORTANCE, self._importance)

    # Methods that the game calls; the NPC's tree calls them, too, within an update, unrecorded.

    def think(self, ttl_ms: float, *, extent: Extent = Extent.DECIDED) -> Thought | None:
        """Asks the model, and records the question."""
        with self._called("think", [ttl_ms, extent.value]):
            thought = super().think(ttl_ms, extent=extent)
        event = self._exchange.event
        if thought is not None and event is not None:
            grammar = self._deed_grammar if extent is Extent.DEED else self._grammar
            self._recorder.asked(self, grammar, thought, event, ttl_ms, extent)
        return thought

    def attend(self) -> bool:
        """Turns to the oldest waiting event."""
        if self._recorder.is_inside:
            return super().attend()
        with self._called("attend"):
            return super().attend()

    def accept(self) -> None:
        """Takes the decision: the game does what was decided."""
        if self._recorder.is_inside:
            return super().accept()
        with self._called("accept"):
            return super().accept()

    def decline(self, reason: str, about: str = "") -> None:
        """Takes the model's answer back."""
        if self._recorder.is_inside:
            return super().decline(reason, about)
        with self._called("decline", reason):
            return super().decline(reason, about)

    def drop_thought(self, thought: Thought | None = None) -> None:
        """Stops thinking."""
        if self._recorder.is_inside or thought not in (None, self._thought):
            return super().drop_thought(thought)
        with self._called("drop_thought"):
            return super().drop_thought(thought)

    def reply(self, lines: Sequence[str] | None = None) -> None:
        """Says the next of these lines."""
        if self._recorder.is_inside:
            return super().reply(lines)
        with self._called("reply", None if lines is None else [*lines]):
            return super().reply(lines)

    def finish_event(self, *, rest: bool = False) -> None:
        """Ends the event at hand, which is dealt with."""
        if self._recorder.is_inside:
            return super().finish_event(rest=rest)
        with self._called("finish_event", rest):
            return super().finish_event(rest=rest)

    def _queue(self, event: Event) -> None:
        if self._recorder.is_elsewhere:
            self._host.check_open(f"npc {self.name!r}")
            self._recorder.put_off(partial(self._queue, event))
            return
        with self._recorder.call(Kind.EVENT, self, event):
            super()._queue(event)

    def _number(self) -> int:
        return self._recorder.number(self)

    def _tell(self, kind: Kind, value: object) -> None:
        self._alone.check(f"Npc.{kind.name.lower()}")
        if self._recorder.is_told:  # not while it is being made, or loaded
            self._recorder.input(kind, self._number(), value)

    def _called(self, method: str, value: object = None) -> Any:
        self._alone.check(f"Npc.{method}()")  # what is refused is not recorded
        return self._recorder.call(Kind.CALL, self, method, value)


PERSONA: Any = Character.__dict__["persona"]
BLACKBOARD: Any = Responder.__dict__["blackboard"]
SCENE: Any = Character.__dict__["scene"]
ACTIONS: Any = Character.__dict__["actions"]
IMPORTANCE: Any = Character.__dict__["importance"]


class RecordedMemory(Memory):
    """A memory of an NPC that is recorded."""

    __slots__ = ("_npc",)

    def __init__(self, npc: RecordedNpc) -> None:
        super().__init__(CAPACITY)
        self._npc = npc

    def add(self, text: str, importance: float = 0.5) -> None:
        """Learns a line."""
        recorder = self._npc._recorder
        if recorder.is_elsewhere:
            check_line(text, importance)
            recorder.put_off(partial(self.add, text, importance))
            return
        super().add(text, importance)
        number = self._npc._number()
        recorder.input(Kind.REMEMBER, number, text[:MAX_TEXT_CHARS], float(importance))

    def clear(self) -> None:
        """Forgets everything."""
        if self._npc._recorder.is_elsewhere:
            self._npc._recorder.put_off(self.clear)
            return
        super().clear()
        self._npc._recorder.input(Kind.FORGET, self._npc._number())


class RecordedBlackboard(WatchedBlackboard):
    """A blackboard of an NPC that is recorded. It always counts its writes."""

    __slots__ = ("_npc",)

    def __init__(self, npc: RecordedNpc, entries: Blackboard) -> None:
        self._npc = npc
        self.writes = dict.fromkeys(entries, 1)
        dict.__init__(self, entries)

    def __setitem__(self, key: str, value: Any) -> None:
        recorder = self._npc._recorder
        if not recorder.is_inside:
            self._note(key, value)
        WatchedBlackboard.__setitem__(self, key, value)

    def __delitem__(self, key: str) -> None:
        dict.__delitem__(self, key)
        self._erased(key)

    def pop(self, key: str, *default: Any) -> Any:
        """As of a dictionary."""
        value = dict.pop(self, key, *default)
        self._erased(key)
        return value

    def popitem(self) -> tuple[str, Any]:
        """As of a dictionary."""
        key, value = dict.popitem(self)
        self._erased(key)
        return key, value

    def clear(self) -> None:
        """As of a dictionary."""
        dict.clear(self)
        self._erased(None)

    def _note(self, key: str, value: Any) -> None:
        try:
            data = copied(value, f"npc {self._npc.name!r}, blackboard[{key!r}]")
        except RecordingError:
            return  # a thing of the game: whoever plays the recording puts it there
        self._npc._recorder.input(Kind.WRITE, self._npc._number(), key, data)

    def _erased(self, key: str | None) -> None:
        recorder = self._npc._recorder
        if not recorder.is_inside:
            recorder.input(Kind.ERASE, self._npc._number(), key)
