"""``load`` and ``loads``: a BehaviorTree.CPP 4 file becomes a definition.

Not the reading of XML (``markup``), nor what the nodes are (``builtins``, ``registry``). Floor 1.
Invariant: a file is taken whole or refused with every fault that was found, each with its line and
column; the game's functions are not called.

A subtree has entries of its own on the blackboard. They are kept in the one blackboard of the tree
under keys that begin with the subtree's name (``Patrol/goal``), and a port that is connected,
``target="{goal}"``, simply is the outer entry. ``{@goal}`` is the outermost ``goal`` everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from npcbrain.errors import TreeError, fault
from npcbrain.tree.builder import Builder
from npcbrain.tree.builtins import BUILTINS
from npcbrain.tree.markup import BEGIN, Element, Fault, XmlError, read_markup
from npcbrain.tree.node import Node
from npcbrain.tree.ports import Port, literal
from npcbrain.tree.registry import MANY, Entry, Family, Registry, nearest

__all__ = ["check", "load", "loads"]

MAX_INCLUDES = 32  # files; one each for what some trees share
ROOT_ATTRIBUTES = ("BTCPP_format", "main_tree_to_execute", "project_name")
MODEL_TYPES = {"int": int, "double": float, "float": float, "bool": bool, "std::string": str}
FAMILIES: Mapping[str, tuple[Family, tuple[int, int]]] = {  # and how many children each may have
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
        tree: Which tree; the file's ``main_tree_to_execute``, or its only one, if empty.

    Returns:
        A definition, to be shared by any number of NPCs.

    Raises:
        XmlError: The file is wrong; ``faults`` has all that was found.
        TreeError: It cannot be read.
    """
    return load_all(path, registry, tree)[0]


def load_all(
    path: str | Path, registry: Registry | None = None, tree: str = ""
) -> tuple[Node, set[Path]]:
    """As ``load``; also all the files that were read."""
    path = Path(path)
    document = _Document(read_file(path), registry or Registry(), path.name, path.parent)
    return document.definition(tree), {path, *document.included}


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
        sketch: Take nodes that the file's ``TreeNodesModel`` declares and the registry lacks as
            leaves that do nothing and succeed, or as sequences: to look at a tree without its game.
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

    Args:
        text: XML; bytes may name their encoding.
        registry: The game's nodes, besides those in the file's ``TreeNodesModel``.
        file: What messages call it.
        folder: Where files that it includes are; none may be included if None.
    """
    try:
        document = _Document(text, (registry or Registry()).copy(), file, folder, declares=True)
        for element in document.trees.values():
            document.builder.tree(element)
        document.main("", required=False)
    except XmlError as error:
        return list(error.faults)
    return sorted(set(document.faults))


def read_file(path: str | Path) -> bytes:
    """A file's bytes.

    Raises:
        TreeError: It cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise TreeError(
            fault("tree file", "be readable", error.strerror, str(path), "check the path")
        ) from error


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
        if isinstance(text, str):
            text = text.encode()
        if not isinstance(text, bytes):
            raise TreeError(fault("tree file", "be text or bytes", text, "tree.loads()"))
        self.faults: list[Fault] = []
        self.trees: dict[str, Element] = {}
        self.folder = folder
        self.included: set[Path] = set()
        self.root = read_markup(text, file)
        self.models: list[Element] = []
        self._read_root(self.root)
        if declares:
            for entry in self._declared(registry):
                registry.add(entry)
        self.builder = Builder(registry, self.trees, self.faults)

    def _include(self, element: Element) -> None:
        """Takes over the trees of another file: one beside this one, or below."""
        path = element.attributes.get("path", "")
        if self.folder is None or not path:
            advice = 'write path="..."' if not path else "text alone has no files beside it"
            self.faults.append(element.fault("include", "have a path in a folder", path, advice))
            return
        target = (self.folder / path).resolve()
        if not target.is_relative_to(self.folder.resolve()):
            advice = "a tree file may include only what is beside it or below"
            rule = "stay in the folder"
            self.faults.append(element.fault("include", rule, path, advice, attribute="path"))
            return
        if target in self.included:
            return
        if len(self.included) >= MAX_INCLUDES:
            rule = f"be at most {MAX_INCLUDES}"
            self.faults.append(element.fault("included files", rule, path, attribute="path"))
            return
        self.included.add(target)
        shown = str(Path(element.file).parent / path)
        try:
            data = read_file(target)
        except TreeError as error:
            advice = getattr(error.__cause__, "strerror", "")
            self.faults.append(
                element.fault("included file", "be readable", path, advice, attribute="path")
            )
            return
        self._read_root(read_markup(data, shown))

    def _read_root(self, root: Element) -> None:
        if root.tag != "root":
            advice = f"a tree file begins with {BEGIN}"
            raise XmlError([root.fault("outermost element", "be root", root.tag, advice)])
        edition = root.attributes.get("BTCPP_format", "4")
        if edition != "4":
            advice = "save it with Groot2, or see BehaviorTree.CPP's guide to version 4"
            found = root.fault("BTCPP_format", "be 4", edition, advice, attribute="BTCPP_format")
            raise XmlError([found])
        for name in root.attributes:
            if name not in ROOT_ATTRIBUTES:
                advice = nearest(name, list(ROOT_ATTRIBUTES))
                self.faults.append(
                    root.fault("attribute of root", "be known", name, advice, attribute=name)
                )
        for element in root.children:
            if element.tag == "BehaviorTree":
                self._add_tree(element)
            elif element.tag == "include":
                self._include(element)
            elif element.tag == "TreeNodesModel":
                self.models.append(element)
            else:
                advice = nearest(element.tag, ["BehaviorTree", "TreeNodesModel"])
                advice = advice or "nodes belong into a <BehaviorTree>"
                what, rule = "element in root", "be BehaviorTree or TreeNodesModel"
                self.faults.append(element.fault(what, rule, element.tag, advice))

    def _add_tree(self, element: Element) -> None:
        id = element.attributes.get("ID", "")
        if not id:
            advice = 'write <BehaviorTree ID="Main">'
            self.faults.append(element.fault("BehaviorTree", "have an ID", None, advice))
        elif id in self.trees:
            line = self.trees[id].line
            advice = f"line {line} has a tree of that name"
            self.faults.append(
                element.fault("ID of a BehaviorTree", "be unique", id, advice, attribute="ID")
            )
        else:
            self.trees[id] = element

    def definition(self, tree: str) -> Node:
        """The tree to run, built."""
        root = self.main(tree)
        node = None if root is None else self.builder.tree(root)
        if self.faults or node is None:
            raise XmlError(self.faults)
        return node

    def main(self, tree: str, *, required: bool = True) -> Element | None:
        """The tree to run."""
        root = self.root
        name = tree or root.attributes.get("main_tree_to_execute", "")
        if not name:
            if len(self.trees) == 1:
                return next(iter(self.trees.values()))
            if self.models and not (required or self.trees):
                return None  # a file of nodes, for others to include
            if (required and self.trees) or not (self.trees or self.faults):
                advice = 'add main_tree_to_execute="..."' if self.trees else ""
                rule = "say which tree to run" if self.trees else "hold a BehaviorTree"
                self.faults.append(root.fault("root", rule, list(self.trees), advice))
            return None
        if name not in self.trees:
            advice = nearest(name, list(self.trees)) or f"it has {', '.join(self.trees) or 'none'}"
            self.faults.append(
                root.fault(
                    "main tree", "be in the file", name, advice, attribute="main_tree_to_execute"
                )
            )
            return None
        return self.trees[name]

    def _declared(self, registry: Registry) -> Iterator[Entry]:
        """Nodes that are in the file's TreeNodesModel and nowhere else."""
        for model in self.models:
            for element in model.children:
                id = element.attributes.get("ID", "")
                family = FAMILIES.get(element.tag)
                if family is None or id in registry or id in BUILTINS:
                    continue
                ports = tuple(map(_declared_port, element.children))
                if id.isidentifier():
                    yield Entry(id, family[0], ports, None, children=family[1])


def _declared_port(element: Element) -> Port:
    given = element.attributes
    kind = MODEL_TYPES.get(given.get("type", ""), object)
    default: object = None
    if "default" in given:
        default = literal(given["default"])
    return Port(given.get("name", ""), kind, default, is_output=element.tag == "output_port")
