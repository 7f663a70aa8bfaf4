"""``Doing``: does to NPCs what the game did to them when they were recorded.

For games whose trees need no world. Invariant: it calls what the game called, in the same order;
what a tree or a handler did, they do again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from npcbrain.clock import NS_PER_MS
from npcbrain.errors import NpcBrainError, RecordingError, SaveError, fault
from npcbrain.npcs.contracts import Handler
from npcbrain.npcs.npc import Npc
from npcbrain.recording.moments import INPUTS, Kind, Moment
from npcbrain.replay.playback import Playback
from npcbrain.replay.recording import Recording
from npcbrain.report import NO_LIMIT_NS
from npcbrain.runtime import Runtime
from npcbrain.scheduling.request import Extent
from npcbrain.tree import Node, Status

__all__ = ["Doing", "Trees"]

Trees = Node | Mapping[str, Node] | Callable[[str], Node]


class Doing:
    """A game's part in a recording."""

    def __init__(self, runtime: Runtime, trees: Trees, playback: Playback) -> None:
        self._runtime = runtime
        self._trees = trees
        self._playback = playback
        self._stand_ins: dict[str, None] = {}
        self._deeds: list[Moment] = []  # of this turn, that nobody has stood in for yet

    def play(self) -> tuple[str, ...]:
        """All of it, up to the first difference; returns the actions that were stood in for.

        Raises:
            RecordingError: The recording does not fit the game.
        """
        playback = self._playback
        for action in _deeds_of(playback.recording.path):
            if action not in self._runtime._host.handlers:
                self._runtime.on_action(action, self._handler(action))
                self._stand_ins[action] = None
        with self._runtime:
            while playback.difference is None:
                turn = playback.turn
                for moment in turn.before:
                    if moment.kind in INPUTS:
                        self._do(moment)
                if turn.begin is None:
                    break
                self._deeds = [moment for moment in turn.inside if moment.kind is Kind.DEED]
                budget_ns = turn.begin.values[2]
                try:
                    self._runtime.update(
                        math.inf if budget_ns >= NO_LIMIT_NS else budget_ns / NS_PER_MS
                    )
                except NpcBrainError:  # as when it was recorded, or that is a difference
                    if playback.turn is turn and playback.difference is None:
                        raise  # it never came to its end
        return tuple(self._stand_ins)

    def _do(self, moment: Moment) -> None:
        kind, values, runtime = moment.kind, moment.values, self._runtime
        if kind is Kind.ADD:
            name, persona, importance = values
            runtime.add_npc(name, persona=persona, tree=self._tree(name), importance=importance)
        elif kind is Kind.LOAD:
            try:
                runtime.take_on(values[0], f"{self._playback.recording.path}: a saved game in it")
            except SaveError as error:
                raise RecordingError(str(error)) from error
        elif kind is Kind.NOTE:
            runtime.note(values[0])
        else:
            self._do_to(self._npc(values[0]), kind, *values[1:])

    def _do_to(self, npc: Npc, kind: Kind, *values: Any) -> None:
        runtime = self._runtime
        if kind is Kind.REMOVE:
            runtime.remove_npc(npc.name)
        elif kind is Kind.TICK_EVERY:
            runtime.tick_every(npc.name, *values)
        elif kind is Kind.EVENT:
            npc._queue(*values)
        elif kind is Kind.REMEMBER:
            npc.memory.add(*values)
        elif kind is Kind.FORGET:
            npc.memory.clear()
        elif kind is Kind.WRITE:
            npc.blackboard[values[0]] = values[1]
        elif kind is Kind.ERASE:
            if values[0] is None:
                npc.blackboard.clear()
            else:
                npc.blackboard.pop(values[0], None)
        elif kind is Kind.CALL:
            self._call(npc, *values)
        else:  # its scene, actions, persona or importance
            setattr(npc, kind.name.lower(), values[0])

    def _call(self, npc: Npc, method: str, value: Any) -> None:
        if method == "finish_event":
            npc.finish_event(rest=bool(value))
        elif method == "decline":
            npc.decline(str(value))
        elif method == "reply" and value is not None:
            npc.reply([str(line) for line in value] if isinstance(value, list) else None)
        elif method == "think":
            try:
                ttl_ms, extent = value
                npc.think(float(ttl_ms), extent=Extent(extent))
            except (TypeError, ValueError) as error:
                rule, where = "have a time and an extent", str(self._playback.recording.path)
                raise RecordingError(fault("a call of think", rule, value, where)) from error
        else:
            getattr(npc, method)()

    def _npc(self, number: int) -> Npc:
        recording = self._playback.recording
        name = recording.names[number]
        if name not in self._runtime.npcs:
            frame = self._playback.turn.frame
            where, advice = f"{recording.path}, frame {frame}", "add it as the game did"
            raise RecordingError(fault("an npc", "be in the game", name, where, advice))
        return self._runtime.npcs[name]

    def _tree(self, name: str) -> Node:
        trees = self._trees
        if isinstance(trees, Mapping):
            if name not in trees:
                where, advice = "Play.trees", "give it the game's tree for that name"
                raise RecordingError(fault("trees", f"have {name!r}", [*trees], where, advice))
            return trees[name]
        return trees(name) if callable(trees) else trees

    # Handlers that the game does not have here.

    def _handler(self, action: str) -> Handler:
        def stands_in(npc: Npc, **args: str) -> Status | None:
            for moment in self._deeds:
                if (moment.values[0], moment.values[1]) == (self._number(npc), action):
                    self._deeds.remove(moment)
                    self._do_before(moment)
                    return _status(moment.values[3])
            return Status.RUNNING  # it goes on as in the frame before

        return stands_in

    def _do_before(self, deed: Moment) -> None:
        """What the handler did in turn: it stands right before its own end."""
        inside = self._playback.turn.inside
        end = begin = next(at for at, moment in enumerate(inside) if moment is deed)
        while begin and inside[begin - 1].kind in INPUTS:
            begin -= 1
        for moment in inside[begin:end]:
            self._do(moment)

    def _number(self, npc: Npc) -> int:
        names = self._playback.recording.names
        return len(names) - 1 - names[::-1].index(npc.name)


def _deeds_of(path: Path) -> set[str]:
    """All actions that were done: an NPC asks for its handler before it decides."""
    turns = Recording(path).turns()
    return {m.values[1] for turn in turns for m in turn.inside if m.kind is Kind.DEED}


def _status(name: str) -> Status | None:
    if name == "raised":
        raise RuntimeError("the game's handler raised when it was recorded")
    return Status[name] if name in Status.__members__ else None
