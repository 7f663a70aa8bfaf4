"""The rules of the house that a machine can check, checked on the sources themselves."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "npcbrain"
MAX_LINES = 400
MAX_TEST_LINES = 450

# The floors of DESIGN.md: a module may import from its own floor's package or from a lower floor.
FLOORS = {
    "clock": 0,
    "errors": 0,
    "marks": 0,
    "verbs": 0,
    "affinity": 0,
    "situation": 1,
    "recall": 1,
    "fitting": 1,
    "calling": 1,
    "phrases": 1,
    "prompt": 1,
    "steps": 1,
    "tree": 1,
    "lm": 1,
    "pacer": 1,
    "brake": 2,
    "wave": 2,
    "reflex": 2,
    "engine": 2,
    "cost": 2,
    "price_table": 2,
    "report": 2,
    "trace": 2,
    "request": 2,
    "prices": 3,
    "policy": 3,
    "forecast": 3,
    "scheduler": 3,
    "step_runner": 3,
    "overlap": 3,
    "answer_memo": 4,
    "shortening": 4,
    "persona": 4,
    "memory": 4,
    "perception": 4,
    "host": 4,
    "npc": 4,
    "leaves": 4,
}
TOP = 5
SAME_FLOOR = {  # siblings that may know each other, in one direction
    ("cost", "price_table"),
    ("prompt", "situation"),
    ("prompt", "phrases"),
    ("phrases", "situation"),
    ("phrases", "recall"),
    ("prompt", "recall"),
    ("prompt", "fitting"),
    ("prompt", "calling"),
    ("calling", "fitting"),
    ("calling", "recall"),
    ("calling", "situation"),
    ("fitting", "recall"),
    ("fitting", "situation"),
    ("steps", "situation"),
    ("engine", "brake"),
    ("engine", "wave"),
    ("forecast", "policy"),
    ("scheduler", "forecast"),
    ("scheduler", "policy"),
    ("scheduler", "step_runner"),
    ("npc", "persona"),
    ("npc", "memory"),
    ("npc", "perception"),
    ("npc", "host"),
    ("host", "memory"),
    ("leaves", "npc"),
    ("leaves", "host"),
}


def sources(*folders: str) -> list[Path]:
    return sorted(p for f in folders for p in (ROOT / f).rglob("*.py"))


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> set[str]:
    """First-level npcbrain modules a file imports, type-checking imports included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "npcbrain":
                names = [f"npcbrain.{alias.name}" for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("npcbrain.")}
    return found


@pytest.mark.parametrize("path", sources("npcbrain"), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    here = module_of(path)
    floor = FLOORS.get(here, TOP)
    for target in imported_modules(path) - {here}:
        below = FLOORS.get(target, TOP)
        allowed = below < floor or floor == TOP or (here, target) in SAME_FLOOR
        assert allowed, f"{path.name} (floor {floor}) imports npcbrain.{target} (floor {below})"


@pytest.mark.parametrize("path", sources("npcbrain"), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_the_language_model_knows_no_time_and_the_tree_no_model(path: Path) -> None:
    here, imported = module_of(path), imported_modules(path)
    if here == "lm":
        assert "clock" not in imported
    if here == "tree":
        assert "lm" not in imported


def test_no_file_outgrows_one_noun() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources("npcbrain", "demo_game", "tools", "tests")
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > (MAX_TEST_LINES if path.is_relative_to(ROOT / "tests") else MAX_LINES)
    }
    assert long == {}


def test_nothing_is_called_utils() -> None:
    assert [p for p in sources("npcbrain", "demo_game", "tools") if "util" in p.stem] == []


def docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources("npcbrain", "demo_game", "tools", "tests")
        if path.stat().st_size and not docstring(path)
    ]
    assert silent == []


def test_no_module_keeps_global_state() -> None:
    for path in sources("npcbrain", "demo_game"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*global\s", text, re.MULTILINE), path


def test_text_files_are_opened_with_a_named_encoding() -> None:
    careless = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("npcbrain", "demo_game", "tools")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"read_text", "write_text"}
        and "encoding" not in {keyword.arg for keyword in node.keywords}
    ]
    assert careless == []
