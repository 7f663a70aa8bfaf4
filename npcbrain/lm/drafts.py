"""Drafts the next tokens from the prompt, because answers copy facts from there.

The model reads a draft together with the token before it, in one run. Its tokens are kept up to the
first that would not have been chosen anyway (speculative decoding). A draft costs a chunk instead
of a lone token, and saves a run for each token that was right. Invariant: a draft depends on the
tokens before it and on how many may follow, never on prices or on other answers: or else the last
bits of an answer would depend on the schedule.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["DRAFT_SIZES", "Drafter"]

DRAFT_SIZES = (2, 4)  # of a draft and the token before it
MIN_MATCH = 2  # tokens that must stand in the prompt; with three there are two fifths fewer drafts
MAX_MATCH = 6  # beyond this a longer match says no more


class Drafter:
    """Drafts answers to one prompt.

    Args:
        prompt: Its tokens.
        stops: Tokens that no draft contains: ends of lines and of the prompt.
    """

    __slots__ = ("_places", "_prompt", "_stops")

    def __init__(self, prompt: Sequence[int], stops: Collection[int]) -> None:
        self._prompt = list(prompt)
        self._stops = stops
        self._places: dict[tuple[int, int], list[int]] = {}  # where each two tokens go on
        for place in range(MIN_MATCH, len(self._prompt)):
            pair = self._prompt[place - 2], self._prompt[place - 1]
            self._places.setdefault(pair, []).append(place)

    def draft(self, ids: Sequence[int], most: int) -> list[int]:
        """The tokens that followed the longest match of the last tokens; the latest of several.

        Args:
            ids: All known tokens: the prompt and the answer so far.
            most: How many tokens the draft may have.

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
