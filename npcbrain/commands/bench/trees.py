"""``npcbrain bench trees``: what a tick costs here and in py_trees, and 500 NPCs a frame.

The same ten nodes in both, every one of them visited: a reactive selector over three reactive
sequences of two leaves each, which ask plain attributes of the same NPC. Neither side reports to
a display: py_trees ticks by ``tick_once`` of its root, its leanest way. Invariant: the two
are measured in turns, so that the machine's noise hits both, and both answered the same.

Wall time, because a frame is wall time; medians, because others use the machine as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from npcbrain.clock import SystemClock
from npcbrain.errors import UsageError, fault
from npcbrain.tree import (
    Condition,
    Node,
    ReactiveSelector,
    ReactiveSequence,
    Status,
    Task,
    compile,
)

__all__ = ["bench_trees"]

NUM_NPCS = 500
NUM_ROUNDS = 40
NUM_TICKS = 600  # of ours in a round, about a millisecond; a thirtieth as many of py_trees
PEER_SHARE = 30
WARM_UP = 3  # rounds that do not count: the interpreter specialises its bytecode by then


class Villager:
    """What both trees ask and drive."""

    __slots__ = ("eats", "fed", "hears", "hungry", "sees", "working")

    def __init__(self) -> None:
        self.hears = self.hungry = self.working = True
        self.sees = self.eats = self.fed = False


def our_tree() -> Node:
    """Ten nodes, all of them visited by a tick, which answers RUNNING."""
    return ReactiveSelector(
        ReactiveSequence(
            Condition("hears something", lambda npc: npc.hears),
            Condition("sees a thief", lambda npc: npc.sees),
        ),
        ReactiveSequence(
            Condition("is hungry", lambda npc: npc.hungry),
            Condition("has food", lambda npc: npc.eats),
        ),
        ReactiveSequence(
            Condition("is at work", lambda npc: npc.working),
            Task("work", lambda npc: Status.FAILURE if npc.fed else Status.RUNNING),
        ),
    )


def bench_trees(
    num_rounds: int = NUM_ROUNDS, on_progress: Callable[[int], object] = lambda done: None
) -> dict[str, Any]:
    """Measures; takes about two seconds.

    Args:
        num_rounds: Rounds that count; each measures both sides and one frame.
        on_progress: Called with the rounds done so far.

    Returns:
        ``ratio_vs_py_trees`` (the median over rounds of its time over ours), ``us_per_tick``,
        ``us_per_tick_py_trees``, ``ms_per_frame_500``, ``nodes``, ``py_trees`` (its version).

    Raises:
        UsageError: py_trees is not installed.
    """
    peer, version = _peer_tick()
    clock = SystemClock()
    definition = our_tree()
    trees = [compile(definition, Villager(), clock) for _ in range(NUM_NPCS)]
    ours = trees[0].tick

    def frame() -> None:
        for tree in trees:
            tree.tick()

    rounds: list[tuple[float, float, float]] = []
    for number in range(num_rounds + WARM_UP):
        cost = (
            _us_per_call(ours, NUM_TICKS),
            _us_per_call(peer, NUM_TICKS // PEER_SHARE),
            _us_per_call(frame, 1),
        )
        if number >= WARM_UP:
            rounds.append(cost)
            on_progress(len(rounds))
    return {
        "ratio_vs_py_trees": round(median(theirs / our for our, theirs, _ in rounds), 1),
        "us_per_tick": round(median(our for our, _, _ in rounds), 3),
        "us_per_tick_py_trees": round(median(theirs for _, theirs, _ in rounds), 2),
        "ms_per_frame_500": round(median(all_of_them for _, _, all_of_them in rounds) / 1e3, 3),
        "nodes": len(trees[0].nodes),
        "py_trees": version,
    }


def _us_per_call(call: Callable[[], object], count: int) -> float:
    started_ns = time.perf_counter_ns()
    for _ in range(count):
        call()
    return (time.perf_counter_ns() - started_ns) / count / 1e3


def _peer_tick() -> tuple[Callable[[], object], str]:
    """The same tree in py_trees: what ticks it, and the version."""
    try:
        import py_trees
    except ImportError as error:
        advice = "pip install npcbrain[bench]"
        raise UsageError(
            fault("py_trees", "be installed", None, "npcbrain bench trees", advice)
        ) from error
    from importlib.metadata import version

    npc = Villager()
    success, failure, running = (
        py_trees.common.Status.SUCCESS,
        py_trees.common.Status.FAILURE,
        py_trees.common.Status.RUNNING,
    )

    class Asks(py_trees.behaviour.Behaviour):
        def __init__(self, name: str, fn: Callable[[Villager], bool]) -> None:
            super().__init__(name)
            self.fn = fn

        def update(self) -> Any:
            return success if self.fn(npc) else failure

    class Works(Asks):
        def update(self) -> Any:
            return failure if npc.fed else running

    def sequence(name: str, *children: Any) -> Any:
        return py_trees.composites.Sequence(name, memory=False, children=list(children))

    root = py_trees.composites.Selector(
        "villager",
        memory=False,
        children=[
            sequence(
                "thief",
                Asks("hears something", lambda npc: npc.hears),
                Asks("sees a thief", lambda npc: npc.sees),
            ),
            sequence(
                "meal",
                Asks("is hungry", lambda npc: npc.hungry),
                Asks("has food", lambda npc: npc.eats),
            ),
            sequence(
                "day",
                Asks("is at work", lambda npc: npc.working),
                Works("work", lambda npc: npc.fed),
            ),
        ],
    )
    return root.tick_once, version("py_trees")
