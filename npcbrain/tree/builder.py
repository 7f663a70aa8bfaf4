"""``Builder``: elements become nodes; everything that is wrong with them becomes a fault.

Invariant: a fault at one element does not hide those at others, and an element with a fault
becomes no node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from npcbrain.errors import Told, TreeError
from npcbrain.tree.builtins import BUILTINS, OLD_NAMES, Builtin
from npcbrain.tree.calls import Argument
from npcbrain.tree.control import Switch
from npcbrain.tree.kept import Source, remember
from npcbrain.tree.leaves import SetBlackboard, Succeed
from npcbrain.tree.library import some
from npcbrain.tree.markup import Element, Fault, Faults
from npcbrain.tree.node import Node, program_of
from npcbrain.tree.ports import MISSING, Port
from npcbrain.tree.registry import Entry, Registry, nearest
from npcbrain.tree.scope import Scope, connect, is_true, pointed
from npcbrain.tree.script import Script, ScriptError
from npcbrain.tree.scripted import Conditioned, CopyEntry, SubTree

__all__ = ["CONDITIONS", "GENERIC", "Builder", "is_remark"]

GENERIC = ("Action", "Condition", "Control", "Decorator")  # <Action ID="GoTo"/> is <GoTo/>
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
ASKING = ("_failureIf", "_successIf", "_skipIf", "_while")  # conditions that are asked, not run
COMMON = ("name", "ID", *CONDITIONS)
MISSPELT = {name.lower(): name for name in (*CONDITIONS, "_autoremap")}

THINKING = ("Heard", "Decide", "Act", "Reflex", "CannedReply")  # known to npcs.leaves, not here


def is_remark(attribute: str) -> bool:
    """Whether an attribute cannot be a port: it means nothing here, and is kept.

    >>> is_remark("_description"), is_remark("xsi:type"), is_remark("speed")
    (True, True, False)
    """
    return attribute.startswith("_") or attribute == "xmlns" or ":" in attribute or "." in attribute


class Builder:
    """Builds the trees of one file.

    Args:
        registry: The game's nodes.
        trees: The file's trees by id, none of which holds itself or is too large.
        faults: Where faults go.
        models: The ports that a file declares for its subtrees, with their defaults, by the
            tree's id; None for a port without a default.
        unfolds: Whether a SubTree's tree is built in its place; else each tree is built by itself.
        declared: Ids of nodes that the file declares.
    """

    def __init__(
        self,
        registry: Registry,
        trees: Mapping[str, Element],
        faults: Faults,
        models: Mapping[str, Mapping[str, str | None]],
        *,
        unfolds: bool = True,
        declared: frozenset[str] = frozenset(),
    ) -> None:
        self.registry = registry
        self.trees = trees
        self.faults = faults
        self.models = models
        self.unfolds = unfolds
        self.declared = declared
        self.faulty: set[str] = set()  # ids of trees that need not be built again
        self.nodes: dict[int, Node] = {}  # by id of the element, until its parent is made
        self.num_faults = 0  # noted so far; a repeated one counts again

    def tree(self, id: str) -> Node | None:
        """One whole tree of the file; None if there were faults."""
        node = self._tree(id, Scope())
        if node is None:
            return None
        return self._made(self.trees[id], lambda: program_of(node) and node)

    def _tree(self, id: str, scope: Scope) -> Node | None:
        element = self.trees[id]
        if id in self.faulty:
            return None
        if len(element.children) == 1:
            node = self.node(element.children[0], scope)
        else:
            node = None
            advice = "put several into a Sequence or Fallback" if element.children else ""
            what, num_children = f"BehaviorTree {id!r}", len(element.children)
            self.fault(element, what, "hold one node", num_children, advice)
        if node is None:
            self.faulty.add(id)
        return node

    def node(self, element: Element, scope: Scope) -> Node | None:
        """One node and what is below it; None if there were faults."""
        num_faults = self.num_faults
        kind = element.tag
        if kind in GENERIC:
            kind = element.attributes.get("ID", "")
            if not kind:
                self.fault(element, f"{element.tag}", "have an ID", None, 'write ID="..."')
                return None
        if kind == "SubTree":
            node = self._subtree(element, scope)
        elif kind in BUILTINS:
            node = self._builtin(element, BUILTINS[kind], scope)
        elif kind in self.registry:
            node = self._registered(element, self.registry[kind], scope)
        else:
            self._unknown(element, kind)
            for child in element.children:
                self.node(child, scope)
            return None
        conditions = self._conditions(element, scope)
        if node is None or self.num_faults > num_faults:
            return None
        node = Conditioned(node, **conditions) if conditions else node
        children = tuple(self.nodes.pop(id(child)) for child in element.children)
        node = self.nodes[id(element)] = remember(node, Source(element, children, scope.prefix))
        return node

    def _unknown(self, element: Element, id: str) -> None:
        words = [*BUILTINS, "SubTree", *(entry.id for entry in self.registry)]
        advice = nearest(id, words) or "register it, or declare it in TreeNodesModel"
        if id in self.declared:
            advice = "the file only declares it; register it in the Registry"
        elif id in OLD_NAMES:
            advice = f"in BehaviorTree.CPP 4 files it is {OLD_NAMES[id]!r}"
        elif id in self.trees:
            advice = f'write <SubTree ID="{id}"/>'
        elif id in THINKING:
            advice = "it is a leaf of npcbrain's own: pass npcbrain.registry() as the registry"
        elif self.unfolds and not nearest(id, words):
            advice = "register it in the Registry that the file is loaded with"
        attribute = "ID" if element.tag in GENERIC else ""
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
        ports = _ports_in_use(entry, element) if entry.fn is None else entry.ports
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
            self._note(_placed(error, element))
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
        known = {port.name: port for port in ports}
        num_faults = self.num_faults
        for name in given:
            if name in known or name in COMMON:
                continue
            if not is_remark(name):
                rule = "be one of its ports" if known else "not be there: it has no ports"
                advice = nearest(name, [*known, *COMMON])
                if not advice and known:
                    advice = f"its ports are {some(list(known))}"
                self.fault(element, f"attribute of {element.tag}", rule, name, advice, name)
            elif name.lower() in MISSPELT:
                self._misspelt(element, name)
        arguments = []
        for port in ports:
            if port.name in given:
                arguments.append(self._argument(element, port, scope, is_builtin))
            elif port.default is MISSING:
                advice = f'add {port.name}="..."'
                self.fault(element, element.tag, f"have {port.name!r}", None, advice)
            else:
                arguments.append(Argument(port, port.default))
        return arguments if self.num_faults == num_faults else None

    def _misspelt(self, element: Element, name: str) -> None:
        """Refuses ``_skipif``: as a remark it would be ignored, and the node never skipped."""
        meant = MISSPELT[name.lower()]
        if name != meant:
            what, advice = f"attribute of {element.tag}", f"write {meant}"
            self.fault(element, what, "be spelt as it is known", name, advice, name)

    def _argument(self, element: Element, port: Port, scope: Scope, is_builtin: bool) -> Argument:
        text = element.attributes[port.name]
        if port.is_script:
            asks = port.kind is bool
            return Argument(port, self._script(element, port.name, scope, asks), text=text)
        name = pointed(text, port.name)
        what = f"{port.name!r} of {element.tag}"
        if port.is_output:
            # SetBlackboard and nodes like it may name an entry without braces.
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
        what = f"{error.what or 'script'} in {attribute!r}"
        rule, got, advice = error.rule, error.got, error.advice
        self._note(element.fault(what, rule, got, advice, attribute=attribute, at=error.at))
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
            advice = nearest(id, self.trees) or f"the file has {some(list(self.trees))}"
            self.fault(element, "SubTree", "be in the file", id, advice, "ID")
            return None
        name = element.attributes.get("name", "")
        ports = self._ports_of_subtree(element, id)
        remaps = is_true(dict(ports).get("_autoremap", ""))
        inner = scope.enter(name or id, connects_all=remaps)
        entries = connect(inner, scope, ports)
        node = self._tree(id, inner) if self.unfolds else Succeed()
        if node is None:
            return None
        return SubTree(node, name or id, entries, id, ports)

    def _ports_of_subtree(self, element: Element, id: str) -> tuple[tuple[str, str], ...]:
        """What an element gives to its subtree; else the defaults of the TreeNodesModel."""
        given = {}
        for name, text in element.attributes.items():
            if name == "_autoremap" or not (name in COMMON or is_remark(name)):
                given[name] = text
            elif name.lower() in MISSPELT:
                self._misspelt(element, name)
        if is_true(given.get("_autoremap", "")):
            return tuple(given.items())
        for port, default in self.models.get(id, {}).items():
            if port in given:
                continue
            if default is None:
                advice = f'add {port}="...", or give it a default in the TreeNodesModel'
                self.fault(element, f"SubTree {id}", f"have {port!r}", None, advice)
            else:
                given[port] = default
        return tuple(given.items())

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
        self._note(element.fault(what, rule, got, advice, attribute=attribute))

    def _note(self, found: Fault) -> None:
        self.num_faults += 1  # counted even if known: ``node`` asks whether this element has any
        self.faults.append(found)


def _ports_in_use(entry: Entry, element: Element) -> tuple[Port, ...]:
    """The ports of a node that the file only declares; the game, not the file, decides about them.

    So every attribute counts as a port, and an output port of text needs no braces.
    """
    loose = (str, object)
    ports = [replace(p, is_output=p.is_output and p.kind not in loose) for p in entry.ports]
    known = {*COMMON, *(port.name for port in ports)}
    others = [name for name in element.attributes if name not in known and not is_remark(name)]
    return (*ports, *(Port(name, object, None) for name in others))


def _placed(error: TreeError, element: Element) -> Fault:
    """A node's own complaint about its settings, told with the place in the file."""
    told = error.args[0] if error.args else ""
    attribute = told.what if isinstance(told, Told) and told.what in element.attributes else ""
    line, column = element.place_of(attribute)
    place = f"{element.file}:{line}:{column}"
    # A path in the tree helps the reader; the call that made the node, "Wait()", does not.
    if not isinstance(told, Told) or not told.where.endswith("()"):
        return Fault(element.file, line, column, f"{error} (in {place})")
    what = f"{told.what!r} of {element.tag}" if attribute else told.what
    text = f"{what} {told.claim} - at {place}"
    return Fault(element.file, line, column, f"{text}; {told.advice}" if told.advice else text)
