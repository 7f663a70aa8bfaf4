"""The leaves a behaviour tree thinks with: ``Heard``, ``Decide``, ``Act``, ``Reflex`` and others.

They hold settings only; what a run needs is on the NPC that owns the tree, whose part for leaves is
``Responder``. Invariant: ``Decide`` never blocks and never raises for what a player can cause; it
fails with a reason, and the selector above it runs its next child.

A villager that talks while it works::

    Concurrent(
        Selector(
            Sequence(Heard(), Decide(ttl_ms=2500), Act()),
            Sequence(Heard(), Reflex()),
            Sequence(Heard(), CannedReply()),
            Succeed(),
        ),
        Task("work", work),
    )
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from npcbrain.errors import TreeError, UsageError, fault
from npcbrain.npcs.handling import perform
from npcbrain.npcs.responder import Responder
from npcbrain.prompting.action_ranking import load_tables, only_talks
from npcbrain.prompting.stock_lines import load as load_phrases
from npcbrain.reasons import Reason
from npcbrain.scheduling.request import Extent
from npcbrain.tree import Context, Pointer, StatefulLeaf, Status
from npcbrain.tree.arguments import shown_ms

__all__ = ["Act", "CannedReply", "Decide", "Heard", "Reflex"]

THINKS, OVER = "thinks", "over"  # how the handle of a Decide is saved
SAYS = "says"  # the handle of an Act whose deed is done and whose words are still to come
MAX_TTL_MS = 600_000.0  # ten minutes; an answer to a player is stale after a few seconds


@dataclass(frozen=True, slots=True)
class Heard(StatefulLeaf):
    """Whether something waits for an answer; turns to it. SUCCESS if so, else FAILURE."""

    is_still: ClassVar[bool] = True  # with no event, nothing to do
    name: str = ""

    def on_start(self, ctx: Context) -> Status:
        """Turns to the oldest event."""
        return Status.SUCCESS if _npc(ctx).attend() else Status.FAILURE

    def on_running(self, ctx: Context) -> Status:
        """Never RUNNING, so never called."""
        return self.on_start(ctx)


class Over:
    """In a game that was loaded, a thought that had ended before it was saved."""

    done = True


@dataclass(frozen=True, slots=True)
class Decide(StatefulLeaf):
    """Asks the model what to do about the event at hand.

    ===================================  =======================================================
    the thought                          answers
    ===================================  =======================================================
    under way                            RUNNING; ``npc.speech`` streams
    has decided on an action             SUCCESS, with ``npc.answer`` and ``npc.decision``; the
                                         words go on streaming, and ``Act`` waits for them
    is over without a decision           FAILURE, with ``npc.reason``
    is over, the action not legal        FAILURE, with the reason ``guarded``
    chose to talk, without words         FAILURE, with the reason ``no_words``
    there is no event                    FAILURE, with no reason
    ===================================  =======================================================

    Reasons: ``expired``, ``would_exceed``, ``no_budget``, ``no_model``, ``refused``,
    ``engine_error``, ``cancelled``, ``guarded`` (``npc.actions`` has changed in the meantime),
    ``no_words``, ``filtered`` (``Runtime(line_filter=...)``); with a server also ``unreachable``.
    ``blackboard["decision"]`` has the decision's plain form. Halted: the thought is dropped, the
    event stays at hand.

    Args:
        ttl_ms: How long an answer is worth waiting for.
        when: ``"decided"``: SUCCESS as soon as the action is known. ``"whole"``: only once the
            last word is said, and FAILURE if time runs out before; for trees that read the words.
        words: False has the model choose the deed only, at a fifth of the tokens, and leaves the
            words to ``Act`` (reason ``no_words``): for those far away, and for crowds.

    Raises:
        TreeError: ``ttl_ms`` is not above 0, or is more than ten minutes; ``when`` is neither; or
            nothing is to be said, and the tree waits for it.
    """

    is_still: ClassVar[bool] = True  # with no event, nothing to do
    ttl_ms: float | Pointer = 2500.0
    when: Literal["decided", "whole"] = "decided"
    words: bool = True
    name: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.ttl_ms, Pointer):
            _check_ttl(self.ttl_ms, "Decide()")
        if self.when not in ("decided", "whole"):
            raise TreeError(fault("when", "be decided or whole", self.when, "Decide()"))
        if not isinstance(self.words, bool):
            raise TreeError(fault("words", "be True or False", self.words, "Decide()"))
        if not self.words and self.when == "whole":
            advice = 'leave when at "decided"'
            raise TreeError(fault("words", "be True for a whole answer", False, "Decide()", advice))

    @property
    def extent(self) -> Extent:
        """How much of the answer must be there in time."""
        if not self.words:
            return Extent.DEED
        return Extent.WHOLE if self.when == "whole" else Extent.DECIDED

    @property
    def detail(self) -> str:
        """How long an answer is worth waiting for."""
        return shown_ms(self.ttl_ms)

    def on_start(self, ctx: Context) -> Status:
        """Begins a thought."""
        ttl_ms = self.ttl_ms
        if isinstance(ttl_ms, Pointer):
            ttl_ms = ctx.read(ttl_ms, float)
            _check_ttl(ttl_ms, ctx.path)
        ctx.handle = _npc(ctx).think(ttl_ms, extent=self.extent)
        return Status.FAILURE if ctx.handle is None else self._status(ctx)

    def on_running(self, ctx: Context) -> Status:
        """Looks whether it is decided; after loading a saved game it begins anew."""
        return self.on_start(ctx) if ctx.handle is None else self._status(ctx)

    def on_halted(self, ctx: Context) -> None:
        """Gives up the thought."""
        if ctx.handle is not None:
            _npc(ctx).drop_thought(ctx.handle)

    def on_save(self, ctx: Context) -> object:
        """Whether the thought is still under way."""
        return OVER if ctx.handle.done else THINKS

    def on_load(self, ctx: Context, data: object) -> None:
        """Goes on with the thought, if it was saved."""
        ctx.handle = _npc(ctx).thought or (Over() if data == OVER else None)

    @staticmethod
    def _status(ctx: Context) -> Status:
        npc = _npc(ctx)
        answer = npc.answer
        if answer is None:
            return Status.FAILURE if ctx.handle.done else Status.RUNNING
        if not npc.is_legal(answer):
            npc.decline(Reason.GUARDED)
            return Status.FAILURE
        return Status.SUCCESS


@dataclass(frozen=True, slots=True)
class Act(StatefulLeaf):
    """Does what was decided, by the handler given to ``Runtime.on_action``, and says it.

    The handler is called once, at the first tick, and again at each tick as long as it answers
    RUNNING; the words go on streaming meanwhile.

    ====================================  ======================================================
                                          answers
    ====================================  ======================================================
    the deed or the words go on           RUNNING
    the deed is done, all is said         SUCCESS; the event is over
    nothing was decided                   FAILURE
    the deed is refused at its first      FAILURE, with the reason ``guarded``: the handler
    tick                                  answered False or FAILURE, or it is legal no longer;
                                          the event stays at hand, for the tree to answer
    the game has no handler for it        FAILURE, with the reason ``no_handler``; likewise. Plain
                                          talk (``say``, ``speak``, ``answer``, ...) needs none
    the deed fails later                  FAILURE; the event is over
    ====================================  ======================================================

    If time runs out while the model speaks, what it says ends at its last whole sentence. If there
    is none, the next of ``lines`` is said instead: the deed is the model's, the words are the
    tree's. An answer that is plain talk is then left to the tree: FAILURE, the event stays at hand.
    Halted: the event is over, since what was begun and said cannot be taken back.

    Args:
        lines: What to say where the model has no words; None means the persona's ``fallback``.

    Raises:
        TreeError: ``lines`` is not a sequence of strings, or is empty.
    """

    is_still: ClassVar[bool] = True  # with no event, nothing to do
    lines: Sequence[str] | Pointer | None = None
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", _lines(self.lines, f"{type(self).__name__}()"))

    def on_start(self, ctx: Context) -> Status:
        """Calls the handler for the first time."""
        npc = _npc(ctx)
        decision = npc.answer
        if decision is None:
            return Status.FAILURE
        if not npc.is_legal(decision):
            npc.decline(Reason.GUARDED)
            return Status.FAILURE
        handler = npc.handler(decision.action)
        if handler is None and not only_talks(decision):
            npc.decline(Reason.NO_HANDLER)
            return Status.FAILURE
        status = Status.SUCCESS if handler is None else perform(npc, handler, decision, ctx.path)
        if status is Status.FAILURE:
            npc.decline(Reason.GUARDED)
            return Status.FAILURE
        npc.accept()
        return self._go_on(npc, status, ctx)

    def on_running(self, ctx: Context) -> Status:
        """Calls the handler again, or waits for the last word."""
        npc = _npc(ctx)
        decision = npc.answer
        if decision is None:  # words alone, and they did not come
            return Status.FAILURE
        status = Status.SUCCESS
        handler = npc.handler(decision.action)
        if ctx.handle is not SAYS and handler is not None:
            status = perform(npc, handler, decision, ctx.path)
        if status is Status.FAILURE:
            npc.finish_event(rest=True)
            return Status.FAILURE
        return self._go_on(npc, status, ctx)

    def on_halted(self, ctx: Context) -> None:
        """Lets the event go."""
        _npc(ctx).finish_event()

    def on_save(self, ctx: Context) -> object:
        """Whether the deed is done and its words are still to come."""
        return ctx.handle

    def on_load(self, ctx: Context, data: object) -> None:
        """A deed that is done is not done again."""
        ctx.handle = SAYS if data == SAYS else None

    def _go_on(self, npc: Responder, status: Status, ctx: Context) -> Status:
        if status is Status.RUNNING:
            return status
        ctx.handle = SAYS
        if npc.thinking:
            return Status.RUNNING
        if npc.tree_speaks:
            npc.reply(self._words(npc, ctx))
        else:
            npc.finish_event()
        return Status.SUCCESS

    def _words(self, npc: Responder, ctx: Context) -> Sequence[str] | None:
        """What to choose from where the tree has the word; None for the persona's ``fallback``."""
        return _told(self.lines, ctx)


@dataclass(frozen=True, slots=True)
class Reflex(Act):
    """The tree's own answer by classical reading: does what is called for, or tells a fact.

    What ``npcbrain.prompting.reflex`` finds, in the same frame and without a model: the likeliest
    deed, done as by ``Act``, with words that fit it; or the fact that was asked about, as it is
    written.

    ====================================  ======================================================
                                          answers
    ====================================  ======================================================
    a fact is said                        SUCCESS; the event is over
    a deed is found                       what ``Act`` answers
    nothing is found, or the game has     FAILURE; the event stays at hand
    no handler for the deed
    ====================================  ======================================================

    Args:
        lines: What to say beside a deed; None means a line that goes with it: the persona's own
            for the occasion (``handing over``, ``fleeing``, ``obeying``, ...), else its own of kind
            ``deed``, else one of the bank's (``npcbrain.prompting.stock_lines``).

    Raises:
        TreeError: ``lines`` is not a sequence of strings, or is empty.
    """

    is_still: ClassVar[bool] = True

    def __post_init__(self) -> None:
        Act.__post_init__(self)  # super() knows no class with slots
        load_tables()
        load_phrases()

    def on_start(self, ctx: Context) -> Status:
        """Reads the event, and answers or begins the deed."""
        npc = _npc(ctx)
        decision = npc.reflex()
        if decision is None:
            return Status.FAILURE
        if decision.say:
            npc.reply([decision.say])
            return Status.SUCCESS
        if npc.handler(decision.action) is None:
            return Status.FAILURE
        npc.choose(decision)
        return Act.on_start(self, ctx)

    def _words(self, npc: Responder, ctx: Context) -> Sequence[str] | None:
        """Words that fit the deed."""
        if self.lines is not None or npc.answer is None:
            return _told(self.lines, ctx)
        return [npc.words_for(npc.answer)]


@dataclass(frozen=True, slots=True)
class CannedReply(StatefulLeaf):
    """The tree's own answer to the event at hand: the next of its lines in turn.

    SUCCESS; FAILURE if there is nothing to answer.

    Args:
        lines: What to say; None means the persona's ``fallback`` lines.

    Raises:
        TreeError: ``lines`` is not a sequence of strings, or is empty.
    """

    is_still: ClassVar[bool] = True  # with no event, nothing to do
    lines: Sequence[str] | Pointer | None = None
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", _lines(self.lines, "CannedReply()"))

    def on_start(self, ctx: Context) -> Status:
        """Says the line."""
        npc = _npc(ctx)
        if not npc.attend():
            return Status.FAILURE
        npc.reply(_told(self.lines, ctx))
        return Status.SUCCESS

    def on_running(self, ctx: Context) -> Status:
        """Never RUNNING, so never called."""
        return self.on_start(ctx)


def _npc(ctx: Context) -> Responder:
    npc = ctx.owner
    if not isinstance(npc, Responder):
        advice = "add the tree with Runtime.add_npc"
        raise UsageError(fault("the tree's owner", "be an Npc", npc, ctx.path, advice))
    return npc


def _check_ttl(ttl_ms: object, where: str) -> None:
    number = isinstance(ttl_ms, int | float) and not isinstance(ttl_ms, bool)
    if not number or not 0.0 < ttl_ms <= MAX_TTL_MS:  # type: ignore[operator]
        rule = f"be a number above 0 and at most {MAX_TTL_MS:g}"
        raise TreeError(fault("ttl_ms", rule, ttl_ms, where))


def _lines(lines: Any, where: str) -> tuple[str, ...] | Pointer | None:
    """Lines as a leaf keeps them."""
    if lines is None or isinstance(lines, Pointer):
        return lines
    if isinstance(lines, str) or not lines or not all(isinstance(x, str) and x for x in lines):
        raise TreeError(fault("lines", "be a list of lines", lines, where, 'use ["Not now."]'))
    return tuple(lines)


def _told(lines: Sequence[str] | Pointer | None, ctx: Context) -> Sequence[str] | None:
    """Lines as they are now, where they come from the blackboard."""
    if not isinstance(lines, Pointer):
        return lines
    found = ctx.read(lines, list)
    _lines(found, ctx.path)
    return found
