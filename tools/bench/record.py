"""Runs a command of npcbrain and keeps its result with the machine, the versions and the commit.

    python -m tools.bench.record frames-4ms bench frames --npcs 16 --frames 3600 --budget-ms 4
    python -m tools.bench.record scores-dev evaluate SCENARIOS.jsonl

The result is ``bench_results/NAME.json``. Measure on a quiet machine; ``cpu_share`` tells how quiet
it was.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from npcbrain.commands.doctor import versions

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench_results"


def processor() -> str:
    """The processor's name, as precise as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def surroundings() -> dict[str, Any]:
    """Everything beside the code on which a figure depends."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "versions": versions(),
    }


def load_average() -> float | None:
    """How many processes wanted a core in the last minute; None if the system does not tell."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def main() -> int:
    """Returns the command's exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    command = [sys.executable, "-m", "npcbrain", *args.command, "--json"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    if run.returncode:
        return run.returncode
    record = {
        "command": ["npcbrain", *(Path(part).name for part in args.command)],
        **surroundings(),
        "result": json.loads(run.stdout.splitlines()[-1]),
    }
    path = RESULTS / f"{args.name}.json"
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record["result"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
