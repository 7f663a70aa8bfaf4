"""``Mishap``: a fault in a tree file, in parts for a designer: place, fault, advice, the line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from npcbrain.tree import Fault

__all__ = ["Mishap", "read_mishap"]

SENTENCE = re.compile(r"^(?P<what>.+?) - at (?P<where>.+?)(?:; (?P<advice>.+))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mishap:
    """The parts of a fault.

    Attributes:
        file: Its file's name.
        line: From 1.
        column: From 1.
        what: What must hold and what was got.
        advice: What to do; may be empty.
        source: The line of the file.
        num_more: Faults besides this one.
    """

    file: str
    line: int
    column: int
    what: str
    advice: str
    source: str
    num_more: int


def read_mishap(message: str, faults: tuple[Fault, ...], path: Path) -> Mishap:
    """The fault to show for a broken file.

    Args:
        message: ``TreeFile.message``.
        faults: ``TreeFile.faults``.
        path: The file; what it includes is beside it.
    """
    if not faults:
        return Mishap(path.name, 0, 0, message, "", "", 0)
    first = faults[0]
    found = SENTENCE.match(first.message)
    what = found["what"] if found else first.message
    advice = (found["advice"] if found else "") or ""
    try:
        text = (path.parent / first.file).read_text(encoding="utf-8", errors="replace")
        source = text.splitlines()[first.line - 1]
    except (OSError, IndexError):
        source = ""
    return Mishap(first.file, first.line, first.column, what, advice, source, len(faults) - 1)
