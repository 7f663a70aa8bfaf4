"""The parts of a tree file, ``Element``, each with its place, and the faults found in them.

``parser`` reads files. Invariant: a fault names its file, line and column; there are never more
faults than somebody would read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from npcbrain.errors import TreeError, fault

__all__ = ["BEGIN", "BREAK", "ENTITY", "Element", "Fault", "Faults", "Page", "XmlError"]

BREAK = re.compile(r"\r\n?")
ENTITY = re.compile(r"&(?:#([0-9]{1,9})|#x([0-9a-fA-F]{1,8})|(quot|amp|apos|lt|gt));")
BEGIN = '<root BTCPP_format="4">'
MAX_FAULTS = 200  # nobody mends more at a time, and each may take a search for advice


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in a file; ``str(fault)`` is the whole message."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return self.message


class XmlError(TreeError):
    """A tree file is wrong.

    Attributes:
        faults: All that were found, in the file's order; the message tells the first.
    """

    def __init__(self, faults: Faults | list[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        more = len(self.faults) - 1
        rest = f" (and {more} more; npcbrain tree check lists them)" if more else ""
        super().__init__(f"{self.faults[0]}{rest}")


class Faults:
    """The faults of one file and of the files that it includes, each once.

    The last one for which there is room raises ``XmlError``: a file with thousands of faults is
    no tree file.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Fault, None] = {}

    def append(self, fault: Fault) -> None:
        """Notes a fault.

        Raises:
            XmlError: There are too many to go on.
        """
        self._found[fault] = None
        if len(self._found) >= MAX_FAULTS:
            raise XmlError(self)

    def __contains__(self, fault: object) -> bool:
        return fault in self._found

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class Page:
    """The text of one file; turns places in it into lines and columns.

    Attributes:
        file: What messages call it.
        text: All of it.
    """

    __slots__ = ("_lines", "file", "text")

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._lines: list[int] = []  # where each line begins; filled at the first fault

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a character, from 1."""
        if not self._lines:
            self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1] + 1

    def fault(self, at: int, what: str, rule: str, got: object, advice: str = "") -> Fault:
        """A fault at a character."""
        line, column = self.place(at)
        where = f"{self.file}:{line}:{column}"
        return Fault(self.file, line, column, fault(what, rule, got, where, advice))


@dataclass(slots=True, eq=False)
class Element:
    """One element.

    Attributes:
        tag: Its name.
        attributes: In the file's order.
        page: Its file.
        at: Where it begins there.
        spots: Where the name and the value of each attribute begin.
        children: The elements in it.
        text: The words in it, between the elements.
        comments: The comments before it.
        last_comments: The comments before its end.
    """

    tag: str
    attributes: dict[str, str]
    page: Page
    at: int
    spots: dict[str, tuple[int, int]]
    children: list[Element] = field(default_factory=list)
    text: str = ""
    comments: tuple[str, ...] = ()
    last_comments: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Its file, for messages."""
        return self.page.file

    @property
    def line(self) -> int:
        """Where it begins; from 1."""
        return self.page.place(self.at)[0]

    def place_of(self, attribute: str) -> tuple[int, int]:
        """Line and column of an attribute; of the element if it has none of that name."""
        spot = self.spots.get(attribute)
        return self.page.place(self.at if spot is None else spot[0])

    def place_in(self, attribute: str, at: int) -> tuple[int, int]:
        """Line and column of a character of an attribute's value."""
        spot = self.spots.get(attribute)
        if spot is None:
            return self.page.place(self.at)
        end = spot[1]
        for _ in range(at):  # an entity such as &lt; is one character of the value
            found = ENTITY.match(self.page.text, end) or BREAK.match(self.page.text, end)
            end = found.end() if found else end + 1
        return self.page.place(end)

    def fault(
        self,
        what: str,
        rule: str,
        got: object,
        advice: str = "",
        *,
        attribute: str = "",
        at: int | None = None,
    ) -> Fault:
        """A fault at this element, at one of its attributes, or at a character of its value."""
        line, column = self.place_of(attribute) if at is None else self.place_in(attribute, at)
        where = f"{self.file}:{line}:{column}"
        return Fault(self.file, line, column, fault(what, rule, got, where, advice))

    def walk(self) -> Iterator[Element]:
        """This element and all below, in the file's order."""
        open = [self]
        while open:
            element = open.pop()
            yield element
            open += reversed(element.children)
