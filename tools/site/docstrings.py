"""Docstrings as Markdown, for the reference: tables, blocks and examples are written otherwise.

An extension of griffe, which reads the sources for the site. It knows nothing of npcbrain.
Invariant: text that is no simple table, literal block or example comes out as it went in.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any

try:
    from griffe import Extension
except ImportError:  # the functions below are tested without the site's packages
    Extension = object

__all__ = ["Markdown", "as_markdown"]

RULER = re.compile(r"\s*=+(?:\s+=+)+\s*")


class Markdown(Extension):  # type: ignore[misc, valid-type]
    """Turns every docstring into Markdown."""

    def on_object(self, *, obj: Any, **_: Any) -> None:
        """Called by griffe for each module, class and function."""
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """A docstring with its simple tables, literal blocks and examples in Markdown.

    >>> print(as_markdown("====  ====\\na     b\\n====  ====\\none   1\\n      2\\n====  ===="))
    | a | b |
    |---|---|
    | one | 1 2 |
    >>> print(as_markdown("So::\\n\\n    play()"))
    So:
    <BLANKLINE>
    ``` python
    play()
    ```
    """
    lines = text.splitlines()
    done: list[str] = []
    at = 0
    while at < len(lines):
        if RULER.fullmatch(lines[at]):
            at = _table(lines, at, done)
        elif lines[at].endswith("::"):
            at = _block(lines, at, done)
        elif lines[at].lstrip().startswith(">>> "):
            at = _session(lines, at, done)
        else:
            done.append(lines[at])
            at += 1
    return "\n".join(done)


def _table(lines: list[str], at: int, done: list[str]) -> int:
    """Writes the table whose first ruler is at a line; returns the line after it."""
    rulers = [i for i in range(at, len(lines)) if RULER.fullmatch(lines[i])][:3]
    if len(rulers) < 3:  # no table after all
        done.append(lines[at])
        return at + 1
    starts = [found.start() for found in re.finditer(r"(?<!=)=", lines[at])]
    indent = " " * starts[0]
    header = [_cells(line, starts) for line in lines[rulers[0] + 1 : rulers[1]]]
    rows: list[list[str]] = []
    for line in lines[rulers[1] + 1 : rulers[2]]:
        cells = _cells(line, starts)
        if cells[0] or not rows:
            rows.append(cells)
        else:  # the row before goes on
            rows[-1] = _joined([rows[-1], cells])
    done.append(f"{indent}| {' | '.join(_joined(header))} |")
    done.append(f"{indent}|{'---|' * len(starts)}")
    done += [f"{indent}| {' | '.join(row)} |" for row in rows]
    return rulers[2] + 1


def _cells(line: str, starts: list[int]) -> list[str]:
    return [line[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)]


def _joined(rows: list[list[str]]) -> list[str]:
    return [" ".join(filter(None, column)) for column in zip(*rows, strict=True)]


def _block(lines: list[str], at: int, done: list[str]) -> int:
    """Writes the literal block that a line announces; returns the line after it."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or _is_deeper(lines[end], indent)):
        end += 1
    code = textwrap.dedent("\n".join(lines[at + 1 : end])).strip("\n").splitlines()
    margin = " " * indent
    if lines[at].strip() != "::":
        done += [lines[at][:-1], ""]
    done += [margin + line for line in ("``` python", *code, "```")]
    if end < len(lines):
        done.append("")
    return end


def _session(lines: list[str], at: int, done: list[str]) -> int:
    """Writes the examples that begin at a line; returns the line after them."""
    end = at
    while end < len(lines) and lines[end].strip():
        end += 1
    margin = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    done += [f"{margin}``` pycon", *lines[at:end], f"{margin}```"]
    return end


def _is_deeper(line: str, indent: int) -> bool:
    return len(line) - len(line.lstrip()) > indent
