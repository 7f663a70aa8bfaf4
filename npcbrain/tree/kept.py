"""What a definition remembers of the file it was read from: ``Source`` and ``Kept``.

It is remembered so that saving changes nothing: attributes without a meaning here, trees that the
main tree does not use, remarks and the descriptions in a TreeNodesModel are written as they were
read. Invariant: none of this is part of a definition: two that behave alike are equal, whatever
is remembered of them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from npcbrain.errors import TreeError, fault
from npcbrain.tree.markup import Element
from npcbrain.tree.node import Node
from npcbrain.tree.parser import IMPOSSIBLE

__all__ = [
    "Kept",
    "Source",
    "attributes_of",
    "keep",
    "kept_with",
    "quoted",
    "remember",
    "source_of",
    "written",
]

ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\n": "&#10;",
        "\r": "&#13;",
        "\t": "&#9;",
    }
)


class Kept(NamedTuple):
    """What a file holds besides the nodes of its main tree.

    Attributes:
        main: The id of the tree that became the definition.
        root: The outermost element.
        trees: All trees by id.
        models: Every TreeNodesModel.
        others: Elements of the root that have no meaning here.
    """

    main: str
    root: Element
    trees: Mapping[str, Element]
    models: tuple[Element, ...]
    others: tuple[Element, ...]


class Source(NamedTuple):
    """Where a node comes from.

    Attributes:
        element: Its element.
        children: The nodes of the elements in it.
        prefix: What the keys of entries begin with in the scope that it was read in.
        kept: What else its file holds, if it is the root of the main tree.
    """

    element: Element
    children: tuple[Node, ...]
    prefix: str
    kept: Kept | None = None


def remember(node: Node, source: Source) -> Node:
    """The node, with its source; a copy of the node if it has another source already."""
    if source_of(node) is not None:
        node = copy.copy(node)  # a function of the game may return one node for many elements
    object.__setattr__(node, "_source", source)  # frozen, but this is not part of the definition
    return node


def keep(node: Node, kept: Kept) -> Node:
    """The root of a main tree, with everything else that its file holds."""
    source = source_of(node)
    if source is not None:
        object.__setattr__(node, "_source", source._replace(kept=kept))
    return node


def source_of(node: Node) -> Source | None:
    """Where a node comes from; None if it was made in Python."""
    source: Source | None = getattr(node, "_source", None)
    return source


def kept_with(node: Node) -> Kept | None:
    """All that must be written besides the definition itself; None if there is nothing."""
    source = source_of(node)
    return None if source is None else source.kept


def quoted(text: str) -> str:
    """A value as a file holds it.

    Raises:
        TreeError: No file can hold it.
    """
    if IMPOSSIBLE.search(text):
        raise TreeError(fault("value", "hold text only", text, "tree.dumps()"))
    return f'"{text.translate(ESCAPES)}"'


def attributes_of(attributes: Mapping[str, str]) -> str:
    """Attributes as they stand in a tag, each with a space before."""
    return "".join(f" {name}={quoted(value)}" for name, value in attributes.items())


def written(
    element: Element, depth: int, renamed: Mapping[str, str] | None = None
) -> Iterator[str]:
    """An element as lines.

    Args:
        element: What to write.
        depth: How far to indent it.
        renamed: New ids of trees, for the SubTree elements that mean them.
    """
    indent = "  " * depth
    for comment in element.comments:
        yield f"{indent}<!--{comment}-->"
    given = element.attributes
    if renamed and element.tag == "SubTree" and given.get("ID") in renamed:
        given = {**given, "ID": renamed[given["ID"]]}
    head = f"{element.tag}{attributes_of(given)}"
    words = quoted(element.text)[1:-1]
    if not element.children and not element.last_comments:
        yield f"{indent}<{head}>{words}</{element.tag}>" if words else f"{indent}<{head}/>"
        return
    yield f"{indent}<{head}>{words}"
    for child in element.children:
        yield from written(child, depth + 1, renamed)
    for comment in element.last_comments:
        yield f"{indent}  <!--{comment}-->"
    yield f"{indent}</{element.tag}>"
