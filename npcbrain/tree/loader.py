"""``load`` and ``loads``: a BehaviorTree.CPP 4 file becomes a definition.

``parser`` reads the XML; ``builtins`` and ``registry`` say which nodes there are.
Invariant: a file is taken whole or refused with every fault that was found, each with its line and
column; the game's functions are not called.

A subtree has entries of its own on the blackboard. They are kept in the one blackboard of the tree
under keys that begin with the subtree's name (``Patrol/goal``), and a connected port,
``target="{goal}"``, simply is the outer entry. ``{@goal}`` is the outermost ``goal`` everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from npcbrain.errors import TreeError, fault
from npcbrain.plain_file import path_of
from npcbrain.tree.builder import CONDITIONS, GENERIC, Builder
from npcbrain.tree.builtins import BUILTINS, OLD_NAMES
from npcbrain.tree.kept import Kept, keep
from npcbrain.tree.library import Library, read_file, some
from npcbrain.tree.markup import Element, Fault, Faults, XmlError
from npcbrain.tree.node import Node
from npcbrain.tree.ports import Port, literal
from npcbrain.tree.reach import Reach
from npcbrain.tree.registry import MANY, Entry, Family, Registry, is_id, nearest

__all__ = ["check", "load", "loads", "read_file"]

PORTS = ("input_port", "output_port", "inout_port")
MODEL_TYPES = {"int": int, "double": float, "float": float, "bool": bool, "std::string": str}
FAMILIES: Mapping[str, tuple[Family, tuple[int, int]]] = {  # with how many children each may have
    "Action": ("Action", (0, 0)),
    "Condition": ("Condition", (0, 0)),
    "Control": ("Control", (1, MANY)),
    "Decorator": ("Decorator", (1, 1)),
}


def load(path: str | Path, registry: Registry | None = None, *, tree: str = "") -> Node:
    """Reads a tree file.

    Args:
        path: The file.
        registry: The game's nodes; none if None.
        tree: Which tree. If empty, the file's ``main_tree_to_execute``, or the only tree in the
            file itself, or the only one in all files.

    Returns:
        A definition, to be shared by any number of NPCs.

    Raises:
        XmlError: The file is wrong; ``faults`` has everything that was found.
        TreeError: It cannot be read.
        UsageError: ``path`` is no path.
    """
    return load_all(path, registry, tree)[0]


def load_all(
    path: str | Path, registry: Registry | None = None, tree: str = ""
) -> tuple[Node, set[Path]]:
    """As ``load``; returns all the files that were read as well."""
    path = path_of(path, "tree.load()", "text is for tree.loads")
    document = _Document(read_file(path), registry or Registry(), path.name, path.parent)
    return document.definition(tree), {path, *document.library.paths}


def loads(
    text: str | bytes,
    registry: Registry | None = None,
    *,
    file: str = "tree.xml",
    tree: str = "",
    folder: Path | None = None,
    sketch: bool = False,
) -> Node:
    """Reads a tree file's text; see ``load``.

    Args:
        text: XML; bytes may name their encoding.
        registry: The game's nodes; none if None.
        file: What messages call it.
        tree: Which tree.
        folder: Where files that it includes are; none may be included if None.
        sketch: For a look at a tree without its game. Nodes that only the ``TreeNodesModel``
            declares become leaves that do nothing and succeed, or sequences; if no tree is
            named, the one that no other tree uses is taken.
    """
    words = registry or Registry()
    document = _Document(text, words.copy() if sketch else words, file, folder, declares=sketch)
    return document.definition(tree)


def check(
    text: str | bytes,
    registry: Registry | None = None,
    *,
    file: str = "tree.xml",
    folder: Path | None = None,
) -> list[Fault]:
    """All that is wrong with a tree file, in its order; nodes that it only declares are known.

    Stops after some two hundred faults.

    Args:
        text: XML; bytes may name their encoding.
        registry: The game's nodes, besides those in the file's ``TreeNodesModel``.
        file: What messages call it.
        folder: Where files that it includes are; none may be included if None.
    """
    try:
        document = _Document(text, (registry or Registry()).copy(), file, folder, declares=True)
        document.check()
    except XmlError as error:
        return list(error.faults)
    return sorted(document.faults)


class _Document:
    """One file: its trees, what it declares, and what is wrong with it."""

    def __init__(
        self,
        text: str | bytes,
        registry: Registry,
        file: str,
        folder: Path | None,
        *,
        declares: bool = False,
    ) -> None:
        if not isinstance(text, str | bytes):
            raise TreeError(fault("tree file", "be text or bytes", text, "tree.loads()"))
        self.faults = Faults()
        self.registry = registry
        self.declares = declares
        nodes = {*BUILTINS, *OLD_NAMES, *GENERIC, "SubTree", *(entry.id for entry in registry)}
        self.library = Library(text, file, folder, self.faults, frozenset(nodes))
        if declares:
            for entry in list(self._declared()):
                registry.add(entry)
        self.reach = Reach(self.library.trees, self.faults, frozenset(CONDITIONS))

    def check(self) -> None:
        """Looks at every tree, each by itself."""
        builder = self.builder(unfolds=False)
        for id in self.library.trees:
            self.reach.measure(id)
            builder.tree(id)
        self.main("", required=False)

    def builder(self, *, unfolds: bool) -> Builder:
        """The builder that makes nodes of the trees."""
        models = self.library.models
        declared = (node.attributes.get("ID", "") for model in models for node in model.children)
        return Builder(
            self.registry,
            self.library.trees,
            self.faults,
            self._subtree_models(),
            unfolds=unfolds,
            declared=frozenset(declared),
        )

    def definition(self, tree: str) -> Node:
        """The tree to run, built."""
        builder = self.builder(unfolds=True)
        id = self.main(tree)
        if id is not None:
            self.reach.measure(id)
        if self.reach.is_bad:  # too large to be built; the fault is noted already
            raise XmlError(self.faults)
        node = None if id is None else builder.tree(id)
        if self.faults or node is None or id is None:
            raise XmlError(self.faults)
        library = self.library
        models, others = tuple(library.models), tuple(library.others)
        return keep(node, Kept(id, library.root, dict(library.trees), models, others))

    def main(self, tree: str, *, required: bool = True) -> str | None:
        """The id of the tree to run, chosen as BehaviorTree.CPP does."""
        library, root = self.library, self.library.root
        trees = library.trees
        name = tree or root.attributes.get("main_tree_to_execute", "")
        if name in trees:
            return name
        if name:
            advice = nearest(name, trees) or f"it has {some(list(trees))}"
            what, at = ("tree", "") if tree else ("main tree", "main_tree_to_execute")
            self.faults.append(root.fault(what, "be in the file", name, advice, attribute=at))
            return None
        for ids in (list(library.own), list(trees), self.reach.unused() if self.declares else []):
            if len(ids) == 1:
                return ids[0]
        if library.models and not (required or trees):
            return None  # a file that only declares nodes, for other files to include
        if not trees and not self.faults:
            self.faults.append(root.fault("root", "hold a BehaviorTree", []))
        elif trees and required:
            first = self.reach.unused()[:1] or list(trees)
            advice = (
                f'name one, tree="{first[0]}" or --tree {first[0]} on the command line, '
                f'or write <root main_tree_to_execute="{first[0]}">'
            )
            self.faults.append(root.fault("root", "say which tree to run", list(trees), advice))
        return None

    def _subtree_models(self) -> dict[str, dict[str, str | None]]:
        """The ports that the file declares for subtrees, with defaults, by the subtree's id."""
        found: dict[str, dict[str, str | None]] = {}
        for model in self.library.models:
            for element in model.children:
                if element.tag != "SubTree":
                    continue
                ports = found.setdefault(element.attributes.get("ID", ""), {})
                for port in element.children:
                    name = port.attributes.get("name", "")
                    if port.tag in PORTS and name:
                        ports[name] = port.attributes.get("default") or None
        return found

    def _declared(self) -> Iterator[Entry]:
        """The nodes that only the file's TreeNodesModel knows."""
        known = {*BUILTINS, *(entry.id for entry in self.registry)}
        for model in self.library.models:
            for element in model.children:
                id = element.attributes.get("ID", "")
                if element.tag not in FAMILIES or id in known or not is_id(id):
                    continue
                known.add(id)
                family, children = FAMILIES[element.tag]
                ports = (port for port in element.children if port.tag in PORTS)
                yield Entry(id, family, tuple(map(_declared_port, ports)), None, children=children)


def _declared_port(element: Element) -> Port:
    given = element.attributes
    kind = MODEL_TYPES.get(given.get("type", ""), object)
    default: object = None
    if "default" in given:
        default = literal(given["default"])
    return Port(given.get("name", ""), kind, default, is_output=element.tag == "output_port")
