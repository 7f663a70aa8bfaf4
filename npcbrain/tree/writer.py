"""``dumps`` and ``dump_model``: a definition as a BehaviorTree.CPP 4 file; a registry for editors.

The way back from ``loader``. Floor 1. Invariant: what was written loads to an equal definition, if
the same registry is used; what a file cannot say is refused, never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from npcbrain.errors import TreeError, fault
from npcbrain.tree.branch import Branch
from npcbrain.tree.builder import CONDITIONS
from npcbrain.tree.builtins import BUILTINS
from npcbrain.tree.calls import Call
from npcbrain.tree.composites import Composite
from npcbrain.tree.decorators import Decorator
from npcbrain.tree.leaves import Action, Condition
from npcbrain.tree.node import Node
from npcbrain.tree.pointer import Pointer
from npcbrain.tree.ports import MISSING, Port
from npcbrain.tree.registry import Entry, Registry
from npcbrain.tree.scope import Scope, pointed
from npcbrain.tree.scripted import Conditioned, CopyEntry, SubTree

__all__ = ["dump_model", "dumps"]

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
OURS = ("Concurrent", "Cooldown")  # nodes that BehaviorTree.CPP does not have


def dumps(root: Node, registry: Registry | None = None, *, tree: str = "Main") -> str:
    """Writes a definition.

    Args:
        root: The definition.
        registry: The game's nodes, as for ``loads``.
        tree: What the outermost tree is called.

    Raises:
        TreeError: A node has no form in a file, such as a ``Guard`` with a Python function.
    """
    return _Writer(registry or Registry()).write(root, tree)


def dump_model(registry: Registry) -> str:
    """The ``TreeNodesModel`` of a registry: load it in Groot2, and it shows the game's nodes."""
    lines = ["  <TreeNodesModel>"]
    for id in OURS:
        row = BUILTINS[id]
        lines += _model_of(row.family, id, row.ports)
    for entry in registry:
        lines += _model_of(entry.family, entry.id, entry.ports, entry.doc)
    lines.append("  </TreeNodesModel>")
    return _file("", lines)


def _model_of(family: str, id: str, ports: Iterable[Port], doc: str = "") -> Iterator[str]:
    inner = []
    for port in ports:
        tag = "output_port" if port.is_output else "input_port"
        default = "" if port.default is MISSING or port.default is None else port.default
        shown = f" default={quoteattr(port.write(default))}" if default != "" else ""
        choices = escape(port.rule.removeprefix("be ")) if port.choices else ""
        close = f">{choices}</{tag}>" if choices else "/>"
        inner.append(
            f'      <{tag} name={quoteattr(port.name)} type="{port.type_name}"{shown}{close}'
        )
    if doc:
        inner.append(f"      <MetadataFields><Metadata doc={quoteattr(doc)}/></MetadataFields>")
    if not inner:
        yield f"    <{family} ID={quoteattr(id)}/>"
        return
    yield f"    <{family} ID={quoteattr(id)}>"
    yield from inner
    yield f"    </{family}>"


def _file(main: str, lines: Iterable[str]) -> str:
    shown = f" main_tree_to_execute={quoteattr(main)}" if main else ""
    return "\n".join([f'{HEAD}<root BTCPP_format="4"{shown}>', *lines, "</root>", ""])


class _Writer:
    """One file being written."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.makers = {id(e.fn): e for e in registry if e.makes_node}
        self.trees: dict[str, list[str]] = {}

    def write(self, root: Node, tree: str) -> str:
        self.tree(tree, root, Scope())
        lines: list[str] = []
        for id, inner in self.trees.items():
            lines += [f"  <BehaviorTree ID={quoteattr(id)}>", *inner, "  </BehaviorTree>"]
        return _file(tree, lines)

    def tree(self, id: str, root: Node, scope: Scope) -> None:
        first = id not in self.trees
        if first:
            self.trees[id] = []  # keeps the order of the file: outer trees first
        lines = list(self.node(root, scope, 2, {}))
        if first:
            self.trees[id] = lines
        elif self.trees[id] != lines:
            rule, advice = "be the same wherever they are used", "give them names of their own"
            raise TreeError(fault("subtrees of one id", rule, id, "tree.dumps()", advice))

    def node(
        self, node: Node, scope: Scope, depth: int, conditions: dict[str, str]
    ) -> Iterator[str]:
        if isinstance(node, Conditioned):
            scripts = {
                attribute: script.text
                for attribute, field in CONDITIONS.items()
                if (script := getattr(node, field)) is not None
            }
            yield from self.node(node.child, scope, depth, {**conditions, **scripts})
            return
        tag, ports = self.form(node, scope)
        name = getattr(node, "name", "")
        shown = {"name": name} if name and not (tag == "SubTree" and name == ports["ID"]) else {}
        if isinstance(node, Action | Condition):
            shown = {}
        attributes = {**ports, **shown, **conditions}
        text = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
        indent = "  " * depth
        children: tuple[Node, ...] = ()
        if isinstance(node, Composite):
            children = node.children
        elif isinstance(node, Decorator) and not isinstance(node, SubTree):
            children = (node.child,)
        if not children:
            yield f"{indent}<{tag}{text}/>"
            return
        yield f"{indent}<{tag}{text}>"
        for child in children:
            yield from self.node(child, scope, depth + 1, {})
        yield f"{indent}</{tag}>"

    def form(self, node: Node, scope: Scope) -> tuple[str, dict[str, str]]:
        """The tag and the ports of a node."""
        if isinstance(node, SubTree):
            return "SubTree", self.subtree(node, scope)
        if isinstance(node, Call | Branch):
            return node.id, {a.port.name: a.text for a in node.arguments if a.is_given}
        if isinstance(node, CopyEntry):
            source, target = _name(scope, node.source), _name(scope, node.target)
            return "SetBlackboard", {"value": f"{{{source}}}", "output_key": f"{{{target}}}"}
        if isinstance(node, Action | Condition):
            if not node.name.isidentifier():
                rule = "be a word of letters, digits and _"
                raise TreeError(fault("name", rule, node.name, "tree.dumps()"))
            return node.name, {}
        entry = self.makers.get(id(type(node)))
        if entry is not None:
            return entry.id, self.fields(node, entry, scope)
        num_children = len(node.children) if isinstance(node, Composite) else 0
        for row in BUILTINS.values():
            if type(node) is row.kind and row.children[0] <= max(num_children, row.children[0]):
                if row.id.startswith("Switch") and num_children != row.children[0]:
                    continue
                values = {
                    port.name: self.value(port, row.write(node)[port.name], scope)
                    for port in row.ports
                    if row.write(node)[port.name] != port.default
                }
                return row.id, values
        advice = "register what makes it, or use a node that files know"
        raise TreeError(
            fault("node", "have a form in files", type(node).__name__, "tree.dumps()", advice)
        )

    def value(self, port: Port, value: Any, scope: Scope) -> str:
        if isinstance(value, Pointer):
            return f"{{{_name(scope, value.key)}}}"
        if port.is_output:
            return f"{{{_name(scope, value)}}}"
        return port.write(value)

    def fields(self, node: Node, entry: Entry, scope: Scope) -> dict[str, str]:
        ports = {}
        for port in entry.ports:
            value = getattr(node, port.name)
            if value != port.default and value is not None:
                ports[port.name] = self.value(port, value, scope)
        return ports

    def subtree(self, node: SubTree, scope: Scope) -> dict[str, str]:
        ports = dict(node.ports)
        inner = scope.enter(node.name, connects_all=ports.get("_autoremap") in ("true", "1"))
        for name, text in node.ports:
            outer = pointed(text, name)
            inner.ports[name] = scope.key(outer) if outer else f"{inner.prefix}{name}"
        self.tree(node.tree, node.child, inner)
        return {"ID": node.tree, **ports}


def _name(scope: Scope, key: str) -> str:
    """What a key is called in a scope: the way back from ``Scope.key``."""
    for name, known in scope.ports.items():
        if known == key:
            return name
    if key.startswith(scope.prefix):
        return key[len(scope.prefix) :]
    if scope.connects_all and scope.outer is not None:
        return _name(scope.outer, key)
    return f"@{key}"
