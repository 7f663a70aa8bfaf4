"""Where long names in the text of a page may be broken: behind ``_``, ``/``, ``::``, ``.``, ``(``.

A hook of MkDocs. Without it a browser breaks the path of a test in the middle of a word.
Invariant: only names in running text change, and only by marks that nobody sees or copies.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["on_page_content", "with_breaks"]

CODE = re.compile(r"(?<!<pre>)(?<!</span>)<code>[^<]+(?=</code>)")  # not in a block of code
CELL = re.compile(r"<td.*?</td>", re.DOTALL)
LONG = re.compile(r"[^\s<>]{24,}")
LONG_IN_A_CELL = re.compile(r"[^\s<>]{16,}")
PLACE = re.compile(r"(_+|/|::|[.(])(?=[^\s).,])")


def on_page_content(html: str, **_: Any) -> str:
    """Called by MkDocs for each page, once it is HTML."""
    return with_breaks(html)


def with_breaks(html: str) -> str:
    """A page's HTML in which long names may be broken between their words.

    >>> with_breaks("<code>tests/saves/test_one.py::test_two</code>")
    '<code>tests/<wbr>saves/<wbr>test_<wbr>one.<wbr>py::<wbr>test_<wbr>two</code>'
    """
    html = CELL.sub(lambda cell: _broken(cell[0], LONG_IN_A_CELL), html)
    return _broken(html, LONG)


def _broken(html: str, long: re.Pattern[str]) -> str:
    def in_code(code: re.Match[str]) -> str:
        return long.sub(lambda name: PLACE.sub(r"\1<wbr>", name[0]), code[0])

    return CODE.sub(in_code, html)
