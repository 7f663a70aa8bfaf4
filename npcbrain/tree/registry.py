"""What a tree file may call by name: ``Registry`` maps ids to the game's functions and leaves.

The nodes that every tree file knows are in ``builtins``. Invariant: an id means one thing; its
ports are the parameters of the function that it calls.

>>> registry = Registry()
>>> @registry.condition("Sees")
... def sees(npc, whom: str, reach: float = 90.0) -> bool:
...     return whom in npc
>>> [(port.name, port.kind.__name__) for port in registry["Sees"].ports]
[('whom', 'str'), ('reach', 'float')]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from npcbrain.errors import TreeError, fault
from npcbrain.tree.arguments import check_callable
from npcbrain.tree.branch import Branch, BranchContext
from npcbrain.tree.calls import Argument, Call
from npcbrain.tree.node import Node
from npcbrain.tree.ports import Port, ports_of

__all__ = ["Entry", "Family", "Registry", "is_id", "nearest"]

MAX_SLIPPED = 40  # letters of a name; a longer one is not searched for misspellings
UNSPEAKABLE = re.compile("[\0-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

Family = Literal["Condition", "Action", "Control", "Decorator"]
Function = Callable[..., Any]

MANY = 10_000  # children


@dataclass(frozen=True, slots=True)
class Entry:
    """What an id means.

    Attributes:
        id: The name in tree files.
        family: ``Condition`` or ``Action``, the two kinds of leaf that editors show, or
            ``Control`` or ``Decorator``, the nodes with children.
        ports: Its arguments.
        fn: The game's function, or the one that makes the leaf.
        makes_node: Whether ``fn`` makes a node once, instead of being called at each tick.
        on_halt: For actions, see ``Task``; for nodes with children, ``Branch``.
        doc: One line about it.
        children: Fewest and most.
        remembers: Of a node with children, see ``Branch``.
        moments: Likewise.
    """

    id: str
    family: Family
    ports: tuple[Port, ...]
    fn: Function | None
    makes_node: bool = False
    on_halt: Callable[[Any], object] | None = None
    doc: str = ""
    children: tuple[int, int] = (0, 0)
    remembers: tuple[str, ...] = ()
    moments: tuple[str, ...] = ()

    @property
    def is_branch(self) -> bool:
        """Whether it has children."""
        return self.family in ("Control", "Decorator") and not self.makes_node

    def make(
        self, name: str, arguments: tuple[Argument, ...], children: Sequence[Node] = ()
    ) -> Node:
        """The node; arguments are in the order of the ports.

        Raises:
            TreeError: The node refuses an argument.
        """
        if self.fn is None:
            rule, advice = "be registered", "the file only declares it; register a function"
            raise TreeError(fault("node", rule, self.id, "the registry", advice))
        if self.is_branch:
            return Branch(
                *children,
                id=self.id,
                fn=self.fn,
                arguments=arguments,
                on_halt=self.on_halt,
                remembers=self.remembers,
                moments=self.moments,
                name=name,
            )
        if not self.makes_node:
            is_condition = self.family == "Condition"
            return Call(self.id, self.fn, arguments, is_condition, self.on_halt, name)
        values = {a.port.parameter: a.setting for a in arguments if a.is_given}
        try:
            node = self.fn(**values, name=name) if name else self.fn(**values)
        except TreeError:
            raise
        except Exception as error:
            what, advice = f"what makes {self.id!r}", "its own exception is the cause of this one"
            rule = "return without raising"
            raise TreeError(fault(what, rule, error, "Registry.leaf()", advice)) from error
        if not isinstance(node, Node):
            raise TreeError(fault(f"what {self.id!r} makes", "be a node", node, "the registry"))
        return node


@dataclass(slots=True)
class Registry:
    """Ids for tree files; made once, before the first tree is loaded.

    Attributes:
        enums: Words that scripts and cases may use for values, such as ``{"RED": 1}``.
    """

    enums: dict[str, int | float | str | bool] = field(default_factory=dict)
    _entries: dict[str, Entry] = field(default_factory=dict)

    def condition(self, id: str, fn: Function | None = None) -> Any:
        """Registers a function that answers True or False; without ``fn``, a decorator.

        Args:
            id: The name in tree files.
            fn: Called with the tree's owner, then with its ports.

        Raises:
            TreeError: The id is taken, or a parameter's type is none a port can have.
        """
        return self._function(id, fn, "Condition", None)

    def action(
        self, id: str, fn: Function | None = None, *, on_halt: Callable[[Any], object] | None = None
    ) -> Any:
        """Registers a function that does something; without ``fn``, a decorator.

        Args:
            id: The name in tree files.
            fn: Called with the tree's owner, then with its ports; answers as ``Task`` says.
            on_halt: Called with the owner when the action is stopped while RUNNING.

        Raises:
            TreeError: As ``condition``.
        """
        return self._function(id, fn, "Action", on_halt)

    def control(
        self,
        id: str,
        fn: Function | None = None,
        *,
        children: tuple[int, int] = (1, MANY),
        remembers: tuple[str, ...] = (),
        moments: tuple[str, ...] = (),
        on_halt: Callable[[BranchContext], object] | None = None,
    ) -> Any:
        """Registers a node with children of the game's own; without ``fn``, a decorator.

        >>> from npcbrain.tree import Status
        >>> words = Registry()
        >>> @words.control("Turns", remembers=("place",))
        ... def turns(ctx: BranchContext) -> Status:
        ...     status = ctx.children[ctx["place"]].tick()
        ...     if status is not Status.RUNNING:
        ...         ctx["place"] = (ctx["place"] + 1) % len(ctx.children)
        ...     return status

        Args:
            id: The name in tree files.
            fn: Called with a ``BranchContext`` at each tick, then with its ports; answers as
                ``Branch`` says.
            children: Fewest and most.
            remembers: Names of whole numbers that it keeps between ticks: ``ctx["place"]``.
            moments: Names of moments that it keeps, in nanoseconds as ``ctx.now_ns``.
            on_halt: Called with the ``BranchContext`` when it is stopped while RUNNING.

        Raises:
            TreeError: As ``condition``; or ``children`` is no range, or a name is none.
        """
        return self._branch(id, fn, "Control", children, remembers, moments, on_halt)

    def decorator(
        self,
        id: str,
        fn: Function | None = None,
        *,
        remembers: tuple[str, ...] = (),
        moments: tuple[str, ...] = (),
        on_halt: Callable[[BranchContext], object] | None = None,
    ) -> Any:
        """As ``control``, for a node with one child: ``ctx.child``.

        Args:
            id: See ``control``, as for the others.
            fn: Called with a ``BranchContext`` at each tick, then with its ports.
            remembers: Names of whole numbers.
            moments: Names of moments.
            on_halt: Called when it is stopped while RUNNING.

        Raises:
            TreeError: As ``control``.
        """
        return self._branch(id, fn, "Decorator", (1, 1), remembers, moments, on_halt)

    def _branch(
        self,
        id: str,
        fn: Function | None,
        family: Family,
        children: tuple[int, int],
        remembers: tuple[str, ...],
        moments: tuple[str, ...],
        on_halt: Callable[[BranchContext], object] | None,
    ) -> Any:
        settings = (family, children, remembers, moments, on_halt)
        if fn is None:
            return lambda function: self._branch(id, function, *settings)
        where = f"Registry.{family.lower()}({id!r})"
        check_callable(fn, "fn", where)
        if on_halt is not None:
            check_callable(on_halt, "on_halt", where)
        fewest, most = children
        if not 1 <= fewest <= most <= MANY:
            rule = f"be the fewest and the most, from 1 to {MANY}"
            raise TreeError(fault("children", rule, children, where))
        names = (*remembers, *moments)
        if len(set(names)) < len(names) or not all(map(str.isidentifier, names)):
            advice = 'with a comma after a single one: ("place",)'
            raise TreeError(fault("names", "be different words", names, where, advice))
        self.add(
            Entry(
                id,
                family,
                ports_of(fn, where, num_given=1),
                fn,
                on_halt=on_halt,
                doc=_doc(fn),
                children=children,
                remembers=tuple(remembers),
                moments=tuple(moments),
            )
        )
        return fn

    def leaf(self, id: str, make: Callable[..., Node], *, family: Family = "Action") -> None:
        """Registers a leaf of npcbrain's kind, such as ``Decide``.

        Args:
            id: The name in tree files.
            make: Called with its ports (and ``name``) when a file is loaded; returns a node. A port
                whose type allows a ``Pointer`` (``ttl_ms: float | Pointer``) may name an entry of
                the blackboard in the file; the others hold values.
            family: What editors show it as.

        Raises:
            TreeError: As ``condition``.
        """
        where = f"Registry.leaf({id!r})"
        check_callable(make, "make", where)
        ports = ports_of(make, where, num_given=0)
        self.add(Entry(id, family, ports, make, makes_node=True, doc=_doc(make)))

    def add(self, entry: Entry) -> None:
        """Registers a whole entry.

        Raises:
            TreeError: The id is taken, or is not a line of text.
        """
        if not isinstance(entry.id, str) or not is_id(entry.id):
            raise TreeError(fault("id", "be one line of text", entry.id, "Registry"))
        if entry.id in self._entries:
            raise TreeError(fault("id", "be new", entry.id, "Registry"))
        self._entries[entry.id] = entry

    def near(self, name: str, others: tuple[str, ...] = ()) -> str:
        """Advice for an unknown name: the nearest known one; empty if none is near."""
        return nearest(name, [*self._entries, *others])

    def __getitem__(self, id: str) -> Entry:
        return self._entries[id]

    def __contains__(self, id: object) -> bool:
        return id in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def copy(self) -> Registry:
        """A registry that can grow without changing this one."""
        return Registry(dict(self.enums), dict(self._entries))

    def _function(
        self,
        id: str,
        fn: Function | None,
        family: Family,
        on_halt: Callable[[Any], object] | None,
    ) -> Any:
        if fn is None:
            return lambda function: self._function(id, function, family, on_halt)
        where = f"Registry.{family.lower()}({id!r})"
        check_callable(fn, "fn", where)
        ports = ports_of(fn, where, num_given=1)
        self.add(Entry(id, family, ports, fn, on_halt=on_halt, doc=_doc(fn)))
        return fn


def is_id(text: str) -> bool:
    """Whether a text may be a node's id: any that an attribute can hold in one line."""
    return bool(text) and text == text.strip() and not UNSPEAKABLE.search(text)


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'Sequence'?``, or nothing.

    Only for slips, one in four letters and two at most, or for a missing unit (``ttl`` for
    ``ttl_ms``): ``ParallelAll`` is no misspelt ``Parallel``.
    """
    if len(name) > MAX_SLIPPED:
        return ""
    low, best, fewest = name.lower(), "", min(2, max(1, len(name) // 4)) + 1
    for word in known:
        if abs(len(word) - len(name)) < fewest:
            slips = _slips(low, word.lower())
            if slips < fewest:
                best, fewest = word, slips
    if not best:
        best = next((word for word in known if word.startswith(f"{name}_")), "")
    return f"did you mean {best!r}?" if best else ""


def _slips(one: str, other: str) -> int:
    """How many letters were left out, put in, taken for another or swapped with the next."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]


def _doc(fn: object) -> str:
    lines = (getattr(fn, "__doc__", None) or "").strip().splitlines()
    return lines[0] if lines else ""
