r"""How often small talk is answered by a line that fits.

    python -m tools.distil.chooser.small_talk --model models/hearth --name tenth

``sheets/held_out_talk.tsv`` holds what people wrote who had not seen the occasions, and the
occasions whose lines would answer it, as two readers judged who had not seen each other's verdicts.
Each is said to a character that no training saw and who knows nothing about it. Own words are
counted, and not judged. Beside it stands the occasion that fits most often, always said. Invariant:
the model decides as in a game, but without a budget.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from npcbrain.commands.decide import Decider
from npcbrain.commands.frame_clock import FrameClock
from npcbrain.commands.scenarios import interval
from npcbrain.engine.engine import Engine
from npcbrain.lm.model import Model
from npcbrain.prompting.action_ranking import is_talk
from npcbrain.prompting.stock_lines import OCCASIONS
from npcbrain.situation import Decision, Situation
from tools.bench.record import surroundings
from tools.distil.chooser.chatter import Chatter
from tools.distil.sheets import Sheet, read_sheets
from tools.distil.sheets.reading import DATA

__all__ = ["HELD_OUT", "Heard", "heard_by", "read_held_out", "tally"]

HELD_OUT = DATA.parent / "held_out_talk.tsv"  # what is said, and occasions that answer it
OUT = Path("bench_results/small-talk.json")

Heard = tuple[Situation, frozenset[str]]  # who heard what, and occasions that answer it


def read_held_out(path: Path = HELD_OUT) -> list[tuple[str, frozenset[str]]]:
    """What is said, and the occasions that answer it."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return [(text, frozenset(fitting.split("; "))) for text, fitting in rows]


def heard_by(sheets: Sequence[Sheet], said: Sequence[tuple[str, frozenset[str]]]) -> list[Heard]:
    """Each line, said to the next of the characters who knows nothing about it."""
    rng = random.Random(1)
    chatter = Chatter(())
    examples = itertools.cycle([sheet.examples[0] for sheet in sheets if sheet.examples])
    heard: list[Heard] = []
    for text, fitting in said:
        for example in itertools.islice(examples, len(sheets)):
            told = chatter.heard(example, "small talk", text, rng)
            if told is not None:
                heard.append((told.situation, fitting))
                break
    return heard


def tally(heard: Sequence[Heard], decisions: Sequence[Decision]) -> dict[str, Any]:
    """Shares: answered by a fitting line, by another line, fact or memory, own words, a deed."""
    counts: Counter[str] = Counter()
    for (situation, fitting), decision in zip(heard, decisions, strict=True):
        (action,) = (one for one in situation.actions if one.name == decision.action)
        if not is_talk(action):
            counts["deed"] += 1
        elif not decision.quoted:
            counts["own words"] += 1
        elif decision.quoted in fitting:
            counts["fits"] += 1
        else:
            counts["another line" if decision.quoted in OCCASIONS else "fact or memory"] += 1
    num = len(heard)
    shares = {name: round(count / num, 4) for name, count in sorted(counts.items())}
    return {"num": num, **shares, "interval": interval(counts["fits"], num)}


def always(heard: Sequence[Heard]) -> dict[str, Any]:
    """What one occasion's line, always said, would answer: the one that fits most often."""
    (occasion, count), *_ = Counter(one for _, fitting in heard for one in fitting).most_common(1)
    num = len(heard)
    share = {"occasion": occasion, "fits": round(count / num, 4)}
    return {"num": num, **share, "interval": interval(count, num)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="a model folder")
    parser.add_argument("--name", required=True, help="what the record calls it")
    parser.add_argument("--out", type=Path, default=OUT, help="a JSON file; others' rows stay")
    options = parser.parse_args()
    heard = heard_by(read_sheets(split="val"), read_held_out())
    model = Model.load(options.model)
    decider = Decider(model, Engine(model), FrameClock())
    outcomes = decider.decide_all([situation for situation, _ in heard], lambda _: None)
    found = tally(heard, [outcome.decision for outcome in outcomes])
    print(options.name, found)
    models = {"always": always(heard)}
    if options.out.exists():
        models = json.loads(options.out.read_text(encoding="utf-8"))["models"] | models
    record = {**surroundings(), "models": models | {options.name: found}}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    options.out.write_text(text + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
