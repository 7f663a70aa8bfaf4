"""From logits to one token.

Pure arithmetic on one row; it knows nothing of generations and batches. Invariant: the token
depends only on the row, the grammar's state, the answer so far and one draw of the request's own
random generator, so neighbours in a batch cannot change it.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from npcbrain.errors import EngineError, UsageError, fault

__all__ = ["Mask", "RepeatGuard", "SamplerConfig", "pick"]

NO_REPEAT = 4  # tokens; small models loop, and good lines do not say four tokens twice
# Tokens this much rarer than the best are never drawn: noise for a small model, and it keeps the
# sort below at some hundred entries instead of thousands (30 us instead of 400).
MIN_RATIO = 1e-4
# How many legal tokens, likeliest first, are checked against the known words. Mostly one of the
# first few fits; the bound keeps the cost below 0.3 ms if none does.
MAX_TRIED = 256


class Mask(Protocol):
    """The part of a grammar that the sampler uses; see ``npcbrain.lm.grammar.Matcher``."""

    def allows(self, token_id: int) -> bool: ...

    def mask(self) -> np.ndarray: ...


class Words(Protocol):
    """The part of a word list that the sampler uses; see ``npcbrain.lm.words.WordGuard``."""

    def allows(self, token_id: int) -> bool: ...

    @property
    def single_bytes(self) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class SamplerConfig:
    """How a token is chosen.

    Attributes:
        temperature: 0 takes the likeliest token; 1 samples as the model was trained; at most 2.
        top_p: Only the likeliest tokens that together have this share are drawn from; above 0.
    """

    temperature: float = 0.0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        """Raises ``UsageError`` for a number out of range."""
        if not (_is_number(self.temperature) and 0.0 <= self.temperature <= 2.0):
            raise UsageError(fault("temperature", "be 0 to 2", self.temperature, "SamplerConfig()"))
        if not (_is_number(self.top_p) and 0.0 < self.top_p <= 1.0):
            rule = "be above 0 and at most 1"
            raise UsageError(fault("top_p", rule, self.top_p, "SamplerConfig()"))


class RepeatGuard:
    """Knows which tokens would repeat four tokens already said in the same line.

    Only within a line, because the lines before the speech name things, and two arguments may well
    have the same value.
    """

    __slots__ = ("_followers", "_last", "_newline_ids")

    def __init__(self, newline_ids: Collection[int]) -> None:
        self._newline_ids = newline_ids
        self._followers: dict[tuple[int, ...], set[int]] = {}
        self._last: tuple[int, ...] = ()

    def push(self, token_id: int) -> None:
        """Takes a token of the answer, sampled or forced."""
        if token_id in self._newline_ids:
            self._followers.clear()
            self._last = ()
            return
        if len(self._last) == NO_REPEAT - 1:
            self._followers.setdefault(self._last, set()).add(token_id)
        self._last = (*self._last, token_id)[1 - NO_REPEAT :]

    def banned(self) -> Collection[int]:
        """Tokens that should not come next; mostly none."""
        return self._followers.get(self._last, ())


def pick(
    logits: np.ndarray,
    mask: Mask,
    banned: Collection[int],
    config: SamplerConfig,
    random: np.random.Generator,
    words: Words | None = None,
) -> int:
    """Chooses the next token.

    Tokens that would make an unknown word are chosen only if the grammar allows no others, and
    banned ones only if it allows no others of the rest.

    Args:
        logits: float32 [vocab]; left as it is.
        mask: What the grammar allows.
        banned: From ``RepeatGuard.banned``.
        config: How to choose.
        random: The request's own; drawn from once if ``temperature`` is not 0.
        words: Which words may be said; None for any.

    Raises:
        EngineError: A chosen logit is not finite, or the grammar allows no token.
    """
    scores = logits
    if banned:
        scores = logits.copy()
        scores[list(banned)] = -np.inf
    if config.temperature == 0.0:
        # The likeliest token is mostly legal, and then also the likeliest of the legal ones: a
        # check of 2 us saves a mask of up to 100 us.
        best = int(scores.argmax())
        sayable = words is None or words.allows(best)
        if sayable and math.isfinite(scores[best]) and mask.allows(best):
            return best
    legal_ids = np.flatnonzero(mask.mask())
    if not len(legal_ids):
        raise EngineError(fault("grammar", "allow a token", 0, "pick()"))
    legal = scores[legal_ids]
    places = _known(legal_ids, legal, words) if words is not None else []
    if places:
        legal_ids, legal = legal_ids[places], legal[places]
    if banned and legal.max() == -np.inf:
        legal = logits[legal_ids]
    best = int(legal.argmax())
    if not math.isfinite(legal[best]):
        raise EngineError(fault("logit", "be finite", float(legal[best]), "pick()"))
    if config.temperature > 0.0:
        best = _draw(legal, config, random.random())
    return int(legal_ids[best])


def _known(legal_ids: np.ndarray, legal: np.ndarray, words: Words) -> list[int]:
    """Places in ``legal`` of the tokens that ``words`` allows, likeliest first.

    If it allows none of the likely ones, single letters follow: they can spell any word to its end.
    """
    likely = np.argsort(-legal, kind="stable")[:MAX_TRIED].tolist()
    found = [place for place in likely if words.allows(int(legal_ids[place]))]
    if not found:
        singles = np.flatnonzero(np.isin(legal_ids, words.single_bytes))
        singles = singles[np.argsort(-legal[singles], kind="stable")]
        found = [place for place in singles.tolist() if words.allows(int(legal_ids[place]))]
    return found


def _draw(legal: np.ndarray, config: SamplerConfig, chance: float) -> int:
    """An index drawn from ``legal``: float64, likeliest first, equal ones by id."""
    weights = np.exp((legal.astype(np.float64) - legal.max()) / config.temperature)
    likely = np.flatnonzero(weights >= MIN_RATIO)
    order = likely[np.argsort(-weights[likely], kind="stable")]
    sums = weights[order].cumsum()
    last = int(np.searchsorted(sums, config.top_p * sums[-1]))  # the token that completes top_p
    last = min(last, len(order) - 1)
    drawn = int(np.searchsorted(sums[: last + 1], chance * sums[last], side="right"))
    return int(order[min(drawn, last)])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
