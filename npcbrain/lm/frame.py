"""``Frame``: the fixed tokens before and after every prompt.

Hearth was taught with one token on either side. A chat model from elsewhere wants its own template
around a prompt, and instructions with an example in front; these are in the model's
``prompt.json``, for the third format of prompts::

    {"before": [{"token": "<|im_start|>"}, "system\\nYou play one character ..."], "after": [...]}

Invariant: every token of a frame is one of the tokenizer's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from npcbrain.errors import ModelError, fault
from npcbrain.lm.tokenizer import Tokenizer

__all__ = ["Frame", "read_frame"]

MAX_PIECES = 256  # usual: 10
MAX_CHARS = 20_000  # of a piece; usual: 1000


class Frame(NamedTuple):
    """Token ids before and after a prompt."""

    before: Sequence[int]
    after: Sequence[int]


def read_frame(content: bytes, tokenizer: Tokenizer, where: str) -> Frame:
    """Reads a ``prompt.json``.

    Raises:
        ModelError: It is not such a file, or names a token that the tokenizer lacks.
    """
    try:
        data = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelError(fault("prompt", "be JSON", str(error), where)) from None
    sides = [data.get(side) if isinstance(data, dict) else None for side in ("before", "after")]
    before, after = (_ids(side, tokenizer, where) for side in sides)
    if not after:
        raise ModelError(fault("after", "hold a piece", sides[1], where))
    return Frame(before, after)


def _ids(pieces: Any, tokenizer: Tokenizer, where: str) -> list[int]:
    if not isinstance(pieces, list) or len(pieces) > MAX_PIECES:
        raise ModelError(fault("pieces", f"be a list of at most {MAX_PIECES}", pieces, where))
    ids: list[int] = []
    for piece in pieces:
        if isinstance(piece, str) and len(piece) <= MAX_CHARS:
            ids += tokenizer.encode(piece)
            continue
        name = piece.get("token") if isinstance(piece, dict) else None
        index = tokenizer.token_id(name) if isinstance(name, str) else None
        if index is None:
            rule = f"be a text of at most {MAX_CHARS} characters or a known token"
            raise ModelError(fault("piece", rule, piece, where))
        ids.append(index)
    return ids
