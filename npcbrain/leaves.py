"""The leaves a behaviour tree thinks with: ``Heard``, ``Decide``, ``Act``, ``CannedReply``.

They hold settings only; what a run needs is on the ``Npc`` that owns the tree. Floor 4. Invariant:
``Decide`` never blocks and never raises for what a player can cause; it fails with a reason, and
the selector above it runs its next child.

A villager that talks while it works::

    Concurrent(
        Selector(
            Sequence(Heard(), Decide(ttl_ms=2500), Act()),
            Sequence(Heard(), CannedReply()),
            Succeed(),
        ),
        Action("work", work),
    )
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npcbrain.errors import TreeError, UsageError, fault
from npcbrain.npc import Npc
from npcbrain.tree import Context, StatefulLeaf, Status

__all__ = ["Act", "CannedReply", "Decide", "Heard"]

MAX_TTL_MS = 600_000.0  # ten minutes; an answer to a player is stale after a few seconds


@dataclass(frozen=True, slots=True)
class Heard(StatefulLeaf):
    """Whether something waits for an answer; turns to it. SUCCESS if so, else FAILURE."""

    name: str = ""

    def on_start(self, ctx: Context) -> Status:
        """Turns to the oldest event."""
        return Status.SUCCESS if _npc(ctx).attend() else Status.FAILURE

    def on_running(self, ctx: Context) -> Status:
        """Never RUNNING, so never called."""
        return self.on_start(ctx)


@dataclass(frozen=True, slots=True)
class Decide(StatefulLeaf):
    """Asks the model what to do about the event at hand.

    RUNNING while it thinks; its speech streams meanwhile. SUCCESS with ``npc.decision`` set and
    ``blackboard["decision"]`` its plain form. FAILURE with ``npc.reason``: ``expired``,
    ``would_exceed``, ``no_budget``, ``no_model``, ``refused``, ``engine_error``, ``cancelled``; or
    with none if there is no event. Halted: the thought is dropped, the event stays at hand.

    Args:
        ttl_ms: How long an answer is worth waiting for.

    Raises:
        TreeError: ``ttl_ms`` is not above 0, or is more than ten minutes.
    """

    ttl_ms: float = 2500.0
    name: str = ""

    def __post_init__(self) -> None:
        number = isinstance(self.ttl_ms, int | float) and not isinstance(self.ttl_ms, bool)
        if not number or not 0.0 < self.ttl_ms <= MAX_TTL_MS:
            rule = f"be a number above 0 and at most {MAX_TTL_MS:g}"
            raise TreeError(fault("ttl_ms", rule, self.ttl_ms, "Decide()"))

    def on_start(self, ctx: Context) -> Status:
        """Begins a thought."""
        ctx.handle = _npc(ctx).think(self.ttl_ms)
        return Status.FAILURE if ctx.handle is None else self._status(ctx)

    def on_running(self, ctx: Context) -> Status:
        """Looks whether the thought is done; after loading a saved game it begins anew."""
        return self.on_start(ctx) if ctx.handle is None else self._status(ctx)

    def on_halted(self, ctx: Context) -> None:
        """Gives up the thought."""
        if ctx.handle is not None:
            _npc(ctx).drop_thought(ctx.handle)

    @staticmethod
    def _status(ctx: Context) -> Status:
        if not ctx.handle.done:
            return Status.RUNNING
        return Status.SUCCESS if ctx.handle.decision is not None else Status.FAILURE


@dataclass(frozen=True, slots=True)
class Act(StatefulLeaf):
    """Does what was decided, by the handler given to ``Runtime.on_action``; the event is over.

    ``say`` needs no handler: the words are in ``npc.speech``. A handler that returns RUNNING is
    called again at the next tick. FAILURE if nothing was decided, if the handler answered FAILURE,
    or, with the reason ``no_handler``, if the game has none for this action; in the last case the
    event stays at hand, so that the tree may answer it. Halted: the event is over too, since what
    was begun and said cannot be taken back.
    """

    name: str = ""

    def on_start(self, ctx: Context) -> Status:
        """Calls the handler."""
        npc = _npc(ctx)
        decision = npc.answer
        if decision is None:
            return Status.FAILURE
        handler = npc.handler(decision.action)
        if handler is None:
            if decision.action != "say":
                npc.decline("no_handler")
                return Status.FAILURE
            npc.finish_event()
            return Status.SUCCESS
        try:
            status = handler(npc, **decision.args)
        except BaseException:
            npc.finish_event()  # or the next tick would decide, and raise, all over again
            raise
        if status is None:
            status = Status.SUCCESS
        if not isinstance(status, Status) or status is Status.IDLE:
            npc.finish_event()
            what, rule = f"answer of the {decision.action!r} handler", "be None or a Status"
            advice = "return Status.RUNNING to be called again"
            raise UsageError(fault(what, rule, status, f"npc {npc.name!r}, {ctx.path}", advice))
        if status is not Status.RUNNING:
            npc.finish_event(rest=status is Status.FAILURE)
        return status

    def on_running(self, ctx: Context) -> Status:
        """Calls the handler again."""
        return self.on_start(ctx)

    def on_halted(self, ctx: Context) -> None:
        """Lets the event go."""
        _npc(ctx).finish_event()


@dataclass(frozen=True, slots=True)
class CannedReply(StatefulLeaf):
    """The tree's own answer to the event at hand: the next of its lines in turn.

    SUCCESS; FAILURE if there is nothing to answer.

    Args:
        lines: What to say; None means the persona's ``fallback`` lines.

    Raises:
        TreeError: ``lines`` is not a sequence of strings, or is empty.
    """

    lines: Sequence[str] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.lines is None:
            return
        lines = self.lines
        if isinstance(lines, str) or not lines or not all(isinstance(x, str) and x for x in lines):
            rule = "be a list of lines"
            raise TreeError(fault("lines", rule, lines, "CannedReply()", 'use ["Not now."]'))
        object.__setattr__(self, "lines", tuple(lines))

    def on_start(self, ctx: Context) -> Status:
        """Says the line."""
        npc = _npc(ctx)
        if not npc.attend():
            return Status.FAILURE
        npc.reply(self.lines)
        return Status.SUCCESS

    def on_running(self, ctx: Context) -> Status:
        """Never RUNNING, so never called."""
        return self.on_start(ctx)


def _npc(ctx: Context) -> Npc:
    npc = ctx.owner
    if not isinstance(npc, Npc):
        advice = "add the tree with Runtime.add_npc"
        raise UsageError(fault("the tree's owner", "be an Npc", npc, ctx.path, advice))
    return npc
