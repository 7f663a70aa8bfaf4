"""``registry``: npcbrain's own leaves, by the names that tree files call them.

The game adds its functions to what this returns. Invariant: each call gives a new
registry, so that two games in one process do not share words.
"""

from __future__ import annotations

from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard, Reflex
from npcbrain.tree import Registry

__all__ = ["registry"]


def registry() -> Registry:
    """A registry that knows ``Heard``, ``Decide``, ``Act``, ``Reflex`` and ``CannedReply``.

    >>> sorted(entry.id for entry in registry())
    ['Act', 'CannedReply', 'Decide', 'Heard', 'Reflex']
    """
    words = Registry()
    words.leaf("Heard", Heard, family="Condition")
    words.leaf("Decide", Decide)
    words.leaf("Act", Act)
    words.leaf("CannedReply", CannedReply)
    words.leaf("Reflex", Reflex)
    return words
