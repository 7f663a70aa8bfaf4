"""Answers that were written before: the same prompt needs no second one.

A bounded table, the answer used longest ago dropped first. Invariant: an answer comes back
only for the very prompt and grammar that it was written for, so it is what the model would write.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b

from npcbrain.prompting.prompt import Prompt

__all__ = ["AnswerMemo"]


class AnswerMemo:
    """Answers by what was asked.

    It holds for answers that depend on the prompt alone: the likeliest token taken always.

    Args:
        capacity: Answers to keep; some 200 bytes each. 0 keeps none.
    """

    __slots__ = ("_answers", "_capacity")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._answers: OrderedDict[bytes, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def is_kept(self) -> bool:
        """Whether any answer is."""
        return bool(self._capacity)

    def key_of(self, prompt: Prompt, grammar: str) -> bytes:
        """What an answer depends on, in 16 bytes; a few microseconds, and none without capacity."""
        if not self._capacity:
            return b""
        parts = (
            prompt.prefix,
            prompt.news,
            grammar,
            repr(prompt.action_prior),
            repr(prompt.logit_bias),
        )
        digest = blake2b(digest_size=16)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "little"))  # or two parts could be cut otherwise
            digest.update(data)
        return digest.digest()

    def find(self, key: bytes) -> str | None:
        """The whole answer, or None."""
        text = self._answers.get(key)
        if text is not None:
            self._answers.move_to_end(key)
        return text

    def keep(self, key: bytes, text: str) -> None:
        """An answer that the model ended itself."""
        if not self._capacity:
            return
        self._answers[key] = text
        self._answers.move_to_end(key)
        if len(self._answers) > self._capacity:
            self._answers.popitem(last=False)
