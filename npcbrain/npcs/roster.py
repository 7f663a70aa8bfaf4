"""The NPCs of a runtime: who is there, who is ticked when, who is listened to.

It knows no model and no budget. Invariant: while trees are ticked nobody comes, goes or
changes turns; that happens when the frame is over. What a frame costs grows with those who are due
and those who have asked, not with those who are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from npcbrain.errors import TreeError
from npcbrain.npcs.npc import Npc
from npcbrain.npcs.tick_rate import Cadence
from npcbrain.npcs.turnstile import Turnstile

__all__ = ["Cast", "Turns"]

# Everybody is listened to now and then: a leaf of the game's own may have put its NPC to rest
# (``Npc.finish_event``) though it never asked, and listening ends that. About a second.
SWEEP_FRAMES = 64


Lanes = list[tuple[int, int, list[tuple[Npc, int]]]]  # see Cadence.lanes


class Turns(NamedTuple):
    """Who is ticked and who is listened to in which frame."""

    due: Lanes
    sweep: Lanes
    listening: tuple[Npc, ...]


class Cast:
    """NPCs by name, in the order in which they were added.

    Attributes:
        npcs: All of them; a live view.
    """

    __slots__ = (
        "_changes",
        "_due",
        "_gone",
        "_is_cut",
        "_is_ticking",
        "_listening",
        "_npcs",
        "_num_owed",
        "_sweep",
        "_turnstile",
        "npcs",
    )

    def __init__(self, turnstile: Turnstile) -> None:
        """Nobody is there yet; ``turnstile`` is the one that NPCs go through to new events."""
        self._turnstile = turnstile
        self._npcs: dict[str, Npc] = {}
        self.npcs: Mapping[str, Npc] = MappingProxyType(self._npcs)
        self._due = Cadence[Npc]()
        self._sweep = Cadence[Npc]()
        self._changes: dict[Npc, int] = {}  # who is to be due in one of how many frames; 0: never
        self._gone: list[Npc] = []  # removed in this frame
        self._listening: dict[Npc, None] = {}
        self._num_owed = 0  # whom the model has left to their trees, which answer in the next tick
        self._is_ticking = False
        self._is_cut = False  # whether an interrupt ended the last tick

    def add(self, npc: Npc) -> None:
        """Takes on an NPC of a new name."""
        self._npcs[npc.name] = npc
        self.tick_every(npc, 1)

    def remove(self, npc: Npc) -> None:
        """Lets one go: it is ticked no more, and its tree is halted."""
        del self._npcs[npc.name]
        self._listening.pop(npc, None)
        self._turnstile.forget(npc.name)
        self._gone.append(npc)
        self.tick_every(npc, 0)

    def tick_every(self, npc: Npc, num_frames: int) -> None:
        """Has it ticked in one of so many frames; 0 is never."""
        self._changes[npc] = num_frames
        if not self._is_ticking:
            self.settle()

    def tick(self, frame: int, num_turns: int) -> Exception | None:
        """Ticks all who are due; returns the first error, from which nobody else shall suffer.

        Whose tree only listens is passed over while it has nothing to listen to, must wait for its
        turn, or waits for the model: its tick would do nothing. Of a crowd that nobody speaks to
        no more is asked than whether anything has come.

        ``settle`` must follow when the frame is over.

        Args:
            frame: Counts frames.
            num_turns: How many may turn to a new event.
        """
        if self._is_cut:  # it may have come between a mark and the look
            for npc in self._npcs.values():
                npc._dozes = False
        self._is_ticking = self._is_cut = True
        first: Exception | None = None
        gone, holds = self._gone, self._turnstile.holds
        self._turnstile.begin(num_turns, self._num_owed)
        self._num_owed = 0
        for line in self._due.due(frame):
            for npc in line:
                if gone and npc in gone:
                    continue
                tree = npc.tree
                if tree.is_still:
                    if npc._dozes:
                        continue
                    npc._dozes = True  # before a look: whatever comes after it wakes the NPC again
                    if npc.is_idle:
                        continue
                    npc._dozes = False
                    if not npc.is_busy and holds(npc.name):
                        continue
                elif tree.only_waits and npc.is_waiting:
                    continue
                try:
                    npc.tree.tick()
                except Exception as error:
                    error.add_note(f"in the tree of npc {npc.name!r}, frame {frame}")
                    if first is None:
                        first = error
                    else:
                        first.add_note(f"and in the tree of npc {npc.name!r}: {error}")
        self._is_cut = False
        return first

    def listen(self, frame: int, askers: Iterable[str]) -> None:
        """Has NPCs take in their answers: who has asked, until it has acted on what came of it.

        Args:
            frame: Counts frames.
            askers: Names of those who have asked since the last call.
        """
        listening = self._listening
        for name in askers:
            if (npc := self._npcs.get(name)) is not None:
                listening[npc] = None
        for npc in tuple(listening):
            npc.listen()
            if npc.answer is None and not npc.thinking:
                del listening[npc]
                self._num_owed += npc.is_busy
        for line in self._sweep.due(frame):
            for npc in line:
                npc.listen()

    def turns(self) -> Turns:
        """Who is due and listened to when; for a saved game."""
        return Turns(self._due.lanes(), self._sweep.lanes(), tuple(self._listening))

    def restore(self, order: Iterable[Npc], turns: Turns) -> None:
        """Takes on the order and the turns of a saved game.

        Args:
            order: Everybody who is there, each once.
            turns: Whoever has none in it is due in every frame.
        """
        everybody = tuple(order)
        self._turnstile.clear()
        self._npcs.clear()
        self._npcs.update((npc.name, npc) for npc in everybody)
        self._due.restore(turns.due)
        self._sweep.restore(turns.sweep)
        known = {npc for _, _, line in turns.due for npc, _ in line}
        for npc in everybody:
            if npc not in known:
                self._due.put(npc, 1)
            self._sweep.put(npc, SWEEP_FRAMES)
        self._listening = dict.fromkeys(turns.listening)
        self._num_owed = 0

    def settle(self) -> None:
        """Lets NPCs come, go and change their turns.

        Raises:
            TreeError: The game's code raised while the tree of one who goes was halted.
        """
        self._is_ticking = False
        self._turnstile.end()  # an interrupt may have come while trees were ticked
        if self._changes:
            for npc, num_frames in self._changes.items():
                if num_frames:
                    self._due.put(npc, num_frames)
                    self._sweep.put(npc, SWEEP_FRAMES)
                else:
                    self._due.remove(npc)
                    self._sweep.remove(npc)
            self._changes.clear()
        if self._gone:
            gone, self._gone = self._gone, []
            for npc in gone:  # it may have got in line after it was removed, in the same tick
                self._turnstile.forget(npc.name)
            _halt(gone)

    def halt(self) -> None:
        """Drops all thoughts and halts all trees.

        Raises:
            TreeError: The game's code raised while a tree was halted; all are halted first.
        """
        for npc in self._npcs.values():
            npc.drop_thought()
        _halt(self._npcs.values())


def _halt(npcs: Iterable[Npc]) -> None:
    """Halts the trees of all of them, and only then raises what the first one raised."""
    first: TreeError | None = None
    for npc in npcs:
        try:
            npc.tree.halt()
        except TreeError as error:
            first = first or error
    if first is not None:
        raise first
