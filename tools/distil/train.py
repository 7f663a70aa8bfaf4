r"""Stages 3 and 4: heals the pruned student, then teaches it to decide.

    python -m tools.distil.train heal --student work/pruned --teacher work/teacher \
        --text DIR --out work/healed --minutes 30
    python -m tools.distil.train decide --student work/healed --out work/student --minutes 90

*heal* distils the unpruned teacher's next-token distribution into the student on general text and
copy exercises. *decide* trains on generated situations: the loss falls on the answer alone; with
``--teacher`` (one tuned on decisions) its soft targets are added to the labels.

Where the processor multiplies bfloat16 (``--dtype auto``), weights, gradients and activations are
that, two to three times faster than float32; elsewhere it would be eight times slower, and they are
float32. The optimiser works on float32 masters, or small updates would be rounded away. From
``--round-from`` on, the model runs on its masters rounded as ``rowint8`` rounds them, so that what
is learnt last is learnt with such rounding in place (``staticint8`` has as many steps, but between
them, for channels are evened out first); with ``--four-bits`` the feed-forward parts, which are
three quarters of all weights, are rounded as ``rowint4`` rounds. The learning rate follows the
share of ``--minutes`` or ``--steps`` used: by minutes, a slow machine makes fewer steps and still
ends on a settled model. Stopped at any moment, the same command resumes from the checkpoint.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from rich.console import Console
from torch.nn import functional
from transformers import LlamaForCausalLM

from npcbrain.lm.tokenizer import Tokenizer
from tools.distil import corpus, decisions, shed, turns
from tools.distil.decisions import IGNORE, Batch, Row
from tools.distil.dtypes import DTYPES, fastest_dtype
from tools.distil.package import BOS, EOS
from tools.distil.rounding import rounded_in_four_bits, rounded_rows
from tools.distil.sheets import Sheet, read_sheets
from tools.distil.sheets.quoting import Quotes
from tools.distil.situations import thesaurus
from tools.distil.situations.lexicon import Lexicon, load

WARM_UP = 0.02  # share of the run over which the learning rate rises
CHECKPOINT_S = 240.0
SHED_TOKENS = 1024  # of the batch that decides; each layer is tried on it
SHED_AT_ONCE = 3  # layers, no two of them neighbours: trying all takes as long as ten steps
SHED_FROM = 0.04  # share of the run before the first layer goes: what answers look like is learnt
SHED_UNTIL = 0.3  # by then the last one has gone; the rest of the run settles what stays


def text_batches(
    tokenizer: Tokenizer, seed: int, folders: list[Path], tokens: int, length: int
) -> Iterator[Batch]:
    """Endless batches of packed general text and copy exercises."""
    rng = random.Random(seed)
    source = corpus.rows(
        corpus.read_passages(folders), tokenizer.encode, rng, length=length, exercises=0.4
    )
    while True:
        batch = decisions.make_batch([Row(next(source), []) for _ in range(tokens // length)])
        first = batch.positions == 0  # nothing of its own row stands before it
        yield replace(batch, labels=batch.ids.masked_fill(first, IGNORE))


def logits_at(model: LlamaForCausalLM, batch: Batch, places: torch.Tensor) -> torch.Tensor:
    """float32 logits [places, vocab], only where a label is: the head is expensive.

    What classical reading says is added, as it is in play.
    """
    hidden = model.model(
        batch.ids, position_ids=batch.positions, use_cache=False, layout=batch.layout
    ).last_hidden_state
    logits = model.lm_head(hidden[:, :-1][places]).float()
    return logits.index_put(tuple(batch.leads), batch.odds, accumulate=True)


def batch_loss(
    student: LlamaForCausalLM, teacher: LlamaForCausalLM | None, batch: Batch, soft: float
) -> tuple[torch.Tensor, float]:
    """Loss and label accuracy.

    Args:
        soft: Weight of the teacher's soft targets; the labels weigh ``1 - soft``.
    """
    targets = batch.labels[:, 1:]
    places = targets != IGNORE
    wanted = targets[places]
    logits = logits_at(student, batch, places)
    each = functional.cross_entropy(logits, wanted, reduction="none")
    weights = batch.weights[:, 1:][places]
    loss = (each * weights).sum() / weights.sum()
    accuracy = (logits.argmax(-1) == wanted).float().mean().item()
    if teacher is not None:
        with torch.no_grad():
            soft_targets = logits_at(teacher, batch, places).log_softmax(-1)
        divergence = functional.kl_div(
            logits.log_softmax(-1), soft_targets, log_target=True, reduction="batchmean"
        )
        loss = (1 - soft) * loss + soft * divergence
    return loss, accuracy


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignores requests to stop: half a file of weights is none."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def read_tokenizer(folder: Path, vocab: int) -> Tokenizer:
    """A student's tokenizer, as it is in play: what players type is text."""
    path = folder / "tokenizer.json"
    return Tokenizer(path.read_bytes(), BOS, EOS, vocab, str(path))


@cache
def words(seeds: Path | None, wordnet: Path | None) -> Lexicon:
    """The words situations are made of: ours, and what these folders hold."""
    lexicon = load("train", seeds)
    return thesaurus.learn(lexicon, wordnet) if wordnet else lexicon


class Trainer:
    """The loop: masters in float32, a checkpoint every few minutes, progress on one line."""

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        self.args, self.console = args, console
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.dtype = DTYPES[args.dtype] if args.dtype != "auto" else fastest_dtype(self.device)
        self.out: Path = args.out
        self.checkpoint = self.out / "checkpoint.pt"
        source = self.out if self.checkpoint.exists() else args.student
        self.student = self._load(source)
        self.sheets: list[Sheet] = []
        self.tokenizer = read_tokenizer(args.student, self.student.config.vocab_size)
        self.teacher = self._load(args.teacher) if args.teacher else None
        if self.teacher is not None:
            vocab = self.student.config.vocab_size
            if self.teacher.config.vocab_size != vocab:
                self.teacher.resize_token_embeddings(vocab, mean_resizing=False)
            self.teacher.eval()
        self.parameters = list(self.student.parameters())
        self.masters = [p.detach().float().clone() for p in self.parameters]
        self.optimizer = self._adam()
        self.step, self.elapsed_s, self.tokens, self.num_groups = 0, 0.0, 0, 0
        self.first_layers = self.num_layers
        self._rounds = False  # whether the weights that run are rounded
        shed.freeze(self.student, args.frozen)
        if self.checkpoint.exists():
            self._resume()
            self._publish(every=True)

    def _load(self, folder: Path) -> LlamaForCausalLM:
        return LlamaForCausalLM.from_pretrained(
            folder, dtype=self.dtype, attn_implementation=turns.NAME
        ).to(self.device)

    def _adam(self) -> torch.optim.AdamW:
        return torch.optim.AdamW(
            self.masters, lr=self.args.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )

    @property
    def num_layers(self) -> int:
        """Layers the student has now."""
        return len(self.student.model.layers)

    def _resume(self) -> None:
        saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.optimizer.load_state_dict(saved["optimizer"])
        for master, kept in zip(self.masters, saved["masters"], strict=True):
            master.copy_(kept)
        self.step, self.elapsed_s, self.tokens = saved["step"], saved["elapsed_s"], saved["tokens"]
        self.num_groups = saved["num_groups"]
        self.first_layers = saved["first_layers"]
        self.console.print(f"resumed at step {self.step}, {self.elapsed_s / 60:.1f} minutes in")

    @torch.no_grad()
    def _publish(self, every: bool = False) -> None:
        """What runs is the masters, rounded or not; gradients go straight through to them."""
        rounds = self.args.stage == "decide" and self.progress >= self.args.round_from
        every = every or rounds != self._rounds  # what is frozen changes only then
        self._rounds = rounds
        # Exported twice, rounded finely to be looked up and coarsely as the head: left as it is.
        table = self.student.model.embed_tokens.weight
        mlps = (layer.mlp for layer in self.student.model.layers) if self.args.four_bits else ()
        in_four_bits = {id(p) for mlp in mlps for p in mlp.parameters()}
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            if not (every or parameter.requires_grad):
                continue
            if not rounds or parameter.dim() != 2 or parameter is table:
                parameter.copy_(master)
            elif id(parameter) in in_four_bits:
                parameter.copy_(rounded_in_four_bits(master))
            else:
                parameter.copy_(rounded_rows(master))

    def save(self) -> None:
        """Weights first: if cut between the two, the older checkpoint still fits."""
        self.out.mkdir(parents=True, exist_ok=True)
        self.student.save_pretrained(self.out)
        for name in ("tokenizer.json", "words.txt"):  # the words only where a model was reopened
            if (self.args.student / name).exists():
                shutil.copyfile(self.args.student / name, self.out / name)
        record = {
            "stage": self.args.stage,
            "seed": self.args.seed,
            "steps": self.step,
            "tokens": self.tokens,
            "minutes": round(self.elapsed_s / 60, 1),
            "lr": self.args.lr,
            "layers": shed.kept_layers(self.student),
            "more_words": [k for k in ("sheets", "seeds", "thesaurus") if getattr(self.args, k)],
        }
        (self.out / "training.json").write_text(json.dumps(record, indent=2), encoding="utf-8")
        state = {
            "optimizer": self.optimizer.state_dict(),
            "masters": self.masters,
            "step": self.step,
            "elapsed_s": self.elapsed_s,
            "tokens": self.tokens,
            "num_groups": self.num_groups,
            "first_layers": self.first_layers,
        }
        scratch = self.checkpoint.with_suffix(".part")
        torch.save(state, scratch)
        scratch.replace(self.checkpoint)

    def rate(self, progress: float) -> float:
        """Learning rate: a short linear rise, then a cosine down to a twentieth."""
        rise = min(1.0, progress / WARM_UP + 0.02)
        return self.args.lr * rise * (0.525 + 0.475 * math.cos(math.pi * min(progress, 1.0)))

    @property
    def progress(self) -> float:
        """The share of the run that is done: of its steps, or of its minutes."""
        if self.args.steps:
            return self.step / self.args.steps
        return self.elapsed_s / (self.args.minutes * 60)

    @property
    def layers_due(self) -> int:
        """Layers the student should have by now: one after another goes, then it settles."""
        goal = self.args.layers or self.first_layers
        share = (self.progress - SHED_FROM) / (SHED_UNTIL - SHED_FROM)
        gone = int(min(max(share, 0.0), 1.0) * (self.first_layers - goal))
        return self.first_layers - (gone if share >= 1 else gone - gone % SHED_AT_ONCE)

    def _shed(self) -> None:
        """Takes out the layers that a small batch of decisions misses least."""
        seed = self.args.seed + 1000 * self.step + 1
        source = self.decisions(seed, SHED_TOKENS)
        batch = next(source).to(self.device)
        indices, loss = shed.least_missed(
            self.student,
            lambda: batch_loss(self.student, None, batch, 0.0)[0].item(),
            self.num_layers - self.layers_due,
        )
        numbers = [shed.kept_layers(self.student)[index] for index in indices]
        gone = {id(p) for i in indices for p in self.student.model.layers[i].parameters()}
        for index in sorted(indices, reverse=True):
            shed.remove(self.student, index)
        kept = [id(p) not in gone for p in self.parameters]
        self.parameters = [p for p, keep in zip(self.parameters, kept, strict=True) if keep]
        self.masters = [m for m, keep in zip(self.masters, kept, strict=True) if keep]
        state = self.optimizer.state
        self.optimizer = self._adam()
        self.optimizer.state.update({m: state[m] for m in self.masters if m in state})
        told = f"layers {numbers} go, {self.num_layers} stay, loss {loss:.3f} without the last"
        self.console.print(told)

    def decisions(self, seed: int, tokens: int, skip: int = 0) -> Iterator[Batch]:
        """Batches of what the student is to learn: written, generated or both."""
        args, rng = self.args, random.Random(seed)
        groups = None
        if args.sheets:
            if not self.sheets:
                self.sheets = read_sheets(args.sheets, "train")
                self.quotes = Quotes(self.sheets, args.sheets)
                self.console.print(f"{len(self.sheets)} sheets, {len(self.quotes)} quotes")
            groups = decisions.written(self.sheets, rng, args.turns, self.quotes, skip)
        if not args.sheets or args.generated:
            drawn = decisions.drawn(words(args.seeds, args.thesaurus), rng, args.turns)
            groups = decisions.mixed(groups, drawn, args.generated, rng) if groups else drawn
        return decisions.batches(self.tokenizer, groups, rng, tokens=tokens)

    def train(self, batches: Iterator[Batch]) -> None:
        """Runs until the steps or minutes are used; interrupted, it keeps what it has."""
        try:
            self._train(batches)
        finally:
            with undisturbed():
                self.save()

    def _train(self, batches: Iterator[Batch]) -> None:
        saved_s, told_s = self.elapsed_s, self.elapsed_s
        mean_loss = mean_accuracy = 0.0
        first_step = self.step
        while self.progress < 1:
            started = time.monotonic()
            batch = next(batches).to(self.device)
            if self.num_layers > self.layers_due:
                self._shed()
            loss, accuracy = batch_loss(self.student, self.teacher, batch, self.args.soft)
            loss.backward()
            self._update()
            self.step += 1
            self.tokens += batch.ids.numel()
            self.num_groups += len(batch.layout.prefix)
            decay = min(0.98, 1 - 1 / (self.step - first_step))
            mean_loss = decay * mean_loss + (1 - decay) * loss.item()
            mean_accuracy = decay * mean_accuracy + (1 - decay) * accuracy
            self.elapsed_s += time.monotonic() - started
            if self.elapsed_s - told_s > 20:
                told_s = self.elapsed_s
                self.console.print(
                    f"{self.progress:4.0%}  {self.elapsed_s / 60:6.1f} min  step {self.step}  "
                    f"{self.tokens / 1e6:.2f} M tokens  loss {mean_loss:.3f}  "
                    f"right {mean_accuracy:.1%}"
                )
            if self.elapsed_s - saved_s > CHECKPOINT_S:
                saved_s = self.elapsed_s
                self.save()

    def _update(self) -> None:
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            if parameter.requires_grad:
                master.grad = parameter.grad.float()
                parameter.grad = None
        torch.nn.utils.clip_grad_norm_(self.masters, 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate(self.progress)
        self.optimizer.step()
        self._publish()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", choices=("heal", "decide"))
    parser.add_argument("--student", type=Path, required=True, help="the folder to start from")
    parser.add_argument("--out", type=Path, required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="how long to train")
    length.add_argument("--steps", type=int, help="how many steps to train, however long it takes")
    parser.add_argument("--teacher", type=Path, help="soft targets from this model")
    parser.add_argument("--soft", type=float, default=0.7, help="weight of the soft targets")
    parser.add_argument("--text", type=Path, action="append", default=[], help="a text folder")
    parser.add_argument("--seeds", type=Path, help="a folder with LIGHT's light-objects.json")
    parser.add_argument("--thesaurus", type=Path, help="a folder with WordNet's data.verb")
    parser.add_argument("--sheets", type=Path, help="a folder of written exchanges to learn")
    parser.add_argument(
        "--generated", type=float, default=0.0, help="beside sheets: share of generated groups"
    )
    parser.add_argument("--dtype", choices=("auto", *DTYPES), default="auto")
    parser.add_argument("--lr", type=float, default=6e-4)
    parser.add_argument("--tokens", type=int, default=4096, help="tokens a step")
    parser.add_argument("--length", type=int, default=192, help="tokens a row of text")
    parser.add_argument("--turns", type=int, default=8, help="decisions a prefix")
    parser.add_argument("--layers", type=int, help="shed layers on the way, until so many are left")
    parser.add_argument(
        "--round-from", type=float, default=0.6, help="share of deciding that is done; 1: never"
    )
    parser.add_argument(
        "--four-bits", action="store_true", help="then round the feed-forward parts to 4 bits"
    )
    parser.add_argument("--frozen", type=int, default=0, help="first layers to leave as they are")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a machine that goes down asks so
    torch.manual_seed(args.seed)
    trainer = Trainer(args, Console())
    # A resumed run must not see the same batches again: the position is part of the seed.
    seed = args.seed + 1000 * trainer.step
    if args.stage == "heal":
        batches = text_batches(trainer.tokenizer, seed, args.text, args.tokens, args.length)
    else:
        batches = trainer.decisions(seed, args.tokens, trainer.num_groups)
    trainer.train(batches)


if __name__ == "__main__":
    main()
