"""``dumps`` and ``dump_model``: a definition as a BehaviorTree.CPP 4 file; a registry for editors.

The way back from ``loader``: all that was read is written as it was read, the rest from the nodes.
Invariant: the file loads to an equal definition if the same registry is used; a node that a file
cannot express is refused, never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from npcbrain.errors import TreeError, fault
from npcbrain.tree.branch import Branch
from npcbrain.tree.builder import CONDITIONS, GENERIC
from npcbrain.tree.builtins import BUILTINS
from npcbrain.tree.calls import Call
from npcbrain.tree.composites import Composite
from npcbrain.tree.decorators import Decorator
from npcbrain.tree.kept import Kept, attributes_of, kept_with, quoted, source_of, written
from npcbrain.tree.leaves import Condition, Task
from npcbrain.tree.library import NAMELESS
from npcbrain.tree.markup import Element
from npcbrain.tree.node import MAX_DEPTH, Node
from npcbrain.tree.parser import NAME
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.ports import MISSING, Port
from npcbrain.tree.registry import Entry, Registry, is_id
from npcbrain.tree.scope import Scope, connect, is_true, pointed
from npcbrain.tree.scripted import Conditioned, CopyEntry, SubTree

__all__ = ["dump_model", "dumps"]

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
OURS = ("Concurrent", "Cooldown")  # nodes that BehaviorTree.CPP does not have
NAMES_ENTRIES = ("SetBlackboard", "UnsetBlackboard")  # nodes that name their entry without braces
TAKEN = {*GENERIC, "SubTree", "root", "Root"}  # tags that mean something else


def dumps(root: Node, registry: Registry | None = None, *, tree: str = "") -> str:
    """Writes a definition, and what else was in the file that it was read from.

    Args:
        root: The definition.
        registry: The game's nodes, as for ``loads``.
        tree: The name of the outermost tree; if empty, as in the file it was read from, else
            ``Main``.

    Raises:
        TreeError: A node has no form in a file, such as a ``Guard`` with a Python function.
    """
    kept = kept_with(root)
    name = tree or (kept.main if kept is not None else "Main")
    return _Writer(registry or Registry(), kept, name).write(root)


def dump_model(registry: Registry) -> str:
    """The ``TreeNodesModel`` of a registry: load it in Groot2, and it shows the game's nodes."""
    lines = ["  <TreeNodesModel>"]
    for id in OURS:
        row = BUILTINS[id]
        lines += _model_of(row.family, id, row.ports)
    for entry in registry:
        lines += _model_of(entry.family, entry.id, entry.ports, entry.doc)
    lines.append("  </TreeNodesModel>")
    return _file({}, lines)


def _model_of(family: str, id: str, ports: Iterable[Port], doc: str = "") -> Iterator[str]:
    inner = []
    for port in ports:
        tag = "output_port" if port.is_output else "input_port"
        default = "" if port.default is MISSING or port.default is None else port.default
        shown = f" default={quoted(port.write(default))}" if default != "" else ""
        choices = quoted(port.rule.removeprefix("be "))[1:-1] if port.choices else ""
        close = f">{choices}</{tag}>" if choices else "/>"
        inner.append(f'      <{tag} name={quoted(port.name)} type="{port.type_name}"{shown}{close}')
    if doc:
        inner.append(f"      <MetadataFields><Metadata doc={quoted(doc)}/></MetadataFields>")
    if not inner:
        yield f"    <{family} ID={quoted(id)}/>"
        return
    yield f"    <{family} ID={quoted(id)}>"
    yield from inner
    yield f"    </{family}>"


def _file(attributes: Mapping[str, str], lines: Iterable[str], comments: Iterable[str] = ()) -> str:
    head = [f"<!--{comment}-->" for comment in comments]
    shown = attributes_of({"BTCPP_format": "4", **attributes})
    return "\n".join([HEAD, *head, f"<root{shown}>", *lines, "</root>", ""])


class _Writer:
    """One file being written."""

    def __init__(self, registry: Registry, kept: Kept | None, main: str) -> None:
        self.registry = registry
        self.kept = kept
        self.main = main
        self.makers = {id(e.fn): e for e in registry if e.makes_node}
        self.trees: dict[str, list[str]] = {}

    def write(self, root: Node) -> str:
        self.tree(self.main, root, Scope(), 0)
        if self.kept is None:
            lines = [line for id in self.trees for line in self.framed(id, None)]
            return _file({"main_tree_to_execute": self.main}, lines)
        return self.with_what_was_kept(self.kept)

    def with_what_was_kept(self, kept: Kept) -> str:
        """The file as it was read: its trees in their order, and everything else that it held."""
        renamed = {kept.main: self.main}
        if self.main in kept.trees and self.main != kept.main:
            rule, advice = "be a new name", "the file has a tree of that name"
            raise TreeError(fault("tree", rule, self.main, "tree.dumps()", advice))
        lines = list(_lines_of(kept.root.text, 1))
        for id, element in kept.trees.items():
            if renamed.get(id, id) in self.trees:
                lines += self.framed(renamed.get(id, id), element)
            else:
                lines += written(element, 1, renamed)
        for element in kept.others:
            lines += written(element, 1)
        lines += _models(kept, renamed)
        lines += [f"  <!--{comment}-->" for comment in kept.root.last_comments]
        attributes = dict(kept.root.attributes)
        attributes.pop("BTCPP_format", "")
        if "main_tree_to_execute" in attributes or len(kept.trees) > 1:
            attributes["main_tree_to_execute"] = self.main
        return _file(attributes, lines, kept.root.comments)

    def framed(self, id: str, element: Element | None) -> Iterator[str]:
        """The lines of a tree, within their BehaviorTree element."""
        attributes = {"ID": id, **({} if element is None else element.attributes)}
        attributes["ID"] = id
        if id == NAMELESS and element is not None and "ID" not in element.attributes:
            del attributes["ID"]
        comments = () if element is None else element.comments
        yield from (f"  <!--{comment}-->" for comment in comments)
        yield f"  <BehaviorTree{attributes_of(attributes)}>"
        yield from _lines_of("" if element is None else element.text, 2)
        yield from self.trees[id]
        comments = () if element is None else element.last_comments
        yield from (f"    <!--{comment}-->" for comment in comments)
        yield "  </BehaviorTree>"

    def tree(self, id: str, root: Node, scope: Scope, depth: int) -> None:
        first = id not in self.trees
        if first:
            self.trees[id] = []  # keeps the order of the file: outer trees first
        lines = list(self.node(root, scope, 2, depth))
        if first:
            self.trees[id] = lines
        elif self.trees[id] != lines:
            rule, advice = "be the same wherever they are used", "give them names of their own"
            raise TreeError(fault("subtrees of one id", rule, id, "tree.dumps()", advice))

    def node(self, node: Node, scope: Scope, indent: int, depth: int) -> Iterator[str]:
        """The lines of a node and of all below it; ``depth`` is the node's in the definition."""
        if depth > MAX_DEPTH:
            rule, advice = f"be at most {MAX_DEPTH} deep", "it could not be run either"
            raise TreeError(fault("tree", rule, depth, "tree.dumps()", advice))
        source = source_of(node)
        conditions, inner = _conditions(node)
        if source is not None and source.prefix == scope.prefix:
            tag, attributes = source.element.tag, dict(source.element.attributes)
            children, comments = source.children, source.element.comments
            words, last_comments = source.element.text, source.element.last_comments
            if isinstance(inner, SubTree) and self.kept is None:  # no model gives the defaults
                attributes = {**attributes, **dict(inner.ports)}
        else:
            tag, ports = self.form(inner, scope)
            attributes = {**ports, **_name_of(inner, ports), **conditions}
            children = _children(inner)
            words, comments, last_comments = "", (), ()
        if isinstance(inner, SubTree):
            self.subtree(inner, scope, depth + 1)
        space = "  " * indent
        yield from (f"{space}<!--{comment}-->" for comment in comments)
        if not (children or words or last_comments):
            yield f"{space}<{tag}{attributes_of(attributes)}/>"
            return
        yield f"{space}<{tag}{attributes_of(attributes)}>"
        yield from _lines_of(words, indent + 1)
        for child in children:
            yield from self.node(child, scope, indent + 1, depth + 1)
        yield from (f"{space}  <!--{comment}-->" for comment in last_comments)
        yield f"{space}</{tag}>"

    def form(self, node: Node, scope: Scope) -> tuple[str, dict[str, str]]:
        """The tag and the ports of a node, by what it is."""
        if isinstance(node, SubTree):
            return "SubTree", {"ID": node.tree, **dict(node.ports)}
        if isinstance(node, Call | Branch):
            ports = {a.port.name: a.text for a in node.arguments if a.text is not None}
            return _tagged(node.id, self.family(node), ports)
        if isinstance(node, CopyEntry):
            source, target = _name(scope, node.source), _name(scope, node.target)
            return "SetBlackboard", {"value": f"{{{source}}}", "output_key": target}
        if isinstance(node, Task | Condition):
            if not is_id(node.name):
                rule = "be one line of text"
                raise TreeError(fault("name", rule, node.name, "tree.dumps()"))
            return _tagged(node.name, "Action" if isinstance(node, Task) else "Condition", {})
        entry = self.makers.get(id(type(node)))
        if entry is not None:
            return _tagged(entry.id, entry.family, self.fields(node, entry, scope))
        num_children = len(node.children) if isinstance(node, Composite) else 0
        for row in BUILTINS.values():
            if type(node) is row.kind and row.children[0] <= max(num_children, row.children[0]):
                if row.id.startswith("Switch") and num_children != row.children[0]:
                    continue
                is_bare = row.id in NAMES_ENTRIES
                values = row.write(node)
                return row.id, {
                    port.name: self.value(port, values[port.name], scope, is_bare=is_bare)
                    for port in row.ports
                    if values[port.name] != port.default
                }
        advice = "register what makes it, or use a node that files know"
        raise TreeError(
            fault("node", "have a form in files", type(node).__name__, "tree.dumps()", advice)
        )

    def family(self, node: Call | Branch) -> str:
        """The family of a node that calls the game."""
        if node.id in self.registry:
            return self.registry[node.id].family
        if isinstance(node, Branch):
            return "Control"
        return "Condition" if node.is_condition else "Action"

    def value(self, port: Port, value: Any, scope: Scope, *, is_bare: bool = False) -> str:
        """A value as an attribute that is read as this value again."""
        if isinstance(value, Pointer):
            return f"{{{_name(scope, value.key)}}}"
        if port.is_output:
            name = _name(scope, value)
            return name if is_bare else f"{{{name}}}"
        text = port.write(value)
        is_enum = text in self.registry.enums and port.kind is not str
        is_other = is_enum or pointed(text, port.name) or not _reads_as(port, text, value)
        if is_other and not port.is_script:
            rule, advice = "be one that a file can say", "write it from a Task"
            raise TreeError(fault(f"{port.name!r}", rule, value, "tree.dumps()", advice))
        return text

    def fields(self, node: Node, entry: Entry, scope: Scope) -> dict[str, str]:
        ports = {}
        for port in entry.ports:
            value = getattr(node, port.parameter)
            if value != port.default and value is not None:
                ports[port.name] = self.value(port, value, scope)
        return ports

    def subtree(self, node: SubTree, scope: Scope, depth: int) -> None:
        """Writes the tree inside."""
        connects_all = is_true(dict(node.ports).get("_autoremap", ""))
        inner = scope.enter(node.name, connects_all=connects_all)
        connect(inner, scope, node.ports)
        self.tree(node.tree, node.child, inner, depth)


def _lines_of(words: str, indent: int) -> Iterator[str]:
    """The lines of words between elements, which mean nothing here."""
    if words:
        yield f"{'  ' * indent}{quoted(words)[1:-1]}"


def _conditions(node: Node) -> tuple[dict[str, str], Node]:
    """The pre- and postconditions of a node, and the node that has them."""
    conditions: dict[str, str] = {}
    while isinstance(node, Conditioned):
        for attribute, field in CONDITIONS.items():
            script = getattr(node, field)
            if script is not None:
                if attribute in conditions:
                    rule, advice = "have one of a kind", "put one of them on a node around it"
                    raise TreeError(
                        fault("conditions of a node", rule, attribute, "tree.dumps()", advice)
                    )
                conditions[attribute] = script.text
        node = node.child
    return conditions, node


def _name_of(node: Node, ports: Mapping[str, str]) -> dict[str, str]:
    name = getattr(node, "name", "")
    told_by_id = isinstance(node, SubTree) and name == ports["ID"]
    return {} if not name or told_by_id or isinstance(node, Task | Condition) else {"name": name}


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Composite):
        return node.children
    return (node.child,) if isinstance(node, Decorator) and not isinstance(node, SubTree) else ()


def _tagged(id: str, family: str, ports: dict[str, str]) -> tuple[str, dict[str, str]]:
    """The id as the tag if it can be one, else the tag of its family with an ID."""
    found = NAME.fullmatch(id)
    if found and id not in TAKEN and ":" not in id and "." not in id:
        return id, ports
    return family, {"ID": id, **ports}


def _reads_as(port: Port, text: str, value: Any) -> bool:
    try:
        found = port.read(text)
    except ValueError:
        return False
    if isinstance(found, list):
        return isinstance(value, list | tuple) and found == list(value)
    kinds = {type(found), type(value)}
    return bool(found == value) and (len(kinds) == 1 or kinds == {int, float})


def _models(kept: Kept, renamed: Mapping[str, str]) -> Iterator[str]:
    """One TreeNodesModel for all, since a file may have only one; each node once."""
    if not kept.models:
        return
    for comment in kept.models[0].comments:
        yield f"  <!--{comment}-->"
    yield f"  <TreeNodesModel{attributes_of(kept.models[0].attributes)}>"
    known = set()
    for model in kept.models:
        for element in model.children:
            lines = tuple(written(element, 2, renamed))
            if lines not in known:
                known.add(lines)
                yield from lines
        for comment in model.last_comments:
            yield f"    <!--{comment}-->"
    yield "  </TreeNodesModel>"


def _name(scope: Scope, key: str) -> str:
    """The name of a key in a scope: the way back from ``Scope.key``.

    Raises:
        TreeError: A file has no name for it.
    """
    for name in (_known_as(scope, key), f"@{key}"):
        if pointed(f"{{{name}}}", "") == name and scope.key(name) == key:
            return name
    rule, advice = "have a name in files", "call it by letters, digits and _"
    raise TreeError(fault("entry", rule, key, "tree.dumps()", advice))


def _known_as(scope: Scope, key: str) -> str:
    for name, known in scope.ports.items():
        if known == key:
            return name
    own = key.startswith(scope.prefix)
    if own and scope.key(key[len(scope.prefix) :]) == key:
        return key[len(scope.prefix) :]
    if scope.connects_all and scope.outer is not None:
        return _known_as(scope.outer, key)
    return f"@{key}"
