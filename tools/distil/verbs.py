r"""Writes the table of verbs that are near in meaning, for ``npcbrain.prompting.verb_synonyms``.

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

from npcbrain.prompting.fact_retrieval import stem
from npcbrain.prompting.verb_synonyms import COMMENT, VERBS
from tools.distil.wordnet import read_senses, read_verbs

USUAL = 4  # a verb's senses beyond so many are seldom meant
MAX_CASES = 60  # a wider meaning with more cases is too wide
WIDER = "@$*>"  # is a kind of, is grouped with, entails, causes


def table(folder: Path) -> str:
    """The table's text.

    Args:
        folder: With WordNet's ``data.verb`` and ``index.sense``.
    """
    senses = read_senses(folder)
    licence, synsets = read_verbs(folder)
    meanings: dict[str, tuple[list[str], list[str]]] = {}
    for synset in synsets:
        marked = []
        for word in map(str.lower, synset.words):
            sense = senses.get((word, synset.key))
            marked.append(("" if sense and sense.number <= USUAL else "~") + _key(word))
        wider = [key for symbol, key, part in synset.near if symbol in WIDER and part == "v"]
        meanings[synset.key] = list(dict.fromkeys(marked)), wider
    cases = Counter(k for _, wider in meanings.values() for k in wider)
    number_of = {key: number for number, key in enumerate(meanings)}
    lines = [
        f"{COMMENT} Verbs near in meaning, from WordNet 3.1, by tools/distil/verbs.py.",
        *(f"{COMMENT} {line}".rstrip() for line in licence),
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
