r"""What each part of the chooser's training is worth, at a fixed number of tokens.

    python -m tools.distil.chooser.ablate --encoder ENCODER --out bench_results/ablations.json

Every variant begins with the plain encoder, reads as many tokens of the same exchanges in the same
order, and differs in one thing. They are scored on characters that no training sees, against what
was written for them; of lines, where a known fact, a memory or a stock line would do as well as
that. So few tokens teach little: it is the differences that tell. What is written already is not
trained again; some ten minutes a variant and 300,000 tokens on two cores.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console

from tools.bench.record import surroundings
from tools.distil.chooser.chatter import Chatter
from tools.distil.chooser.net import Net
from tools.distil.chooser.train import OWN, Diet, draw, lines_of, reader_of, train
from tools.distil.chooser.vocabulary import cut
from tools.distil.sheets import Sheet, read_sheets
from tools.distil.sheets.quoting import Quotes
from tools.distil.sheets.reading import DATA

__all__ = ["VARIANTS", "Variant", "score"]

PLAIN = Diet()
NUM_SCORED = 1000  # exchanges of held-out characters


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to teach.

    Attributes:
        about: What differs from the first one.
        diet: What it is fed with; its chatter is filled in where ``chats``.
        layers: The encoder's layers that are kept, from the first.
        looks: In how many of them candidates look at the news.
        chats: Whether it is taught small talk, and memories that bear on nothing.
        pieces: How many word pieces it reads, from the commonest; None for all.
    """

    about: str
    diet: Diet = PLAIN
    layers: int = 6
    looks: int = 3
    chats: bool = True
    pieces: int | None = 12_000


VARIANTS = {
    "as shipped": Variant("the training as it is"),
    "all pieces": Variant("all word pieces, where 12,000 are read otherwise", pieces=None),
    "no second look": Variant("candidates never look at the news", looks=0),
    "no variants": Variant("exchanges as they were written", Diet(varied=0.0)),
    "nothing borrowed": Variant("no facts and deeds of others among theirs", Diet(borrowed=0.0)),
    "no small talk": Variant("no small talk, no memory that bears on nothing", chats=False),
    "generated 15 %": Variant("15 % of the groups from the generator", Diet(generated=0.15)),
    "generated 40 %": Variant("40 % of the groups from the generator", Diet(generated=0.40)),
    "three layers": Variant("half the encoder", layers=3),
}


def score(net: Net, sheets: Sequence[Sheet], quotes: Quotes, encode) -> dict[str, float]:
    """How often a network does what was written, with its signs of classical reading and without.

    Args:
        net: The network.
        sheets: Characters it has not seen.
        quotes: Which answers say no more than a quote would.
        encode: Gives the tokens of a text.

    Returns:
        Shares: ``deeds`` right, ``acts`` right where something else than talk was written, and
        ``lines`` where a quote says as much as what was written and the deed is right; ``deeds
        alone`` without reading.
    """
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for unread in (0.0, 1.0):
        groups = draw(
            sheets, quotes, encode, random.Random(1), Diet(varied=0.0, borrowed=0.0, unread=unread)
        )
        name = "deeds alone" if unread else "deeds"
        while asked[name] < NUM_SCORED:
            group, targets = next(groups)
            with torch.no_grad():
                (scores,) = net([group])
            num_actions = len(group.persona.actions)
            for row, target in enumerate(targets):
                chosen = int(scores.candidates[row, :num_actions].argmax())
                right[name] += chosen == target.action
                asked[name] += 1
                if unread:
                    continue
                if not target.talks:
                    right["acts"] += chosen == target.action
                    asked["acts"] += 1
                quoted = target.said is not None and target.said != OWN
                if quoted and chosen == target.action:
                    occasions = net.occ(scores.whole[row]) + net.occ2(scores.actions[row, chosen])
                    lines = lines_of(occasions, group, scores, row, target)
                    right["lines"] += int(lines.argmax()) == target.said
                    asked["lines"] += 1
    return {name: round(right[name] / asked[name], 4) for name in sorted(asked)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, required=True, help="a folder with a small BERT")
    parser.add_argument("--sheets", type=Path, default=DATA, help="a folder of written exchanges")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file")
    parser.add_argument("--tokens", type=float, default=300_000)
    parser.add_argument("--lr", type=float, default=2e-4)
    parser.add_argument("--only", action="append", choices=tuple(VARIANTS), default=[])
    options = parser.parse_args()
    console = Console()
    taught, unseen = (read_sheets(options.sheets, split) for split in ("train", "val"))
    quotes = Quotes([*taught, *unseen], options.sheets, texts=True)
    record = {"tokens": options.tokens, "lr": options.lr, **surroundings(), "variants": {}}
    if options.out.exists():
        record["variants"] = json.loads(options.out.read_text(encoding="utf-8"))["variants"]
    for name, variant in VARIANTS.items():
        if name in record["variants"] or (options.only and name not in options.only):
            continue
        torch.manual_seed(7)
        with tempfile.TemporaryDirectory() as folder:
            encoder = options.encoder
            if variant.pieces is not None:
                encoder = Path(folder)
                cut(options.encoder, encoder, variant.pieces)
            encode = reader_of(encoder)
            net = Net(encoder, looks=variant.looks)
        net.layers = net.layers[: variant.layers]
        chatter = Chatter.read(options.sheets, taught) if variant.chats else None
        diet = replace(variant.diet, chatter=chatter)
        groups = draw(taught, quotes, encode, random.Random(7), diet)
        train(net, groups, lr=options.lr, tokens=options.tokens)
        found = {"about": variant.about, **score(net.eval(), unseen, quotes, encode)}
        record["variants"][name] = found
        console.print(name, found)
        text = json.dumps(record, indent=1, ensure_ascii=False)
        options.out.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
