"""Nodes that run scripts, and ``SubTree``, a tree inside a tree.

``RunScript`` and ``CheckScript`` are leaves; ``Conditioned`` carries the pre- and postconditions of
a node; ``SubTree`` gives a part of a tree its name and first entries. The language is in
``script``. Invariant: a script that fails raises an error with the node's path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from npcbrain.errors import TreeError
from npcbrain.tree.decorators import Decorator, answering
from npcbrain.tree.node import BLACKBOARD, Compiled, Node, Site, State
from npcbrain.tree.pointer import Pointer, reader
from npcbrain.tree.ports import Port
from npcbrain.tree.script import Script, is_true
from npcbrain.tree.status import FAILURE, IDLE, RUNNING, SKIPPED, SUCCESS, Status

__all__ = [
    "OUTCOMES",
    "CheckScript",
    "Conditioned",
    "CopyEntry",
    "RunScript",
    "ScriptGate",
    "SubTree",
    "UnsetBlackboard",
    "outcome",
]

OUTCOMES: Mapping[str, Status] = {s.name: s for s in (FAILURE, SUCCESS, SKIPPED, RUNNING)}


@dataclass(frozen=True, slots=True)
class RunScript(Node):
    """Runs a script; SUCCESS. BehaviorTree.CPP calls it Script."""

    script: Script
    name: str = ""

    @property
    def detail(self) -> str:
        """The script."""
        return self.script.text

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, run = site.index, _runner(self.script, site)

        def tick(me: State) -> Status:
            run(me)
            me[index] = SUCCESS
            return SUCCESS

        return Compiled(tick, _nothing)


@dataclass(frozen=True, slots=True)
class CheckScript(Node):
    """SUCCESS if the script's value is true, else FAILURE.

    BehaviorTree.CPP calls it ScriptCondition.
    """

    script: Script
    name: str = ""

    @property
    def detail(self) -> str:
        """The script."""
        return self.script.text

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        return answering(_asker(self.script, site), site)


@dataclass(frozen=True, slots=True)
class CopyEntry(Node):
    """Copies an entry of the blackboard; SUCCESS, or FAILURE if there is none."""

    source: str
    target: str
    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, source, target = site.index, self.source, self.target

        def tick(me: State) -> Status:
            board = me[BLACKBOARD]
            status: Status = SUCCESS if source in board else FAILURE
            if status is SUCCESS:
                board[target] = board[source]
            me[index] = status
            return status

        return Compiled(tick, _nothing)


@dataclass(frozen=True, slots=True)
class UnsetBlackboard(Node):
    """Removes an entry from the blackboard, if it is there; SUCCESS."""

    key: str
    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, key = site.index, self.key

        def tick(me: State) -> Status:
            me[BLACKBOARD].pop(key, None)
            me[index] = SUCCESS
            return SUCCESS

        return Compiled(tick, _nothing)


@dataclass(frozen=True, slots=True)
class ScriptGate(Decorator):
    """``Precondition`` with a script: asked before the child begins, not while it runs.

    Args:
        child: What the script allows.
        script: Its value decides.
        otherwise: SUCCESS, FAILURE, SKIPPED or RUNNING, without ticking the child; a pointer's
            entry holds the word.
        name: For displays and errors; may be empty.
    """

    script: Script
    otherwise: Status | Pointer = FAILURE
    name: str = ""

    @property
    def detail(self) -> str:
        """The script."""
        return self.script.text

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, running = site.index, site.slot()
        ask, otherwise = _asker(self.script, site), outcome(self.otherwise, "else", site)
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            if me[running] == 1 or ask(me):
                status = tick_child(me)
                me[running] = 1 if status is RUNNING else 0
            else:
                status = otherwise(me)
            me[index] = status
            return status

        def halt(me: State) -> None:
            me[running] = 0
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        skips = self.otherwise is SKIPPED or isinstance(self.otherwise, Pointer)
        return Compiled(tick, halt, may_skip or skips)


@dataclass(frozen=True, slots=True)
class Conditioned(Decorator):
    """A node with preconditions and postconditions, as attributes of a tree file give them.

    Asked in this order before the child is ticked:

    ==============  ============  ==============================================
    condition       asked         when it is met
    ==============  ============  ==============================================
    failure_if      if idle       FAILURE, without ticking the child
    success_if      if idle       SUCCESS, without ticking the child
    skip_if         if idle       SKIPPED, without ticking the child
    while_true      always        goes on; if not met: halts the child, SKIPPED
    ==============  ============  ==============================================

    Run after it: ``on_success`` or ``on_failure``, then ``post`` after either; ``on_halted`` when
    the child is stopped while RUNNING.

    Args:
        child: The node they belong to.
        failure_if: ``_failureIf`` in XML; None for none, as in all that follow.
        success_if: ``_successIf``.
        skip_if: ``_skipIf``.
        while_true: ``_while``.
        on_success: ``_onSuccess``.
        on_failure: ``_onFailure``.
        on_halted: ``_onHalted``.
        post: ``_post``.
        name: For displays and errors; may be empty.
    """

    failure_if: Script | None = None
    success_if: Script | None = None
    skip_if: Script | None = None
    while_true: Script | None = None
    on_success: Script | None = None
    on_failure: Script | None = None
    on_halted: Script | None = None
    post: Script | None = None
    name: str = ""

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index, running = site.index, site.slot()
        tick_child, halt_child, may_skip = site.child(self.child)
        before = tuple(
            (_asker(script, site), wanted, status)
            for script, wanted, status in (
                (self.failure_if, True, FAILURE),
                (self.success_if, True, SUCCESS),
                (self.skip_if, True, SKIPPED),
                (self.while_true, False, SKIPPED),
            )
            if script is not None
        )
        stays = None if self.while_true is None else _asker(self.while_true, site)
        succeeded = _all(site, self.on_success, self.post)
        failed = _all(site, self.on_failure, self.post)
        halted = _all(site, self.on_halted)

        def stop(me: State) -> None:
            if me[running] == 1:
                me[running] = 0
                halt_child(me)
                for run in halted:
                    run(me)

        def decide(me: State) -> Status:
            if me[running] == 0:
                for ask, wanted, answer in before:
                    if ask(me) is wanted:
                        return answer
            elif stays is not None and not stays(me):
                stop(me)
                return SKIPPED
            return tick_child(me)

        def tick(me: State) -> Status:
            status = decide(me)
            me[running] = 1 if status is RUNNING else 0
            if status is SUCCESS:
                for run in succeeded:
                    run(me)
            elif status is FAILURE:
                for run in failed:
                    run(me)
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            stop(me)
            halt_child(me)

        skips = self.skip_if is not None or self.while_true is not None
        return Compiled(tick, halt, may_skip or skips)


@dataclass(frozen=True, slots=True)
class SubTree(Decorator):
    """A tree inside a tree; it answers what its child answers.

    Its entries on the blackboard are its own: their keys carry the subtree's name.

    Args:
        child: The root of the inner tree.
        name: For displays and errors.
        entries: Keys and values put on the blackboard when a tree is made, unless they are there.
        tree: The id of the inner tree in its file.
        ports: How it was connected, as pairs of attribute and text, so that it can be written.
    """

    name: str = ""
    entries: tuple[tuple[str, Any], ...] = ()
    tree: str = ""
    ports: tuple[tuple[str, str], ...] = ()

    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node."""
        index = site.index
        for key, value in self.entries:
            site.entry(key, value)
        tick_child, halt_child, may_skip = site.child(self.child)

        def tick(me: State) -> Status:
            status = tick_child(me)
            me[index] = status
            return status

        def halt(me: State) -> None:
            if me[index] is RUNNING:
                me[index] = IDLE
            halt_child(me)

        return Compiled(tick, halt, may_skip)


def outcome(status: Status | Pointer, what: str, site: Site) -> Callable[[State], Status]:
    """A function that gives a status, which the blackboard may hold as a word."""
    if isinstance(status, Pointer):
        port = Port(what, str, choices=tuple(OUTCOMES))
        return reader(status, port, site, turn=OUTCOMES.__getitem__)
    return lambda me: status


def _nothing(me: State) -> None:
    """The halt of a leaf that is never RUNNING."""


def _all(site: Site, *scripts: Script | None) -> tuple[Callable[[State], Any], ...]:
    return tuple(_runner(script, site) for script in scripts if script is not None)


def _runner(script: Script, site: Site) -> Callable[[State], Any]:
    run = script.run

    def run_on(me: State) -> Any:
        try:
            return run(me[BLACKBOARD])
        except TreeError as error:
            raise TreeError(f"{error} (in {site.what}, {site.path})") from error

    return run_on


def _asker(script: Script, site: Site) -> Callable[[State], bool]:
    run = _runner(script, site)
    return lambda me: is_true(run(me), script)
