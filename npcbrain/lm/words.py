"""Which words may be said: those of the model's own list, and those of the prompt.

A small model copies names letter by letter and slips: "Yolanda" becomes "Yolanka". Here a word may
only go on towards a word of the model's list or of the prompt, so a name or a number that nobody
mentioned cannot be said at all. It is written in small letters, with a first capital, in capitals,
or as the prompt writes it. Grammars and logits are not known here. Invariant: whatever was said so
far, some word can still be finished.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from npcbrain.errors import ModelError, fault

__all__ = ["WordGuard", "WordList"]

MAX_WORDS = 50_000  # usual: 4,000; each takes about 500 bytes, its beginnings included
MAX_LETTERS = 40

# Letters and digits of any script: bytes beyond ASCII belong to a character that is not a space.
# An apostrophe is no part of a word, so "Yara's" is "Yara" and "s".
WORD = re.compile(rb"[A-Za-z0-9\x80-\xff]+")

# How a word may be written, unless the prompt writes it otherwise: "PERcival" is a slip.
SHAPE = re.compile(rb"[^A-Z]*|[A-Z][^A-Z]*|[^a-z]*")


def split_words(text: bytes) -> set[bytes]:
    """The words of a text, ASCII letters in lower case.

    >>> sorted(split_words(b"Yara's 15 pence."))
    [b'15', b'pence', b's', b'yara']
    """
    return {word.lower() for word in WORD.findall(text)}


class WordList:
    """The words that a model may use whatever the prompt says.

    Attributes:
        single_bytes: int64 ids of the tokens of one byte.
    """

    __slots__ = ("_pieces", "_starts", "_token_bytes", "_whole", "single_bytes")

    def __init__(self, words: Iterable[str], token_bytes: Sequence[bytes], where: str) -> None:
        """Takes the list (about 10 ms for 4,000 words).

        Args:
            words: One word each, as ``split_words`` cuts them.
            token_bytes: What each token stands for, empty for control tokens.
            where: Where the list comes from, for messages.

        Raises:
            ModelError: There are too many, or one is not a word.
        """
        whole = set()
        for word in words:
            encoded = word.encode("utf-8").lower()
            if len(encoded) > MAX_LETTERS or not WORD.fullmatch(encoded):
                rule = f"be letters and digits, at most {MAX_LETTERS}"
                raise ModelError(fault("word", rule, word, where))
            whole.add(encoded)
            if len(whole) > MAX_WORDS:
                raise ModelError(fault("words", f"be at most {MAX_WORDS}", "more", where))
        self._whole = frozenset(whole)
        self._starts = _starts(whole)
        self._token_bytes = token_bytes
        self.single_bytes = np.array([i for i, text in enumerate(token_bytes) if len(text) == 1])
        # For each token: the letters before its first word boundary, whole words, the letters after
        # its last boundary; None if it has no boundary. Filled as tokens are met.
        self._pieces: dict[int, tuple[bytes, tuple[bytes, ...], bytes] | None] = {}

    def guard(self, prompt: str) -> WordGuard:
        """A guard for one answer to ``prompt``; about 20 us for 200 words."""
        encoded = prompt.encode("utf-8", "replace")
        own = split_words(encoded)
        own |= {word + b"s" for word in own} | {word[:-1] for word in own if word.endswith(b"s")}
        own -= self._whole
        odd = {word for word in WORD.findall(encoded) if not SHAPE.fullmatch(word)}
        return WordGuard(self, own, _starts(own), _starts(odd))

    def pieces(self, token: int) -> tuple[bytes, tuple[bytes, ...], bytes] | None:
        """How a token cuts the words around it."""
        try:
            return self._pieces[token]
        except KeyError:
            text = self._token_bytes[token]
            first = WORD.match(text)
            head = first.group() if first else b""
            if head == text and text:
                found = None
            else:
                rest = WORD.findall(text[len(head) :])
                ends_open = bool(rest) and text.endswith(rest[-1])
                tail = rest.pop() if ends_open else b""
                found = (head, tuple(rest), tail)
            self._pieces[token] = found
            return found

    def text(self, token: int) -> bytes:
        """A token's bytes."""
        return self._token_bytes[token]

    def has(self, word: bytes) -> bool:
        """Whether the list holds a word."""
        return word in self._whole

    def begins(self, part: bytes) -> bool:
        """Whether a word of the list begins with this."""
        return part in self._starts


class WordGuard:
    """Follows the words of one answer."""

    __slots__ = ("_odd", "_part", "_starts", "_whole", "_words")

    def __init__(
        self,
        words: WordList,
        whole: Iterable[bytes],
        starts: frozenset[bytes],
        odd: frozenset[bytes],
    ) -> None:
        self._words = words
        self._whole = frozenset(whole)
        self._starts = starts
        self._odd = odd  # beginnings of words that the prompt writes with capitals inside
        self._part = b""  # letters of the word being said

    def allows(self, token_id: int) -> bool:
        """Whether every word that this token ends or begins is a known one; about 1 us."""
        pieces = self._words.pieces(token_id)
        if pieces is None:
            return self._begins(self._part + self._words.text(token_id))
        head, middle, tail = pieces
        word = self._part + head
        return (
            (not word or self._has(word))
            and all(map(self._has, middle))
            and (not tail or self._begins(tail))
        )

    @property
    def single_bytes(self) -> np.ndarray:
        """Tokens of one byte, with which every word can be spelt."""
        return self._words.single_bytes

    def push(self, token: int) -> None:
        """Takes the next token, allowed or not."""
        pieces = self._words.pieces(token)
        self._part = self._part + self._words.text(token) if pieces is None else pieces[2]

    def _has(self, word: bytes) -> bool:
        small = word.lower()
        return (self._words.has(small) or small in self._whole) and self._is_shaped(word)

    def _begins(self, part: bytes) -> bool:
        small = part.lower()
        return (self._words.begins(small) or small in self._starts) and self._is_shaped(part)

    def _is_shaped(self, part: bytes) -> bool:
        return SHAPE.fullmatch(part) is not None or part in self._odd


def _starts(words: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(word[:end] for word in words for end in range(1, len(word) + 1))
