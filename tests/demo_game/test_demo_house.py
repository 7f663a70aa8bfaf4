"""The demonstration game's rooms: what may import what, checked on the sources themselves."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

DEMO = Path(__file__).resolve().parents[2] / "demo_game"
# From the ground up: a room may import from itself and from those before it.
ROOMS = ("world", "drawing", "scenery", "people", "story", "village", "panels", "playing")
MAX_INIT_LINES = 25


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(DEMO.rglob("*.py")):
        parts = ("demo_game", *path.relative_to(DEMO).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


def imports_of(path: Path) -> set[str]:
    """The game's modules that a file imports, those for type checkers and in functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in within}
    return {name for name in found if name.startswith("demo_game")}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 2 else ""


def test_every_file_is_in_a_room() -> None:
    loose = [name for name in MODULES if name.count(".") == 1 and name.split(".")[1] not in ROOMS]
    assert loose == ["demo_game.__main__"]
    assert {path.name for path in DEMO.iterdir() if any(path.glob("*.py"))} == set(ROOMS)


def test_no_import_runs_in_a_circle() -> None:
    graph = {name: imports_of(path) for name, path in MODULES.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name)])
def test_imports_point_down(module: str) -> None:
    allowed = ROOMS[: ROOMS.index(room_of(module)) + 1]
    up = {name for name in imports_of(MODULES[module]) if room_of(name) not in allowed}
    assert up == set()


def test_each_room_says_what_it_is_in_a_few_lines() -> None:
    for room in ROOMS:
        text = (DEMO / room / "__init__.py").read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), room
        assert len(text.splitlines()) <= MAX_INIT_LINES, room
        assert not [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom)], room
