"""``Builder``: elements become nodes, and what is wrong with them becomes faults.

Floor 1. Invariant: a fault at one element does not hide those at others, and an element with a
fault becomes no node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from npcbrain.errors import TreeError
from npcbrain.tree.builtins import BUILTINS, OLD_NAMES, Builtin
from npcbrain.tree.calls import Argument
from npcbrain.tree.control import Switch
from npcbrain.tree.leaves import SetBlackboard
from npcbrain.tree.markup import Element, Fault, XmlError
from npcbrain.tree.node import Node, program_of
from npcbrain.tree.ports import MISSING, Port, literal
from npcbrain.tree.registry import Entry, Registry, nearest
from npcbrain.tree.scope import Scope, pointed
from npcbrain.tree.script import Script, ScriptError
from npcbrain.tree.scripted import Conditioned, CopyEntry, SubTree

__all__ = ["CONDITIONS", "Builder"]

MAX_NODES = 5000  # with subtrees unfolded: ten that each hold the next twice are a thousand
GENERIC = ("Action", "Condition", "Control", "Decorator")  # <Action ID="GoTo"/> is <GoTo/>
IGNORED = ("_uid", "_description", "_fullpath", "_collapsed", "_onDelete")
CONDITIONS = {
    "_failureIf": "failure_if",
    "_successIf": "success_if",
    "_skipIf": "skip_if",
    "_while": "while_true",
    "_onSuccess": "on_success",
    "_onFailure": "on_failure",
    "_onHalted": "on_halted",
    "_post": "post",
}
ASKING = ("_failureIf", "_successIf", "_skipIf", "_while")  # those whose value is an answer
COMMON = ("name", "ID", *CONDITIONS)


class Builder:
    """Builds the trees of one file.

    Args:
        registry: The game's nodes.
        trees: The file's trees by id.
        faults: Where faults go.
    """

    def __init__(
        self, registry: Registry, trees: Mapping[str, Element], faults: list[Fault]
    ) -> None:
        self.registry = registry
        self.trees = trees
        self.faults = faults
        self.path: list[str] = []  # ids of the trees that are being unfolded
        self.circles: set[frozenset[str]] = set()
        self.count = 0

    def tree(self, element: Element) -> Node | None:
        """One whole tree of the file; None if there were faults."""
        self.count = 0
        node = self._tree(element, Scope())
        if node is None:
            return None
        return self._made(element, lambda: program_of(node) and node)

    def _tree(self, element: Element, scope: Scope) -> Node | None:
        id = element.attributes["ID"]
        if len(element.children) != 1:
            self.fault(
                element,
                f"BehaviorTree {id!r}",
                "hold one node",
                len(element.children),
                "put several into a Sequence or Fallback" if element.children else "",
            )
            return None
        self.path.append(id)
        node = self.node(element.children[0], scope)
        self.path.pop()
        return node

    def node(self, element: Element, scope: Scope) -> Node | None:
        """One node and what is below it; None if there were faults."""
        self.count += 1
        if self.count > MAX_NODES:
            rule = f"have at most {MAX_NODES} nodes, subtrees unfolded"
            raise XmlError([*self.faults, element.fault("tree", rule, "more")])
        num_faults = len(self.faults)
        id = element.tag
        if id in GENERIC:
            id = element.attributes.get("ID", "")
            if not id:
                self.fault(element, f"{element.tag}", "have an ID", None, 'write ID="..."')
                return None
        if id == "SubTree":
            node = self._subtree(element, scope)
        elif id in BUILTINS:
            node = self._builtin(element, BUILTINS[id], scope)
        elif id in self.registry:
            node = self._registered(element, self.registry[id], scope)
        else:
            self._unknown(element, id)
            for child in element.children:
                self.node(child, scope)
            return None
        conditions = self._conditions(element, scope)
        if node is None or len(self.faults) > num_faults:
            return None
        return Conditioned(node, **conditions) if conditions else node

    def _unknown(self, element: Element, id: str) -> None:
        advice = nearest(id, [*BUILTINS, "SubTree", *(entry.id for entry in self.registry)])
        if id in OLD_NAMES:
            advice = f"in BehaviorTree.CPP 4 files it is {OLD_NAMES[id]!r}"
        elif id in self.trees:
            advice = f'write <SubTree ID="{id}"/>'
        attribute = "ID" if element.tag in GENERIC else ""
        advice = advice or "register it, or declare it in TreeNodesModel"
        self.fault(element, "node", "be known", id, advice, attribute)

    def _builtin(self, element: Element, row: Builtin, scope: Scope) -> Node | None:
        advice = "one for each case, and a default" if row.kind is Switch else ""
        children = self._children(element, row.id, row.children, scope, advice)
        given = element.attributes
        copies = row.kind is SetBlackboard and pointed(given.get("value", ""), "value")
        if copies and "output_key" in given:
            return self._copied(element, scope)
        arguments = self._arguments(element, row.ports, scope, is_builtin=True)
        if arguments is None or children is None:
            return None
        values = {a.port.name: a.setting for a in arguments}
        name = element.attributes.get("name", "")
        return self._made(element, lambda: row.make(children, values, name))

    def _children(
        self, element: Element, id: str, limits: tuple[int, int], scope: Scope, advice: str = ""
    ) -> list[Node] | None:
        """The children, built; None if one had faults or they are too few or too many."""
        fewest, most = limits
        children = [self.node(child, scope) for child in element.children]
        num_children = len(children)
        if not fewest <= num_children <= most:
            rule = {0: "have no children", 1: "have one child"}.get(most, "have a child")
            if most > 1 and fewest > 1:
                rule = f"have {fewest} children"
                if fewest != most:
                    rule = f"have {fewest} or {most} children"
                if most - fewest > 1:
                    rule = f"have at least {fewest} children"
            if most == 1 < num_children:
                advice = "put them into a Sequence or Fallback"
            self.fault(element, id, rule, num_children, advice)
            return None
        nodes = [child for child in children if child is not None]
        return nodes if len(nodes) == num_children else None

    def _copied(self, element: Element, scope: Scope) -> Node:
        """``<SetBlackboard value="{this}" output_key="that"/>``."""
        given = element.attributes
        text = given["output_key"]
        source = scope.key(pointed(given["value"], "value"))
        target = scope.key(pointed(text, "output_key") or text.strip())
        return CopyEntry(source, target, given.get("name", ""))

    def _registered(self, element: Element, entry: Entry, scope: Scope) -> Node | None:
        advice = "" if entry.is_branch else f"{entry.id} is a leaf"
        children = self._children(element, entry.id, entry.children, scope, advice)
        ports = entry.ports
        if not entry.makes_node:  # a function is called with what the entry holds by then
            words = self.registry.enums
            ports = tuple(replace(port, takes_entries=True, words=words) for port in ports)
        arguments = self._arguments(element, ports, scope)
        if arguments is None or children is None:
            return None
        name = element.attributes.get("name", "")
        if entry.fn is not None:
            return self._made(element, lambda: entry.make(name, tuple(arguments), children))
        stand_in = "Sequence" if entry.is_branch else "AlwaysSuccess"  # only being checked
        return BUILTINS[stand_in].make(children, {}, name or entry.id)

    def _made(self, element: Element, make: Any) -> Node | None:
        try:
            node: Node = make()
        except TreeError as error:
            self.faults.append(_placed(str(error), element))
            return None
        return node

    def _arguments(
        self,
        element: Element,
        ports: tuple[Port, ...],
        scope: Scope,
        *,
        is_builtin: bool = False,
    ) -> list[Argument] | None:
        given = element.attributes
        known = {port.name for port in ports}
        num_faults = len(self.faults)
        for name in given:
            if name not in known and name not in COMMON and name not in IGNORED:
                rule = "be one of its ports" if known else "not be there: it has no ports"
                advice = nearest(name, [*known, *COMMON])
                if not advice and known:
                    advice = f"its ports are {', '.join(port.name for port in ports)}"
                self.fault(element, f"attribute of {element.tag}", rule, name, advice, name)
        arguments = []
        for port in ports:
            if port.name in given:
                arguments.append(self._argument(element, port, scope, is_builtin))
            elif port.default is MISSING:
                advice = f'add {port.name}="..."'
                self.fault(element, element.tag, f"have {port.name!r}", None, advice)
            else:
                arguments.append(Argument(port, port.default))
        return arguments if len(self.faults) == num_faults else None

    def _argument(self, element: Element, port: Port, scope: Scope, is_builtin: bool) -> Argument:
        text = element.attributes[port.name]
        if port.is_script:
            asks = port.kind is bool
            return Argument(port, self._script(element, port.name, scope, asks), text=text)
        name = pointed(text, port.name)
        what = f"{port.name!r} of {element.tag}"
        if port.is_output:
            # SetBlackboard and its kin may name an entry without braces.
            key = name or (text.strip() if is_builtin else "")
            if not key:
                self.fault(element, what, "name an entry", text, 'write "{entry}"', port.name)
            return Argument(port, key=scope.key(key), text=text)
        if name and not (is_builtin or port.takes_entries):
            advice = "an entry of the blackboard cannot be used here"
            self.fault(element, what, port.rule, text, advice, port.name)
        elif name:
            return Argument(port, key=scope.key(name), text=text)
        else:
            try:
                word = MISSING if port.kind is str else self.registry.enums.get(text, MISSING)
                value = port.read(text) if word is MISSING else port.hold(word)
                return Argument(port, value, text=text)
            except ValueError:
                advice = nearest(text, [str(choice) for choice in port.choices])
                self.fault(element, what, port.rule, text, advice, port.name)
        return Argument(port)

    def _conditions(self, element: Element, scope: Scope) -> dict[str, Any]:
        return {
            field: self._script(element, attribute, scope, attribute in ASKING)
            for attribute, field in CONDITIONS.items()
            if attribute in element.attributes
        }

    def _script(
        self, element: Element, attribute: str, scope: Scope, is_condition: bool
    ) -> Script | None:
        text = element.attributes[attribute]
        try:
            script = Script.read(text, enums=self.registry.enums, resolve=scope.key)
            error = script.doomed or (script.no_condition() if is_condition else None)
        except ScriptError as found:
            error = found
        if error is None:
            return script
        what = f"{error.what} in {attribute!r}" if error.what else f"script in {attribute!r}"
        fault = element.fault(
            what, error.rule, error.got, error.advice, attribute=attribute, at=error.at
        )
        if fault not in self.faults:
            self.faults.append(fault)
        return None

    def _subtree(self, element: Element, scope: Scope) -> Node | None:
        id = element.attributes.get("ID", "")
        target = self.trees.get(id)
        if element.children:
            self.fault(element, "SubTree", "have no children", len(element.children))
        if not id:
            self.fault(element, "SubTree", "have an ID", None, 'write <SubTree ID="..."/>')
            return None
        if target is None:
            advice = nearest(id, list(self.trees)) or f"the file has {', '.join(self.trees)}"
            self.fault(element, "SubTree", "be in the file", id, advice, "ID")
            return None
        if id in self.path:
            circle = self.path[self.path.index(id) :]
            if frozenset(circle) not in self.circles:  # each of its trees would tell it again
                self.circles.add(frozenset(circle))
                shown = " > ".join([*circle, id])
                advice = "to run it again and again, take KeepRunningUntilFailure"
                self.fault(element, "tree", "not hold itself", shown, advice, "ID")
            return None
        name = element.attributes.get("name", "")
        remaps = element.attributes.get("_autoremap", "").lower() in ("true", "1")
        inner = scope.enter(name or id, connects_all=remaps)
        entries: list[tuple[str, Any]] = []
        ports = []
        for attribute, text in element.attributes.items():
            if attribute in COMMON or attribute in IGNORED:
                continue
            ports.append((attribute, text))
            if attribute == "_autoremap":
                continue
            outer = pointed(text, attribute)
            if outer:
                inner.ports[attribute] = scope.key(outer)
            else:
                entries.append((f"{inner.prefix}{attribute}", literal(text)))
                inner.ports[attribute] = f"{inner.prefix}{attribute}"
        node = self._tree(target, inner)
        if node is None:
            return None
        return SubTree(node, name or id, tuple(entries), id, tuple(ports))

    def fault(
        self,
        element: Element,
        what: str,
        rule: str,
        got: object,
        advice: str = "",
        attribute: str = "",
    ) -> None:
        """Notes a fault, once."""
        found = element.fault(what, rule, got, advice, attribute=attribute)
        if found not in self.faults:
            self.faults.append(found)


def _placed(message: str, element: Element) -> Fault:
    """A node's own complaint about its settings, told with the place in the file."""
    what, _, rest = message.partition(" must ")
    rule, _, tail = rest.partition(" - at ")
    where, _, advice = tail.partition("; ")
    attribute = what if what in element.attributes else ""
    line, column = element.place_of(attribute) if attribute else (element.line, element.column)
    place = f"{element.file}:{line}:{column}"
    if not where.endswith("()"):  # a path in the tree: worth keeping
        return Fault(element.file, line, column, f"{message} (in {place})")
    shown = f"{what!r} of {element.tag}" if attribute else what
    text = f"{shown} must {rule} - at {place}"
    return Fault(element.file, line, column, f"{text}; {advice}" if advice else text)
