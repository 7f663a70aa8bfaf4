"""Makes every picture of README and docs anew: one command.

    python -m tools.pictures
    python -m tools.pictures --only recording village

Needs the extras ``demo`` and ``bench`` and the model, on a machine that is otherwise idle: the
village's pictures show measured times. Invariant: each picture has one command that makes it, and
what fails is told and stops no other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.bench.record import ROOT
from tools.site.village import slim

__all__ = ["COMMANDS", "main", "show_recording"]

STILL = "docs/village.png"
PAGES = ("README.md", "docs/index.md")
HEADLESS = ("demo_game", "--headless", "--fast")
# What is made, and by which module with which arguments.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "recording": (*HEADLESS, "--record", "docs/village.gif"),
    "village": (*HEADLESS, "--frames", "1800", "--screenshot", STILL),
    "gallery": ("tools.site.village",),
    "drawings": ("tools.site.pictures",),
    "house": ("tools.site.house",),
    "plots": ("tools.bench.plots",),
    "capacity": (
        "deploy.capacity",
        "bench_results/deploy.json",
        "--plot",
        "docs/plots/capacity.png",
    ),
    "models": ("tools.distil.ladder",),
}


def show_recording(root: Path = ROOT) -> None:
    """Lets README and the site's first page show the recording in place of the still picture."""
    for name in PAGES:
        page = root / name
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("village.png)", "village.gif)"), encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 if something could not be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=COMMANDS, help="make these alone")
    wanted = parser.parse_args(argv).only or list(COMMANDS)
    failed = []
    for name in wanted:  # in this order: the gallery shows the recording if there is one
        print(f"== {name}: python -m {' '.join(COMMANDS[name])}", flush=True)
        if subprocess.call([sys.executable, "-m", *COMMANDS[name]], cwd=ROOT):
            failed.append(name)
        elif name == "village":
            slim(ROOT / STILL)
    if "recording" in wanted and "recording" not in failed:
        show_recording()
    if failed:
        print(f"not made: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
