"""What every node is, ``Node``, and what it is turned into, ``Compiled``.

Not the nodes themselves (``composites``, ``decorators``, ``leaves``), nor the thing that is
ticked (``tree``). Floor 1. Invariant: a definition never changes and holds nothing of any NPC;
all that one NPC's tree remembers is in the lists of its ``Compiler``.

A definition compiles itself into two closures:

* ``tick()`` answers SUCCESS, FAILURE or RUNNING, and writes its answer into ``shown[index]``.
* ``halt()`` stops what is running below and forgets where it was. Halting a node that is not
  running does nothing, so a parent may halt all its children without asking. A leaf that was
  RUNNING and is not to be ticked again is halted once, by whichever parent stopped ticking it.

Closures read lists by fixed index and no attributes, which is what makes a node cost a tenth of
a microsecond. What a node must remember from one tick to the next is an int in ``memory``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

from npcbrain.errors import TreeError, fault
from npcbrain.tree.blackboard import Blackboard
from npcbrain.tree.status import IDLE, Status

__all__ = ["NEVER_NS", "Compiled", "Compiler", "Node", "NodeInfo", "Site"]

NEVER_NS = 1 << 62  # a moment no clock reaches (146 years), so "unset" needs no second slot
MAX_DEPTH = 64  # of nested nodes; each costs a Python frame in every tick, and 1000 is the limit


class Compiled(NamedTuple):
    """A node at work in one tree."""

    tick: Callable[[], Status]
    halt: Callable[[], None]


class NodeInfo(NamedTuple):
    """Where a node stands in its tree, for displays.

    Attributes:
        path: ``root``, then the child's number at each level: ``root/0/2``. Stable as long as the
            tree's shape is.
        depth: 0 for the root.
        name: The name it was given, or its kind.
        kind: The name of its class.
    """

    path: str
    depth: int
    name: str
    kind: str


class Slot(NamedTuple):
    """What an int of ``memory`` may be; a moment is saved relative to now."""

    initial: int
    low: int
    high: int
    is_moment: bool


class Node(ABC):
    """A definition: an immutable value that may be part of many trees at once.

    Subclasses are frozen dataclasses; a field ``name`` becomes the name in displays.
    """

    __slots__ = ()

    @property
    def label(self) -> str:
        """The name it was given, or its kind."""
        return getattr(self, "name", "") or type(self).__name__

    @abstractmethod
    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node for one tree; ``site`` is the node's place in it."""


class Compiler:
    """The lists that the closures of one tree share, and how they are laid out.

    Attributes:
        shown: The answer of each node at the last tick, in order of definition; IDLE if it was
            not visited.
        memory: What nodes remember between ticks.
        now_ns: One int: the moment of this tick. One reading for the whole tick, so that all
            nodes agree on the time and a replay has one number to record.
        reads_time: Whether any node asked for the time; if none did, a tick reads no clock.
    """

    __slots__ = (
        "blackboard",
        "infos",
        "memory",
        "now_ns",
        "owner",
        "reads_time",
        "shown",
        "slots",
    )

    def __init__(self, owner: object, blackboard: Blackboard) -> None:
        self.owner = owner
        self.blackboard = blackboard
        self.shown: list[Status] = []
        self.memory: list[int] = []
        self.now_ns: list[int] = [0]
        self.reads_time = False
        self.infos: list[NodeInfo] = []
        self.slots: list[Slot] = []

    def compile(self, root: Node) -> Compiled:
        """Compiles the whole tree."""
        return self.place(root, "root", 0)

    def place(self, node: Node, path: str, depth: int) -> Compiled:
        """Compiles one node and, through it, what is below.

        Raises:
            TreeError: The tree is too deep.
        """
        if depth > MAX_DEPTH:
            advice = "cut the tree into several, or flatten it"
            raise TreeError(fault("tree", f"be at most {MAX_DEPTH} deep", depth, path, advice))
        index = len(self.infos)
        self.infos.append(NodeInfo(path, depth, node.label, type(node).__name__))
        self.shown.append(IDLE)
        return node.compile(Site(self, index))

    def add(self, slot: Slot) -> int:
        """Appends an int to ``memory``; returns its index."""
        self.slots.append(slot)
        self.memory.append(slot.initial)
        return len(self.memory) - 1

    def shape(self) -> str:
        """A fingerprint of what must be equal for a saved state to fit: kinds, names, places.

        Durations and functions are not in it: tuning a tree keeps its saves.
        """
        parts = [f"{info.path} {info.kind} {info.name}" for info in self.infos]
        parts.append(str(len(self.memory)))
        return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


class Site:
    """One node's place in the tree being compiled, and all it may take from there.

    Attributes:
        index: The node's own place in ``shown``.
        path: Its path, for messages.
        shown: See ``Compiler``; a tick ends by writing its answer to ``shown[index]``.
        memory: See ``Compiler``; use the indices that ``slot`` and ``moment`` gave.
        owner: Whose tree it is; the game's functions are called with it.
        blackboard: The tree's blackboard.
    """

    __slots__ = ("_compiler", "blackboard", "index", "memory", "owner", "path", "shown", "what")

    def __init__(self, compiler: Compiler, index: int) -> None:
        self._compiler = compiler
        self.index = index
        info = compiler.infos[index]
        self.path = info.path
        self.what = info.kind if info.name == info.kind else f"{info.kind} {info.name!r}"
        self.shown = compiler.shown
        self.memory = compiler.memory
        self.owner = compiler.owner
        self.blackboard = compiler.blackboard

    def child(self, node: Node, number: int = 0) -> Compiled:
        """Compiles a child; ``number`` is its place among its siblings."""
        depth = self._compiler.infos[self.index].depth + 1
        return self._compiler.place(node, f"{self.path}/{number}", depth)

    def slot(self, high: int = 1, *, low: int = 0, initial: int = 0) -> int:
        """An int of memory in ``low .. high``; a saved state outside that is refused."""
        return self._compiler.add(Slot(initial, low, high, is_moment=False))

    def moment(self) -> int:
        """An int of memory for a moment in ns, ``NEVER_NS`` at first.

        It is saved relative to now, so that it means the same in a process whose clock began at
        another moment.
        """
        return self._compiler.add(Slot(NEVER_NS, -NEVER_NS, NEVER_NS, is_moment=True))

    def now_ns(self) -> list[int]:
        """The list whose only int is the moment of this tick; asking makes ticks read the clock."""
        self._compiler.reads_time = True
        return self._compiler.now_ns

    def raised(self, error: Exception) -> TreeError:
        """What to raise, ``from error``, when the game's function raised."""
        rule = "return without raising"
        advice = "its own exception is the cause of this one"
        return TreeError(fault(self.what, rule, error, self.path, advice))

    def refused(self, answer: object, rule: str, advice: str = "") -> TreeError:
        """What to raise when the game's function returned what it must not."""
        return TreeError(fault(f"the answer of {self.what}", rule, answer, self.path, advice))
