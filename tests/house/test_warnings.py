"""What is said aloud stops no game."""

from __future__ import annotations

import sys
import warnings

import pytest

from npcbrain.errors import warn_game


def test_it_is_a_warning_of_the_line_that_called() -> None:
    with pytest.warns(RuntimeWarning, match="the disk is full") as told:
        warn_game("the disk is full")
    assert told[0].filename == __file__


def test_where_warnings_are_errors_it_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_game("the disk is full")
    assert capsys.readouterr().err == "RuntimeWarning: the disk is full\n"


def test_a_game_without_a_console_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_game("the disk is full")
