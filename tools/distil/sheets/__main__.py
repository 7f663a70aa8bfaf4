"""Checks sheets of written exchanges, or writes them as situations.

    python -m tools.distil.sheets check FOLDER
    python -m tools.distil.sheets json FOLDER --split val > EXCHANGES.jsonl

``check`` tells every fault with its line, then what the sheets hold. ``json`` writes one situation
with its answer a line, as ``tools.distil.generate`` does. Without a folder both read the project's
own sheets. Invariant: the exit status is 0 if there is no fault, 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.distil.sheets.checking import check
from tools.distil.sheets.reading import DATA, SheetError, read_sheets

SPLITS = ("train", "val", "all")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.distil.sheets", description=__doc__.splitlines()[0]
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    checks = commands.add_parser("check", help="tell what breaks a rule, and count")
    writes = commands.add_parser("json", help="write one situation with its answer a line")
    writes.add_argument("--split", choices=SPLITS, default="all")
    for command in (checks, writes):
        command.add_argument("folder", nargs="?", type=Path, default=DATA, metavar="FOLDER")
    options = parser.parse_args(arguments)
    if hasattr(sys.stdout, "reconfigure"):  # a Windows console may know no arrows or accents
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        if options.command == "check":
            return _check(options.folder)
        _write(options.folder, options.split)
    except SheetError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _check(folder: Path) -> int:
    report = check(folder)
    for sentence in report.faults:
        print(sentence)
    print(report)
    return 1 if report.faults else 0


def _write(folder: Path, split: str) -> None:
    for sheet in read_sheets(folder, split):
        for example, line in zip(sheet.examples, sheet.lines, strict=True):
            row = example.to_dict(f"{sheet.file.removesuffix('.txt')}:{line}-{example.category}")
            print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
