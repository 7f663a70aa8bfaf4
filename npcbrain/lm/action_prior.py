"""``ActionPrior``: how likely each action is by another judgement than the model's.

Two judges of the same question: the model, and whoever weighed the answers before. Their odds are
multiplied, by adding the second's logarithms to the logits of the tokens in which the answers
differ. Invariant: once one answer is left, the model is alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["ActionPrior"]


class ActionPrior:
    """Follows the beginning of one answer.

    Args:
        ways: By way to begin, its tokens and the natural logarithm of its odds; any common offset.
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
        """The logits with what speaks for each next token; a copy."""
        biased = logits.copy()
        for token, odds in self.biases().items():
            biased[token] += odds
        return biased

    def biases(self) -> dict[int, float]:
        """What speaks for each next token, to be added to its logit.

        A token on no way is as unlikely as the least likely way, and is not named.
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
