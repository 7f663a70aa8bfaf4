"""Reads who imports whom in a checkout of npcbrain, and puts its rooms on floors.

A room is a sub-package, or a module that stands beside them. Imports in functions and for type
checking count like the others. Invariant: nothing is imported, so any checkout can be read.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from pathlib import Path

__all__ = ["Graph", "House", "circles", "count_floors", "floors", "imported_names", "reduced"]

PACKAGE = "npcbrain"
FIRST_ROOM = "__init__"  # the package's own file
Graph = Mapping[str, set[str]]


@dataclass(frozen=True)
class House:
    """The files of one checkout, and what each imports.

    Args:
        files: Full names of modules, with the full names of the modules they import.
        packages: Names of the rooms that are sub-packages.
    """

    files: Graph
    packages: frozenset[str]

    @classmethod
    def read(cls, root: Path) -> House:
        """Reads the checkout in a folder."""
        paths = {}
        for path in sorted((root / PACKAGE).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            paths[".".join(parts[:-1] if path.stem == "__init__" else parts)] = path
        files = {}
        for name, path in paths.items():
            found = imported_names(path)
            modules = {one if one in paths else one.rpartition(".")[0] for one in found}
            files[name] = modules & paths.keys() - {name}
        packages = {path.parent.name for path in (root / PACKAGE).glob("*/__init__.py")}
        return cls(files, frozenset(packages))

    @cached_property
    def rooms(self) -> dict[str, list[str]]:
        """Each room, and the files in it."""
        rooms: dict[str, list[str]] = {}
        for name in self.files:
            rooms.setdefault(room_of(name), []).append(name)
        return rooms

    @cached_property
    def imports(self) -> Counter[tuple[str, str]]:
        """How often a file of one room imports a file of another."""
        pairs = ((room_of(a), room_of(b)) for a, others in self.files.items() for b in others)
        return Counter(pair for pair in pairs if pair[0] != pair[1])

    @cached_property
    def graph(self) -> Graph:
        """Each room, and the rooms it imports."""
        graph: dict[str, set[str]] = {room: set() for room in self.rooms}
        for importer, imported in self.imports:
            graph[importer].add(imported)
        return graph


def imported_names(path: Path) -> set[str]:
    """All that a file imports, in functions and for type checking too, as ``module.name``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room_of(name: str) -> str:
    """The room in which a module stands."""
    return name.split(".")[1] if "." in name else FIRST_ROOM


def reached(graph: Graph) -> dict[str, set[str]]:
    """Everything that each node leads to, by any number of arrows."""
    found: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        ahead = list(graph[start])
        while ahead:
            node = ahead.pop()
            if node not in seen:
                seen.add(node)
                ahead.extend(graph[node])
        found[start] = seen
    return found


def circles(graph: Graph) -> list[list[str]]:
    """Nodes that lead to themselves, together with all that are in the same circles."""
    reach = reached(graph)
    found = {frozenset(b for b in reach[a] if a in reach[b]) for a in graph if a in reach[a]}
    return sorted(sorted(circle) for circle in found)


def reduced(graph: Graph) -> dict[str, set[str]]:
    """The arrows that are left when those go that follow from others; the graph has no circle."""
    reach = reached(graph)
    return {a: {b for b in bs if not any(b in reach[c] for c in bs)} for a, bs in graph.items()}


def floors(graph: Graph) -> dict[str, int]:
    """The lowest floor of each node that is above all it leads to; the graph has no circle.

    Raises:
        graphlib.CycleError: The graph has a circle.
    """
    found: dict[str, int] = {}
    for node in TopologicalSorter(graph).static_order():
        found[node] = 1 + max((found[below] for below in graph[node]), default=-1)
    return found


def count_floors(graph: Graph) -> int:
    """The length of the longest chain of imports."""
    return 1 + max(floors(graph).values(), default=-1)
