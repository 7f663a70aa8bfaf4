"""Ready-made trees of the leaves that think: for a first game, and as examples to copy.

Functions that return definitions; all other nodes are in ``npcbrain.tree``. Invariant: whatever the
model does, an event that was heard is answered.
"""

from __future__ import annotations

from collections.abc import Callable

from npcbrain.npcs.leaves import Act, CannedReply, Decide, Heard, Reflex
from npcbrain.npcs.npc import Npc
from npcbrain.tree import Concurrent, Node, Selector, Sequence, Status, Succeed, Task

__all__ = ["talker"]


def talker(
    work: Callable[[Npc], Status | bool | None] | Node | None = None, *, ttl_ms: float = 2500.0
) -> Node:
    """An NPC that answers what it hears, and goes on with its work meanwhile.

    The model answers if it can within ``ttl_ms``. Else the tree does what was clearly asked for,
    or tells the fact that was asked about. Else it says the next of the persona's ``fallback``
    lines. It is the same as::

        Concurrent(
            Selector(
                Sequence(Heard(), Decide(ttl_ms=ttl_ms), Act()),
                Sequence(Heard(), Selector(Reflex(), CannedReply())),
                Succeed(),
            ),
            Task("work", work),
        )

    Args:
        work: The work of its body: a function called with the NPC once a frame, or a tree; None
            for no work.
        ttl_ms: How long the model's answer is worth waiting for.

    Returns:
        A definition; any number of NPCs may share it.

    Raises:
        TreeError: ``work`` cannot be called and is not a tree, or ``ttl_ms`` is out of range.

    >>> from npcbrain import Persona, Runtime
    >>> runtime = Runtime(None)
    >>> cat = Persona.from_dict({"name": "Mog", "role": "cat", "lines": {"fallback": ["Mew."]}})
    >>> mog = runtime.add_npc("mog", persona=cat, tree=talker())
    >>> mog.hear("Good morning!")
    >>> _ = runtime.update(budget_ms=4.0)
    >>> mog.speech
    'Mew.'
    """
    mind = Selector(
        Sequence(Heard(), Decide(ttl_ms=ttl_ms), Act()),
        Sequence(Heard(), Selector(Reflex(), CannedReply())),
        Succeed(),
    )
    if work is None:
        return mind
    if isinstance(work, Node):
        return Concurrent(mind, work)
    return Concurrent(mind, Task("work", work))
