"""What docs/saves.md shows, run; and a save of every version, read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from saving import TINY, Game

from npcbrain.saves.container import VERSION
from npcbrain.saves.snapshot import read

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "saves.md").read_text(encoding="utf-8")
GOLDEN = Path(__file__).parents[1] / "golden_saves"


def script() -> str:
    """The first example, with the tiny model in place of the one that ships."""
    code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
    assert code.count("Model.load()") == 1
    return code.replace("Model.load()", f"Model.load({str(TINY)!r})")


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
    )


@pytest.mark.skipif(os.name == "nt", reason="os.kill is another thing there")
@pytest.mark.parametrize("moment", ["greta.thinking", "greta.speech"])
def test_greta_is_killed_and_ends_her_answer_in_another_process(
    tmp_path: Path, moment: str
) -> None:
    code = script().replace("greta.thinking", moment)
    persona = {"name": "Greta", "role": "baker", "facts": ["There is one loaf left."]}
    (tmp_path / "greta.json").write_text(json.dumps(persona), encoding="utf-8")
    killed = run(tmp_path, code)
    assert (killed.returncode, killed.stdout) == (-9, "")
    (npc,) = read((tmp_path / "slot1.npcb").read_bytes(), "slot1").npcs
    assert npc.thought is not None
    assert npc.speech or moment == "greta.thinking"
    second = run(tmp_path, code)
    assert second.returncode == 0, second.stderr
    (tmp_path / "slot1.npcb").unlink()
    whole = run(tmp_path, code.replace(f"if {moment} and", "if False and"))
    assert second.stdout == whole.stdout
    assert second.stdout.startswith(npc.speech)


def test_the_script_has_ten_lines_or_so() -> None:
    assert len([line for line in script().splitlines() if line.strip()]) <= 11


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_a_save_of_every_version_is_read_and_played(version: int) -> None:
    """Made by ``python tests/test_save_docs.py`` when the version is new, and never again."""
    path = GOLDEN / f"{version}.npcb"
    save = read(path.read_bytes(), str(path))
    assert save.header.version == version
    assert [npc.name for npc in save.npcs] == ["Ann", "Bob", "Cid", "Dot"]
    assert sum(npc.thought is not None for npc in save.npcs) > 1
    assert save.npcs[0].blackboard.value["route"] == ["well", {"x": 1.5, "open": None}]
    game = Game(None)
    game.runtime.load(path)
    game.frame = save.frame
    game.end()


def make_golden() -> None:
    """Writes a save of today's version; with the tiny model, so that it is in flight."""
    from npcbrain.lm.model import Model

    game = Game(Model.load(TINY, num_slots=3))
    game.npc("Ann").blackboard["route"] = ["well", {"x": 1.5, "open": None}]
    game.npc("Bob").remember("The mill burned down.", importance=0.9)
    game.play(30)
    GOLDEN.mkdir(exist_ok=True)
    path = GOLDEN / f"{VERSION}.npcb"
    if path.exists():
        raise SystemExit(f"{path} is there: raise VERSION first")
    game.runtime.save(path).wait()


if __name__ == "__main__":
    make_golden()
