"""What the documentation promises: links lead somewhere, examples run, reasons are explained."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from npcbrain import Act, Decide

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def files_of(page: str, language: str) -> list[str]:
    """What stands in a page's blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)


def run(folder: Path, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Runs Python as a newcomer would, in a folder with the page's files."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    environment |= {"SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
    return subprocess.run(
        [sys.executable, *command],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A newcomer's folder, with the persona of the first page."""
    (persona,) = files_of("first_npc.md", "json")
    (tmp_path / "cook.json").write_text(persona, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s#]+)", text_of(page)):
        if not target.startswith("http"):
            assert (DOCS / page).parent.joinpath(target).exists(), target


def test_every_page_is_in_the_navigation() -> None:
    pages = re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)
    assert sorted(pages) == PAGES


def test_every_reason_is_explained() -> None:
    said = Decide.__doc__.partition("Reasons:")[2].partition("``blackboard")[0]
    reasons = set(re.findall(r"``([a-z_]+)``", said))
    reasons |= set(re.findall(r"reason ``([a-z_]+)``", Act.__doc__))
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", text_of("troubleshooting.md"), re.M))
    assert {"expired", "no_handler"} <= reasons <= explained


def test_marta_of_the_first_page_answers_in_the_terminal(folder: Path) -> None:
    code = files_of("first_npc.md", "python")[0]
    done = run(folder, "-c", code, stdin="When is the stew ready?\nRing the bell!\n\n")
    assert done.returncode == 0, done.stderr
    assert "marta: The stew is ready at noon.  [by the " in done.stdout
    assert "  * marta rings the bell" in done.stdout


def test_the_game_of_the_first_page_plays(folder: Path) -> None:
    pytest.importorskip("pygame")
    code = files_of("first_npc.md", "python")[1]
    once = code.replace("playing = True\n", "playing = runtime.update(budget_ms=0) is None\n")
    assert once != code
    done = run(folder, "-c", once)
    assert done.returncode == 0, done.stderr


def test_the_tests_of_the_page_on_tests_pass(folder: Path) -> None:
    (folder / "test_marta.py").write_text(files_of("howto/testing.md", "python")[0], "utf-8")
    done = run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_marta.py")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_the_tree_of_the_page_on_groot2_is_checked_and_played(folder: Path) -> None:
    words, play = files_of("howto/groot2.md", "python")
    (folder / "words.py").write_text(words, encoding="utf-8")
    (folder / "trees").mkdir()
    (folder / "trees" / "marta.xml").write_text(files_of("howto/groot2.md", "xml")[0], "utf-8")
    for command in re.findall(r"^npcbrain (tree .*)$", text_of("howto/groot2.md"), re.M):
        done = run(folder, "-m", "npcbrain", *command.split())
        assert done.returncode == 0, done.stderr
    done = run(folder, "-c", play)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_trace_is_written_as_the_page_on_traces_says(folder: Path) -> None:
    (code,) = files_of("howto/traces.md", "python")
    quick = code.replace("range(300)", "range(3)").replace("== 60", "== 0")
    done = run(folder, "-c", quick)
    assert done.returncode == 0, done.stderr
    assert '"frame 2"' in (folder / "frames.json").read_text(encoding="utf-8")
