"""Stage 2: cuts the teacher down to a student: fewer tokens, fewer layers.

    python -m tools.distil.prune --teacher work/teacher --out work/pruned --layers 10 --text DIR

Vocabulary: the first N tokens of a BPE are closed under its merges, so cutting the table and the
merge list leaves a working tokenizer. Layers: removed one at a time, each time the one whose
absence costs least on general text and on copying from the prompt. Even spacing would remove the
few layers that copy, which no amount of later training on decisions brings back cheaply.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import LlamaForCausalLM

from npcbrain.lm.marks import MARKS
from tools.distil import corpus
from tools.distil.copying import exercise
from tools.distil.teacher import make_tokenizer

CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *MARKS.values()]  # ids from 0 on


def cut_tokenizer(teacher: Path, vocab: int) -> Tokenizer:
    """The teacher's tokenizer with its first ``vocab`` tokens."""
    model = json.loads((teacher / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    tokens = {token: i for token, i in model["vocab"].items() if i < vocab}
    merges = [tuple(m) for m in model["merges"]]
    kept = [m for m in merges if m[0] in tokens and m[1] in tokens and "".join(m) in tokens]
    return make_tokenizer(tokens, kept, CONTROL)


@torch.no_grad()
def cut_vocabulary(model: LlamaForCausalLM, vocab: int, tokenizer: Tokenizer) -> None:
    """Keeps the first ``vocab`` rows of the (tied) embedding, in place.

    A mark begins as what its name means, which is nearer to its use than a token for code.
    """
    model.resize_token_embeddings(vocab, mean_resizing=False)
    table = model.get_input_embeddings().weight
    for name in MARKS.values():
        word = f" {name.strip('<|>')}"
        row = table[tokenizer.encode(word, add_special_tokens=False).ids].mean(0)
        table[tokenizer.token_to_id(name)] = row


@torch.no_grad()
def losses(model: LlamaForCausalLM, batches: list[torch.Tensor]) -> list[float]:
    """Mean next-token loss on each batch of rows [rows, length]."""
    result = []
    for ids in batches:
        logits = model(ids, use_cache=False).logits[:, :-1].float()
        result.append(functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten()).item())
    return result


def choose_layers(
    model: LlamaForCausalLM, batches: list[torch.Tensor], keep: int, console: Console
) -> list[int]:
    """Greedy backward elimination: indices of the layers that stay, ascending."""
    layers = list(model.model.layers)
    kept = list(range(len(layers)))
    console.print("layer removed | loss on text, on copying (unpruned first)")
    console.print("   -          |", *(f"{x:.3f}" for x in losses(model, batches)))
    while len(kept) > keep:
        scores = {}
        for candidate in track(
            kept, description=f"{len(kept)} layers", transient=True, console=console
        ):
            model.model.layers = torch.nn.ModuleList(layers[i] for i in kept if i != candidate)
            scores[candidate] = losses(model, batches)
        worst = min(scores, key=lambda i: sum(scores[i]))
        kept.remove(worst)
        console.print(f"  {worst:3d}         |", *(f"{x:.3f}" for x in scores[worst]))
    return kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocab", type=int, default=8192)
    parser.add_argument("--layers", type=int, default=10, help="how many layers stay")
    parser.add_argument("--text", type=Path, action="append", default=[], help="a text folder")
    parser.add_argument("--rows", type=int, default=4, help="rows of 96 tokens per measurement")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    console, rng = Console(), random.Random(args.seed)

    tokenizer = cut_tokenizer(args.teacher, args.vocab)
    model = LlamaForCausalLM.from_pretrained(args.teacher, dtype=torch.float32)
    cut_vocabulary(model, args.vocab, tokenizer)

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    general = corpus.rows(
        corpus.read_passages(args.text) or [exercise(rng)], encode, rng, length=96, exercises=0.0
    )
    copying = corpus.rows([], encode, rng, length=96, exercises=1.0)
    batches = [
        torch.tensor([next(source) for _ in range(args.rows)]) for source in (general, copying)
    ]
    original = list(model.model.layers)
    kept = choose_layers(model, batches, args.layers, console)
    model.model.layers = torch.nn.ModuleList(original[i] for i in kept)
    for index, layer in enumerate(model.model.layers):
        layer.self_attn.layer_idx = index
    model.config.num_hidden_layers = len(kept)
    model.config.vocab_size = args.vocab
    model.config.kept_layers = kept
    model.float().save_pretrained(args.out)
    tokenizer.save(str(args.out / "tokenizer.json"))
    size = sum(p.numel() for p in model.parameters())
    console.print(f"student: layers {kept}, {size / 1e6:.1f} M parameters in {args.out}")


if __name__ == "__main__":
    main()
