"""Sets up everything on a fresh machine and does one thing: plays the demo or runs the tests.

    python tools/go.py demo [ARGUMENTS OF THE DEMO]
    python tools/go.py test [ARGUMENTS OF PYTEST]

Needs Python 3.11 or later and nothing else: it makes ``.venv`` beside the project, installs the
project into it (again only when pyproject.toml has changed) and runs there. Standard library only,
the same on Windows, macOS and Linux.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
EXTRAS = {"demo": "demo", "test": "test"}
CHECKS = (
    ("lint", ["-m", "ruff", "check", "."]),
    ("format", ["-m", "ruff", "format", "--check", "."]),
    ("types", ["-m", "mypy"]),
)


def python() -> Path:
    """The interpreter inside the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(extra: str) -> None:
    """Installs the project with one extra, unless that was done for this pyproject.toml."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / f".installed-{extra}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    if not python().exists():
        print(f"making {VENV}", flush=True)
        venv.create(VENV, with_pip=True)
    print(f"installing npcbrain[{extra}] (a minute or two, once)", flush=True)
    pip = [str(python()), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--editable", f"{ROOT}[{extra}]"], check=True)
    stamp.write_text(digest, encoding="utf-8")


def main() -> int:
    """Returns the exit code of what was run."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a fresh machine may have anything
        sys.exit(f"npcbrain must have Python 3.11 or later, got {sys.version.split()[0]}")
    if len(sys.argv) < 2 or sys.argv[1] not in EXTRAS:
        sys.exit(f"usage: python tools/go.py {'|'.join(EXTRAS)} [arguments]")
    task, rest = sys.argv[1], sys.argv[2:]
    try:
        install(EXTRAS[task])
    except subprocess.CalledProcessError as error:
        return error.returncode
    if task == "demo":
        return subprocess.call([str(python()), "-m", "demo_game", *rest], cwd=ROOT)
    for name, command in CHECKS:
        print(f"== {name}", flush=True)
        if code := subprocess.call([str(python()), *command], cwd=ROOT):
            return code
    print("== tests", flush=True)
    return subprocess.call([str(python()), "-m", "pytest", *rest], cwd=ROOT)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)  # as shells have it; what ran has told its own story
