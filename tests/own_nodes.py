"""Nodes with children as a game would register them: four that Nav2's users know."""

from __future__ import annotations

from npcbrain.tree import BranchContext, Registry, Status

FAILURE, RUNNING, SKIPPED, SUCCESS = (
    Status.FAILURE,
    Status.RUNNING,
    Status.SKIPPED,
    Status.SUCCESS,
)


def words_with_branches() -> Registry:
    """A registry that knows them."""
    words = Registry()
    words.control(
        "RecoveryNode",
        recovery,
        children=(2, 2),
        remembers=("place", "retries"),
        on_halt=forget_recovery,
    )
    words.control("RoundRobin", round_robin, remembers=("place", "failed"), on_halt=forget_robin)
    words.control("PipelineSequence", pipeline, remembers=("furthest",), on_halt=forget_pipeline)
    words.decorator("RateController", rate, moments=("since",))
    return words


def recovery(ctx: BranchContext, number_of_retries: int = 1) -> Status:
    """Ticks its second child when the first has failed, then tries the first again."""
    answer = _recover(ctx, number_of_retries)
    if answer is not RUNNING:
        forget_recovery(ctx)
    return answer


def _recover(ctx: BranchContext, number_of_retries: int) -> Status:
    work, remedy = ctx.children
    while True:
        if ctx["place"] == 0:
            status = work.tick()
            if status is not FAILURE:
                return status
            if ctx["retries"] >= number_of_retries:
                return FAILURE
            ctx["place"] = 1
        status = remedy.tick()
        if status is not SUCCESS:
            return RUNNING if status is RUNNING else FAILURE
        ctx["retries"] += 1
        ctx["place"] = 0


def forget_recovery(ctx: BranchContext) -> None:
    ctx["place"] = ctx["retries"] = 0


def round_robin(ctx: BranchContext) -> Status:
    """Ticks the child whose turn it is; the next has its turn when that one fails."""
    while ctx["failed"] < len(ctx.children):
        status = ctx.children[ctx["place"]].tick()
        if status is RUNNING:
            return RUNNING
        if status is SUCCESS:
            ctx["failed"] = 0
            return SUCCESS
        ctx["place"] = (ctx["place"] + 1) % len(ctx.children)
        ctx["failed"] += 1
    forget_robin(ctx)
    return FAILURE


def forget_robin(ctx: BranchContext) -> None:
    ctx["place"] = ctx["failed"] = 0


def pipeline(ctx: BranchContext) -> Status:
    """A sequence that ticks again all that are before the child it has come to."""
    for number, child in enumerate(ctx.children):
        status = child.tick()
        if status is FAILURE:
            forget_pipeline(ctx)
            return FAILURE
        if status is RUNNING and number >= ctx["furthest"]:
            ctx["furthest"] = number
            return RUNNING
    forget_pipeline(ctx)
    return SUCCESS


def forget_pipeline(ctx: BranchContext) -> None:
    ctx["furthest"] = 0


def rate(ctx: BranchContext, hz: float = 10.0) -> Status:
    """Ticks its child at once, then only so often, unless it is RUNNING."""
    is_first = ctx.is_new
    if is_first:
        ctx["since"] = ctx.now_ns
    waited_ns = ctx.now_ns - ctx["since"]
    if not (is_first or ctx.child.status is RUNNING or waited_ns >= 1e9 / hz):
        return RUNNING
    return ctx.child.tick()
