"""Drafts of what is said next, by what stood in the prompt: facts get copied.

A draft is read together with the token before it, in one run of the model, and each of its tokens
is kept for as long as it is what would have been chosen anyway (speculative decoding). It costs a
chunk instead of a lone token and spares a run for each token that was right. Invariant: a
draft depends on the tokens before it and on how many may follow, on no price and no company, or
answers would depend on the schedule in their last bits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["DRAFT_SIZES", "Drafter"]

DRAFT_SIZES = (2, 4)  # of a draft and the token before it
MIN_MATCH = 2  # tokens that must have stood in the prompt before; three guess two fifths less often
MAX_MATCH = 6  # beyond this a longer match says no more


class Drafter:
    """Knows one prompt.

    Args:
        prompt: Its tokens.
        stops: Tokens that no draft contains: ends of lines and of the prompt.
    """

    __slots__ = ("_places", "_prompt", "_stops")

    def __init__(self, prompt: Sequence[int], stops: Collection[int]) -> None:
        self._prompt = list(prompt)
        self._stops = stops
        self._places: dict[tuple[int, int], list[int]] = {}  # of what followed each two tokens
        for place in range(MIN_MATCH, len(self._prompt)):
            pair = self._prompt[place - 2], self._prompt[place - 1]
            self._places.setdefault(pair, []).append(place)

    def draft(self, ids: Sequence[int], most: int) -> list[int]:
        """What may come next: what followed the longest like sequence, the latest of several.

        Args:
            ids: All tokens known: the prompt and what was said.
            most: Tokens it may have.

        Returns:
            Three tokens, one or none; a few microseconds.
        """
        best = longest = 0
        for place in reversed(self._places.get((ids[-2], ids[-1]), ())):
            length = MIN_MATCH
            while length < min(MAX_MATCH, place) and (
                self._prompt[place - length - 1] == ids[-length - 1]
            ):
                length += 1
            if length > longest:
                best, longest = place, length
        if not longest:
            return []
        found = self._prompt[best : best + min(most, DRAFT_SIZES[-1] - 1)]
        end = next((i for i, token in enumerate(found) if token in self._stops), len(found))
        return found[: max((size - 1 for size in DRAFT_SIZES if size - 1 <= end), default=0)]
