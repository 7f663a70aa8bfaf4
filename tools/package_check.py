"""Whether npcbrain can be handed out: builds it, installs it elsewhere, and uses it there.

    python -m tools.package_check [--offline]

The source archive is built, the wheel is built from that archive, and the wheel is installed with
its core dependencies only, into an empty environment in a folder that knows no checkout. Nothing
is kept. ``--offline`` leaves out what needs a package index. A check that fails says what failed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
MAX_BYTES = 100_000_000  # what a package index takes
PYTHONS = ("3.12", "3.13", "3.14")  # resolved for their tags; the tests run on whatever runs this
WANTED = (
    "npcbrain/models/hearth/manifest.json",
    "npcbrain/py.typed",
    "npcbrain/prompting/stock_lines.txt",
    "npcbrain/examples/oda.json",
    "npcbrain/commands/starter/persona.json",
    "npcbrain/freezing/hook-npcbrain.py",
)
SITUATION = {
    "npc": {"name": "Hilda", "role": "innkeeper", "facts": ["A bed costs five coppers."]},
    "event": {"kind": "speech", "from": "player", "text": "What does a bed cost?"},
    "actions": [{"name": "say"}],
}


class Unfit(Exception):
    """What must not be handed out; the message says why."""


def check_version(root: Path) -> str:
    """The version, if all who tell it agree.

    Raises:
        Unfit: They do not.
    """
    with (root / "pyproject.toml").open("rb") as file:
        version = tomllib.load(file)["project"]["version"]
    (release,) = re.findall(
        r'^RELEASE = "(.+)"$',
        (root / "npcbrain" / "version.py").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    if release != version:
        raise Unfit(f"npcbrain/version.py must say {version}, as pyproject.toml does: {release}")
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]( - \d{4}-\d\d-\d\d)?$", changes, re.MULTILINE)
    dated = [name for name, date in headings if date]
    if not headings or (dated and dated[0] != version):
        raise Unfit(f"the newest release in CHANGELOG.md must be {version}, got {headings[:2]}")
    return str(version)


def build(folder: Path) -> tuple[Path, Path]:
    """Builds the source archive, and the wheel from it and not from the checkout."""
    _build("sdist", ROOT, folder)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    _build("wheel", source, folder)
    (wheel,) = folder.glob("*.whl")
    return archive, wheel


def _build(target: str, source: Path, folder: Path) -> None:
    run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)], source)


def check_archives(archive: Path, wheel: Path, version: str) -> None:
    """Names, sizes, and what is in the wheel.

    Raises:
        Unfit: Something is too large, misnamed or missing.
    """
    for path in (archive, wheel):
        if not path.name.startswith(f"npcbrain-{version}"):
            raise Unfit(f"{path.name} must be of version {version}")
        if path.stat().st_size > MAX_BYTES:
            raise Unfit(
                f"{path.name} must have at most {MAX_BYTES:,} bytes: {path.stat().st_size:,}"
            )
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    if missing := sorted(set(WANTED) - names):
        raise Unfit(f"{wheel.name} must hold {', '.join(missing)}")
    strange = {name.split("/")[0] for name in names} - {"npcbrain", f"npcbrain-{version}.dist-info"}
    if strange:
        raise Unfit(f"{wheel.name} must hold npcbrain alone, got {', '.join(sorted(strange))}")


def install(wheel: Path, folder: Path) -> Path:
    """An empty environment with the wheel and its core dependencies; returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip_install(python, str(wheel))
    return python


def pip_install(python: Path, *packages: str) -> None:
    """Installs without compiling: that takes a third of the time, and each is used once."""
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--no-compile", *packages], python.parent)


def use(python: Path, elsewhere: Path) -> None:
    """Does what somebody does who has just installed it.

    Raises:
        Unfit: Something answers otherwise than it should.
    """

    def npcbrain(*arguments: str, given: str = "") -> dict[str, object]:
        told = run([str(python), "-m", "npcbrain", *arguments, "--json"], elsewhere, given)
        result: dict[str, object] = json.loads(told.splitlines()[-1])
        return result

    where = run([str(python), "-c", "import npcbrain; print(npcbrain.__file__)"], elsewhere)
    if not Path(where.strip()).resolve().is_relative_to(python.parent.parent.resolve()):
        raise Unfit(f"npcbrain must come from the new environment, got {where.strip()}")
    if npcbrain("doctor", "--budget-ms", "1000")["fits"] is not True:
        raise Unfit("npcbrain doctor must find that a second is enough")
    decision = npcbrain("decide", "-", "--budget-ms", "1000", given=json.dumps(SITUATION))
    if decision["source"] != "model":
        raise Unfit(f"npcbrain decide must be answered by the model, got {decision}")
    npcbrain("new", "hilda")
    talk = npcbrain("chat", "hilda/hilda.json", "--budget-ms", "1000", given="Hello!\n")
    if len(talk["turns"]) != 1:  # type: ignore[arg-type]
        raise Unfit(f"npcbrain chat must answer once, got {talk}")
    play(python, elsewhere, "terminal_turns", "You are on the far bank. The end.")


def play(python: Path, elsewhere: Path, example: str, told: str) -> None:
    """Runs an example.

    Raises:
        Unfit: It does not tell what it should.
    """
    arguments = ["-m", "npcbrain.examples", example, "--headless"]
    shown = run([str(python), *arguments], elsewhere)
    if told not in shown:
        raise Unfit(f"{example} must tell {told!r}, got {shown}")


def core_requirements(wheel: Path) -> list[Requirement]:
    """What the wheel needs on this platform, without extras."""
    with zipfile.ZipFile(wheel) as content:
        (name,) = (n for n in content.namelist() if n.endswith(".dist-info/METADATA"))
        lines = content.read(name).decode("utf-8").splitlines()
    found = [Requirement(x.partition(": ")[2]) for x in lines if x.startswith("Requires-Dist: ")]
    return [need for need in found if need.marker is None or need.marker.evaluate({"extra": ""})]


def resolve(need: Requirement, python: str) -> str:
    """The newest wheel of a dependency that another Python could use on this platform.

    Asks the index for names only: a dry run of an installation would fetch 300 MB for each Python.

    Raises:
        Unfit: There is none, or it is too old.
    """
    pip = [sys.executable, "-m", "pip", "index", "versions", "--disable-pip-version-check"]
    told = run([*pip, "--only-binary", ":all:", "--python-version", python, need.name], Path.home())
    found = re.match(rf"{re.escape(need.name)} \((.+?)\)", told, re.IGNORECASE)
    if found is None or found[1] not in need.specifier:
        raise Unfit(f"{need} must have a wheel for Python {python}, got {told[:80]!r}")
    return f"{need.name} {found[1]}"


def run(command: Sequence[str], folder: Path, given: str = "") -> str:
    """Runs a command far from the checkout; returns what it printed.

    Raises:
        Unfit: It failed.
    """
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**clean, "PYTHONUTF8": "1"},
        input=given,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise Unfit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description="Whether npcbrain can be handed out.")
    parser.add_argument("--offline", action="store_true", help="leave out what needs an index")
    options = parser.parse_args()
    begun = time.monotonic()

    def tell(done: str) -> None:
        print(f"{time.monotonic() - begun:5.1f} s  {done}", flush=True)

    try:
        with tempfile.TemporaryDirectory(prefix="npcbrain-package-") as temporary:
            folder = Path(temporary)
            version = check_version(ROOT)
            archive, wheel = build(folder)
            check_archives(archive, wheel, version)
            tell(f"built {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB, from {archive.name}")
            if options.offline:
                tell("left out: installing and resolving need a package index")
                return 0
            python = install(wheel, folder / "environment")
            tell("installed with core dependencies only")
            (folder / "elsewhere").mkdir()
            use(python, folder / "elsewhere")
            tell("doctor, decide, new, chat and an example work")
            pip_install(python, "pygame-ce")
            play(python, folder / "elsewhere", "pygame_loop", "oda (")
            tell("the pygame example works with pygame-ce")
            needs = core_requirements(wheel)
            with ThreadPoolExecutor(max_workers=4) as pool:
                for other in PYTHONS:
                    wheels = pool.map(resolve, needs, [other] * len(needs))
                    tell(f"Python {other}: {', '.join(wheels)}")
    except Unfit as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
