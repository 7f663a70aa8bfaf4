"""``Warmable``: the part of ``Runtime`` that reads personas in advance; a base of it.

No game has to use it: a persona that was not read is read with the first question.
"""

from __future__ import annotations

from collections.abc import Mapping

from npcbrain.errors import UsageError, fault
from npcbrain.npcs.contracts import Host
from npcbrain.npcs.npc import Npc
from npcbrain.one_thread import OneThread, alone
from npcbrain.thinker import Thinker

__all__ = ["Warmable"]


class Warmable:
    """A runtime whose personas may be read before their first question."""

    npcs: Mapping[str, Npc]
    _alone: OneThread
    _host: Host
    _is_updating: bool
    _thinker: Thinker

    @property
    def is_warm(self) -> bool:
        """Whether nothing is left to be measured, and no persona to be read (see ``warm``)."""
        return self._thinker.is_warm

    @alone
    def warm(self, npc: Npc) -> None:
        """Has a persona read in the frames to come, so that its first answer comes sooner.

        For an NPC that the player is about to meet. It runs within the budgets, after all NPCs that
        think, one persona at a time: some 30 frames of 4 ms. Without a model it does nothing.

        Raises:
            UsageError: ``npc`` is not an NPC of this runtime, or the runtime is closed.
        """
        where = "Runtime.warm()"
        self._host.check_open(where)
        if not isinstance(npc, Npc) or self.npcs.get(npc.name) is not npc:
            raise UsageError(fault("npc", "be one of this runtime", npc, where))
        self._thinker.pause()
        self._thinker.read(npc)

    @alone
    def warm_up(self) -> None:
        """Reads every NPC's persona now, so that its first answer comes sooner.

        Optional, and not for a frame (there is ``warm`` for that): it takes tens of milliseconds an
        NPC. Call it once all are added. While thoughts hold every slot, it does nothing.

        Raises:
            UsageError: The runtime is closed, or a tree called this.
        """
        self._host.check_open("Runtime.warm_up()")
        if self._is_updating:
            rule = "be called between frames"
            raise UsageError(fault("warm_up", rule, None, "Runtime.warm_up()"))
        self._thinker.pause()
        self._thinker.read_at_once(self.npcs.values())
