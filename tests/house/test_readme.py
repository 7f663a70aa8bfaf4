"""What the README shows, run: its example plays, its commands exist, its pictures are there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pygame = pytest.importorskip("pygame")

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NUM_FRAMES = 900  # fifteen seconds: an answer takes one or two


def example() -> str:
    """The game loop of the README."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    return code


def test_the_game_loop_is_under_twenty_lines() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) < 20


def test_the_game_loop_of_the_readme_plays_anywhere_and_ada_answers_aloud(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    shown: list[str] = []

    def events() -> list[pygame.event.Event]:
        """The window is closed when Ada has answered in full: at first she has no words."""
        ada = scope["ada"]
        shown.append(ada.bubble)
        answered = ada.decision is not None and not ada.thinking
        is_over = answered or len(shown) > NUM_FRAMES
        return [pygame.event.Event(pygame.QUIT)] if is_over else []

    monkeypatch.setattr(pygame.event, "get", events)
    exec(compile(example(), "README.md", "exec"), scope)
    ada = scope["ada"]
    assert ada.decision is not None
    assert ada.speech == ada.decision.say != ""
    assert shown[-1] == ada.speech
    assert f"ada: {ada.speech} (the model spoke for ada)" in capsys.readouterr().out


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`npcbrain ([a-z-]+)", README))))
def test_every_command_the_readme_names_exists(command: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "npcbrain", command, "--help"], capture_output=True, cwd=ROOT
    )
    assert run.returncode == 0


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_every_link_of_the_readme_leads_somewhere(target: str) -> None:
    assert target.startswith("http") or (ROOT / target).exists()
