"""``ActionPrior``: how likely each action is, as judged before the model writes.

Two judges answer the same question: first the reader or the chooser, then the model. Their odds are
multiplied: the logarithms of the first judge's odds are added to the logits of the tokens in which
the answers differ. Invariant: once only one answer is left, nothing is added.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["ActionPrior"]


class ActionPrior:
    """Follows the beginning of one answer.

    Args:
        ways: Each way to begin, as its tokens and the natural logarithm of its odds; an offset that
            is common to all does not matter.
    """

    __slots__ = ("_alive", "_depth")

    def __init__(self, ways: Sequence[tuple[Sequence[int], float]]) -> None:
        self._alive = list(ways)
        self._depth = 0

    @property
    def is_open(self) -> bool:
        """Whether more than one way is left."""
        return len(self._alive) > 1

    def add_to(self, logits: np.ndarray) -> np.ndarray:
        """A copy of the logits with the bias of each next token added."""
        biased = logits.copy()
        for token, odds in self.biases().items():
            biased[token] += odds
        return biased

    def biases(self) -> dict[int, float]:
        """What is to be added to the logit of each next token.

        Tokens that are on no way get nothing, like the first token of the least likely way.
        """
        best: dict[int, float] = {}
        for ids, odds in self._alive:
            token = ids[self._depth]
            best[token] = max(odds, best.get(token, odds))
        least = min(odds for _, odds in self._alive)
        return {token: odds - least for token, odds in best.items()}

    def push(self, token: int) -> None:
        """Takes the next token."""
        depth = self._depth
        if len(self._alive) > 1:
            self._depth = depth + 1
            self._alive = [
                way for way in self._alive if way[0][depth] == token and len(way[0]) > depth + 1
            ]
