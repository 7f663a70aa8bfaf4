"""Random tree files, saved and loaded again: ``python -m tools.tree_trips 5000``.

Each is loaded, written and loaded: the definitions must be equal, a second writing must change
nothing, and every element that was read must have been written. The same for definitions that
remember no file, as if made in Python. Not the rules of the format, which are ``npcbrain.tree``'s.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import random
import sys
from collections.abc import Iterator
from typing import Any, Literal

from npcbrain.errors import TreeError
from npcbrain.npcs.vocabulary import registry
from npcbrain.tree import Node, Output, Port, Registry, check, dumps, loads
from npcbrain.tree.builder import CONDITIONS
from npcbrain.tree.builtins import BUILTINS
from npcbrain.tree.markup import Element
from npcbrain.tree.parser import read_markup
from npcbrain.tree.ports import MISSING

__all__ = ["faults_of_trip", "random_file", "words"]

TEXTS = [
    *("", " ", "a b", "Tür", "<&>\"'", "a\nb\tc", "42", "007", "-1.5", "true", "a;b;;c", "1;2;3"),
    *("&amp;", "]]>", "--", "a && b < c", "&nbsp;", "{", "}", "{}", "RED", "1e3", "🜂", "  x  "),
]
ENTRIES = ["{x}", "{y}", "{@x}", "{=}", "{ z }"]
SCRIPTS = ["x := 1", "y = 2; x := y", "@z := 'a < b'", "x += 1"]
ASKED = ["x == 1", "true", "y > 1 && x < 2 || RED == 1", "!(x != 'a&b')"]
REMARKS = {"_description": 'why < how & "so"', "_uid": "3", "_x.y": "", "xmlns:t": "urn:t"}
SPECIAL = {
    "ttl_ms": ["900", "2500.5"],
    "lines": ["A.; B.", "Not now."],
    "words": ["true"],  # false does not go with every when
    "success_count": ["-1", "1"],
    "failure_count": ["-1", "1"],
    "max_failures": ["-1", "1"],
}
NUMBERS = ["-2", "-1", "0", "1", "2", "5", "1.5", "250"]
MAX_NODES = 14
NUM_TREES = 4


def words() -> Registry:
    """What a game might register."""
    known = registry()
    known.enums["RED"] = 1
    known.action("Say", _say)
    known.action("Take", _take)
    known.action("go-home", lambda npc: None)
    known.condition("Is it so?", _asked)
    return known


def _say(npc: object, text: str = "hello", from_: str = "me") -> None: ...


def _take(
    npc: object,
    number: float = 0.5,
    count: int = 1,
    flag: bool = False,
    names: list[str] = [],  # noqa: B006
    side: Literal["left", "right"] = "left",
    any: object = None,
    goal: Output[str] | None = None,
) -> None: ...


def _asked(npc: object, text: str) -> bool:
    return bool(text)


class _Maker:
    """One random file."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = words()
        self.left = MAX_NODES

    def file(self) -> str:
        ids = [f"T-{number}" for number in range(self.random.randint(1, NUM_TREES))]
        parts = []
        for number, id in enumerate(ids):
            self.left = MAX_NODES
            inner = "".join(self.node(ids[number + 1 :], 0))
            parts.append(f"<BehaviorTree{self.attributes({'ID': id, **self.remarks()})}>{inner}")
            parts.append("</BehaviorTree>\n")
        if self.often(0.5):
            parts.append(self.model(ids[1:]))
        if self.often(0.2):
            parts.append('<Palette colour="red"><Row/>words</Palette>')
        main = {"main_tree_to_execute": ids[0]} if len(ids) > 1 or self.often(0.5) else {}
        root = {"BTCPP_format": "4", **main}
        if self.often(0.2):
            root["xmlns:xsi"] = "http://www.w3.org/2001/XMLSchema-instance"
        return f"{self.comment()}<root{self.attributes(root)}>\n{''.join(parts)}</root>"

    def model(self, ids: list[str]) -> str:
        lines = ['<Action ID="Fly" editable="true"><input_port name="to">where to</input_port>']
        lines.append('<MetadataFields><Metadata doc="a &lt; b"/></MetadataFields></Action>')
        for id in ids:
            given = {"name": "v", "default": self.random.choice([*ENTRIES, "7", "a b"])}
            port = f"<input_port{self.attributes(given)}/>"
            lines.append(f'<SubTree ID="{id}">{port}<!-- of {id} --></SubTree>')
        return f"<TreeNodesModel>{''.join(lines)}</TreeNodesModel>\n"

    def node(self, below: list[str], depth: int) -> Iterator[str]:
        self.left -= 1
        yield self.comment()
        inner: list[str] = []
        tag, given = "", {}
        if below and self.often(0.2):
            tag, given = "SubTree", {"ID": self.random.choice(below), **self.connections()}
        elif depth > 4 or self.left < 1 or self.often(0.35):
            entry = self.random.choice([e for e in self.words if _speaks(e.ports)])
            tag, given = entry.id, self.ports(entry.ports, takes_entries=not entry.makes_node)
            if not tag.isidentifier() or self.often(0.2):
                tag, given = entry.family, {"ID": entry.id, **given}
        else:
            row = self.random.choice(list(BUILTINS.values()))
            fewest, most = row.children
            tag, given = row.id, self.ports(row.ports, takes_entries=True, is_builtin=True)
            for _ in range(self.random.randint(fewest, max(fewest, min(most, 3)))):
                inner += self.node(below, depth + 1)
        if self.often(0.3):
            given["name"] = self.random.choice([*TEXTS, tag])
        if self.often(0.2):
            asks = self.random.choice(list(CONDITIONS))
            is_asked = asks in ("_failureIf", "_successIf", "_skipIf", "_while")
            given[asks] = self.random.choice(ASKED if is_asked else SCRIPTS)
        given |= self.remarks()
        if not inner:
            yield f"<{tag}{self.attributes(given)}/>"
            return
        yield f"<{tag}{self.attributes(given)}>"
        yield from inner
        yield f"{self.comment()}</{tag}>"

    def ports(
        self, ports: tuple[Port, ...], *, takes_entries: bool, is_builtin: bool = False
    ) -> dict[str, str]:
        given = {}
        for port in ports:
            if port.default is MISSING or self.often(0.5):
                given[port.name] = self.value(port, takes_entries, is_builtin)
        return given

    def value(self, port: Port, takes_entries: bool, is_builtin: bool) -> str:
        if port.is_script:
            is_asked = port.name == "if" or getattr(port, "kind", None) is bool
            return self.random.choice(ASKED if is_asked else SCRIPTS)
        if port.is_output:
            return self.random.choice(["x", "{y}", "{=}"] if is_builtin else ["{x}", "{=}"])
        if port.name in SPECIAL:  # what the node itself asks for, besides the port
            return self.random.choice(SPECIAL[port.name])
        if (takes_entries or port.takes_entries) and self.often(0.3):
            return self.random.choice(ENTRIES)
        texts = [text for text in TEXTS if text != "RED" or port.kind is not list]
        choices = [*map(str, port.choices), *texts, *NUMBERS, "true", "FALSE"]
        return self.random.choice([text for text in choices if _fits(port, text)])

    def connections(self) -> dict[str, str]:
        given = {}
        for name in ("x", "y", "v", "dash-ed"):
            if self.often(0.4):
                given[name] = self.random.choice([*TEXTS, *ENTRIES])
        if self.often(0.3):
            given["_autoremap"] = self.random.choice(["true", "True", "1", "false", "0"])
        return given

    def remarks(self) -> dict[str, str]:
        return {name: text for name, text in REMARKS.items() if self.often(0.1)}

    def comment(self) -> str:
        return "<!-- a -- b > c -->" if self.often(0.05) else ""

    def attributes(self, given: dict[str, str]) -> str:
        return "".join(f" {name}={self.quoted(text)}" for name, text in given.items())

    def quoted(self, text: str) -> str:
        """As careful people write it, or as careless ones do; both are read alike."""
        careless = "&amp;" not in text and self.often(0.3)
        if not careless:
            text = text.replace("&", "&amp;").replace("<", "&lt;")
        return '"{}"'.format(text.replace('"', "&quot;")) if '"' in text else f'"{text}"'

    def often(self, share: float) -> bool:
        return self.random.random() < share


def _speaks(ports: tuple[Port, ...]) -> bool:
    return all(port.default is not MISSING or port.kind is str for port in ports)


def _fits(port: Port, text: str) -> bool:
    try:
        port.read(text)
    except ValueError:
        return False
    return True


def random_file(seed: int) -> str:
    """A tree file that loads; the same for the same seed."""
    return _Maker(seed).file()


def faults_of_trip(text: str) -> list[str]:
    """What was lost on the way; nothing, if all is well."""
    known = words()
    faults = [str(fault) for fault in check(text, known)]
    if faults:
        return faults
    try:
        definition = loads(text, known)
        out = dumps(definition, known)
        again = loads(out, known)
        if again != definition:
            faults.append("what was saved loads to something else")
        if dumps(again, known) != out:
            faults.append("saving twice is not saving once")
        faults += _lost(read_markup(text, "read"), read_markup(out, "written"))
        faults += _trip_without_memory(definition, known)
    except TreeError as error:
        faults.append(str(error))
    return faults


def _trip_without_memory(definition: Node, known: Registry) -> list[str]:
    bare = _bare(definition)
    try:
        out = dumps(bare, known)
    except TreeError as error:
        # Two names of one entry are told apart by the file alone.
        return [] if str(error).startswith("subtrees of one id") else [str(error)]
    if loads(out, known) != definition:
        return ["what was made in Python loads to something else"]
    return []


def _bare(node: Node) -> Node:
    """An equal definition that remembers no file."""
    bare = copy.copy(node)
    if hasattr(bare, "_source"):
        object.__delattr__(bare, "_source")
    for field in dataclasses.fields(node):  # type: ignore[arg-type]
        value: Any = getattr(node, field.name)
        if isinstance(value, Node):
            object.__setattr__(bare, field.name, _bare(value))
        elif isinstance(value, tuple) and value and all(isinstance(v, Node) for v in value):
            object.__setattr__(bare, field.name, tuple(map(_bare, value)))
    return bare


def _lost(read: Element, written: Element) -> list[str]:
    """Elements that are not where they were."""
    faults = [] if read.attributes.items() <= written.attributes.items() else ["root"]
    kept = {_shape(child) for child in written.children}
    for child in read.children:
        if _shape(child) not in kept:
            faults.append(f"lost or changed: {child.tag} {child.attributes}")
    if read.comments != written.comments:
        faults.append("a comment before the root was lost")
    return faults


def _shape(element: Element) -> tuple[Any, ...]:
    attributes = tuple(element.attributes.items())
    children = tuple(map(_shape, element.children))
    comments = (element.comments, element.last_comments)
    return (element.tag, attributes, element.text, comments, children)


def main() -> int:
    """Runs some trips and prints what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.tree_trips", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=5000, help="how many files")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    options = parser.parse_args()
    bad = 0
    for seed in range(options.seed, options.seed + options.count):
        text = random_file(seed)
        faults = faults_of_trip(text)
        if faults:
            bad += 1
            print(f"seed {seed}: {faults}\n{text}\n")
    print(f"{options.count} files, {bad} with faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
