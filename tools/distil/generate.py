"""The command that writes training data: ``python -m tools.distil.generate --out FILE --count N``.

Writes JSON lines: an id, a category, the situation, its ``answer`` and what else to ``expect``.
Invariant: the same seed, split and count write the same bytes.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

from tools.distil.situations import SPLITS, sample

__all__ = ["main"]


def main(argv: list[str] | None = None) -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(description="Write labelled situations as JSON lines.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--seeds", type=Path, help="a folder with LIGHT's light-objects.json")
    options = parser.parse_args(argv)
    rng = random.Random(f"{options.split}-{options.seed}")
    with options.out.open("w", encoding="utf-8", newline="\n") as lines:
        for index in range(options.count):
            example = sample(rng, options.split, options.seeds)
            row = example.to_dict(f"{options.split[0]}{index:07d}-{example.category}")
            lines.write(f"{json.dumps(row, ensure_ascii=False)}\n")


if __name__ == "__main__":
    main()
