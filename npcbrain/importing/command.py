"""``npcbrain import-model``: arguments in, a result out.

Invariant: nothing heavy is imported before the command runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from npcbrain.errors import UsageError, fault
from npcbrain.importing.settings import KERNELS, ImportSettings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    Commands = _SubParsersAction[argparse.ArgumentParser]

__all__ = ["add_import_command"]


def add_import_command(commands: Commands) -> None:
    """Adds ``import-model``."""
    command = commands.add_parser(
        "import-model", help="make a model folder of a GGUF file or a safetensors folder"
    )
    command.add_argument(
        "model", type=Path, metavar="SOURCE", help="a .gguf file, or a folder with config.json"
    )
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    command.add_argument(
        "--adapter",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="a LoRA adapter, as PEFT saves it, to be merged in; may be given several times",
    )
    command.add_argument("--name", default="", help="the model's name (its own if absent)")
    command.add_argument(
        "--max-context", type=int, default=1024, metavar="N", help="most tokens (1024)"
    )
    command.add_argument(
        "--kernel",
        choices=KERNELS,
        default="auto",
        help="how weights are kept; auto: 8-bit rows, or 8-bit blocks where rows do not agree",
    )
    command.add_argument(
        "--step-ms", type=float, default=2.0, metavar="MS", help="most a step may take here (2)"
    )
    command.add_argument(
        "--min-agreement",
        type=float,
        default=0.9,
        metavar="SHARE",
        help="of positions whose most likely token must be the source's (0.9)",
    )
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> dict[str, Any]:
    try:
        from npcbrain.importing.importer import import_model
    except ModuleNotFoundError as error:
        advice = "pip install npcbrain[import]"
        what = error.name or "a package"
        raise UsageError(fault(what, "be installed", None, "import-model", advice)) from error
    settings = ImportSettings(
        options.name,
        options.max_context,
        options.kernel,
        options.step_ms,
        options.min_agreement,
        tuple(options.adapter),
    )
    last = ""

    def tell(doing: str, share: float) -> None:
        nonlocal last
        if sys.stderr.isatty() or doing != last:
            print(f"npcbrain: {doing} {share:.0%}", file=sys.stderr)
        last = doing

    return import_model(options.model, options.out, settings, tell)
