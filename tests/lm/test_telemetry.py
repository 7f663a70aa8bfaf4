"""The promise of no telemetry, kept before anything else is imported: no files, no events."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "models" / "tiny"


def run(code: str, home: Path) -> str:
    """What a process prints that starts without a setting, in a home of its own."""
    own = {name: str(home) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "NPCBRAIN_CACHE")}
    own |= {"XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **own}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return told.stdout.strip()


def test_onnx_runtime_is_told_to_send_nothing_when_npcbrain_is_imported(tmp_path: Path) -> None:
    code = (
        "import os, sys, npcbrain; assert 'onnxruntime' not in sys.modules; "
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    assert run(code, tmp_path) == "1"


def test_a_game_with_a_model_writes_no_file_of_a_device(tmp_path: Path) -> None:
    """ONNX Runtime writes them as it begins to collect, before it looks for its server."""
    code = f"""
import npcbrain, time
import onnxruntime
model = npcbrain.Model.load({str(TINY)!r})
npcbrain.Runtime(model, price_file=None).close()
time.sleep(1)
"""
    run(code, tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_where_onnx_runtime_came_first_its_events_are_switched_off(tmp_path: Path) -> None:
    """Its files are there by then; what can still be refused is refused."""
    code = """
import sys, types
told = []
early = types.ModuleType("onnxruntime")
early.disable_telemetry_events = lambda: told.append("off")
sys.modules["onnxruntime"] = early
import npcbrain
print(told)
"""
    assert run(code, tmp_path) == "['off']"
