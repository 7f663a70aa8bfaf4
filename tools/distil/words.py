"""The words of the answers: what a character may say that its prompt does not.

    python -m tools.distil.words --out work/student/words.txt

Counted over the written exchanges. Names, numbers and things come from prompts, so what is left is
the language of the voices; see ``npcbrain.lm.words`` for what it is good for: a small model copies
names letter by letter and slips, and a word that nobody ever wrote cannot be said.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from npcbrain.lm.words import split_words
from npcbrain.prompting.prompt import answer_text, render
from tools.distil.sheets import Sheet, read_sheets
from tools.distil.sheets.reading import DATA


def count_words(sheets: Iterable[Sheet]) -> Counter[bytes]:
    """In how many sheets each word is said that its prompt does not hold."""
    found: Counter[bytes] = Counter()
    for sheet in sheets:
        said: set[bytes] = set()
        for example in sheet.examples:
            prompt = render(example.situation, reader=None)
            known = split_words((prompt.prefix + prompt.news).encode())
            said |= split_words(answer_text(example.decision).encode()) - known
        found.update(said)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sheets", type=Path, default=DATA, help="a folder of written exchanges")
    parser.add_argument("--min-sheets", type=int, default=1, help="leaves out what fewer say")
    args = parser.parse_args()
    found = count_words(read_sheets(args.sheets, "train"))
    words = sorted(word.decode() for word, times in found.items() if times >= args.min_sheets)
    args.out.write_text("\n".join(words) + "\n", encoding="utf-8", newline="\n")
    print(f"{len(words)} words in {args.out}")


if __name__ == "__main__":
    main()
