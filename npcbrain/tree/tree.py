"""One NPC's tree at work: ``compile`` makes a ``Tree`` from a definition.

It has no part in what the nodes decide. Invariant: between two ticks the tree is consistent. A tick
that raises leaves no leaf running: the tree is halted before the error goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from npcbrain.clock import Clock
from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_child
from npcbrain.tree.blackboard import Blackboard, check_snapshot
from npcbrain.tree.carry import carried, kept_nodes
from npcbrain.tree.node import FIRST, NEVER_NS, NOW_NS, Node, NodeInfo, Program, Slot, program_of
from npcbrain.tree.status import Status

__all__ = ["Tree", "compile"]

FORMAT = 1  # of a saved state


def _anybody(where: str) -> None:
    """Who belongs to no game may be called from anywhere."""


def compile(
    root: Node,
    owner: object,
    clock: Clock,
    blackboard: Blackboard | None = None,
    guard: Callable[[str], None] = _anybody,
) -> Tree:
    """Makes one NPC's tree.

    The first tree of a definition costs about 6 us a node; the others share its program.

    Args:
        root: The definition; it may be shared by any number of trees.
        owner: What the game's functions are called with; the tree never looks into it.
        clock: Where all time in the tree comes from; read at most once a tick.
        blackboard: Used as it is; a new one if None.
        guard: Called with ``"Tree.halt()"`` and the like before the tree is halted, restored or
            adopts another definition; raises where that is not allowed, as on another thread.

    Raises:
        TreeError: An argument is not of its kind, or the tree is too deep.
    """
    check_child(root, "compile()")
    if blackboard is None:
        blackboard = Blackboard()
    if not isinstance(blackboard, Blackboard):
        raise TreeError(fault("blackboard", "be a Blackboard", blackboard, "compile()"))
    if not callable(getattr(clock, "now_ns", None)):
        raise TreeError(fault("clock", "have now_ns()", clock, "compile()"))
    return Tree(root, owner, clock, blackboard, guard)


class Tree:
    """A compiled tree; made by ``compile``.

    Attributes:
        root: The definition it was made from.
        blackboard: What its nodes share with the game.
        nodes: Where each node stands, in order of definition (parents before children).
        is_still: Whether another tick would do nothing and answer the same, as long as nothing
            happens to the owner.
        only_waits: Whether it is RUNNING as it was the tick before, and another tick would do
            nothing either before what it waits for has come.
    """

    __slots__ = (
        "_blank",
        "_busy",
        "_cleared",
        "_end",
        "_guard",
        "_halt_root",
        "_me",
        "_program",
        "_ran",
        "_read_clock",
        "_reads_time",
        "_tick_root",
        "blackboard",
        "is_still",
        "nodes",
        "only_waits",
        "root",
    )

    def __init__(
        self,
        root: Node,
        owner: object,
        clock: Clock,
        blackboard: Blackboard,
        guard: Callable[[str], None],
    ) -> None:
        self.nodes: tuple[NodeInfo, ...]
        self._ran = False  # whether the last tick said RUNNING
        self._take(program_of(root))
        self._me = self._program.start(owner, blackboard)
        self._read_clock = clock.now_ns
        self._busy = False
        self._guard = guard
        self.root = root
        self.blackboard = blackboard

    def tick(self) -> Status:
        """Ticks the root once; the answer is SUCCESS, FAILURE or RUNNING.

        Raises:
            TreeError: A function of the game raised (it is the cause) or returned what it must
                not, or the tree is already being ticked. Except in the last case the tree has
                been halted, so the next tick begins anew.
        """
        if self._busy:
            raise self._refused("tick")
        self._busy = True
        me = self._me
        try:
            if self._reads_time:
                me[NOW_NS] = self._read_clock()
            # A node that this tick does not visit is IDLE: a RUNNING one is ticked or halted.
            me[FIRST : self._cleared] = self._blank
            status = self._tick_root(me)
            if self._program.is_still:
                runs = status is Status.RUNNING
                self.is_still = not runs
                self.only_waits, self._ran = runs and self._ran, runs
            return status
        except BaseException as error:
            self._halt_after(error)
            raise
        finally:
            self._busy = False

    def halt(self) -> None:
        """Stops whatever is running; the next tick begins anew.

        Memory that is meant to outlast a run stays: cooldowns, ``RunOnce``, ``SequenceWithMemory``.

        Raises:
            TreeError: A function of the game raised while it was being halted; everything else
                has been halted all the same. Or the tree is being ticked.
        """
        self._guard("Tree.halt()")
        if self._busy:
            raise self._refused("halt")
        self._busy = True
        self.is_still = self.only_waits = self._ran = False
        me = self._me
        try:
            if self._reads_time:
                me[NOW_NS] = self._read_clock()
            self._halt_root(me)
            me[FIRST : self._cleared] = self._blank
        except BaseException as error:
            self._halt_after(error)
            raise
        finally:
            self._busy = False

    @property
    def statuses(self) -> list[tuple[NodeInfo, Status]]:
        """Each node with its answer at the last tick; IDLE if it was not visited.

        For displays: a list of ``nodes`` in their order, made anew by each reading.
        """
        return list(zip(self.nodes, self._me[FIRST : self._end], strict=True))

    def status_of(self, node: str) -> Status:
        """The answer of one node at the last tick.

        Args:
            node: Its path (``root/0/2``), or its name if no other node has it.

        Raises:
            TreeError: There is no such node, or more than one.
        """
        found = [i for i, info in enumerate(self.nodes) if info.path == node]
        if not found:
            found = [i for i, info in enumerate(self.nodes) if info.name == node]
        if not found:
            advice = "Tree.nodes lists the paths"
            raise TreeError(fault("node", "be in the tree", node, "Tree.status_of()", advice))
        if len(found) > 1:
            paths = ", ".join(self.nodes[i].path for i in found)
            advice = f"use a path: {paths}"
            raise TreeError(fault("name", "be unique", node, "Tree.status_of()", advice))
        status: Status = self._me[FIRST + found[0]]
        return status

    def state(self) -> dict[str, Any]:
        """All the tree remembers, as plain data for a save file.

        Moments are held relative to now, so the state may be restored under another clock.
        Live handles of leaves are not in it. Durations are not either: they are the definition's.

        Raises:
            TreeError: Something on the blackboard is not plain data, or the tree is being ticked.
        """
        if self._busy:
            raise self._refused("state")
        now_ns = self._read_clock() if self._reads_time else 0
        memory = [self._saved(slot, now_ns) for slot in self._program.slots]
        me = self._me
        return {
            "format": FORMAT,
            "shape": self._program.shape,
            "statuses": [int(status) for status in me[FIRST : self._end]],
            "memory": memory,
            "blackboard": self.blackboard.snapshot(),
        }

    def restore(self, state: object) -> None:
        """Takes over a state; the tree goes on from there as the saved one would have.

        What is running now is halted first. A leaf that was RUNNING in the state is RUNNING
        afterwards, without its live handle (see ``StatefulLeaf``).

        Args:
            state: What ``state`` returned, of a tree with the same kinds and names of nodes.

        Raises:
            TreeError: It is not such a state; nothing has changed. Or something raised while it
                was being halted; then the tree is halted and the state is not taken over.
        """
        self._guard("Tree.restore()")
        if self._busy:
            raise self._refused("restore")
        statuses, memory, blackboard = self._read(state)
        self.halt()
        now_ns = self._read_clock() if self._reads_time else 0
        me = self._me
        me[FIRST : self._end] = statuses
        self.blackboard.clear()
        self.blackboard.update(blackboard)
        for slot, value in zip(self._program.slots, memory, strict=True):
            if slot.watched:  # after the blackboard: restoring it has counted as writing
                value = -1 if value else self.blackboard.writes.get(slot.watched, 0)
            elif slot.is_moment and value != NEVER_NS:
                value += now_ns
            me[slot.at] = value

    def adopt(self, root: Node) -> None:
        """Goes on with another definition: an edited one, while the game runs.

        A node keeps all it remembers, running or not, if its path, kind and name and those of its
        children are as before, and the same holds for every node above it. All other nodes are
        halted first; those of them that are in both definitions keep what outlasts a halt, such as
        cooldowns. The blackboard stays, except for values that the definition gives to its subtrees
        and that were edited.

        Raises:
            TreeError: It is not a definition, it is too deep, or the tree is being ticked; nothing
                has changed. Or a function of the game raised while it was being halted; the tree
                has taken over the definition all the same.
        """
        self._guard("Tree.adopt()")
        if self._busy:
            raise self._refused("adopt")
        check_child(root, "Tree.adopt()")
        program = program_of(root)
        old, me = self._program, self._me
        error: Exception | None = None
        self._busy = True
        try:
            if self._reads_time:
                me[NOW_NS] = self._read_clock()
            kept = kept_nodes(old, program)
            for number, halt in enumerate(old.halts):
                if number not in kept:
                    try:
                        halt(me)
                    except Exception as another:
                        error = error or another
            self._me = carried(old, program, me, kept)
            for key, value in program.entries.items():
                if key in old.entries and old.entries[key] != value:
                    self.blackboard[key] = value
        finally:
            self._busy = False
        self._take(program)
        self.root = root
        if error is not None:
            raise error

    def _saved(self, slot: Slot, now_ns: int) -> int:
        value: int = self._me[slot.at]
        if slot.watched:
            return int(value != self.blackboard.writes.get(slot.watched, 0))
        return value - now_ns if slot.is_moment and value != NEVER_NS else value

    def _take(self, program: Program) -> None:
        self._program = program
        self._tick_root = program.tick
        self._halt_root = program.halt
        self._end = FIRST + len(program.infos)
        self._cleared = FIRST + len(program.blank)
        self._blank = program.blank
        self.is_still = self.only_waits = self._ran = False
        self._reads_time: bool = program.reads_time
        self.nodes = program.infos

    def _read(self, state: object) -> tuple[list[Status], list[int], dict[str, Any]]:
        where = "Tree.restore()"
        if not isinstance(state, Mapping):
            raise TreeError(fault("state", "be a dictionary", state, where))
        if state.get("format") != FORMAT:
            advice = "it was saved by another version of npcbrain"
            raise TreeError(fault("$.format", f"be {FORMAT}", state.get("format"), where, advice))
        shape = self._program.shape
        if state.get("shape") != shape:
            advice = "the tree has changed since it was saved; begin it anew"
            raise TreeError(fault("$.shape", f"be {shape!r}", state.get("shape"), where, advice))
        statuses = _read_ints(
            state.get("statuses"), "$.statuses", [(0, len(Status) - 1)] * len(self.nodes)
        )
        limits = [(slot.low, slot.high) for slot in self._program.slots]
        memory = _read_ints(state.get("memory"), "$.memory", limits)
        blackboard = check_snapshot(state.get("blackboard"))
        return [Status(status) for status in statuses], memory, blackboard

    def _halt_after(self, error: BaseException) -> None:
        self.is_still = self.only_waits = self._ran = False
        # A leaf that raises while it is halted counts as halted, so each round has one leaf less.
        while True:
            try:
                self._halt_root(self._me)
                self._me[FIRST : self._cleared] = self._blank
                return
            except Exception as another:
                error.add_note(f"and while the tree was being halted: {_told(another)}")

    def _refused(self, call: str) -> TreeError:
        advice = "a node's function must not call its own tree"
        return TreeError(
            fault("tree", "not be in a tick", self.nodes[0].name, f"Tree.{call}()", advice)
        )


def _told(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # the __str__ of the game's own error class may raise
        return type(error).__name__


def _read_ints(data: object, where: str, limits: list[tuple[int, int]]) -> list[int]:
    if not isinstance(data, list | tuple):
        raise TreeError(fault(where, "be a list", data, "Tree.restore()"))
    if len(data) != len(limits):
        raise TreeError(fault(where, f"have {len(limits)} items", len(data), "Tree.restore()"))
    for i, (value, (low, high)) in enumerate(zip(data, limits, strict=True)):
        if type(value) is not int or not low <= value <= high:
            rule = f"be an int in {low} .. {high}"
            raise TreeError(fault(f"{where}[{i}]", rule, value, "Tree.restore()"))
    return list(data)
