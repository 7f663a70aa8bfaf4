"""``Library``: all that a tree file and the files that it includes hold together.

An included file is looked for beside the one that includes it. It is read only once, however often
it is named, so that circles do no harm. As in BehaviorTree.CPP, a file's own tree goes before one
of the same name in a file that it includes. Invariant: only ordinary files at or below the folder
of the outermost file are opened, and no more files or bytes than the limits here.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from npcbrain.errors import TreeError, fault
from npcbrain.tree.markup import BEGIN, Element, Faults, XmlError
from npcbrain.tree.parser import MAX_BYTES, read_markup
from npcbrain.tree.registry import nearest

__all__ = ["NAMELESS", "Library", "read_file", "some"]

MAX_FILES = 1000  # a project may keep each shared subtree in a file of its own
MAX_ALL_BYTES = 8 * MAX_BYTES
MAX_ALL_ELEMENTS = 100_000
MAX_ID = 256  # characters of a tree's name, which messages repeat
MAX_NAMES = 8  # in one message
NAMELESS = "BehaviorTree_0"  # what BehaviorTree.CPP calls the tree of a file that gives it no ID
ROOT_ATTRIBUTES = ("BTCPP_format", "main_tree_to_execute", "project_name")
IN_ROOT = ("BehaviorTree", "TreeNodesModel", "include")
KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


class Library:
    """The trees of one file and of those that it includes.

    Args:
        text: The outermost file.
        file: What messages call it.
        folder: Where it is; nothing is included if None.
        faults: Where faults go.
        nodes: Ids of nodes; the root element must not hold any.

    Attributes:
        root: The outermost element of the outermost file.
        trees: By id, those of included files first.
        own: The ids of the outermost file's own.
        models: Every TreeNodesModel.
        others: Other elements of the roots; they mean nothing here, but are kept.
        paths: The files that were included.

    Raises:
        XmlError: The outermost file is no tree file.
    """

    def __init__(
        self,
        text: str | bytes,
        file: str,
        folder: Path | None,
        faults: Faults,
        nodes: frozenset[str] = frozenset(),
    ) -> None:
        self.faults = faults
        self.folder = folder
        self.nodes = nodes
        self.trees: dict[str, Element] = {}
        self.own: dict[str, None] = {}
        self.models: list[Element] = []
        self.others: list[Element] = []
        self.paths: list[Path] = []
        self._num_bytes, self._num_elements = len(text), 0
        self.root = self._read(text, file)
        self._seen = {os.path.realpath(folder / Path(file).name)} if folder is not None else set()
        self._read_all()

    def _read_all(self) -> None:
        """Reads all included files, innermost first; with a list, not with recursion."""
        open = [(self.root, self.folder, iter(self.root.children))]
        while open:
            root, folder, rest = open[-1]
            element = next(rest, None)
            if element is None:
                open.pop()
                self._take(root)
            elif element.tag == "include":
                found = self._include(element, folder)
                if found is not None:
                    inner, path = found
                    open.append((inner, path.parent, iter(inner.children)))

    def _include(self, element: Element, folder: Path | None) -> tuple[Element, Path] | None:
        """The file that an element includes; None if it was read already, or cannot be read."""
        text = element.attributes.get("path", "")
        if folder is None or self.folder is None or not text:
            advice = 'write path="..."' if not text else "text alone has no files beside it"
            self.faults.append(element.fault("include", "have a path in a folder", text, advice))
            return None
        path = folder / text
        if "ros_pkg" in element.attributes and not os.path.isabs(text):
            advice = "put the file beside this one and leave ros_pkg out"
            what, got = "ros_pkg of include", element.attributes["ros_pkg"]
            self.faults.append(
                element.fault(what, "not be there", got, advice, attribute="ros_pkg")
            )
            return None
        rule = advice = ""
        data = b""
        try:
            real = Path(os.path.realpath(path))
            if not real.is_relative_to(os.path.realpath(self.folder)):
                what, rule = "include", "stay in the folder"
                advice = "a tree file may include only what is beside it or below"
            elif str(real) in self._seen:
                return None
            elif len(self.paths) >= MAX_FILES:
                what, rule = "included files", f"be at most {MAX_FILES}"
            else:
                self._seen.add(str(real))
                self.paths.append(path)
                data = read_file(path)
                self._num_bytes += len(data)
                if self._num_bytes > MAX_ALL_BYTES:
                    what, rule = "tree files", f"be at most {MAX_ALL_BYTES} bytes in all"
        except TreeError as error:
            what, rule, advice = "included file", "be readable", _reason(error)
        except ValueError as error:  # a name that no file can have
            what, rule, advice = "included file", "be readable", str(error)
        if rule:
            self.faults.append(element.fault(what, rule, text, advice, attribute="path"))
            return None
        try:
            return self._read(data, str(Path(element.file).parent / text)), path
        except XmlError as error:
            for found in error.faults:
                self.faults.append(found)
            return None

    def _read(self, text: str | bytes, file: str) -> Element:
        root = read_markup(text, file, MAX_ALL_ELEMENTS - self._num_elements)
        if root.tag != "root":
            advice = f"a tree file begins with {BEGIN}"
            raise XmlError([root.fault("outermost element", "be root", root.tag, advice)])
        self._num_elements += sum(1 for _ in root.walk())
        return root

    def _take(self, root: Element) -> None:
        """Takes over what one file holds itself."""
        for name in root.attributes:
            advice = nearest(name, list(ROOT_ATTRIBUTES))
            if name not in ROOT_ATTRIBUTES and advice:  # others are just kept
                self.faults.append(
                    root.fault("attribute of root", "be known", name, advice, attribute=name)
                )
        trees = [element for element in root.children if element.tag == "BehaviorTree"]
        for element in root.children:
            tag = element.tag
            if tag == "BehaviorTree":
                self._take_tree(element, is_only=len(trees) == 1)
            elif tag == "TreeNodesModel":
                self.models.append(element)
            elif tag != "include":
                self._take_other(element)

    def _take_tree(self, element: Element, *, is_only: bool) -> None:
        id = element.attributes.get("ID", "") or (NAMELESS if is_only else "")
        if not id:
            advice = 'only the single tree of a file may go without: write ID="Main"'
            self.faults.append(element.fault("BehaviorTree", "have an ID", None, advice))
            return
        if len(id) > MAX_ID:
            what, rule = "ID of a BehaviorTree", f"have at most {MAX_ID} characters"
            self.faults.append(element.fault(what, rule, id, attribute="ID"))
            return
        known = self.trees.pop(id, None)
        if known is not None and known.page is element.page:
            advice = f"line {known.line} has a tree of that name"
            self.faults.append(
                element.fault("ID of a BehaviorTree", "be unique", id, advice, attribute="ID")
            )
            element = known
        self.trees[id] = element
        if element.page is self.root.page:
            self.own[id] = None

    def _take_other(self, element: Element) -> None:
        tag = element.tag
        advice = nearest(tag, list(IN_ROOT))
        if tag in self.nodes:
            advice = advice or "nodes belong into a <BehaviorTree>"
        if advice:
            what, rule = "element in root", "be BehaviorTree or TreeNodesModel"
            self.faults.append(element.fault(what, rule, tag, advice))
        else:
            self.others.append(element)


def read_file(path: str | Path) -> bytes:
    """A file's bytes.

    Raises:
        TreeError: It cannot be read, is not an ordinary file, or is too big; nothing was read.
    """
    try:
        found = os.stat(path)
        kind = stat.S_IFMT(found.st_mode)
        if kind != stat.S_IFREG:
            what = KINDS.get(kind, "something else")
            raise TreeError(fault("tree file", "be a file", what, str(path), "check the path"))
        if found.st_size > MAX_BYTES:
            rule = f"be at most {MAX_BYTES} bytes"
            advice = "cut it into several files and include them"
            raise TreeError(fault("tree file", rule, found.st_size, str(path), advice))
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)  # it may have grown since it was measured
    except OSError as error:
        raise _unreadable(path, error.strerror) from error
    except ValueError as error:  # a name that no file can have
        if isinstance(error, TreeError):
            raise
        raise _unreadable(path, str(error)) from error


def _unreadable(path: str | Path, reason: str | None) -> TreeError:
    return TreeError(fault("tree file", "be readable", reason, str(path), "check the path"))


def _reason(error: TreeError) -> str:
    """Why a file cannot be included, without the path that the message tells anyway."""
    cause = error.__cause__
    if isinstance(cause, OSError):
        return cause.strerror or str(cause)
    return str(error).partition(" - at ")[0]


def some(names: list[str]) -> str:
    """The first of some names, for messages."""
    shown = ", ".join(names[:MAX_NAMES])
    more = len(names) - MAX_NAMES
    return f"{shown} and {more} more" if more > 0 else shown or "none"
