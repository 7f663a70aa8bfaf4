"""Where long names in the text of a page may be broken: behind ``_``, ``/``, ``::``, ``.``, ``(``.

A hook of MkDocs. Without it a browser breaks the path of a test in the middle of a word.
Invariant: only names in running text change, and only by marks that nobody sees or copies.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["on_page_content", "with_breaks"]

CODE = re.compile(r"(?<!<pre>)(?<!</span>)<code>([^<]+)</code>")  # blocks of code stay as they are
LONG = re.compile(r"\S{16,}")
PLACE = re.compile(r"(_+|/|::|[.(])(?=[^\s).,])")


def on_page_content(html: str, **_: Any) -> str:
    """Called by MkDocs for each page, once it is HTML."""
    return with_breaks(html)


def with_breaks(html: str) -> str:
    """A page's HTML in which long names may be broken between their words.

    >>> with_breaks("<code>tests/saves/test_one.py::test_two</code>")
    '<code>tests/<wbr>saves/<wbr>test_<wbr>one.<wbr>py::<wbr>test_<wbr>two</code>'
    """
    return CODE.sub(lambda code: f"<code>{LONG.sub(_broken, code[1])}</code>", html)


def _broken(name: re.Match[str]) -> str:
    return PLACE.sub(r"\1<wbr>", name[0])
