r"""Writes the table of verbs that are near in meaning, for ``npcbrain.verbs``.

    python -m tools.distil.verbs --thesaurus DIR

Read from WordNet's verbs, whose licence it begins with. Then one line a meaning: its verbs as stems
(several words joined by underscores), a tilde before those that seldom mean it; after ``>``, the
numbers of the lines with the wider meanings it is a case of, counted from 0 without the licence.
Kinds with a great many cases (to change, to move) tell nothing and are left out. Invariant: the
same folder, the same bytes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from npcbrain.recall import stem
from npcbrain.verbs import COMMENT, VERBS

USUAL = 4  # a verb's senses beyond so many are seldom meant
MAX_CASES = 60  # a wider meaning with more cases is too wide
WIDER = "@$*>"  # is a kind of, is grouped with, entails, causes


def table(folder: Path) -> str:
    """The table's text.

    Args:
        folder: With WordNet's ``data.verb`` and ``index.sense``.
    """
    rank: dict[tuple[str, str], int] = {}
    for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
        sense, key, number, _ = line.split()
        word, _, rest = sense.partition("%")
        if rest.startswith("2:"):
            rank[word, key] = int(number)
    licence = []
    meanings: dict[str, tuple[list[str], list[str]]] = {}
    for line in (folder / "data.verb").read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            licence.append(" ".join([COMMENT, *line.split()[1:]]))
            continue
        parts = line.partition(" | ")[0].split()
        key, num_words = parts[0], int(parts[3], 16)
        at = 4 + 2 * num_words
        verbs = [parts[4 + 2 * i].lower() for i in range(num_words)]
        near = [parts[at + 1 + 4 * i : at + 4 + 4 * i] for i in range(int(parts[at]))]
        wider = [k for sort, k, part in near if sort in WIDER and part == "v"]
        marked = [("" if rank.get((v, key), 99) <= USUAL else "~") + _key(v) for v in verbs]
        meanings[key] = list(dict.fromkeys(marked)), wider
    cases = Counter(k for _, wider in meanings.values() for k in wider)
    number_of = {key: number for number, key in enumerate(meanings)}
    lines = [
        f"{COMMENT} Verbs near in meaning, from WordNet 3.1, by tools/distil/verbs.py.",
        *licence,
    ]
    for words, wider in meanings.values():
        kinds = [str(number_of[k]) for k in dict.fromkeys(wider) if cases[k] <= MAX_CASES]
        lines.append(" ".join(words) + (f" >{' '.join(kinds)}" if kinds else ""))
    return "\n".join(lines) + "\n"


def _key(verb: str) -> str:
    return verb if "_" in verb else stem(verb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--thesaurus", type=Path, required=True, help="WordNet's folder")
    parser.add_argument("--out", type=Path, default=VERBS)
    args = parser.parse_args()
    args.out.write_text(table(args.thesaurus), encoding="utf-8", newline="\n")
    print(f"{args.out.stat().st_size} bytes in {args.out}")


if __name__ == "__main__":
    main()
