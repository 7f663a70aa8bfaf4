"""docs/reference/examples.md shows every public name, and what it shows runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import npcbrain as nb

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "examples.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_what_the_page_shows_runs_from_top_to_bottom(capsys: pytest.CaptureFixture[str]) -> None:
    scope: dict[str, Any] = {}

    for code in BLOCKS:
        exec(compile(code, PAGE.name, "exec"), scope)

    assert nb.__version__ in capsys.readouterr().out


def test_every_public_name_is_on_the_page() -> None:
    code = "\n".join(BLOCKS)

    assert [name for name in nb.__all__ if not re.search(rf"\bnb\.{name}\b", code)] == []
