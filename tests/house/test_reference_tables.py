"""docs/reference-tables.md has a row for each reason, persona field and field of a report."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from npcbrain.npcs.persona import FIELDS
from npcbrain.reasons import MEANINGS, Reason
from npcbrain.report import FrameReport

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference-tables.md"


def rows(heading: str) -> dict[str, list[str]]:
    """The table under a heading: the cells after the first, by the first."""
    text = PAGE.read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| `([^`]+)` \| (.*) \|$", section, re.MULTILINE)
    return {name: rest.split(" | ") for name, rest in found}


def test_every_reason_has_its_sentence_and_its_advice() -> None:
    assert set(MEANINGS) == set(Reason)
    assert rows("Why a tree answered") == {
        str(reason): [meaning.why, meaning.advice] for reason, meaning in MEANINGS.items()
    }


def test_every_field_of_a_persona_is_told() -> None:
    assert tuple(rows("A persona")) == FIELDS


def test_every_field_of_a_report_is_told() -> None:
    names = {field.name for field in fields(FrameReport)}
    names |= {name for name, value in vars(FrameReport).items() if isinstance(value, property)}
    assert set(rows("A frame's report")) == names
