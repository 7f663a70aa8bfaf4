"""XML as a tree of ``Element``: ``read_markup``.

Reads as BehaviorTree.CPP does, which is more lenient than XML itself: in the value of an attribute
``<`` and ``&`` may stand as they are (``_skipIf="a < b && c"``), and line breaks stay. Refuses what
BehaviorTree.CPP would read but no author means: document types, control characters, anything after
the root. Invariant: reading takes time and memory in proportion to ``MAX_BYTES``, whatever the file
says; only the file itself is ever opened.
"""

from __future__ import annotations

import re

from npcbrain.tree.encoding import decoded
from npcbrain.tree.markup import BEGIN, BREAK, ENTITY, Element, Page, XmlError

__all__ = ["IMPOSSIBLE", "MAX_BYTES", "NAME", "read_markup"]

MAX_BYTES = 1 << 20  # a tree of a thousand nodes has 100 KB
MAX_DEPTH = 80  # of nested elements; a little more than a tree may have of nodes
MAX_ELEMENTS = 20_000
MAX_ATTRIBUTES = 256  # of one element
MAX_NAME = 256  # characters of a name, which messages repeat

NAME = re.compile(r"[A-Za-z_:\x80-\U0010ffff][A-Za-z0-9_:.\x80-\U0010ffff-]*")
SPACE = re.compile(r"\s*", re.ASCII)
NAMED = {"quot": '"', "amp": "&", "apos": "'", "lt": "<", "gt": ">"}
IMPOSSIBLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
DOCTYPE = re.compile(r"<!DOCTYPE\s+([^\s>\[]{1,60})")


def read_markup(data: bytes | str, file: str, max_elements: int = MAX_ELEMENTS) -> Element:
    """Reads one file.

    Args:
        data: Its bytes, or its text; the encoding that a text names does not matter.
        file: What messages call it.
        max_elements: How many elements it may have.

    Raises:
        XmlError: It is not XML, or is XML that is not accepted here.
    """
    if len(data) > MAX_BYTES:
        rule = f"be at most {MAX_BYTES} bytes"
        raise XmlError([Page(file, "").fault(0, "tree file", rule, len(data))])
    text = decoded(data, file) if isinstance(data, bytes) else data
    return _Parser(Page(file, text), min(max_elements, MAX_ELEMENTS)).run()


class _Parser:
    """One parse."""

    def __init__(self, page: Page, max_elements: int) -> None:
        self.page = page
        self.text = page.text
        self.max_elements = max_elements
        self.root: Element | None = None
        self.open: list[Element] = []
        self.said: list[list[str]] = []  # the words in each open element
        self.comments: list[str] = []
        self.count = 0

    def run(self) -> Element:
        text = self.text
        bad = IMPOSSIBLE.search(text)
        if bad is not None:
            raise self.refused(bad.start(), "file", "hold text only", bad[0])
        at = 1 if text.startswith("\ufeff") else 0
        while True:
            begin = text.find("<", at)
            end = len(text) if begin < 0 else begin
            if end > at:
                self.words(at, self.value(at, end))
            if begin < 0:
                break
            at = self.markup(begin)
        if self.open:
            last = self.open[-1]
            advice = f"<{last.tag}> of line {last.line} is never closed"
            raise self.malformed(len(text), "no element found", advice)
        if self.root is None:
            raise self.malformed(len(text), "nothing", f"a tree file begins with {BEGIN}")
        self.root.last_comments += tuple(self.comments)
        return self.root

    def markup(self, at: int) -> int:
        """Reads markup from its ``<`` on; returns where the rest begins."""
        text = self.text
        if text.startswith("<!--", at):
            end = self.end_of("-->", at, 4, "comment")
            self.comments.append(BREAK.sub("\n", text[at + 4 : end - 3]))
            return end
        if text.startswith("<![CDATA[", at):
            end = self.end_of("]]>", at, 9, "<![CDATA[")
            self.words(at + 9, BREAK.sub("\n", text[at + 9 : end - 3]))
            return end
        if text.startswith("<?", at):
            return self.end_of("?>", at, 2, "<?")
        if text.startswith("<!", at):
            found = DOCTYPE.match(text, at)
            if found is not None:
                advice = "remove the DOCTYPE and its entities"
                raise self.refused(at, "file", "have no document type", found[1], advice)
            raise self.malformed(at, self.glimpse(at))
        begin = self.space(at + 1)
        if text.startswith("/", begin):
            return self.close(begin + 1)
        return self.element(at, begin)

    def end_of(self, mark: str, at: int, length: int, what: str) -> int:
        end = self.text.find(mark, at + length)
        if end < 0:
            raise self.malformed(
                at, self.glimpse(at), f"the {what} is never closed; {mark} ends it"
            )
        return end + len(mark)

    def element(self, at: int, begin: int) -> int:
        """An opening tag."""
        tag = self.name(begin)
        if not tag:
            advice = "write &lt; for a < that begins no element"
            raise self.malformed(at, self.glimpse(at), advice)
        self.count += 1
        if len(self.open) >= MAX_DEPTH:
            raise self.refused(at, "elements", f"nest at most {MAX_DEPTH} deep", tag)
        if self.count > self.max_elements:
            rule = f"be at most {MAX_ELEMENTS}"
            if self.max_elements < MAX_ELEMENTS:  # other files have used some up
                rule = "be fewer, in all files that are included together"
            raise self.refused(at, "elements", rule, tag)
        element = Element(tag, {}, self.page, at, {}, comments=tuple(self.comments))
        self.comments.clear()
        if self.open:
            self.open[-1].children.append(element)
        elif self.root is None:
            self.root = element
        else:
            raise self.malformed(at, f"<{tag}>", "a file has one outermost element")
        return self.attributes(element, begin + len(tag))

    def attributes(self, element: Element, at: int) -> int:
        text = self.text
        while True:
            at = self.space(at)
            if text.startswith(">", at):
                self.open.append(element)
                self.said.append([])
                return at + 1
            if text.startswith("/>", at):
                return at + 2
            name = self.name(at)
            if not name:
                advice = 'attributes are written name="...", and > ends the element'
                raise self.malformed(at, self.glimpse(at), _open_quote(element) or advice)
            equals = self.space(at + len(name))
            quote = self.space(equals + 1)
            if not text.startswith("=", equals):
                advice = _open_quote(element) or f'a value is missing: {name}="..."'
                raise self.malformed(at, self.glimpse(at), advice)
            if text[quote : quote + 1] not in ("'", '"'):
                advice = f'put the value in quotes: {name}="..."'
                raise self.malformed(quote, self.glimpse(quote), advice)
            end = text.find(text[quote], quote + 1)
            if end < 0:
                advice = "its closing quote is missing"
                raise self.malformed(at, self.glimpse(at), advice)
            if name in element.attributes:
                raise self.refused(at, f"attribute of {element.tag}", "be there once", name)
            if len(element.attributes) >= MAX_ATTRIBUTES:
                rule = f"be at most {MAX_ATTRIBUTES}"
                raise self.refused(at, f"attributes of {element.tag}", rule, name)
            element.attributes[name] = self.value(quote + 1, end)
            element.spots[name] = (at, quote + 1)
            at = end + 1

    def close(self, at: int) -> int:
        """A closing tag."""
        name = self.name(at)
        end = self.space(at + len(name))
        if not self.open or self.open[-1].tag != name:
            advice = "nothing is open here"
            if self.open:
                last = self.open[-1]
                advice = f"<{last.tag}> was opened at line {last.line} and is not closed here"
            raise self.malformed(at, "mismatched tag", advice)
        if not self.text.startswith(">", end):
            raise self.malformed(end, self.glimpse(end), f"write </{name}>")
        element = self.open.pop()
        element.text = " ".join(self.said.pop())
        element.last_comments = tuple(self.comments)
        self.comments.clear()
        return end + 1

    def words(self, at: int, words: str) -> None:
        """Keeps text between elements, which means nothing in a tree file."""
        stripped = words.strip()
        if not stripped:
            return
        begin = at + len(words) - len(words.lstrip())
        if not self.open:
            advice = "nothing follows it" if self.root else f"a tree file begins with {BEGIN}"
            raise self.malformed(begin, self.glimpse(begin), advice)
        self.said[-1].append(stripped)

    def value(self, begin: int, end: int) -> str:
        """The characters that a piece of the text stands for."""
        raw = self.text[begin:end]
        if "\r" in raw:
            raw = BREAK.sub("\n", raw)
        if "&" not in raw:
            return raw
        value = ENTITY.sub(_meant, raw)
        if IMPOSSIBLE.search(value):
            raise self.refused(begin, "value", "hold text only", value)
        return value

    def name(self, at: int) -> str:
        found = NAME.match(self.text, at)
        if found is None:
            return ""
        if len(found[0]) > MAX_NAME:
            raise self.refused(at, "name", f"have at most {MAX_NAME} characters", found[0][:80])
        return found[0]

    def space(self, at: int) -> int:
        found = SPACE.match(self.text, at)
        return at if found is None else found.end()

    def glimpse(self, at: int) -> str:
        return self.text[at : at + 16].partition("\n")[0]

    def malformed(self, at: int, got: str, advice: str = "") -> XmlError:
        return self.refused(at, "file", "be well-formed XML", got, advice)

    def refused(self, at: int, what: str, rule: str, got: object, advice: str = "") -> XmlError:
        return XmlError([self.page.fault(at, what, rule, got, advice)])


def _open_quote(element: Element) -> str:
    """Advice for a value that ran on into the next element."""
    for name, value in element.attributes.items():
        if "\n" in value and "<" in value:
            line = element.place_of(name)[0]
            return f"is the closing quote of {name!r} in line {line} missing?"
    return ""


def _meant(found: re.Match[str]) -> str:
    """The character of an entity; one that names no character stays as it is."""
    decimal, hexadecimal, name = found.groups()
    if name:
        return NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    return chr(code) if code <= 0x10FFFF else found[0]
