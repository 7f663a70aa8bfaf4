"""What ``pip install`` brings: the wheel, far from the checkout, answers with its own model."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import npcbrain as nb
runtime = nb.Runtime(nb.Model.load(), seed=1)
greta = runtime.add_npc(
    "greta",
    persona=nb.Persona.from_dict({"name": "Greta", "role": "innkeeper"}),
    tree=nb.tree.Sequence(nb.Heard(), nb.Decide(ttl_ms=600_000), nb.Act()),
)
greta.hear("Good evening!")
while greta.decision is None:
    runtime.update(budget_ms=1000.0)
print(nb.__file__)
print(greta.decision.source)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's contents, in a folder of their own."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_brings_the_model_the_licence_and_the_types(unpacked: Path) -> None:
    assert (unpacked / "npcbrain" / "models" / "hearth" / "manifest.json").is_file()
    assert (unpacked / "npcbrain" / "py.typed").is_file()
    assert {path.name for path in unpacked.glob("*.dist-info/licenses/*")} == {"LICENSE", "NOTICE"}


def test_the_wheel_alone_answers_with_its_own_model(unpacked: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "SYSTEMROOT": "C:\\Windows"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    where, source = run.stdout.splitlines()
    assert Path(where).is_relative_to(unpacked)
    assert source == "model"
