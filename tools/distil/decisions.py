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

BOS, EOS = 1, 2
IGNORE = -100  # a label that takes no part in the loss
TALKS = 0.5  # share of the rows that are a talk; the others hold one situation of any kind
POOL = 256  # groups drawn at a time, sorted by length so that little is padding


@dataclass
class Batch:
    """Rows for one step of training.

    Attributes:
        ids: int64 [rows, length].
        labels: int64 [rows, length]; the token itself where it is to be learnt, else ``IGNORE``.
        positions: int64 [rows, length], or None for 0, 1, 2, ...
        mask: bool [rows, 1, length, length], true where attention may look; None for causal.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    positions: torch.Tensor | None = None
    mask: torch.Tensor | None = None

    def to(self, device: str) -> Batch:
        """The same batch on a device."""
        parts = (self.ids, self.labels, self.positions, self.mask)
        return Batch(*(None if part is None else part.to(device) for part in parts))


@dataclass
class Row:
    """One prefix and its turns, as token ids; a turn is (ids, where its answer begins)."""

    prefix: list[int]
    turns: list[tuple[list[int], int]]

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
    """Pads rows to a batch; padding is seen by nobody and sees only itself."""
    length = max(len(row) for row in rows)
    ids = torch.full((len(rows), length), EOS)
    labels = torch.full((len(rows), length), IGNORE)
    positions = torch.zeros((len(rows), length), dtype=torch.long)
    turn_of = torch.full((len(rows), length), -1)  # -1 padding, 0 prefix, 1.. turns
    for i, row in enumerate(rows):
        end = len(row.prefix)
        ids[i, :end] = torch.tensor(row.prefix)
        positions[i, :end] = torch.arange(end)
        turn_of[i, :end] = 0
        for number, (tokens, answer) in enumerate(row.turns, start=1):
            start, end = end, end + len(tokens)
            ids[i, start:end] = torch.tensor(tokens)
            labels[i, start + answer : end] = ids[i, start + answer : end]
            positions[i, start:end] = torch.arange(len(row.prefix), len(row.prefix) + len(tokens))
            turn_of[i, start:end] = number
    same = turn_of[:, :, None] == turn_of[:, None, :]
    prefix = (turn_of == 0)[:, None, :] & (turn_of >= 0)[:, :, None]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    return Batch(ids, labels, positions, ((same | prefix) & causal)[:, None])


def batches(
    tokenizer: Tokenizer, seed: int, split: str, *, tokens: int, turns: int
) -> Iterator[Batch]:
    """Endless batches of about ``tokens`` tokens, padding included, of up to ``turns`` a row."""
    tokenizer.encode_special_tokens = True  # what players type is text, in training as in play
    rng, lexicon = random.Random(f"{seed}-{split}"), load(split, None)
    while True:
        groups = [
            talk(lexicon, rng, turns) if rng.random() < TALKS else [situations.sample(rng, split)]
            for _ in range(POOL)
        ]
        rows = sorted((make_row(tokenizer, group) for group in groups), key=len)
        cuts, first = [], 0
        for i, row in enumerate(rows):
            if i > first and len(row) * (i - first + 1) > tokens:
                cuts.append(rows[first:i])
                first = i
        cuts.append(rows[first:])
        rng.shuffle(cuts)
        yield from map(make_batch, cuts)
