"""``python -m tools.endure --minutes 3``: what npcbrain promises, tried for as long as it takes.

Prints the figures of each point and stores them as JSON. The exit code is 1 if a promise did not
hold. ``--hours 1`` plays the long form: 216,000 frames by a clock of our own and 36,000 real ones.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from npcbrain.lm.model import Model
from npcbrain.lm.package import default_model_path
from npcbrain.version import RELEASE
from tools.endure.accidents import accidents
from tools.endure.files import fuzz
from tools.endure.fire import NUM_SLOTS, fire
from tools.endure.outages import outages
from tools.endure.point import Point
from tools.endure.save_cost import time_saves
from tools.endure.soak import soak_real, soak_virtual
from tools.endure.tapes import play_again
from tools.endure.village import tiny
from tools.endure.words import try_words

OUT = Path("out") / "endure.json"
LONG_S = 3600.0  # from here on the soaks play the long form, to its last frame
# Of the time there is; what is left goes into loading and into what each point begins with.
SHARES = {
    "words are words": 0.05,
    "files are read or refused": 0.15,
    "a save is whole": 0.08,
    "what a save costs the frame, 100 NPCs": 0.03,
    "a recording plays again, with the model and without it": 0.07,
    "answers are the same under fire": 0.14,
    "outages of ONNX Runtime": 0.05,
    "a soak by our own clock": 0.2,
    "a soak in real frames": 0.17,
}


def main(arguments: list[str] | None = None) -> int:
    """Runs all points; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m tools.endure", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=3.0, help="in all; 3 by default")
    length.add_argument("--hours", type=float, help="in all, instead")
    parser.add_argument("--model", default="hearth", help="hearth, tiny or a model's folder")
    parser.add_argument("--seed", type=int, default=1, help="where chance comes from")
    parser.add_argument("--out", type=Path, default=OUT, help=f"the JSON; {OUT} by default")
    parser.add_argument("--only", choices=SHARES, metavar="POINT", help="try one: a point's name")
    given = parser.parse_args(arguments)
    seconds = 3600 * given.hours if given.hours is not None else 60 * given.minutes
    if not (math.isfinite(seconds) and seconds > 0):
        parser.error(f"the time must be above 0, got {seconds} seconds")
    points = run(seconds, _folder(given.model), given.seed, given.only)
    show(points, Console())
    given.out.parent.mkdir(parents=True, exist_ok=True)
    kept = json.dumps(record(points, given.model, seconds), indent=1)
    given.out.write_text(kept, encoding="utf-8")
    return int(any(point.broken for point in points))


def run(seconds: float, folder: Path, seed: int, only: str | None = None) -> list[Point]:
    """Tries all points, or only one, which has all the time."""
    shares = SHARES if only is None else {only: 1.0}
    points = {name: Point(name, share * seconds, seed) for name, share in shares.items()}
    whole = seconds >= LONG_S
    small = Model.load(tiny(), num_slots=NUM_SLOTS)
    large = Model.load(folder)
    with tempfile.TemporaryDirectory() as place:
        works: list[Callable[[Point], None]] = [
            lambda point: try_words(point, folder),
            fuzz,
            accidents,
            time_saves,
            lambda point: play_again(point, small),
            lambda point: fire(point, (small, large), Path(place)),  # without a chooser, and with
            lambda point: outages(point, large),
            lambda point: soak_virtual(point, whole=whole),
            lambda point: soak_real(point, large, whole=whole),
        ]
        for name, work in zip(SHARES, works, strict=True):
            if name not in points:
                continue
            point = points[name]
            started_s = time.monotonic()
            work(point)
            point.figures["seconds"] = time.monotonic() - started_s
            print(f"{point.name}: {'broken' if point.broken else 'holds'}", file=sys.stderr)
    return [*points.values()]


def show(points: list[Point], console: Console) -> None:
    """Prints a table."""
    table = Table(title="endurance", show_lines=True)
    for title in ("what is promised", "tried", "measured", "broken"):
        table.add_column(title)
    for point in points:
        tried = "\n".join(
            f"{number:,}{_of(point, what)} {what}" for what, number in sorted(point.counts.items())
        )
        found = "\n".join(
            [f"{what}: {value:,.3g}" for what, value in sorted(point.figures.items())]
            + [f"{what}: not told by this machine" for what in point.untold]
        )
        table.add_row(point.name, tried, found, "\n".join(point.broken) or "nothing")
    console.print(table)


def _of(point: Point, what: str) -> str:
    return f" of {point.wanted[what]:,}" if what in point.wanted else ""


def record(points: list[Point], model: str, seconds: float) -> dict[str, object]:
    """What is stored."""
    return {
        "npcbrain": RELEASE,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "model": model,
        "seconds": seconds,
        "points": [
            {
                "promise": point.name,
                "tried": dict(sorted(point.counts.items())),
                "measured": {what: round(value, 4) for what, value in point.figures.items()},
                "of": point.wanted,
                "not told": point.untold,
                "broken": point.broken,
            }
            for point in points
        ],
    }


def _folder(model: str) -> Path:
    if model == "tiny":
        return tiny()
    return default_model_path() if model == "hearth" else Path(model)


if __name__ == "__main__":
    sys.exit(main())
