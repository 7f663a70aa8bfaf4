"""The promises in writing: each names a test, and each test that is named is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tools.endure.attacks import read_attacks

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
PROMISED, _, NOT_PROMISED = PAGE.partition("## What is not promised")
PROMISES = [line for line in PROMISED.split("\n") if line.startswith("- ")]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@cache
def names_in(path: str) -> set[str]:
    """Tests and machines of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("promise", PROMISES, ids=lambda line: line[2:50])
def test_each_promise_names_a_test_that_is_there(promise: str) -> None:
    tests = TEST.findall(promise)
    assert tests
    for path, name in tests:
        assert name in names_in(path)


def test_there_are_promises_and_what_is_none_is_told() -> None:
    assert len(PROMISES) > 25
    assert NOT_PROMISED.count("\n- **") >= 5
    assert "docs/promises.md" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_the_number_of_attacks_is_right() -> None:
    assert f"{len(read_attacks())} attacks" in PROMISED
