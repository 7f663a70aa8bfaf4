"""``RemoteThinker``: a server thinks for one runtime's NPCs.

Invariant: on the game's thread it only moves things between queues, and never waits, connects or
computes; a server that is away, slow or mad costs answers, but no frame.
"""

from __future__ import annotations

import weakref

from npcbrain.errors import warn_game
from npcbrain.npcs.npc import Npc
from npcbrain.remote import worker
from npcbrain.remote.client import http_library
from npcbrain.remote.desk import Desk
from npcbrain.remote.mind import RemoteMind
from npcbrain.remote.server import ServerLike
from npcbrain.report import FrameReport
from npcbrain.thinker import NullThinker, ThinkerSettings

__all__ = ["RemoteThinker"]


class RemoteThinker(NullThinker):
    """Has a worker of its own, which ends with it. No steps are measured, no personas read."""

    __slots__ = ("__weakref__", "_desk", "_fault", "_finish", "_mind")
    is_beside = True

    def __init__(self, remote: ServerLike, settings: ThinkerSettings) -> None:
        """Starts the worker, which gets to know the server at once.

        Raises:
            UsageError: The HTTP client is not installed, or a setting is out of range.
        """
        from npcbrain.lm.sampler import SamplerConfig  # not above: it imports numpy

        super().__init__()
        SamplerConfig(settings.temperature, settings.top_p)  # checks them
        http_library()  # here, not in a frame: importing it takes a quarter of a second
        self._desk = Desk()
        self._mind = RemoteMind(self._desk, settings.play, settings.seed)
        self._fault = ""  # the last one that the game was warned of
        manner = worker.Manner(settings.temperature, settings.top_p)
        thread = worker.start(self._desk, remote, manner)
        self._finish = weakref.finalize(self, worker.end, self._desk, thread)

    @property
    def mind(self) -> RemoteMind:
        """Puts questions into the queue."""
        return self._mind

    def collect(self, report: FrameReport) -> BaseException | None:
        """Takes answers out of the queue; warns once of each fault of the server."""
        self._mind.collect()
        if self._desk.fault != self._fault:
            self._fault = self._desk.fault
            if self._fault:
                warn_game(self._fault)
        return None

    def think(self, started_ns: int, budget_ns: int, report: FrameReport) -> None:
        """Wakes the worker if there is something in the queue that it would not see soon."""
        desk = self._desk
        if (desk.asked or desk.given_up) and not desk.is_watched:
            desk.ring()
        report.num_thinking += desk.num_running
        report.num_waiting += desk.num_waiting

    def take_askers(self) -> tuple[str, ...]:
        """Names of the NPCs that have news."""
        return self._mind.take_askers()

    def forget(self, npc: Npc) -> None:
        """Forgets an NPC that is gone."""
        self._mind.forget(npc.name)

    def abandon(self) -> None:
        """Does nothing: the worker was not interrupted."""

    def close(self) -> BaseException | None:
        """Ends the worker, which closes its connections."""
        self._finish()
        return None
