"""The rules of the house that a machine can check, checked on the sources themselves."""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from npcbrain.reasons import Reason
from tools.site.imports import imported_names

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "npcbrain"
MAX_LINES = 400
MAX_TEST_LINES = 450

# Each room and what it may import, from the ground up; the arrows of DESIGN.md. A room is a module
# or a sub-package of npcbrain; what is not named here is the top, which may import everything.
ARROWS = {
    "errors": "",
    "clock": "",
    "version": "",
    "reasons": "",
    "plain_file": "errors",
    "plain_text": "",
    "one_thread": "errors",
    "situation": "errors plain_text",
    "report": "clock situation",
    "lm": "errors plain_file",
    "graphs": "errors",
    "tree": "clock errors plain_file",
    "prompting": "errors plain_text situation lm",
    "choosing": "errors situation lm prompting",
    "engine": "clock errors situation lm",
    "pricing": "clock errors lm engine plain_file",
    "scheduling": "clock errors reasons report engine pricing",
    "npcs": "clock errors reasons plain_text situation report tree prompting scheduling plain_file"
    " one_thread",
    "minds": "tree npcs",
    "asking": "clock errors reasons situation report lm prompting choosing engine pricing"
    " scheduling npcs",
    "settings": "clock errors report lm engine asking",
    "thinker": "clock errors report lm npcs engine pricing scheduling asking settings",
    "warmable": "errors npcs one_thread thinker",
    "saves": "clock version errors reasons situation report tree lm prompting engine scheduling"
    " npcs asking thinker plain_file plain_text one_thread",
    "recording": "clock version errors reasons situation report scheduling npcs thinker saves tree"
    " plain_file one_thread",
    "remote": "clock errors reasons situation report lm prompting engine pricing scheduling npcs"
    " asking settings thinker plain_text",
    "schema": "situation prompting",
    "importing": "errors situation lm graphs prompting plain_file",
}


# The other reasons are words that mean something else elsewhere: a server's, a graph's.
UNMISTAKABLE = set(Reason) - {"unreachable", "refused", "cancelled"}


def sources(*folders: str) -> list[Path]:
    return sorted(p for f in folders for p in (ROOT / f).rglob("*.py"))


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported_modules(path: Path) -> set[str]:
    """First-level npcbrain modules a file imports."""
    return {name.split(".")[1] for name in imported_names(path) if name.startswith("npcbrain.")}


def imported_files(path: Path) -> set[str]:
    """Full names of what a file imports, and of the modules they may be in."""
    names = imported_names(path)
    return names | {name.rpartition(".")[0] for name in names}


@pytest.mark.parametrize("path", sources("npcbrain"), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path: Path) -> None:
    here = module_of(path)
    if here in ARROWS:
        assert imported_modules(path) - {here} <= set(ARROWS[here].split())


def test_the_arrows_point_down() -> None:
    rooms = list(ARROWS)
    for room, below in ARROWS.items():
        assert set(below.split()) <= set(rooms[: rooms.index(room)]), room


def test_no_file_imports_itself_by_way_of_others() -> None:
    files = {module_name(path): path for path in sources("npcbrain") if path.stem != "__init__"}
    graph = {name: imported_files(path) & files.keys() for name, path in files.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, and names the circle


def test_every_room_says_what_it_is() -> None:
    rooms = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
    assert [room.name for room in rooms if not docstring(room / "__init__.py")] == []


def test_no_file_outgrows_one_noun() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources("npcbrain", "demo_game", "deploy", "tools", "tests")
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > (MAX_TEST_LINES if path.is_relative_to(ROOT / "tests") else MAX_LINES)
    }
    assert long == {}


def test_nothing_is_called_utils() -> None:
    assert [
        p for p in sources("npcbrain", "demo_game", "deploy", "tools") if "util" in p.stem
    ] == []


def docstring(path: Path) -> str | None:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources("npcbrain", "demo_game", "deploy", "tools", "tests")
        if path.stat().st_size and not docstring(path)
    ]
    assert silent == []


def test_no_module_keeps_global_state() -> None:
    for path in sources("npcbrain", "demo_game"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*global\s", text, re.MULTILINE), path


def test_reasons_are_written_in_one_place_only() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.value}"
        for path in sources("npcbrain", "deploy")
        if path.name not in ("reasons.py", "policy.py", "client.py", "trouble.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in UNMISTAKABLE
    ]
    assert bare == []


def test_text_files_are_opened_with_a_named_encoding() -> None:
    careless = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("npcbrain", "demo_game", "deploy", "tools")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"read_text", "write_text"}
        and "encoding" not in {keyword.arg for keyword in node.keywords}
    ]
    assert careless == []
