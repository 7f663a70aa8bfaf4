"""What a mind asks of a model: ``npcbrain.lm.model.Model`` is one, and doubles of tests are.

Protocols only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from npcbrain.asking.pending_answer import AnswerLike

__all__ = ["ModelLike"]


class TokenizerLike(Protocol):
    """What a mind asks of a tokenizer."""

    def count(self, text: str) -> int:
        """How many tokens ``text`` has."""
        ...


class ModelLike(Protocol):
    """What a mind asks of a model.

    One with an attribute ``encoder`` chooses before it speaks, see ``npcbrain.choosing``. Two more,
    ``reader_tables`` and ``memory_tokens``, tell how it was taught, see ``asking.teaching``.
    """

    @property
    def tokenizer(self) -> TokenizerLike:
        """Counts tokens."""
        ...

    @property
    def has_marks(self) -> bool:
        """Whether it was taught prompts with marks."""
        ...

    def generation(
        self,
        prefix: str,
        news: str,
        *,
        grammar: str,
        action_prior: Sequence[tuple[str, float]] = ...,
        logit_bias: Mapping[str, float] = ...,
        begun: str = ...,
        seed: int,
        temperature: float,
        top_p: float,
        max_new_tokens: int,
    ) -> AnswerLike:
        """An answer to be written; raises an ``NpcBrainError`` if the prompt is too long."""
        ...
