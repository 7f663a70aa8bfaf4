"""What the nodes of ``own_nodes`` do, told for the plain interpreter; as Nav2's sources have it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from npcbrain.tree import Status

_, SUCCESS, FAILURE, RUNNING, SKIPPED = Status


def recovery(node: Any, number_of_retries: int = 1) -> Status:
    memory = node.memory
    memory.setdefault("retries", 0)
    while True:
        if not memory.get("in remedy"):
            status = node.children[0].run()
            if status is not FAILURE or memory["retries"] == number_of_retries:
                return status
            node.children[0].stop()
        memory["in remedy"] = True
        status = node.children[1].run()
        if status is RUNNING:
            return RUNNING
        if status is not SUCCESS:
            return FAILURE
        node.children[1].stop()
        memory["retries"] += 1
        memory["in remedy"] = False


def round_robin(node: Any) -> Status:
    place = node.memory.get("place", 0)
    failed = node.memory.get("failed", 0)
    while failed < len(node.children):
        status = node.children[place].run()
        if status is RUNNING or status is SUCCESS:
            node.memory = {"place": place, "failed": failed if status is RUNNING else 0}
            return status
        place = 0 if place + 1 == len(node.children) else place + 1
        failed += 1
        node.memory = {"place": place, "failed": failed}
    node.memory = {}
    return FAILURE


def pipeline(node: Any) -> Status:
    for number, child in enumerate(node.children):
        status = child.run()
        if status is FAILURE:
            return FAILURE
        if status is RUNNING and number >= node.memory.get("furthest", 0):
            node.memory["furthest"] = number
            return RUNNING
    return SUCCESS


def rate(node: Any, hz: float = 10.0) -> Status:
    is_first = "since" not in node.memory
    since = node.memory.setdefault("since", node.clock.ns)
    (child,) = node.children
    if is_first or child.status is RUNNING or node.clock.ns - since >= 1e9 / hz:
        return child.run()
    return RUNNING


BRANCHES: dict[str, Callable[..., Status]] = {
    "RecoveryNode": recovery,
    "RoundRobin": round_robin,
    "PipelineSequence": pipeline,
    "RateController": rate,
}
