"""The command line: ``npcbrain`` and ``python -m npcbrain``.

Arguments in, text or JSON out; the work is in ``doctor``, ``decide``, ``evaluate`` and ``bench``.
Invariant: standard output holds only the result (with ``--json`` exactly one object on its last
line); progress, warnings and errors go to standard error, each error as one line.

Exit codes: 0, done (a tree's answer is an answer); 1, something failed; 2, the input is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from npcbrain.commands.bench.main import add_benches
from npcbrain.commands.chat import add_chat_command
from npcbrain.commands.new import add_new_command
from npcbrain.commands.options import (
    add_model_options,
    check_budget,
    check_writable,
    load,
    progress,
)
from npcbrain.commands.persona import add_persona_commands
from npcbrain.commands.replay import add_replay_command
from npcbrain.commands.save import add_save_commands
from npcbrain.commands.schema import add_schema_command
from npcbrain.commands.tree import add_tree_commands
from npcbrain.errors import (
    ModelError,
    NpcBrainError,
    PersonaError,
    RecordingError,
    SaveError,
    SituationError,
    UsageError,
    fault,
    not_json,
)
from npcbrain.importing.command import add_import_command
from npcbrain.situation import Situation

# Only the commands that run the model import its packages, so that --help is quick.
if TYPE_CHECKING:
    from npcbrain.commands.decide import Decider
    from npcbrain.lm.model import Model

__all__ = ["main"]

FAILED = 1
WRONG_INPUT = 2
MAX_SITUATION_BYTES = 1 << 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may know no arrows or accents
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            result: dict[str, Any] = options.command(options)
    except (UsageError, SituationError, PersonaError, SaveError, RecordingError) as error:
        return _complain(error, WRONG_INPUT)
    except ModelError as error:  # in the given folder, or in the installation
        return _complain(error, FAILED if options.model is None else WRONG_INPUT)
    except NpcBrainError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return _complain("interrupted", FAILED)
    try:
        if options.json:
            print(json.dumps(result, ensure_ascii=False), flush=True)
        else:
            options.show(result)
    except BrokenPipeError:  # the reader has gone; Python would complain again when it ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return FAILED if options.failed(result) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="npcbrain", description="NPCs that think inside a frame budget."
    )
    parser.set_defaults(show=_print_result, failed=lambda result: False)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    doctor = commands.add_parser("doctor", help="check the installation and measure the model")
    doctor.set_defaults(command=_doctor, show=_print_diagnosis)

    decide = commands.add_parser("decide", help="answer one situation")
    decide.add_argument("situation", metavar="SITUATION.json", help="a situation, or - for stdin")
    decide.set_defaults(command=_decide)

    evaluate = commands.add_parser("evaluate", help="score answers to a file of scenarios")
    evaluate.add_argument("scenarios", type=Path, metavar="SCENARIOS.jsonl")
    evaluate.add_argument("--out", type=Path, metavar="ANSWERS.jsonl", help="write the answers")
    evaluate.add_argument(
        "--without-reader",
        action="store_true",
        help="the model alone: no action prior, no recalled facts, no deeds that fit",
    )
    evaluate.add_argument(
        "--without-chooser",
        action="store_true",
        help="the language model decides too, where a chooser would",
    )
    evaluate.add_argument(
        "--words", choices=("any", "own", "quotes"), default="any", help="what may be said"
    )
    evaluate.set_defaults(command=_evaluate)

    add_new_command(commands)
    add_chat_command(commands)
    add_schema_command(commands)
    add_benches(commands)
    add_tree_commands(commands)
    add_save_commands(commands)
    add_replay_command(commands)
    add_persona_commands(commands)
    add_import_command(commands)

    for command in (doctor, decide, evaluate):
        add_model_options(command)
    return parser


def _doctor(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.clock import SystemClock
    from npcbrain.commands.doctor import diagnose

    check_budget(options)
    return diagnose(load(options), options.budget_ms, SystemClock())


def _decide(options: argparse.Namespace) -> dict[str, Any]:
    check_budget(options)
    situation = _read_situation(options.situation)
    outcome = _decider(load(options)).decide(situation, options.budget_ms)
    return {
        **outcome.decision.to_dict(),
        "frames": outcome.frames,
        "first_word_frames": outcome.first_word_frames,
        "tokens": outcome.tokens,
    }


def _evaluate(options: argparse.Namespace) -> dict[str, Any]:
    from npcbrain.commands.evaluate import evaluate, write_answers
    from npcbrain.commands.scenarios import read_scenarios

    check_budget(options)
    check_writable("--out", options.out)
    scenarios = read_scenarios(options.scenarios)
    decider = _decider(
        load(options),
        reader=not options.without_reader,
        words=options.words,
        chooser=not options.without_chooser,
    )
    with progress("evaluating", len(scenarios)) as advance:
        result, outcomes = evaluate(decider, scenarios, options.budget_ms, advance)
    if options.out is not None:
        write_answers(options.out, scenarios, outcomes)
    return result


def _decider(model: Model, **options: Any) -> Decider:
    from npcbrain.commands.decide import Decider
    from npcbrain.commands.frame_clock import FrameClock
    from npcbrain.engine.engine import Engine

    return Decider(model, Engine(model), FrameClock(), **options)


def _read_situation(path: str) -> Situation:
    where = "standard input" if path == "-" else path
    try:
        if path == "-":
            raw = sys.stdin.buffer.read(MAX_SITUATION_BYTES + 1) if sys.stdin else b""
        else:
            with Path(path).open("rb") as file:
                raw = file.read(MAX_SITUATION_BYTES + 1)
    except OSError as error:
        advice = "check the path"
        raise UsageError(
            fault("situation", "be a readable file", error.strerror, where, advice)
        ) from error
    if len(raw) > MAX_SITUATION_BYTES:
        rule = f"be at most {MAX_SITUATION_BYTES} bytes"
        raise UsageError(fault("situation", rule, "more", where))
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UsageError(not_json("situation", error, where)) from error
    return Situation.from_dict(data, f"{where}: $")


def _print_diagnosis(result: dict[str, Any]) -> None:
    from npcbrain.commands.doctor_tables import print_diagnosis

    print_diagnosis(result)


def _print_result(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.pretty import Pretty
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in result.items():
        table.add_row(key, _cell(value, Pretty))
    Console().print(table)


def _cell(value: Any, pretty: Callable[..., Any]) -> Any:
    from rich.text import Text

    if isinstance(value, dict | list):
        return pretty(value, expand_all=False)
    return Text("-" if value is None else str(value))  # not markup: it may be an NPC's words


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    print(f"npcbrain: warning: {message}", file=sys.stderr)


def _complain(error: object, code: int) -> int:
    print(f"npcbrain: {' '.join(str(error).split())}", file=sys.stderr)
    return code
