"""Batches of generated decisions, several to a prefix.

One NPC asked four things costs little more than asked one: the prefix (who it is, what it knows
and can do) is two thirds of a prompt, and is computed once. A row holds the prefix and then several
*turns* (news and answer); a turn sees the prefix and itself, never another turn, and its positions
count on from the prefix, so that every turn is exactly what the engine will compute.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer

from npcbrain.prompt import answer_text, render
from tools.distil import situations
from tools.distil.situations import Example
from tools.distil.situations.lexicon import load
from tools.distil.situations.talking import talk
from tools.distil.turns import Layout

BOS, EOS = 1, 2
IGNORE = -100  # a label that takes no part in the loss
TALKS = 0.35  # share of the rows that are a talk; the others hold one situation of any kind
RARE = 0.7  # of plain questions and requests are left out there: talks are full of them
POOL = 256  # groups drawn at a time, sorted by length so that little is padding


@dataclass
class Batch:
    """One packed row for a step of training.

    Attributes:
        ids: int64 [1, tokens].
        labels: int64 [1, tokens]; the token itself where it is to be learnt, else ``IGNORE``.
        positions: int64 [1, tokens].
        layout: Which tokens see which.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor
    layout: Layout

    def to(self, device: str) -> Batch:
        """The same batch on a device."""
        return Batch(
            self.ids.to(device),
            self.labels.to(device),
            self.positions.to(device),
            self.layout.to(device),
        )


@dataclass
class Row:
    """One prefix and its turns, as token ids; a turn is (ids, where its answer begins)."""

    prefix: list[int]
    turns: list[tuple[list[int], int]]

    def shape(self) -> tuple[int, int]:
        """Rows of like shape make batches with little padding: turns in all, the longest turn."""
        return len(self.turns), max((len(ids) for ids, _ in self.turns), default=0)

    def __len__(self) -> int:
        return len(self.prefix) + sum(len(ids) for ids, _ in self.turns)


def make_row(tokenizer: Tokenizer, group: list[Example]) -> Row:
    """Tokens of a group of examples that share their prefix, as the engine would see them."""

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    turns = []
    for example in group:
        news = [*encode(render(example.situation).news), EOS]
        turns.append(([*news, *encode(answer_text(example.decision)), EOS], len(news)))
    return Row([BOS, *encode(render(group[0].situation).prefix)], turns)


def make_batch(rows: list[Row]) -> Batch:
    """Packs rows end to end."""
    ids: list[int] = []
    labels: list[int] = []
    positions: list[int] = []
    for row in rows:
        first = len(row.prefix)
        ids += row.prefix
        labels += [IGNORE] * first
        positions += range(first)
        for tokens, answer in row.turns:
            ids += tokens
            labels += [IGNORE] * answer + tokens[answer:]
            positions += range(first, first + len(tokens))
    layout = Layout.of([(len(row.prefix), [len(t) for t, _ in row.turns]) for row in rows])
    return Batch(torch.tensor([ids]), torch.tensor([labels]), torch.tensor([positions]), layout)


def batches(
    tokenizer: Tokenizer, seed: int, split: str, *, tokens: int, turns: int
) -> Iterator[Batch]:
    """Endless batches of at least ``tokens`` tokens, of up to ``turns`` decisions a prefix."""
    tokenizer.encode_special_tokens = True  # what players type is text, in training as in play
    rng, lexicon = random.Random(f"{seed}-{split}"), load(split, None)
    while True:
        groups = [
            talk(lexicon, rng, turns) if rng.random() < TALKS else [_single(rng, split)]
            for _ in range(POOL)
        ]
        # Alike in shape, so that little of the attention is padding.
        rows = sorted((make_row(tokenizer, group) for group in groups), key=Row.shape)
        cuts: list[list[Row]] = [[]]
        for row in rows:
            if sum(map(len, cuts[-1])) >= tokens:
                cuts.append([])
            cuts[-1].append(row)
        rng.shuffle(cuts)
        yield from map(make_batch, cuts)


def _single(rng: random.Random, split: str) -> Example:
    while True:
        example = situations.sample(rng, split)
        if example.category not in ("fact", "request") or rng.random() > RARE:
            return example
