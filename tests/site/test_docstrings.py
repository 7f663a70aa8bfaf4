"""Docstrings come into the reference as Markdown."""

from __future__ import annotations

from npcbrain import Decide
from tools.site.docstrings import as_markdown


def test_a_simple_table_becomes_a_table_whose_rows_go_on() -> None:
    text = "==  =====\na   b\n==  =====\n1   one\n    and a\n2   two\n==  ====="
    assert as_markdown(text).splitlines() == [
        "| a | b |",
        "|---|---|",
        "| 1 | one and a |",
        "| 2 | two |",
    ]


def test_a_literal_block_becomes_a_block_of_code() -> None:
    text = "A game does::\n\n    while playing:\n        play()\n\nAnd so on."
    assert as_markdown(text) == (
        "A game does:\n\n``` python\nwhile playing:\n    play()\n```\n\nAnd so on."
    )


def test_an_example_becomes_a_block_of_code() -> None:
    text = "Adds.\n\n    >>> add(1, 2)\n    3\n\nAnd so on."
    assert as_markdown(text) == (
        "Adds.\n\n    ``` pycon\n    >>> add(1, 2)\n    3\n    ```\n\nAnd so on."
    )


def test_other_text_stays_as_it_is() -> None:
    text = "One line.\n\nArgs:\n    a: Says a == b, or ``c``.\n\n====  ====\nno end"
    assert as_markdown(text) == text


def test_no_table_of_the_leaves_is_left_as_it_was() -> None:
    assert "====" in (Decide.__doc__ or "")
    assert "====" not in as_markdown(Decide.__doc__ or "")
