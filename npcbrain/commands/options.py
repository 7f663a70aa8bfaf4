"""Shared by the commands: options and their checks, the model, a progress bar.

It knows none of the commands. Invariant: importing it loads nothing that runs the model, so that
``--help`` is quick; and options are checked before anything is loaded.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from npcbrain.errors import UsageError, fault

if TYPE_CHECKING:
    from npcbrain.lm.model import Model

__all__ = [
    "Progress",
    "add_model_options",
    "check_budget",
    "check_range",
    "check_writable",
    "load",
    "progress",
    "write_text",
]

Progress = Callable[[int], None]


def add_model_options(command: argparse.ArgumentParser) -> None:
    """Adds ``--model``, ``--budget-ms`` and ``--json``."""
    command.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    command.add_argument(
        "--budget-ms", type=float, default=4.0, metavar="MS", help="of each frame (4)"
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")


def load(options: argparse.Namespace) -> Model:
    """The model that ``--model`` names."""
    from npcbrain.lm.model import Model

    return Model.load(options.model)


def check_budget(options: argparse.Namespace) -> None:
    """Refuses a ``--budget-ms`` that is not a number above 0."""
    if not (math.isfinite(options.budget_ms) and options.budget_ms > 0):
        advice = "pass milliseconds, such as 4"
        rule = "be a number above 0"
        raise UsageError(fault("--budget-ms", rule, options.budget_ms, "the command line", advice))


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Refuses a number out of range."""
    if not low <= value <= high:
        raise UsageError(fault(name, f"be {low} to {high}", value, "the command line"))


def check_writable(option: str, path: Path | None) -> None:
    """Checks that a result can be written, before minutes are spent on it."""
    if path is None:
        return
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise _unwritable(option, path, error) from error


def write_text(option: str, path: Path, text: str) -> None:
    """Writes a result."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(option, path, error) from error


@contextmanager
def progress(what: str, total: int) -> Iterator[Progress]:
    """A progress bar on standard error; none if that is not a terminal."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _unwritable(option: str, path: Path, error: OSError) -> UsageError:
    return UsageError(fault(option, "be writable", error.strerror, str(path)))
