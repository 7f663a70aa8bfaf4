"""The words of the answers: what a character may say that its prompt does not.

    python -m tools.distil.words --count 40000 --out work/student/words.txt

Counted over generated answers. Names, numbers and things come from prompts, so what is left is the
language of the voices, some thousand words; see ``npcbrain.lm.words`` for what it is good for.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from pathlib import Path

from rich.progress import track

from npcbrain.lm.words import split_words
from npcbrain.prompt import answer_text, render
from tools.distil import situations

MIN_COUNT = 3  # rarer ones are slips of the generator, or names that a template holds


def count_words(rng: random.Random, count: int) -> Counter[bytes]:
    """How many of ``count`` answers say each word that their prompt does not hold."""
    found: Counter[bytes] = Counter()
    for _ in track(range(count), description="words"):
        example = situations.sample(rng, "train")
        prompt = render(example.situation)
        said = split_words(answer_text(example.decision).encode())
        found.update(said - split_words((prompt.prefix + prompt.news).encode()))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40_000, help="answers to read")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    found = count_words(random.Random(args.seed), args.count)
    words = sorted(word.decode() for word, times in found.items() if times >= MIN_COUNT)
    args.out.write_text("\n".join(words) + "\n", encoding="utf-8", newline="\n")
    print(f"{len(words)} words in {args.out}")


if __name__ == "__main__":
    main()
