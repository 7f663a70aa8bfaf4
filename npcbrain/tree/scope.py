"""Which entry of the blackboard a name in a tree file means: ``Scope``.

Invariant: what a name means is settled when the file is loaded; a tick looks nothing up twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from npcbrain.tree.ports import literal

__all__ = ["Scope", "connect", "is_true", "pointed"]


def pointed(text: str, port: str) -> str:
    """The name in ``{name}``; ``{=}`` is the port's own name; empty if it is no pointer.

    >>> pointed("{goal}", "target"), pointed("{=}", "target"), pointed("goal", "target")
    ('goal', 'target', '')
    """
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return ""
    name = text[1:-1].strip()
    return port if name == "=" else name


@dataclass(slots=True)
class Scope:
    """The names of one tree or subtree.

    Attributes:
        prefix: What its own keys begin with; empty for the outermost tree.
        outer: The tree around it.
        ports: Names that are connected, with the key they mean.
        connects_all: Whether names that are not connected mean the entries of the tree around it;
            names that begin with ``_`` stay its own.
        inner: How many subtrees of each name it holds, to tell namesakes apart.
    """

    prefix: str = ""
    outer: Scope | None = None
    ports: dict[str, str] = field(default_factory=dict)
    connects_all: bool = False
    inner: dict[str, int] = field(default_factory=dict)

    def key(self, name: str) -> str:
        """The key on the blackboard that a name means here."""
        if name.startswith("@"):
            return name[1:]
        if name in self.ports:
            return self.ports[name]
        if self.connects_all and self.outer is not None and not name.startswith("_"):
            return self.outer.key(name)
        return f"{self.prefix}{name}"

    def enter(self, name: str, *, connects_all: bool) -> Scope:
        """The scope of a subtree; a second one of the same name is called ``name#2``."""
        count = self.inner[name] = self.inner.get(name, 0) + 1
        own = name if count == 1 else f"{name}#{count}"
        return Scope(f"{self.prefix}{own}/", self, connects_all=connects_all)


def is_true(text: str) -> bool:
    """Whether an attribute such as ``_autoremap`` says yes."""
    return text.strip().lower() in ("true", "1")


def connect(
    inner: Scope, outer: Scope, ports: Iterable[tuple[str, str]]
) -> tuple[tuple[str, Any], ...]:
    """Connects the names of a subtree as its attributes say.

    Returns:
        The entries that get a value, with their values.
    """
    entries: list[tuple[str, Any]] = []
    for name, text in ports:
        if name == "_autoremap":
            continue
        known = pointed(text, name)
        inner.ports[name] = outer.key(known) if known else f"{inner.prefix}{name}"
        if not known:
            entries.append((inner.ports[name], literal(text)))
    return tuple(entries)
