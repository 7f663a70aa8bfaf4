"""Batches of decisions, written or generated, several to a prefix.

One NPC asked four things costs little more than asked one: the prefix (who it is, what it knows
and can do) is two thirds of a prompt, and is computed once. A row holds the prefix and then several
*turns* (news and answer); a turn sees the prefix and itself, never another turn, and its positions
count on from the prefix, so that every turn is exactly what the engine will compute.

What classical reading says for each action is added to the logits here as it will be in play: the
model learns what reading does not know, and where it is wrong. In some turns it is left out, so
that the model can judge alone.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from npcbrain.lm.action_prior import ActionPrior
from npcbrain.lm.marks import QUOTE
from npcbrain.lm.tokenizer import Tokenizer
from npcbrain.prompting.prompt import answer_text, render
from tools.distil import situations
from tools.distil.sheets import Sheet
from tools.distil.sheets.augmenting import Augmenter
from tools.distil.sheets.quoting import Quotes
from tools.distil.situations import Example
from tools.distil.situations.day import day
from tools.distil.situations.lexicon import Lexicon
from tools.distil.situations.talking import talk
from tools.distil.turns import Layout

IGNORE = -100  # a label that takes no part in the loss
TALKS = 0.3  # share of the rows that are a talk
DAYS = 0.45  # share of the rows that are a day; what is left holds one situation of any kind
RARE = 0.7  # of plain questions and requests are left out there: talks are full of them
CHOOSING = 3.0  # weight of the lines that name an action, its values or a quote: they are few
ALONE = 0.3  # share of the turns judged without classical reading: it errs more on unknown names
POOL = 64  # groups drawn at a time, sorted by length so that little is padding
VARIED = 0.7  # share of the written groups that are varied when they come for the first time


@dataclass
class Batch:
    """One packed row for a step of training.

    Attributes:
        ids: int64 [1, tokens].
        labels: int64 [1, tokens]; the token itself where it is to be learnt, else ``IGNORE``.
        weights: float32 [1, tokens]; how much each label counts.
        positions: int64 [1, tokens].
        layout: Which tokens see which.
        leads: int64 [2, leads]; a place among the tokens to be learnt, and a token that may stand
            there.
        odds: float32 [leads]; what is added to that token's logit.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    positions: torch.Tensor
    layout: Layout
    leads: torch.Tensor
    odds: torch.Tensor

    def to(self, device: str) -> Batch:
        """The same batch on a device."""
        return Batch(
            self.ids.to(device),
            self.labels.to(device),
            self.weights.to(device),
            self.positions.to(device),
            self.layout.to(device),
            self.leads.to(device),
            self.odds.to(device),
        )


@dataclass
class Turn:
    """News and answer as token ids.

    Attributes:
        ids: Both, end to end.
        answer: Where the answer begins.
        decided: Where its action and values end, and emotion and speech begin.
        quotes: Whether a quote stands in the place of speech.
        leads: What speaks for each token that may stand where one of the answer stands, from its
            first on; see ``ActionPrior.biases``.
    """

    ids: list[int]
    answer: int
    decided: int
    quotes: bool
    leads: list[dict[int, float]]


@dataclass
class Row:
    """One prefix and its turns, as token ids."""

    prefix: list[int]
    turns: list[Turn]

    def shape(self) -> tuple[int, int]:
        """Rows of like shape make batches with little padding: turns in all, the longest turn."""
        return len(self.turns), max((len(t.ids) for t in self.turns), default=0)

    def __len__(self) -> int:
        return len(self.prefix) + sum(len(t.ids) for t in self.turns)


def make_row(tokenizer: Tokenizer, group: list[Example], rng: random.Random | None = None) -> Row:
    """Tokens of a group of examples that share their prefix, as the engine would see them.

    Args:
        rng: Draws the turns that are judged without classical reading; none are without it.
    """
    encode, eos = tokenizer.encode, tokenizer.eos_id
    turns = []
    for example in group:
        prompt = render(example.situation)
        news = [*encode(prompt.news), eos]
        lines = answer_text(example.decision, example.situation.npc.facts).split("\n")
        first = 1 + len(example.decision.args)
        chosen = encode("\n".join(lines[:first]) + "\n")
        rest = encode("\n".join(lines[first:]))  # a newline is its own token: cut or not, the same
        alone = rng is not None and rng.random() < ALONE
        ways = [] if alone else [(encode(text), odds) for text, odds in prompt.action_prior]
        turns.append(
            Turn(
                [*news, *chosen, *rest, eos],
                len(news),
                len(news) + len(chosen),
                lines[-1].startswith(QUOTE),
                _led(ActionPrior(ways), chosen),
            )
        )
    return Row([tokenizer.bos_id, *encode(render(group[0].situation).prefix)], turns)


def _led(prior: ActionPrior, chosen: list[int]) -> list[dict[int, float]]:
    leads = []
    for token in chosen:
        if not prior.is_open:
            break
        leads.append(prior.biases())
        prior.push(token)
    return leads


def make_batch(rows: list[Row]) -> Batch:
    """Packs rows end to end."""
    ids: list[int] = []
    labels: list[int] = []
    weights: list[float] = []
    positions: list[int] = []
    leads: list[tuple[int, int]] = []
    odds: list[float] = []
    learnt = 0
    for row in rows:
        first = len(row.prefix)
        ids += row.prefix
        labels += [IGNORE] * first
        weights += [1.0] * first
        positions += range(first)
        for turn in row.turns:
            ids += turn.ids
            labels += [IGNORE] * turn.answer + turn.ids[turn.answer :]
            rest = CHOOSING if turn.quotes else 1.0
            weights += [CHOOSING] * turn.decided + [rest] * (len(turn.ids) - turn.decided)
            positions += range(first, first + len(turn.ids))
            for place, biases in enumerate(turn.leads, learnt):
                leads += [(place, token) for token in biases]
                odds += biases.values()
            learnt += len(turn.ids) - turn.answer
    layout = Layout.of([(len(row.prefix), [len(t.ids) for t in row.turns]) for row in rows])
    return Batch(
        torch.tensor([ids]),
        torch.tensor([labels]),
        torch.tensor([weights]),
        torch.tensor([positions]),
        layout,
        torch.tensor(leads, dtype=torch.int64).reshape(-1, 2).T,
        torch.tensor(odds, dtype=torch.float32),
    )


def batches(
    tokenizer: Tokenizer, groups: Iterator[list[Example]], rng: random.Random, *, tokens: int
) -> Iterator[Batch]:
    """Endless batches of at least ``tokens`` tokens.

    Args:
        groups: Examples that share their prefix; see ``written`` and ``drawn``.
        rng: Draws the order, and which turns are judged without classical reading.
    """
    while True:
        # Alike in shape, so that little of the attention is padding.
        pool = (make_row(tokenizer, next(groups), rng) for _ in range(POOL))
        cuts: list[list[Row]] = [[]]
        for row in sorted(pool, key=Row.shape):
            if sum(map(len, cuts[-1])) >= tokens:
                cuts.append([])
            cuts[-1].append(row)
        rng.shuffle(cuts)
        yield from map(make_batch, cuts)


def drawn(lexicon: Lexicon, rng: random.Random, turns: int) -> Iterator[list[Example]]:
    """Endless groups of generated examples."""
    while True:
        yield draw_group(lexicon, rng, turns)


def written(
    sheets: Sequence[Sheet], rng: random.Random, turns: int, quotes: Quotes, skip: int = 0
) -> Iterator[list[Example]]:
    """Endless groups of variants of written examples, each exchange once an epoch.

    Args:
        sheets: Where they are written.
        rng: Draws orders and variants; it begins each epoch anew, so that ``skip`` finds its place.
        turns: Examples of a group at most.
        quotes: Which answers say no more than a quote would.
        skip: Groups to pass over: those that a run which is resumed has seen.
    """
    augmenter = Augmenter(sheets, rng)
    for epoch in itertools.count():
        order = random.Random(epoch)
        groups = []
        for sheet in sheets:
            examples = order.sample(sheet.examples, k=len(sheet.examples))
            groups += [examples[i : i + turns] for i in range(0, len(examples), turns)]
        order.shuffle(groups)
        for group in groups:
            if skip > 0:
                skip -= 1
                continue
            group = [quotes.maybe(example, rng) for example in group]
            varied = augmenter.vary(group) if epoch or rng.random() < VARIED else group
            if varied:
                yield varied


def mixed(
    first: Iterator[list[Example]],
    second: Iterator[list[Example]],
    share: float,
    rng: random.Random,
) -> Iterator[list[Example]]:
    """Groups of both; ``share`` of them from the second."""
    while True:
        yield next(second if rng.random() < share else first)


def draw_group(lexicon: Lexicon, rng: random.Random, turns: int) -> list[Example]:
    roll = rng.random()
    if roll < TALKS:
        return talk(lexicon, rng, turns)
    lived = day(lexicon, rng, turns) if roll < TALKS + DAYS else []
    return lived or [_single(lexicon, rng)]


def _single(lexicon: Lexicon, rng: random.Random) -> Example:
    while True:
        example = situations.draw(lexicon, rng)
        if example.category not in ("fact", "request") or rng.random() > RARE:
            return example
