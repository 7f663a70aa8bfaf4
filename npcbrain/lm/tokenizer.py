"""Text to tokens and back.

A thin wrapper of the ``tokenizers`` package; it knows no prompt format and no grammar.
Invariant: text is only ever text. Whatever a player types, ``encode`` yields no control tokens
except marks, which no cleaned text holds; a ``StreamDecoder`` emits only whole characters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Mapping

from tokenizers.pre_tokenizers import ByteLevel

from npcbrain.errors import ModelError, fault
from npcbrain.lm.marks import MARKS
from npcbrain.lm.tokenizer_file import read_tokenizer

__all__ = ["StreamDecoder", "Tokenizer"]

BYTE_TOKEN = re.compile(r"<0x([0-9A-F]{2})>")


class Tokenizer:
    """A BPE tokenizer: byte-level, or of characters with byte tokens as a fallback.

    Attributes:
        bos_id: The token a prompt begins with.
        eos_id: The token that ends a prompt and an answer.
        num_tokens: Ids are below this.
        marks: The id of each mark, by its character.
        token_bytes: The bytes each id stands for; empty for control tokens that are not marks.
        newline_ids: The ids whose bytes hold a line feed.
    """

    __slots__ = (
        "_bpe",
        "_mark",
        "bos_id",
        "eos_id",
        "marks",
        "newline_ids",
        "num_tokens",
        "token_bytes",
    )

    def __init__(
        self,
        content: bytes,
        bos: str,
        eos: str,
        vocab: int,
        where: str,
        marks: Mapping[str, str] = MARKS,
    ) -> None:
        """Builds it from a ``tokenizer.json`` (about 15 ms for 8192 tokens).

        Args:
            content: The file.
            bos: Name of the token a prompt begins with.
            eos: Name of the token that ends a prompt and an answer.
            vocab: Rows of the model's logits.
            where: The file's path, for messages.
            marks: Names of the tokens that stand for the characters of a prompt's structure.

        Raises:
            ModelError: It is not a tokenizer, not byte-level, larger than ``vocab``, or lacks a
                token.
        """
        bpe = read_tokenizer(content, where)
        bpe.encode_special_tokens = True  # "<|im_end|>" typed in a chat stays ten characters
        ids = bpe.get_vocab(with_added_tokens=True)
        highest = max(ids.values(), default=-1)
        if not 0 <= highest < vocab:
            raise ModelError(fault("tokenizer", f"have ids from 0 to {vocab - 1}", highest, where))
        for token in (bos, eos, *marks.values()):
            if token not in ids:
                raise ModelError(fault("tokenizer", f"know the token {token!r}", None, where))
        added = bpe.get_added_tokens_decoder()
        self._bpe = bpe
        self.bos_id: int = ids[bos]
        self.eos_id: int = ids[eos]
        self.marks = {mark: ids[token] for mark, token in marks.items()}
        self._mark = re.compile(f"([{''.join(map(re.escape, marks))}])" if marks else "(?!)")
        self.num_tokens = vocab
        table = [b""] * vocab
        bytes_of = _fallen_back if getattr(bpe.model, "byte_fallback", False) else _byte_level()
        for token, index in ids.items():
            if index in added:
                table[index] = b"" if added[index].special else added[index].content.encode()
                continue
            try:
                table[index] = bytes_of(token)
            except KeyError as error:
                raise ModelError(fault("tokenizer", "be byte-level BPE", token, where)) from error
        for mark, index in self.marks.items():
            table[index] = mark.encode()
        self.token_bytes: tuple[bytes, ...] = tuple(table)
        self.newline_ids = frozenset(i for i, piece in enumerate(table) if b"\n" in piece)

    def encode(self, text: str) -> list[int]:
        """Token ids of ``text``; names of control tokens in it are encoded as plain characters.

        About 1 us a token. A lone surrogate (half a character, as broken input devices send)
        becomes a question mark, because it has no UTF-8 form.
        """
        pieces = self._mark.split(text)  # texts and marks alternate
        ids = self._encode(pieces[0])
        for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True):
            ids.append(self.marks[mark])
            ids += self._encode(piece)
        return ids

    def _encode(self, text: str) -> list[int]:
        try:
            encoding = self._bpe.encode(text, add_special_tokens=False)
        except (TypeError, UnicodeError):
            whole = text.encode("utf-8", "replace").decode("utf-8")
            encoding = self._bpe.encode(whole, add_special_tokens=False)
        ids: list[int] = encoding.ids
        return ids

    def token_id(self, name: str) -> int | None:
        """The id of a token by its name in the file; None if no token has it."""
        try:
            index: int | None = self._bpe.token_to_id(name)
        except UnicodeError:  # no token's name holds half a character
            return None
        return index

    def count(self, text: str) -> int:
        """How many tokens ``text`` has."""
        return len(self.encode(text))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids``; control tokens are left out, broken characters become U+FFFD."""
        return b"".join(self.token_bytes[i] for i in ids).decode("utf-8", "replace")

    def to_json(self) -> str:
        """The ``tokenizer.json`` again, as ``llguidance`` wants it."""
        text: str = self._bpe.to_str()
        return text


class StreamDecoder:
    """Turns tokens into text as they come, never in the middle of a character."""

    __slots__ = ("_decoder", "_token_bytes")

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._token_bytes = tokenizer.token_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        """The characters that one more token completes; often none inside an emoji."""
        return self._decoder.decode(self._token_bytes[token_id])


def _fallen_back(token: str) -> bytes:
    """The bytes of a token of a vocabulary of characters.

    >>> _fallen_back("\u2581key"), _fallen_back("<0x0A>")
    (b' key', b'\\n')
    """
    byte = BYTE_TOKEN.fullmatch(token)
    return bytes([int(byte[1], 16)]) if byte else token.replace("\u2581", " ").encode()


def _byte_level() -> Callable[[str], bytes]:
    """A function that gives the bytes of a byte-level token; a KeyError if it is none.

    Printable bytes are written as themselves; the others, in order, as characters from U+0100 on.
    """
    alphabet = set(ByteLevel.alphabet())
    table = {chr(byte): byte for byte in range(256) if chr(byte) in alphabet}
    others = [byte for byte in range(256) if chr(byte) not in alphabet]
    table |= {chr(0x100 + index): byte for index, byte in enumerate(others)}
    return lambda token: bytes(table[character] for character in token)
