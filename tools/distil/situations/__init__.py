"""Labelled situations without end: the training data of the model that ships.

An oracle, not a model: every answer follows from what its situation says. ``sample`` draws one
example; ``data/*.toml`` holds the words. Invariant: the same generator state, the same example.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from tools.distil.situations.asking import fact_question, self_question, unknown_question
from tools.distil.situations.chatting import chat, injection
from tools.distil.situations.doing import impossible, missing_value, request
from tools.distil.situations.example import Example, Expect
from tools.distil.situations.happening import attack, gift, order, sight
from tools.distil.situations.judging import JUDGEMENTS
from tools.distil.situations.lexicon import SPLITS, Lexicon, load

__all__ = ["SPLITS", "Example", "Expect", "draw", "sample"]


def sample(rng: random.Random, split: str = "train", seeds: Path | None = None) -> Example:
    """Draws an example.

    Args:
        rng: The only source of chance.
        split: ``train`` or ``val``; they share no world, no action name and no held-out phrasing.
        seeds: An optional folder with LIGHT's object names.
    """
    return draw(load(split, seeds), rng)


def draw(lexicon: Lexicon, rng: random.Random) -> Example:
    """Draws an example in the words of a lexicon."""
    make = rng.choices(_MAKERS, cum_weights=_CUMULATIVE)[0]
    return make(lexicon, rng)


def _judgement(lexicon: Lexicon, rng: random.Random) -> Example:
    weights = [weight for weight, _ in JUDGEMENTS]
    return rng.choices([make for _, make in JUDGEMENTS], weights=weights)[0](lexicon, rng)


# Shares in percent. Facts and deeds weigh most, for those are what games ask for.
SHARES: tuple[tuple[int, Callable[[Lexicon, random.Random], Example]], ...] = (
    (37, fact_question),
    (4, self_question),
    (4, unknown_question),
    (24, request),
    (1, missing_value),
    (2, impossible),
    (13, _judgement),
    (5, sight),
    (1, gift),
    (2, attack),
    (3, order),
    (2, chat),
    (2, injection),
)
_MAKERS = [make for _, make in SHARES]
_CUMULATIVE = [sum(weight for weight, _ in SHARES[: i + 1]) for i in range(len(SHARES))]
