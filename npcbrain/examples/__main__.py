"""``python -m npcbrain.examples``: lists the examples, runs one, or prints its source.

Invariant: listing the examples imports none of them, so that it works with nothing else installed.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import os
import sys
from pathlib import Path

import npcbrain as nb

FOLDER = Path(__file__).parent
NEEDS = {  # packages that npcbrain does not install
    "arcade_window": "arcade",
    "asyncio_server": "",
    "pygame_loop": "pygame",
    "pyglet_window": "pyglet",
    "terminal_turns": "",
    "text_world": "",
    "ursina_scene": "ursina",
}
NO_WINDOW = {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "PYGLET_HEADLESS": "1"}
NO_WINDOW |= {"ARCADE_HEADLESS": "1"}


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m npcbrain.examples", description="Lists the examples, or runs one."
    )
    parser.add_argument(
        "name", nargs="?", choices=NEEDS, metavar="NAME", help="list them if absent"
    )
    parser.add_argument("--source", action="store_true", help="print it instead")
    parser.add_argument("--trees", action="store_true", help="no model: trees answer alone")
    parser.add_argument("--model", type=Path, metavar="DIR", help="the one that ships if absent")
    parser.add_argument(
        "--headless", action="store_true", help="no window, and only until the first answer"
    )
    options = parser.parse_args(arguments)
    if options.name is None:
        print("\n".join(_listed(name) for name in NEEDS))
        print(f"\nPlay one: {parser.prog} terminal_turns (--source prints it)")
        return 0
    if options.source:
        print(_source(options.name), end="")
        return 0
    needs = NEEDS[options.name]
    if needs and importlib.util.find_spec(needs) is None:
        print(f"{options.name} needs {needs}: pip install {_package(needs)}", file=sys.stderr)
        return 2
    if options.headless:
        os.environ.update(NO_WINDOW)  # read by these libraries when they are imported
    model = None if options.trees else nb.Model.load(options.model)
    try:
        importlib.import_module(f"npcbrain.examples.{options.name}").main(
            model, headless=options.headless
        )
    except KeyboardInterrupt:
        return 1
    return 0


def _listed(name: str) -> str:
    needs = NEEDS[name]
    is_missing = needs and importlib.util.find_spec(needs) is None
    advice = f" (pip install {_package(needs)})" if is_missing else ""
    return (
        f"{name:<16} {(ast.get_docstring(ast.parse(_source(name))) or '').splitlines()[0]}{advice}"
    )


def _source(name: str) -> str:
    return (FOLDER / f"{name}.py").read_text(encoding="utf-8")


def _package(needs: str) -> str:
    """The package to install; for pygame, one that exists for every version of Python."""
    return "pygame-ce" if needs == "pygame" else needs


if __name__ == "__main__":
    sys.exit(main())
