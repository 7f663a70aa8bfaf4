"""XML as a tree of ``Element``, each knowing its line and column.

A reader for files from anywhere: document types and with them entities are refused, size, depth
and count are limited, before anything is built. Floor 1. Invariant: reading takes time and memory
in proportion to ``MAX_BYTES``, whatever the file says; nothing but the file is ever opened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from npcbrain.errors import TreeError, fault

__all__ = ["BEGIN", "Element", "Fault", "XmlError", "read_markup"]

MAX_BYTES = 1 << 20  # a tree of a thousand nodes has 100 KB
MAX_DEPTH = 80  # a little more than a tree may have nodes in each other
MAX_ELEMENTS = 20_000
BEGIN = '<root BTCPP_format="4">'


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong in a file; ``str`` of it is the whole message."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return self.message


class XmlError(TreeError):
    """A tree file is wrong.

    Attributes:
        faults: All that was found, in the file's order; the message is the first.
    """

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        more = len(faults) - 1
        rest = f" (and {more} more; npcbrain tree check lists them)" if more else ""
        super().__init__(f"{self.faults[0]}{rest}")


@dataclass(slots=True)
class Element:
    """One element.

    Attributes:
        tag: Its name.
        attributes: In the file's order.
        file: Its file, for messages.
        line: Where it begins; from 1.
        column: From 1.
        children: The elements in it.
    """

    tag: str
    attributes: dict[str, str]
    file: str
    line: int
    column: int
    children: list[Element] = field(default_factory=list)
    source: str = ""  # the text of its opening tag, to find attributes in

    def place_of(self, attribute: str) -> tuple[int, int]:
        """Line and column of an attribute; of the element if it has none of that name."""
        found = re.search(rf"\s({re.escape(attribute)})\s*=", self.source)
        if found is None:
            return self.line, self.column
        return self._place(self.source[: found.start(1)])

    def _place(self, before: str) -> tuple[int, int]:
        """Where the rest of the opening tag begins."""
        line = self.line + before.count("\n")
        if "\n" in before:
            return line, len(before) - before.rindex("\n")
        return line, self.column + len(before)

    def place_in(self, attribute: str, at: int) -> tuple[int, int]:
        """Line and column of a character of an attribute's value."""
        found = re.search(rf"\s{re.escape(attribute)}\s*=\s*[\"']", self.source)
        if found is None:
            return self.place_of(attribute)
        end = found.end()
        for _ in range(at):
            # What is written &lt; is one character of the value.
            entity = re.compile(r"&[^;]{1,8};").match(self.source, end)
            end = entity.end() if entity else end + 1
        return self._place(self.source[:end])

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
        line, column = self.line, self.column
        if attribute:
            line, column = self.place_of(attribute) if at is None else self.place_in(attribute, at)
        where = f"{self.file}:{line}:{column}"
        return Fault(self.file, line, column, fault(what, rule, got, where, advice))


def read_markup(data: bytes, file: str) -> Element:
    """Reads one file.

    Raises:
        XmlError: It is no XML, or XML that is not accepted here.
    """
    if len(data) > MAX_BYTES:
        rule = f"be at most {MAX_BYTES} bytes"
        raise XmlError([Fault(file, 1, 1, fault("tree file", rule, len(data), file))])
    return _Builder(data, file).run()


class _Builder:
    """The callbacks of one parse."""

    def __init__(self, data: bytes, file: str) -> None:
        self.data = data
        self.file = file
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0
        self.parser: Any = expat.ParserCreate()
        self.parser.ordered_attributes = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self.doctype
        self.parser.EntityDeclHandler = self.doctype
        self.parser.ExternalEntityRefHandler = lambda *_: 0
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text

    def run(self) -> Element:
        try:
            self.parser.Parse(self.data, True)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            got, advice = self.hint(text)
            raise self.refused("file", "be well-formed XML", got, advice, error) from error
        if self.root is None:
            raise self.refused("file", "hold an element", "nothing")
        return self.root

    def hint(self, text: str) -> tuple[str, str]:
        """What was got, and what to do about it."""
        last = self.open[-1] if self.open else None
        if "mismatched" in text and last is not None:
            return text, f"<{last.tag}> was opened at line {last.line} and is not closed here"
        if "invalid token" in text:
            at = self.parser.ErrorByteIndex
            got = self.data[at : at + 16].decode("utf-8", "replace").partition("\n")[0]
            before = self.data[:at].rstrip()
            if before.endswith(b"="):
                name = re.search(rb"([\w.:-]+)\s*=$", before)
                shown = name[1].decode("utf-8", "replace") if name else "name"
                return got, f'put the value in quotes: {shown}="..."'
            return got, "write &amp; for & and &lt; for < in attributes"
        if "no element" in text:
            if last is not None:
                return text, f"<{last.tag}> of line {last.line} is never closed"
            return "nothing", f"a tree file begins with {BEGIN}"
        if "undefined entity" in text:
            return text, "only &lt; &gt; &amp; &quot; &apos; are known"
        return text, ""

    def refused(
        self,
        what: str,
        rule: str,
        got: object,
        advice: str = "",
        error: expat.ExpatError | None = None,
        shift: int = 0,
    ) -> XmlError:
        line = error.lineno if error else self.parser.CurrentLineNumber
        column = (error.offset if error else self.parser.CurrentColumnNumber) + 1 + shift
        where = f"{self.file}:{line}:{column}"
        return XmlError([Fault(self.file, line, column, fault(what, rule, got, where, advice))])

    def doctype(self, name: str, *rest: object) -> None:
        advice = "remove the DOCTYPE and its entities"
        # Where the parser stands by now differs from one version of expat to the next.
        before = self.data[: max(0, self.data.find(b"<!DOCTYPE"))]
        line, column = before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1
        message = fault(
            "file", "have no document type", name, f"{self.file}:{line}:{column}", advice
        )
        raise XmlError([Fault(self.file, line, column, message)])

    def start(self, tag: str, attributes: list[str]) -> None:
        self.count += 1
        if len(self.open) >= MAX_DEPTH:
            raise self.refused("elements", f"nest at most {MAX_DEPTH} deep", tag)
        if self.count > MAX_ELEMENTS:
            raise self.refused("elements", f"be at most {MAX_ELEMENTS}", tag)
        begin = self.parser.CurrentByteIndex
        element = Element(
            tag,
            dict(zip(attributes[::2], attributes[1::2], strict=True)),
            self.file,
            self.parser.CurrentLineNumber,
            self.parser.CurrentColumnNumber + 1,
        )
        if attributes:
            raw = self.data[begin : begin + self.length_of_tag(begin)]
            element.source = raw.decode("utf-8", "replace")
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def length_of_tag(self, begin: int) -> int:
        # Up to the > that is in no quotes; a tag is short, and the file was limited.
        match = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>").match(self.data, begin)
        return match.end() - begin if match else 0

    def end(self, tag: str) -> None:
        self.open.pop()

    def text(self, text: str) -> None:
        inside = self.open[-1] if self.open else None
        if text.strip() and (
            inside is None
            or inside.tag
            not in ("input_port", "output_port", "inout_port", "MetadataFields", "description")
        ):
            advice = "values are written as attributes"
            indent = len(text) - len(text.lstrip())
            raise self.refused("element", "hold elements only", text.strip(), advice, shift=indent)
