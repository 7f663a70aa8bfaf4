"""Text from anywhere as one clean line, and where such a line may be cut.

Pure functions. Invariant: a cut text is a beginning of the whole one and no longer than the limit;
a cleaned text holds no control characters and no line feeds.
"""

from __future__ import annotations

__all__ = ["SENTENCE_ENDS", "clean_text", "cut_at_sentence", "cut_at_word", "last_whole_sentence"]

SENTENCE_ENDS = ".!?"


def clean_text(text: str) -> str:
    """One line of printable text: control characters and runs of white space become one space.

    >>> clean_text("  Hello\\n\\tthere\\x00 ")
    'Hello there'
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def cut_at_word(text: str, limit: int) -> str:
    """``text``, cut at a word if it has more characters than ``limit``.

    >>> cut_at_word("The old mill by the river burned down", 20)
    'The old mill by the'
    """
    if len(text) <= limit:
        return text
    return text[: limit + 1].rpartition(" ")[0] or text[:limit]


def cut_at_sentence(text: str, limit: int) -> str:
    """``text``, cut at a sentence, or else at a word, if it has more characters than ``limit``.

    >>> cut_at_sentence("The mill burned down. Nobody knows who did it.", 30)
    'The mill burned down.'
    """
    if len(text) <= limit:
        return text
    return last_whole_sentence(text[:limit]) or cut_at_word(text, limit)


def last_whole_sentence(text: str) -> str:
    """``text`` up to its last sentence end, or nothing.

    >>> last_whole_sentence("Five coppers. Break")
    'Five coppers.'
    >>> last_whole_sentence("Five coppers")
    ''
    """
    end = max(text.rfind(mark) for mark in SENTENCE_ENDS)
    return text[: end + 1]
