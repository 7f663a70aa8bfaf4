"""The nodes that every tree file knows: names and ports of BehaviorTree.CPP 4, and ours.

A table, and how each row becomes a node; ``loader`` reads the files.
Invariant: in files the names are BehaviorTree.CPP's (``Fallback``), in Python ours (``Selector``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from npcbrain.tree.composites import (
    AsyncSelector,
    AsyncSequence,
    Concurrent,
    ReactiveSelector,
    ReactiveSequence,
    Selector,
    Sequence,
    SequenceWithMemory,
)
from npcbrain.tree.control import IfThenElse, Switch, WhileDoElse
from npcbrain.tree.decorators import (
    ForceFailure,
    ForceSuccess,
    Inverter,
    KeepRunningUntilFailure,
)
from npcbrain.tree.leaves import Fail, SetBlackboard, Succeed, Wait
from npcbrain.tree.loops import LoopBool, LoopDouble, LoopInt, LoopString
from npcbrain.tree.node import Node
from npcbrain.tree.parallel import Parallel, ParallelAll
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.ports import DURATION, TURNS, Port
from npcbrain.tree.scripted import OUTCOMES, CheckScript, RunScript, ScriptGate, UnsetBlackboard
from npcbrain.tree.status import Status
from npcbrain.tree.timing import Cooldown, Delay, Timeout
from npcbrain.tree.trycatch import TryCatch
from npcbrain.tree.turns import Repeat, Retry, RunOnce
from npcbrain.tree.updates import SkipUnlessUpdated, WaitValueUpdate, WasEntryUpdated

__all__ = ["BUILTINS", "OLD_NAMES", "Builtin"]

Values = Mapping[str, Any]
Make = Callable[[list[Node], Values, str], Node]
Write = Callable[[Any], dict[str, Any]]

NO_CHILD, ONE_CHILD, MANY_CHILDREN = (0, 0), (1, 1), (1, 10_000)


@dataclass(frozen=True, slots=True)
class Builtin:
    """A row of the table.

    Attributes:
        id: The name in files.
        kind: The class it becomes.
        family: As editors have it: Control, Decorator, Action or Condition.
        children: Fewest and most.
        ports: Its attributes.
        make: From children, values of ports, and name.
        write: From the node back to values of ports.
    """

    id: str
    kind: type[Node]
    family: str
    children: tuple[int, int]
    ports: tuple[Port, ...]
    make: Make
    write: Write


def _control(id: str, kind: type[Any], children: tuple[int, int] = MANY_CHILDREN) -> Builtin:
    return Builtin(
        id, kind, "Control", children, (), lambda kids, _, name: kind(*kids, name=name), _no_ports
    )


def _decorator(id: str, kind: type[Any]) -> Builtin:
    return Builtin(
        id,
        kind,
        "Decorator",
        ONE_CHILD,
        (),
        lambda kids, _, name: kind(kids[0], name=name),
        _no_ports,
    )


def _timed(id: str, kind: type[Any], port: str) -> Builtin:
    ports = (Port(port, float, limits=DURATION),)
    return Builtin(
        id,
        kind,
        "Decorator",
        ONE_CHILD,
        ports,
        lambda kids, values, name: kind(kids[0], values[port], name=name),
        lambda node: {port: _short(node.ms)},
    )


def _turns(id: str, kind: type[Any], port: str) -> Builtin:
    def make(kids: list[Node], values: Values, name: str) -> Node:
        count = values[port]
        node: Node = kind(kids[0], None if count == -1 else count, name=name)
        return node

    return Builtin(
        id,
        kind,
        "Decorator",
        ONE_CHILD,
        (Port(port, int, limits=TURNS),),
        make,
        lambda node: {port: -1 if (count := getattr(node, port)) is None else count},
    )


def _leaf(id: str, kind: type[Any], family: str = "Action") -> Builtin:
    return Builtin(id, kind, family, NO_CHILD, (), lambda _, __, name: kind(name=name), _no_ports)


def _script(id: str, kind: type[Any], family: str, value: type) -> Builtin:
    return Builtin(
        id,
        kind,
        family,
        NO_CHILD,
        (Port("code", value, is_script=True),),
        lambda _, values, name: kind(values["code"], name=name),
        lambda node: {"code": node.script.text},
    )


def _loop(id: str, kind: type[Any]) -> Builtin:
    ports = (
        Port("queue", list, item=kind.kind),
        Port("if_empty", str, "SUCCESS", tuple(OUTCOMES)),
        Port("value", object, "", is_output=True),
    )
    return Builtin(
        id,
        kind,
        "Decorator",
        ONE_CHILD,
        ports,
        lambda kids, values, name: kind(
            kids[0], values["queue"], values["value"], _outcome(values["if_empty"]), name=name
        ),
        lambda node: {
            "queue": node.queue,
            "if_empty": getattr(node.if_empty, "name", node.if_empty),
            "value": node.key,
        },
    )


def _watching(id: str, kind: type[Any]) -> Builtin:
    is_leaf = kind is WasEntryUpdated
    return Builtin(
        id,
        kind,
        "Action" if is_leaf else "Decorator",
        NO_CHILD if is_leaf else ONE_CHILD,
        (Port("entry", object, is_output=True),),
        lambda kids, values, name: kind(*kids, values["entry"], name=name),
        lambda node: {"entry": node.key},
    )


def _parallel(kids: list[Node], values: Values, name: str) -> Node:
    success_count, failure_count = values["success_count"], values["failure_count"]
    return Parallel(
        *kids,
        success_count=None if success_count == -1 else success_count,
        failure_count=None if failure_count == -1 else failure_count,
        name=name,
    )


def _switch(num_cases: int) -> Builtin:
    cases = tuple(f"case_{number + 1}" for number in range(num_cases))
    ports = (Port("variable", object, is_output=True), *(Port(case, object) for case in cases))
    return Builtin(
        f"Switch{num_cases}",
        Switch,
        "Control",
        (num_cases + 1, num_cases + 1),
        ports,
        lambda kids, values, name: Switch(
            *kids, key=values["variable"], cases=tuple(values[case] for case in cases), name=name
        ),
        lambda node: {
            "variable": node.key,
            **dict(zip(cases, node.cases, strict=True)),
        },
    )


def _no_ports(node: Node) -> dict[str, Any]:
    return {}


def _short(number: float | Pointer) -> int | float | Pointer:
    if isinstance(number, Pointer):
        return number
    return int(number) if number == int(number) else number


def _outcome(word: str | Pointer) -> Status | Pointer:
    return word if isinstance(word, Pointer) else OUTCOMES[word]


BUILTINS: Mapping[str, Builtin] = {
    row.id: row
    for row in (
        _control("Sequence", Sequence),
        _control("SequenceWithMemory", SequenceWithMemory),
        _control("ReactiveSequence", ReactiveSequence),
        _control("Fallback", Selector),
        _control("ReactiveFallback", ReactiveSelector),
        _control("AsyncSequence", AsyncSequence),
        _control("AsyncFallback", AsyncSelector),
        _control("Concurrent", Concurrent),
        _control("IfThenElse", IfThenElse, (2, 3)),
        _control("WhileDoElse", WhileDoElse, (2, 3)),
        Builtin(
            "Parallel",
            Parallel,
            "Control",
            MANY_CHILDREN,
            (
                Port("success_count", int, -1),
                Port("failure_count", int, 1),
            ),
            _parallel,
            lambda node: {
                "success_count": -1 if node.success_count is None else node.success_count,
                "failure_count": -1 if node.failure_count is None else node.failure_count,
            },
        ),
        Builtin(
            "ParallelAll",
            ParallelAll,
            "Control",
            MANY_CHILDREN,
            (Port("max_failures", int, 1),),
            lambda kids, values, name: ParallelAll(
                *kids, max_failures=values["max_failures"], name=name
            ),
            lambda node: {"max_failures": node.max_failures},
        ),
        Builtin(
            "TryCatch",
            TryCatch,
            "Control",
            (2, MANY_CHILDREN[1]),
            (Port("catch_on_halt", bool, False),),
            lambda kids, values, name: TryCatch(
                *kids, catch_on_halt=values["catch_on_halt"], name=name
            ),
            lambda node: {"catch_on_halt": node.catch_on_halt},
        ),
        *(_switch(num_cases) for num_cases in range(2, 7)),
        _decorator("Inverter", Inverter),
        _decorator("ForceSuccess", ForceSuccess),
        _decorator("ForceFailure", ForceFailure),
        _decorator("KeepRunningUntilFailure", KeepRunningUntilFailure),
        _turns("Repeat", Repeat, "num_cycles"),
        _turns("RetryUntilSuccessful", Retry, "num_attempts"),
        _loop("LoopInt", LoopInt),
        _loop("LoopDouble", LoopDouble),
        _loop("LoopString", LoopString),
        _loop("LoopBool", LoopBool),
        _watching("SkipUnlessUpdated", SkipUnlessUpdated),
        _watching("WaitValueUpdate", WaitValueUpdate),
        _watching("WasEntryUpdated", WasEntryUpdated),
        _timed("Delay", Delay, "delay_msec"),
        _timed("Timeout", Timeout, "msec"),
        _timed("Cooldown", Cooldown, "msec"),
        Builtin(
            "RunOnce",
            RunOnce,
            "Decorator",
            ONE_CHILD,
            (Port("then_skip", bool, True),),
            lambda kids, values, name: RunOnce(kids[0], name=name, then_skip=values["then_skip"]),
            lambda node: {"then_skip": node.then_skip},
        ),
        Builtin(
            "Precondition",
            ScriptGate,
            "Decorator",
            ONE_CHILD,
            (Port("if", bool, is_script=True), Port("else", str, "FAILURE", tuple(OUTCOMES))),
            lambda kids, values, name: ScriptGate(
                kids[0], values["if"], _outcome(values["else"]), name=name
            ),
            lambda node: {
                "if": node.script.text,
                "else": getattr(node.otherwise, "name", node.otherwise),
            },
        ),
        Builtin(
            "SetBlackboard",
            SetBlackboard,
            "Action",
            NO_CHILD,
            (Port("value", object), Port("output_key", object, is_output=True)),
            lambda _, values, name: SetBlackboard(values["output_key"], values["value"], name=name),
            lambda node: {"value": node.value, "output_key": node.key},
        ),
        Builtin(
            "UnsetBlackboard",
            UnsetBlackboard,
            "Action",
            NO_CHILD,
            (Port("key", object, is_output=True),),
            lambda _, values, name: UnsetBlackboard(values["key"], name=name),
            lambda node: {"key": node.key},
        ),
        _leaf("AlwaysSuccess", Succeed),
        _leaf("AlwaysFailure", Fail),
        Builtin(
            "Sleep",
            Wait,
            "Action",
            NO_CHILD,
            (Port("msec", float, limits=DURATION),),
            lambda _, values, name: Wait(values["msec"], name=name),
            lambda node: {"msec": _short(node.ms)},
        ),
        _script("Script", RunScript, "Action", object),
        _script("ScriptCondition", CheckScript, "Condition", bool),
    )
}

# Names from other versions of BehaviorTree.CPP, and our Python names, for advice.
OLD_NAMES: Mapping[str, str] = {
    "SequenceStar": "SequenceWithMemory",
    "Selector": "Fallback",
    "FallbackStar": "Fallback",
    "ReactiveSelector": "ReactiveFallback",
    "Retry": "RetryUntilSuccessful",
    "RetryUntilSuccesful": "RetryUntilSuccessful",
    "SubTreePlus": "SubTree",
    "Wait": "Sleep",
    "Succeed": "AlwaysSuccess",
    "Fail": "AlwaysFailure",
    "Guard": "Precondition",
    "AsyncSelector": "AsyncFallback",
    "BlackboardCheckInt": "Precondition",
    "BlackboardCheckString": "Precondition",
    "BlackboardCheckDouble": "Precondition",
    "BlackboardCheckBool": "Precondition",
}
