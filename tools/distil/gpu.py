r"""Trains a teacher and its students within minutes on one large GPU that has no network.

    python -m tools.distil.gpu pack   --weights work/cut --out packed
    python -m tools.distil.gpu train  --start packed --out out --minutes 8 --students 24,20,16,13
    python -m tools.distil.gpu unpack --packed out --name student-20 --out work/student

*pack* makes a model small enough to travel: rows of small integers with a scale, coded by how often
each integer occurs. ``--peak`` is what the largest weight of a row becomes: 12 takes 3.9 bits a
weight (54 MiB for 30 layers of SmolLM2-135M and 8192 tokens) and is off by 9 % of a matrix, 14
takes 4.1 bits for 7.6 %; blocks of 32 in 4 bits would take 4.5 bits for 8.6 %. *unpack* makes a
folder of it that every other stage takes, **export** too.

*train* tunes the whole teacher on written exchanges, then sheds layers down to each of
``--students`` and lets the tuned teacher distil into them. Each stage is a ``train.Trainer``: it
sheds on the way, anneals, and runs rounded towards its end. The minutes are the clock's, loading
and saving included. What is done lies in ``--work`` and in ``--out/report.json``; cut off, the same
command goes on with the stage it was in. Students that fit into what may leave the machine, one of
20 layers or so, are packed into ``--out``, the deepest first (``--deliver 16`` chooses); others
stay, for ``pack --weights work/gpu/student-16 --peak 63 --out OTHER``. They come back bit by bit as
they ran, but for the table of tokens, which gets 8 bits.

Needs torch, transformers, tokenizers, safetensors, numpy, onnx, msgpack and rich; onnxruntime and
llguidance it does without. A core prepares some 30,000 tokens a second, so a dozen workers feed a
GPU without a cache. Invariant: nobody of the held-out characters is trained on, and no worker takes
what is another's in the same epoch.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import math
import os
import pickle
import random
import signal
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from safetensors.numpy import save_file
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import LlamaForCausalLM

from npcbrain.errors import ModelError, UsageError, fault
from npcbrain.graphs.quantise import LOOKUP_PEAK, ROW_PEAK, quantise_rows
from tools.distil import decisions, shed
from tools.distil.decisions import CHOOSING, IGNORE, Batch, Row
from tools.distil.sheets import read_sheets
from tools.distil.sheets.quoting import Quotes
from tools.distil.sheets.reading import DATA
from tools.distil.train import Trainer, logits_at, read_tokenizer, text_batches
from tools.distil.weights import read_safetensors

MIB = 2**20
PIECE = 15 * MIB  # bytes of a file that may leave the machine; 16 MiB is the limit
ROOM = 60 * MIB - MIB // 4  # bytes of all of them, the report aside
MAX_PIECES = 7  # files, the report aside
TABLE, HEAD = "model.embed_tokens.weight", "lm_head.weight"
FILES = ("config.json", "tokenizer.json", "words.txt", "training.json")
REPORT = "report.json"
TEXT_LENGTH = 192  # tokens of a row of general text
NUM_TRIED = 4  # rows of training on which layers are tried
AHEAD = 8  # batches a worker is ahead: it makes them from a pool, five at a time
LOST_S = 10.0  # of a stage's time: loading, saving, scoring, packing
END_S = 20.0  # kept back at the end, for whatever takes longer than thought
LEAST_S = 5.0  # a stage with less is not begun
NUM_SEEN = 4  # batches of training that a finished stage is scored on, beside the held-out ones
SEEN_SO_FAR = "groups.txt"  # beside a stage's weights: groups that it took from the supply


def packed(folder: Path, peak: int) -> bytes:
    """A Hugging Face folder of a tied Llama in few bytes; its matrices are rounded."""
    there = [folder / name for name in FILES if (folder / name).exists()]
    arrays = {f"files/{file.name}": np.frombuffer(file.read_bytes(), np.uint8) for file in there}
    for name, weight in read_safetensors(folder / "model.safetensors").items():
        if weight.ndim < 2:
            arrays[name] = weight
        elif name != HEAD:
            rows, scales = quantise_rows(weight, LOOKUP_PEAK if name == TABLE else peak)
            arrays |= {f"{name}/rows": rows, f"{name}/scales": scales}
    plain = io.BytesIO()
    np.savez(plain, **arrays)
    # Nothing repeats in weights; to look for it makes the result larger by a tenth.
    coder = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_HUFFMAN_ONLY)
    return coder.compress(plain.getbuffer()) + coder.flush()


def write_pieces(content: bytes, folder: Path, name: str) -> None:
    """Writes ``NAME.npz.00`` and so on; what an earlier call left there is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in pieces(folder, name):
        stale.unlink()
    for number, begin in enumerate(range(0, len(content), PIECE)):
        (folder / f"{name}.npz.{number:02d}").write_bytes(content[begin : begin + PIECE])


def pieces(folder: Path, name: str) -> list[Path]:
    """The files of a packed model, in order."""
    return sorted(folder.glob(f"{name}.npz.*"))


def unpack(folder: Path, name: str | None, out: Path) -> None:
    """Writes a packed model, by name or the only one, as a Hugging Face folder in float32.

    Raises:
        UsageError: The name fits no model, or there are several and none is named.
        ModelError: A piece is missing or damaged.
    """
    names = sorted({file.name.split(".npz.")[0] for file in pieces(folder, name or "*")})
    if len(names) != 1:
        raise UsageError(fault("--name", "be one that is there", names, str(folder), "name one"))
    content = b"".join(file.read_bytes() for file in pieces(folder, names[0]))
    try:
        with np.load(io.BytesIO(zlib.decompress(content))) as stored:
            arrays = dict(stored)
    except (ValueError, zlib.error) as error:
        advice = "copy it again"
        raise ModelError(fault(names[0], "be whole", str(error), str(folder), advice)) from error
    out.mkdir(parents=True, exist_ok=True)
    weights = {}
    for key, array in arrays.items():
        kind, _, rest = key.partition("/")
        if kind == "files":
            (out / rest).write_bytes(array.tobytes())
        elif rest == "rows":
            weights[kind] = array * arrays[f"{kind}/scales"][:, None]
        elif not rest:
            weights[kind] = array
    save_file(weights, out / "model.safetensors")  # last: a folder that has it is whole


class Exchanges(IterableDataset[bytes]):
    """Endless batches of written exchanges, pickled; ``skip`` groups were trained on before."""

    def __init__(self, args: argparse.Namespace, start: Path, vocab: int, skip: int) -> None:
        self._args, self._start, self._vocab, self._skip = args, start, vocab, skip

    def __iter__(self) -> Iterator[bytes]:
        args, info = self._args, get_worker_info()
        index, count = (info.id, info.num_workers) if info else (0, 1)
        tokenizer = read_tokenizer(self._start, self._vocab)
        rng = random.Random(f"{args.seed} {self._skip} {index}")
        sheets = read_sheets(args.sheets, "train")
        quotes = Quotes(sheets, args.sheets)
        size = sum(math.ceil(len(sheet.examples) / args.turns) for sheet in sheets)
        # Each worker has its stretch of every epoch: to pass over the others' costs nothing.
        share = max((index + 1) * size // count - index * size // count, 1)
        starts = itertools.count(self._skip + index * size // count, size)
        drawn = (decisions.written(sheets, rng, args.turns, quotes, start) for start in starts)
        own = itertools.chain.from_iterable(itertools.islice(part, share) for part in drawn)
        written = decisions.batches(tokenizer, own, rng, tokens=args.tokens)
        general = text_batches(tokenizer, rng.randrange(10**9), args.text, args.tokens, TEXT_LENGTH)
        text_share = args.text_share if args.text else 0.0
        while True:  # pickled, for each tensor as such would need a file handle
            yield pickle.dumps(next(general if rng.random() < text_share else written))


class Stage(Trainer):
    """One model's training, fed from outside; layers are tried on the batch ``tried``."""

    def __init__(self, args: argparse.Namespace, console: Console, tried: Batch) -> None:
        self._tried = tried
        super().__init__(args, console)

    def _load(self, folder: Path) -> LlamaForCausalLM:
        model = super()._load(folder)
        if self.args.autocast:  # the decoder alone: logits stay float32
            inner = model.model
            inner.forward = torch.autocast(self.device, torch.bfloat16)(inner.forward)
        return model

    def decisions(self, seed: int, tokens: int, skip: int = 0) -> Iterator[Batch]:
        """What layers are tried on; what is learnt comes from the supply."""
        return iter([self._tried])

    def save(self) -> None:
        """Notes beside the weights where in the supply a run that goes on begins."""
        super().save()
        (self.out / SEEN_SO_FAR).write_text(str(self.num_groups), encoding="utf-8")


@torch.no_grad()
def judge(model: LlamaForCausalLM, batches: Iterable[Batch]) -> dict[str, float]:
    """How well a model answers, its written answers standing before each token.

    Returns:
        ``loss`` of all tokens of answers, ``action_loss`` and ``action_tokens`` (the share that is
        the likeliest) of those that name an action and its values, and ``actions``: the share of
        answers with all of these right. In play a grammar rules out most of what is wrong.
    """
    sums = torch.zeros(7, dtype=torch.float64)
    for given in batches:
        batch = given.to(str(model.device))
        places = batch.labels[:, 1:] != IGNORE
        wanted = batch.labels[:, 1:][places]
        logits = logits_at(model, batch, places)
        each = functional.cross_entropy(logits, wanted, reduction="none")
        choosing = batch.weights[:, 1:][places] == CHOOSING
        wrong = (logits.argmax(-1) != wanted)[choosing].float()
        # An answer ends in tokens of lesser weight, so where the weight rises the next one begins.
        first = choosing & ~torch.cat([choosing.new_zeros(1), choosing[:-1]])
        missed = wrong.new_zeros(int(first.sum()))
        missed.index_add_(0, first.cumsum(0)[choosing] - 1, wrong)
        counts = [len(each), len(wrong), len(missed)]
        totals = [each.sum(), each[choosing].sum(), (wrong == 0).sum(), (missed == 0).sum()]
        sums += torch.tensor([*counts, *map(float, totals)])
    tokens, chosen, answers, loss, action_loss, right, whole = sums.tolist()
    scores = {"loss": loss / tokens, "action_loss": action_loss / chosen}
    scores |= {"action_tokens": right / chosen, "actions": whole / answers}
    return {name: round(score, 4) for name, score in scores.items()}


class Course:
    """The stages one after another, until all are done or the time is up."""

    def __init__(self, args: argparse.Namespace, console: Console) -> None:
        self.args, self.console = args, console
        self._until = time.monotonic() + 60 * args.minutes - END_S
        self._start: Path = args.start
        if not (args.start / "config.json").exists():
            self._start = args.work / "start"
            if not (self._start / "model.safetensors").exists():
                unpack(args.start, None, self._start)
        config = json.loads((self._start / "config.json").read_text(encoding="utf-8"))
        self._layers, vocab = config["num_hidden_layers"], config["vocab_size"]
        if max(args.students) >= self._layers:
            rule = f"be under {self._layers}"
            raise UsageError(fault("--students", rule, args.students, "command line"))
        report, self.done = args.work / REPORT, dict[str, dict[str, Any]]()
        if report.exists():
            self.done = json.loads(report.read_text(encoding="utf-8"))
        seen = sum(int(p.read_text(encoding="utf-8")) for p in args.work.glob(f"*/{SEEN_SO_FAR}"))
        self._waited_s = 0.0  # for batches that were not ready
        exchanges = Exchanges(args, self._start, vocab, seen)
        ahead = AHEAD if args.workers else None
        loader = DataLoader(exchanges, None, num_workers=args.workers, prefetch_factor=ahead)
        self._supply = self._received(iter(loader))  # the workers begin, and meanwhile:
        tokenizer, turns = read_tokenizer(self._start, vocab), args.turns
        rows = [
            decisions.make_row(tokenizer, sheet.examples[i : i + turns])
            for sheet in read_sheets(args.sheets, "val")
            for i in range(0, len(sheet.examples), turns)
        ]
        rows.sort(key=Row.shape)
        count = max(args.tokens * len(rows) // sum(map(len, rows)), 1)
        parts = (rows[i : i + count] for i in range(0, len(rows), count))
        self._held_out = [decisions.make_batch(part) for part in parts]
        some = random.Random(args.seed).choices(read_sheets(args.sheets, "train"), k=NUM_TRIED)
        tried = [decisions.make_row(tokenizer, sheet.examples[:turns]) for sheet in some]
        self._tried = decisions.make_batch(tried)

    def _received(self, made: Iterator[bytes]) -> Iterator[Batch]:
        while True:
            began = time.monotonic()
            pickled = next(made)
            self._waited_s += time.monotonic() - began
            yield pickle.loads(pickled)

    def run(self) -> None:
        """Trains what is not done, and delivers what is."""
        args, before = self.args, "teacher"
        each = (1 - args.teacher_share) / len(args.students)
        plan = [("teacher", self._layers, args.teacher_share)]
        plan += [(f"student-{layers}", layers, each) for layers in args.students]
        for name, layers, share in plan:
            if name not in self.done:
                ahead = [other for planned, _, other in plan if planned not in self.done]
                left_s = self._until - time.monotonic() - LOST_S * len(ahead)
                seconds = left_s * share / sum(ahead)
                if not args.steps and seconds < LEAST_S:
                    self.console.print(f"no time is left for {name}; the same command goes on")
                    break
                self._train(name, before, layers, seconds)
            if layers in (args.deliver or args.students) and not pieces(args.out, name):
                self._deliver(name)
            before = name if args.from_larger else "teacher"

    def _train(self, name: str, before: str, layers: int, seconds: float) -> None:
        """Trains one model for so long, from the one named ``before`` or from the start."""
        args, is_teacher = self.args, name == "teacher"
        own = {
            "stage": "decide",
            "student": self._start if is_teacher else args.work / before,
            "teacher": None if is_teacher else args.work / "teacher",
            "layers": layers,
            "out": args.work / name,
            "minutes": math.inf,  # until it is known how far it is
            "dtype": "bfloat16" if args.dtype == "bfloat16" else "float32",
            "autocast": args.dtype == "autocast",
            "round_from": 1.0 if is_teacher else args.round_from,
            **dict.fromkeys(("four_bits", "frozen"), 0),  # neither is asked for here
        }
        self.console.print(f"{name}: {layers} layers")
        stage = Stage(argparse.Namespace(**vars(args) | own), self.console, self._tried)
        stage.args.minutes = (stage.elapsed_s + seconds) / 60
        before_s, tokens, self._waited_s = stage.elapsed_s, stage.tokens, 0.0
        stage.train(self._supply)
        took_s = stage.elapsed_s - before_s
        result = {
            "layers": shed.kept_layers(stage.student),
            "steps": stage.step,
            "tokens": stage.tokens,
            "minutes": round(stage.elapsed_s / 60, 2),
            "tokens_a_second": round((stage.tokens - tokens) / took_s),
            "waited": round(self._waited_s / took_s, 3),
            "seen": judge(stage.student, itertools.islice(self._supply, NUM_SEEN)),
            "held_out": judge(stage.student, self._held_out),
            "gpu_gib": round(torch.cuda.max_memory_allocated() / 2**30, 1),
        }
        self.done[name] = result
        text = json.dumps(self.done, indent=1)
        args.out.mkdir(parents=True, exist_ok=True)
        for folder in (args.work, args.out):
            (folder / REPORT).write_text(text, encoding="utf-8")
        stage.checkpoint.unlink(missing_ok=True)
        self.console.print(name, result["held_out"])

    def _deliver(self, name: str) -> None:
        """Packs a model where it may leave, if there is room."""
        args, others = self.args, pieces(self.args.out, "*")
        content = packed(args.work / name, args.peak)
        size = len(content) + sum(file.stat().st_size for file in others)
        fits = size <= ROOM and len(others) + math.ceil(len(content) / PIECE) <= MAX_PIECES
        if fits:
            write_pieces(content, args.out, name)
        told = "delivered" if fits else f"no room for it; it stays in {args.work / name}"
        self.console.print(f"{name}: {len(content) / MIB:.1f} MiB, {told}")


def _depths(text: str) -> list[int]:
    return sorted({int(part) for part in text.split(",")}, reverse=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    pack = commands.add_parser("pack", help="a model in few bytes")
    pack.add_argument("--weights", type=Path, required=True, help="a Hugging Face Llama folder")
    pack.add_argument("--out", type=Path, required=True, help="the folder to write")
    pack.add_argument("--peak", type=int, default=12, help="the largest weight of a row, to 127")
    pack.add_argument("--name", help="the model's name; default: its folder's")
    back = commands.add_parser("unpack", help="a packed model as a folder again")
    back.add_argument("--packed", type=Path, required=True, help="a folder with its pieces")
    back.add_argument("--name", help="which model, if there are several")
    back.add_argument("--out", type=Path, required=True, help="the folder to write")
    train = commands.add_parser("train", help="teacher, then students")
    train.add_argument("--start", type=Path, required=True, help="packed, or a plain folder")
    train.add_argument("--out", type=Path, required=True, help="the folder that leaves the machine")
    train.add_argument("--work", type=Path, default=Path("work/gpu"), help="what stays there")
    train.add_argument("--students", type=_depths, default=[24, 20, 16, 13], help="layers of each")
    train.add_argument("--deliver", type=_depths, help="which of them to pack; default: what fits")
    train.add_argument("--minutes", type=float, default=8.0, help="of the clock, all in all")
    train.add_argument("--steps", type=int, help="steps a stage, however long it takes")
    train.add_argument("--teacher-share", type=float, default=0.3, help="share of the time")
    train.add_argument("--from-larger", action="store_true", help="begin at the student before")
    train.add_argument("--dtype", choices=("autocast", "bfloat16", "float32"), default="autocast")
    train.add_argument("--lr", type=float, default=5e-4)
    train.add_argument("--soft", type=float, default=0.7, help="weight of the soft targets")
    train.add_argument("--round-from", type=float, default=0.6, help="share of a student's time")
    train.add_argument("--peak", type=int, default=ROW_PEAK, help="of what is packed")
    train.add_argument("--tokens", type=int, default=16384, help="tokens a step")
    train.add_argument("--turns", type=int, default=10, help="decisions a prefix")
    train.add_argument("--sheets", type=Path, default=DATA, help="a folder of written exchanges")
    train.add_argument("--text", type=Path, action="append", default=[], help="a text folder")
    train.add_argument("--text-share", type=float, default=0.1, help="of the steps, where --text")
    workers = max((os.cpu_count() or 1) - 2, 0)
    train.add_argument("--workers", type=int, default=workers, help="processes that make batches")
    train.add_argument("--seed", type=int, default=7)
    train.set_defaults(seeds=None, thesaurus=None)
    return parser


def main() -> None:
    args = _parser().parse_args()
    console = Console()
    if args.command == "pack":
        content = packed(args.weights, args.peak)
        write_pieces(content, args.out, args.name or args.weights.resolve().name)
        console.print(f"{len(content) / MIB:.1f} MiB in {args.out}")
    elif args.command == "unpack":
        unpack(args.packed, args.name, args.out)
    else:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        torch.manual_seed(args.seed)
        torch.set_float32_matmul_precision("high")
        args.work.mkdir(parents=True, exist_ok=True)
        Course(args, console).run()


if __name__ == "__main__":
    main()
