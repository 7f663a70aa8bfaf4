"""``Node``, the base of every node, and ``Program``, into which a definition is compiled.

The nodes themselves are in ``composites``, ``decorators`` and ``leaves``; ``tree`` has what is
ticked. Invariant: a definition, and the program made from it, hold nothing of any NPC; all that
one NPC's tree remembers is in one list, its ``State``.

A definition compiles itself into two closures:

* ``tick(me)`` answers SUCCESS, FAILURE or RUNNING, and writes its answer into ``me[index]``.
* ``halt(me)`` stops what is running below and forgets where it was. Halting a node that is not
  running does nothing, so a parent may halt all its children without asking. A leaf that was
  RUNNING and is not to be ticked again is halted once, by whichever parent stopped ticking it.

Closures read one list by fixed index and no attributes, which is what makes a node cost a tenth of
a microsecond. They are made once for a definition, however many NPCs have it: five hundred trees
then share one program that stays in the processor's cache, and each adds a list of some thirty
entries. (Closures for each NPC were tried: the same time when warm, three times as long in a game,
where something else has the cache between two ticks.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, ClassVar, NamedTuple

from npcbrain.errors import TreeError, fault
from npcbrain.tree.blackboard import Blackboard
from npcbrain.tree.status import IDLE, Status

__all__ = [
    "BLACKBOARD",
    "FIRST",
    "MAX_STEPS",
    "NEVER_NS",
    "NOW_NS",
    "OWNER",
    "Compiled",
    "Compiler",
    "Node",
    "NodeInfo",
    "Program",
    "Site",
    "State",
    "program_of",
]

NEVER_NS = 1 << 62  # a moment no clock reaches (146 years), so "unset" needs no second slot
MAX_DEPTH = 64  # of nested nodes; each takes a Python frame in every tick, and Python allows 1000

MAX_STEPS = 100_000  # of nodes in the loops of one tick; some 15 ms if each answers at once

MAX_DETAIL = 40  # characters of a node's settings that displays get

State = list[Any]
"""All of one NPC's tree: who owns it, its blackboard, the moment of this tick, then the answer of
each node at the last tick in order of definition, then what nodes remember between ticks."""

OWNER, BLACKBOARD, NOW_NS, FIRST = range(4)  # places in a State; FIRST is the root's answer


class Compiled(NamedTuple):
    """A node's closures, which serve all trees of its definition.

    ``may_skip`` says whether it can answer SKIPPED; a parent without such children need not check.
    """

    tick: Callable[[State], Status]
    halt: Callable[[State], None]
    may_skip: bool = False


class NodeInfo(NamedTuple):
    """Where a node stands in its tree, for displays.

    Attributes:
        path: ``root``, then the child's number at each level: ``root/0/2``. Stable as long as the
            tree's shape is.
        depth: 0 for the root.
        name: The name it was given, or its kind.
        kind: The name of its class.
        detail: Its settings in a few words, such as ``2.5 s``; empty if it has none to speak of.
    """

    path: str
    depth: int
    name: str
    kind: str
    detail: str = ""


class Slot(NamedTuple):
    """An int that a node remembers; a moment is saved relative to now.

    If an entry is ``watched``, the int says how often the entry had been written when the node last
    looked; a save holds only whether it was written since.
    """

    at: int
    path: str
    initial: int
    low: int
    high: int
    is_moment: bool
    watched: str = ""


Live = tuple[int, Callable[[State], object], str]


class Program(NamedTuple):
    """What a definition is compiled to; shared by all its trees.

    Attributes:
        tick: Ticks the root.
        halt: Halts the root.
        infos: Where each node stands, in order of definition.
        slots: The ints that nodes remember.
        live: Objects that each tree makes for itself at the start: the place, the function that
            makes it, and the path of the node it is for.
        halts: The function that halts each node, in order of definition.
        entries: What a new tree puts on its blackboard, unless it is there already.
        reads_time: Whether any node asked for the time; if none did, a tick reads no clock.
        shape: A fingerprint of what must be equal for a saved state to fit: kinds, names, places.
            Durations and functions are not in it: tuning a tree keeps its saves.
        blank: IDLE for each node, and no turns yet if there is a loop.
        is_still: Whether all of its nodes are; see ``Node.is_still``.
    """

    tick: Callable[[State], Status]
    halt: Callable[[State], None]
    infos: tuple[NodeInfo, ...]
    slots: tuple[Slot, ...]
    live: tuple[Live, ...]
    halts: tuple[Callable[[State], None], ...]
    entries: Mapping[str, Any]
    reads_time: bool
    shape: str
    blank: tuple[int, ...]
    is_still: bool

    def start(self, owner: object, blackboard: Blackboard) -> State:
        """The list of a tree that has never been ticked."""
        for key, value in self.entries.items():
            blackboard.setdefault(key, value)
        if any(slot.watched for slot in self.slots):
            blackboard.count_writes()
        me: State = [owner, blackboard, 0, *self.blank]
        me += [None] * (len(self.slots) + len(self.live))
        for slot in self.slots:
            me[slot.at] = slot.initial
        for at, make, _ in self.live:
            me[at] = make(me)
        return me


class Node(ABC):
    """A definition: an immutable value that may be part of many trees at once.

    Subclasses are frozen dataclasses; a field ``name`` becomes the name in displays.

    Attributes:
        is_still: Whether it does nothing, and answers the same, tick after tick, while nothing
            happens to its owner: it reads no clock and calls no function of the game. Each class
            says so for itself; its subclasses do not inherit it, for who knows what they do.
    """

    is_still: ClassVar[bool] = False
    __slots__ = ("_program", "_source")  # kept once it was made; see program_of(), and ``kept``

    @property
    def label(self) -> str:
        """The name it was given, or its kind."""
        return getattr(self, "name", "") or type(self).__name__

    @property
    def detail(self) -> str:
        """Its settings in a few words, for displays; empty if it has none to speak of."""
        return ""

    @abstractmethod
    def compile(self, site: Site) -> Compiled:
        """Makes the closures of this node; ``site`` is the node's place in the tree."""


def program_of(root: Node) -> Program:
    """The program of a definition, made when it is first asked for; about 6 us a node.

    Raises:
        TreeError: The tree is too deep.
    """
    program: Program | None = getattr(root, "_program", None)
    if program is None:
        # Twice, because memory lies behind all answers in the list, and the number of nodes,
        # and so of answers, is known only when the last one is placed.
        counted = Compiler(0, False)
        counted.compile(root)
        program = Compiler(len(counted.infos), counted.has_loops).compile(root)
        object.__setattr__(root, "_program", program)  # frozen, but this is no part of it
    return program


class Compiler:
    """Lays out one program.

    Args:
        num_nodes: How many nodes the whole tree has.
        has_loops: Whether any of them counts its turns.
    """

    __slots__ = (
        "entries",
        "halts",
        "has_loops",
        "infos",
        "is_still",
        "live",
        "next",
        "num_nodes",
        "reads_time",
        "slots",
    )

    def __init__(self, num_nodes: int, has_loops: bool) -> None:
        self.infos: list[NodeInfo] = []
        self.slots: list[Slot] = []
        self.live: list[Live] = []
        self.halts: dict[int, Callable[[State], None]] = {}
        self.entries: dict[str, Any] = {}
        # Turns are counted right behind the answers, because each tick clears both at its start.
        self.next = FIRST + num_nodes + has_loops
        self.has_loops = has_loops
        self.num_nodes = num_nodes
        self.reads_time = False
        self.is_still = True

    def compile(self, root: Node) -> Program:
        """Compiles the whole tree."""
        tick, halt, _ = self.place(root, "root", 0)
        return Program(
            tick,
            halt,
            tuple(self.infos),
            tuple(self.slots),
            tuple(self.live),
            tuple(self.halts[number] for number in range(len(self.infos))),
            self.entries,
            self.reads_time,
            self.shape(),
            (IDLE,) * len(self.infos) + (0,) * self.has_loops,
            self.is_still,
        )

    def place(self, node: Node, path: str, depth: int) -> Compiled:
        """Compiles one node and, through it, what is below.

        Raises:
            TreeError: The tree is too deep.
        """
        if depth > MAX_DEPTH:
            advice = "cut the tree into several, or flatten it"
            raise TreeError(fault("tree", f"be at most {MAX_DEPTH} deep", depth, path, advice))
        info = NodeInfo(path, depth, node.label, type(node).__name__, node.detail[:MAX_DETAIL])
        number = len(self.infos)
        self.infos.append(info)
        self.is_still &= type(node).__dict__.get("is_still", False)
        compiled = node.compile(Site(self, number, info))
        self.halts[number] = compiled.halt
        return compiled

    def take(self) -> int:
        """A new place in the list."""
        self.next += 1
        return self.next - 1

    def shape(self) -> str:
        """See ``Program.shape``."""
        parts = [f"{info.path} {info.kind} {info.name}" for info in self.infos]
        parts.append(str(len(self.slots)))
        return blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


class Site:
    """One node's place in the tree that is being compiled, and what it may ask for there.

    Attributes:
        index: The node's own place in ``me``; a tick ends by writing its answer to ``me[index]``.
        path: Its path, for messages.
        what: Its kind and name, for messages.
    """

    __slots__ = ("_compiler", "_depth", "index", "path", "what")

    def __init__(self, compiler: Compiler, number: int, info: NodeInfo) -> None:
        self._compiler = compiler
        self._depth = info.depth
        self.index = FIRST + number
        self.path = info.path
        self.what = info.kind if info.name == info.kind else f"{info.kind} {info.name!r}"

    def child(self, node: Node, number: int = 0) -> Compiled:
        """Compiles a child; ``number`` is its place among its siblings."""
        return self._compiler.place(node, f"{self.path}/{number}", self._depth + 1)

    def num_below(self) -> int:
        """How many nodes were compiled below this one so far."""
        return len(self._compiler.infos) - (self.index - FIRST) - 1

    def slot(self, high: int = 1, *, low: int = 0, initial: int = 0) -> int:
        """The place of an int in ``low .. high``; a saved state outside that is refused."""
        at = self._compiler.take()
        self._compiler.slots.append(Slot(at, self.path, initial, low, high, is_moment=False))
        return at

    def moment(self) -> int:
        """The place of a moment in ns, ``NEVER_NS`` at first; asking makes ticks read the clock.

        It is saved relative to now, so that it means the same in a process whose clock began at
        another moment.
        """
        self.read_time()
        at = self._compiler.take()
        self._compiler.slots.append(Slot(at, self.path, NEVER_NS, -NEVER_NS, NEVER_NS, True))
        return at

    def watch(self, key: str) -> int:
        """The place of the number of writes of an entry that the node has seen; see ``Slot``."""
        at = self._compiler.take()
        self._compiler.slots.append(Slot(at, self.path, 0, 0, 1, False, key))
        return at

    def spent(self) -> int:
        """The place of the number of steps that all loops of the tree have taken in this tick.

        Each further turn counts as many steps as there are nodes below the loop, whether or not all
        of them are ticked. A loop adds its steps when it is through, and raises ``endless`` if the
        sum reaches ``MAX_STEPS``. The count is shared because loops in loops multiply their turns.
        """
        self._compiler.has_loops = True
        return FIRST + self._compiler.num_nodes

    def endless(self) -> TreeError:
        """The error to raise when a tick would not end."""
        rule = f"end a tick within {MAX_STEPS} steps of nodes in loops"
        advice = "let the child be RUNNING now and then, repeat less often, or repeat fewer nodes"
        return TreeError(fault(self.what, rule, "more", self.path, advice))

    def live(self, make: Callable[[State], object]) -> int:
        """The place of an object that each tree makes for itself; not part of ``Tree.state``."""
        at = self._compiler.take()
        self._compiler.live.append((at, make, self.path))
        return at

    def entry(self, key: str, value: object) -> None:
        """Puts an entry on the blackboard of each tree when it is made, unless it is there."""
        self._compiler.entries.setdefault(key, value)

    def read_time(self) -> None:
        """Makes ticks read the clock into ``me[NOW_NS]``.

        The clock is read once in a tick, so that all nodes agree on the time and a replay has one
        number to record.
        """
        self._compiler.reads_time = True

    def raised(self, error: Exception) -> TreeError:
        """The error to raise, ``from error``, when the game's function raised."""
        rule = "return without raising"
        advice = "its own exception is the cause of this one"
        return TreeError(fault(self.what, rule, error, self.path, advice))

    def refused(self, answer: object, rule: str, advice: str = "") -> TreeError:
        """The error to raise when the game's function returned what it must not."""
        return TreeError(fault(f"the answer of {self.what}", rule, answer, self.path, advice))
