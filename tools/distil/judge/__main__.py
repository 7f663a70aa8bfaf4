"""Answers are judged without telling whose they are.

    python -m tools.distil.judge sheets --scenarios SCENARIOS.jsonl --answers hearth=HEARTH.jsonl \
        --answers peer=PEER.jsonl --count 150 --seed 7 --out DIR
    python -m tools.distil.judge verdicts --key DIR/key.json --verdicts JUDGE_A.jsonl \
        --verdicts JUDGE_B.jsonl --out RESULT.json

``sheets`` writes what judges read, and the key, which they must not. A judge answers each item with
one line of JSON; the lines of all sheets make one file a judge, and ``verdicts`` counts them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from npcbrain.commands.scenarios import read_scenarios
from npcbrain.errors import NpcBrainError, UsageError, fault
from npcbrain.situation import Decision
from tools.distil.judge.counting import ASKED, read_key, read_verdicts, tally
from tools.distil.judge.drawing import deal, pick, write_sheets
from tools.distil.judge.lines import read_answers

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.distil.judge", description=__doc__.splitlines()[0]
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    sheets = commands.add_parser("sheets", help="write what judges read, and the key to it")
    sheets.add_argument("--scenarios", type=Path, required=True, metavar="SCENARIOS.jsonl")
    sheets.add_argument(
        "--answers",
        action="append",
        required=True,
        metavar="NAME=ANSWERS.jsonl",
        help="a system and its answers, as npcbrain evaluate --out writes them; repeatable",
    )
    sheets.add_argument("--count", type=int, default=150, help="situations, of all categories")
    sheets.add_argument("--seed", type=int, default=7)
    sheets.add_argument("--out", type=Path, required=True, metavar="DIR")
    sheets.set_defaults(command=_sheets)

    verdicts = commands.add_parser("verdicts", help="count what judges said")
    verdicts.add_argument("--key", type=Path, required=True, metavar="DIR/key.json")
    verdicts.add_argument(
        "--verdicts",
        type=Path,
        action="append",
        required=True,
        metavar="JUDGE.jsonl",
        help="one judge's lines for all sheets; repeatable",
    )
    verdicts.add_argument("--out", type=Path, required=True, metavar="RESULT.json")
    verdicts.set_defaults(command=_verdicts)

    options = parser.parse_args(argv)
    try:
        options.command(options)
    except NpcBrainError as error:
        print(f"judge: {error}", file=sys.stderr)
        return 1
    return 0


def _sheets(options: argparse.Namespace) -> None:
    answers: dict[str, dict[str, Decision]] = {}
    for text in options.answers:
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise UsageError(fault("--answers", "be NAME=ANSWERS.jsonl", text, "the command line"))
        if name in answers:
            raise UsageError(fault("--answers", "name a system once", name, "the command line"))
        answers[name] = read_answers(Path(path))
    chosen = pick(read_scenarios(options.scenarios), options.count, options.seed)
    sheets = deal(chosen, answers, options.seed)
    write_sheets(sheets, options.out)
    print(f"{sum(map(len, sheets))} items of {len(chosen)} situations in {len(sheets)} sheets")


def _verdicts(options: argparse.Namespace) -> None:
    key = read_key(options.key)
    result = tally(key, [read_verdicts(path, key) for path in options.verdicts])
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    try:
        options.out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise UsageError(fault("--out", "be writable", error.strerror, str(options.out))) from error
    for line in _summary(result):
        print(line)


def _summary(result: dict[str, Any]) -> list[str]:
    """The result as a few lines to read."""
    lines = []
    for name, system in result["systems"].items():
        low, high = system["sense"]["interval"]
        parts = ", ".join(f"{question} {system[question]['share']:.1%}" for question in ASKED)
        sense = f"sense {system['sense']['share']:.1%} ({low:.1%} to {high:.1%})"
        lines.append(f"{name}: {sense} of {system['num']}; {parts}")
    same, kappa = result["agreement"]["same"], result["agreement"]["kappa"]
    if same is not None:
        shown = "none" if kappa is None else f"{kappa:.2f}"
        lines.append(f"judges agree on {same:.1%} of {result['items']} items, kappa {shown}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
