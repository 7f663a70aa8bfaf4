"""``Npc``: what a character perceives, remembers, says and decides between two frames.

What a game tells it and shows of it; what its tree does is ``responder``'s, who it is is
``character``'s. Where a body stands and how it moves is the game's business. Invariant: what
anybody says to it comes out as an event of clean text, or as an exception.
"""

from __future__ import annotations

from typing import Any

from npcbrain.npcs.bubble import whole_words
from npcbrain.npcs.contracts import Handler, Host, Mind, Thought
from npcbrain.npcs.inbox import MAX_WAITING
from npcbrain.npcs.inputs import line_of, name_of
from npcbrain.npcs.persona import Persona
from npcbrain.npcs.responder import Responder
from npcbrain.npcs.slips import warn_of_deafness
from npcbrain.situation import Event
from npcbrain.tree import Node

__all__ = ["Handler", "Host", "Mind", "Npc", "Thought"]


class Npc(Responder):
    """One character. Made by ``Runtime.add_npc``.

    A game tells it things (``hear``, ``notice``, ``remember``), changes it (``become``, ``scene``)
    and shows it (``bubble``, ``emotion``, ``why``). The rest is for leaves.

    Attributes:
        data: The game's own: npcbrain neither looks at it nor saves it. What is to be saved belongs
            on the ``blackboard``.
        memory: What it remembers.
        tree: Its behaviour tree.
        blackboard: What its tree's nodes share; plain data only.
        speech: What it says: grows while the model speaks (with a line filter it comes whole),
            and empties when a new thought begins. ``bubble`` is for the screen.
        emotion: One word.
        decision: The last one, or None; the model's has no words until it is whole, which is when
            ``report.decisions`` has it.
    """

    __slots__ = ("data",)

    def __init__(
        self, name: str, persona: Persona, root: Node, host: Host, *, importance: float = 1.0
    ) -> None:
        super().__init__(name, persona, root, host, importance)
        self.data: Any = None

    def __repr__(self) -> str:
        return f"<Npc {self.name}>"

    def hear(self, text: str, *, speaker: str = "player") -> None:
        """Somebody speaks to it. Any text is harmless; silence is no event. For any thread.

        Raises:
            UsageError: ``text`` or ``speaker`` is not a string, or ``speaker`` is empty.
        """
        where = f"npc {self.name!r}, hear()"
        line = line_of(text, "text", where)
        if line:
            self._queue(Event("speech", name_of(speaker, "speaker", where), line))

    def notice(self, kind: str, *, source: str, text: str = "") -> None:
        """Something happens to it or near it.

        Args:
            kind: ``gift``, ``attack``, ``sighting``, ``time``, or a game's own word.
            source: Who or what caused it.
            text: A sentence that tells what happened.

        Raises:
            UsageError: An argument is not a string, or ``kind`` or ``source`` is empty.
        """
        where = f"npc {self.name!r}, notice()"
        line = line_of(text, "text", where)
        self._queue(Event(name_of(kind, "kind", where), name_of(source, "source", where), line))

    def remember(self, text: str, *, importance: float = 0.5) -> None:
        """Adds a line to its memory; see ``Memory.add``."""
        self.memory.add(text, importance)

    @property
    def bubble(self) -> str:
        """What to draw over its head: whole words, for as long as they take to read.

        It grows by whole words while the model speaks. A line that is finished stays for 60 ms a
        letter, 1.5 seconds at least, even if the next thought has begun meanwhile.
        """
        speech = whole_words(self.speech) if self.thinking else self.speech
        return self._bubble.shown(speech, self._host.clock.now_ns())

    @property
    def num_missed(self) -> int:
        """Events that were dropped because newer ones kept coming."""
        return self._inbox.num_missed

    def _queue(self, event: Event) -> None:
        self._host.check_open(f"npc {self.name!r}")
        with self._inbox.lock:  # any thread may speak to it
            self._dozes = False  # first, for an interrupt; and after it, for a tick on the way
            missed = self._inbox.put(event)
            self._dozes = False
            if missed is None:
                return
            if self.num_missed == 1:
                warn_of_deafness(self.name, self.tree, MAX_WAITING + 1)
            self.memory.add_event(missed, None, self.persona.name)
