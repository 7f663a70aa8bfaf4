"""How the game's handler of an action is called, and what its answer means to a tree.

Invariant: what a handler must not do becomes a ``HandlerError`` that names NPC, action and cause.
"""

from __future__ import annotations

from npcbrain.errors import HandlerError, fault
from npcbrain.npcs.contracts import Handler
from npcbrain.npcs.responder import Responder
from npcbrain.situation import Decision
from npcbrain.tree import Status

__all__ = ["perform"]

ANSWERS = {None: Status.SUCCESS, True: Status.SUCCESS, False: Status.FAILURE}


def perform(npc: Responder, handler: Handler, decision: Decision, path: str) -> Status:
    """Calls a handler; the event is over if it does what it must not.

    Args:
        npc: Who acts.
        handler: The game's.
        decision: What was decided.
        path: Of the leaf that acts, for messages.

    Raises:
        HandlerError: The handler raised, or answered something else than a handler may.
    """
    try:
        answer = handler(npc, **decision.args)
    except Exception as error:
        npc.finish_event()  # or the next tick would decide, and raise, all over again
        what, rule = f"the handler of {decision.action!r}", "return without raising"
        advice = "its own exception is the cause of this one"
        where = f"npc {npc.name!r}, {path}"
        raise HandlerError(fault(what, rule, error, where, advice)) from error
    except BaseException:
        npc.finish_event()
        raise
    status = ANSWERS.get(answer) if answer is None or isinstance(answer, bool) else answer
    if not isinstance(status, Status) or status in (Status.IDLE, Status.SKIPPED):
        npc.finish_event()
        what = f"the answer of the handler of {decision.action!r}"
        rule = "be None, a bool or a Status"
        advice = "return Status.RUNNING to be called again"
        raise HandlerError(fault(what, rule, answer, f"npc {npc.name!r}, {path}", advice))
    return status
